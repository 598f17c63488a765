"""The one question that would settle a component, in plain words, with its numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from analyzer.times import duration_text
from analyzer.waiting.rulebook import Rule
from analyzer.waiting.verdicts import ComponentVerdict


def settling_question(verdict: ComponentVerdict, features: Mapping[str, Any], rules: Sequence[Rule]) -> str:
    """What to ask the owner; "" when the log has settled it.

    Undecided: does anyone wait. Not awaited by inference: is that so, and by when. Not awaited as declared, deadline
    unknown: by when. Awaited by inference, not surely: is that so.
    """
    about = _about(verdict, features)
    if verdict.outcome == "cannot-tell":
        hint = next((f" {rule.question}" for rule in _by_strength(rules) if rule.question), "")
        return f"Does anyone wait for {about}, or may the result come within 24 hours?{hint}"
    if verdict.outcome == "does-not-wait":
        if features.get("batch_share") is not None and features["batch_share"] >= 0.95:
            return ""
        if verdict.basis == "inferred":
            return f"It looks as if nobody waits for {about}. Is that so, and by when is the result needed?"
        if verdict.placement == "real-time" and verdict.deadline_s is not None:
            return f"Could {about} be done later than within {duration_text(verdict.deadline_s)}?"
        return f"By when is the result of {about} needed?" if verdict.deadline_s is None else ""
    if verdict.confidence != "high":
        return f"It looks as if somebody waits for {about}. Is that so?"
    return ""


def _by_strength(rules: Sequence[Rule]) -> list[Rule]:
    return sorted(rules, key=lambda rule: (rule.strength is not None, -abs(rule.strength or 0), rule.id))


def _about(verdict: ComponentVerdict, features: Mapping[str, Any]) -> str:
    name = verdict.workload if verdict.component == "all calls" else f"{verdict.workload}, {verdict.component}"
    days = features.get("days")
    span = "" if not days else " on one day" if days == 1 else f" on {days} days"
    plural = "request" if verdict.requests == 1 else "requests"
    return f"“{name}” ({verdict.requests:,} {plural}{span})"
