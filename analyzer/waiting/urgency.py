"""How soon a result is needed, in six tiers: from its deadline, else from the best evidence."""

from __future__ import annotations

from collections.abc import Iterable

from analyzer.waiting.rulebook import Rule
from analyzer.waiting.verdicts import URGENCIES, Outcome, Urgency, UrgencyBasis

_UP_TO_S: tuple[tuple[float, Urgency], ...] = (
    (10, "now"),
    (900, "minutes"),
    (3600, "within-the-hour"),
    (57_600, "by-morning"),
    (86_400, "within-the-day"),
)
_BY_SAYS: dict[str, Urgency] = {"someone-waits": "now", "process-waits": "minutes", "nobody-waits": "whenever"}


def tier_of(deadline_s: float) -> Urgency:
    """The tier of a deadline: 10 s, 15 min, 1 h, 16 h (overnight), 24 h, more."""
    return next((tier for limit_s, tier in _UP_TO_S if deadline_s <= limit_s), "whenever")


def urgency(
    outcome: Outcome, deadline_s: float | None, rules: Iterable[Rule], owner_says: bool | None = None
) -> tuple[Urgency, UrgencyBasis]:
    """The tier of a component and what it rests on.

    A deadline decides. Else, where the outcome is known, the most urgent tier that a rule on the side of the outcome
    states (its own, or that of what it says). What cannot be told is assumed to be needed now.
    """
    if deadline_s is not None:
        return tier_of(deadline_s), "deadline"
    if outcome == "cannot-tell":
        return "now", "assumed"
    awaited = outcome == "waits"
    if owner_says is not None:
        return ("now" if awaited else "whenever"), "evidence"
    sides = ("someone-waits", "process-waits") if awaited else ("nobody-waits",)
    found = [rule for rule in rules if rule.says in sides]
    stated: list[Urgency] = [rule.urgency for rule in found if rule.urgency is not None]
    tiers = stated if stated and not awaited else stated + [_BY_SAYS[r.says] for r in found if r.urgency is None]
    return min(tiers, key=URGENCIES.index, default="now"), "evidence"
