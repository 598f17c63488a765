"""From feature rows and owners' answers to verdicts. The rules hold the thresholds of evidence; this file weighs it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import groupby
from typing import Any

from analyzer.config import Answer, Config
from analyzer.store.audit import Audit
from analyzer.times import duration_text
from analyzer.waiting.opinions import known_opinions, with_opinions
from analyzer.waiting.questions import settling_question
from analyzer.waiting.rulebook import Rule, RuleBench, rules_in_force
from analyzer.waiting.urgency import urgency
from analyzer.waiting.verdicts import (
    Basis,
    ComponentVerdict,
    Confidence,
    Evidence,
    Outcome,
    Placement,
    Timing,
    WorkloadKind,
    WorkloadVerdict,
)
from analyzer.waiting.window import Turnaround, load_turnaround
from analyzer.workloads.features import FEATURES

WINDOW_S = 3600
"""How soon most batches return: under 1 hour. source: https://docs.claude.com/en/docs/build-with-claude/batch-processing,
checked 2026-11-21."""
EXPIRY_S = 86_400
"""When a batch expires: 24 hours. Same source."""
_WAITS, _SURE_WAITS = 0.8, 0.94
_IDLE, _SURE_IDLE = 0.2, 0.06
_DECISIVE = 0.99
_LEAST_RUNS = 14
_AWAITED = ("someone-waits", "process-waits")
Features = Mapping[str, Any]


def judge(audit: Audit, config: Config) -> tuple[WorkloadVerdict, ...]:
    """The verdict of every workload, by name; needs the `features` that `workloads.scan` built."""
    names = [feature.name for feature in FEATURES]
    rows = audit.connection.execute(f"select {', '.join(names)} from features order by component_no").fetchall()
    features = [dict(zip(names, row, strict=True)) for row in rows]
    folder = config.rules_folder
    verdicts = judge_features(features, config, rules_in_force(folder), load_turnaround(folder))
    opinions = known_opinions(audit)
    return (
        tuple(replace(v, components=with_opinions(opinions, v.components)) for v in verdicts) if opinions else verdicts
    )


def judge_features(
    rows: list[dict[str, Any]], config: Config, rules: Iterable[Rule], turnaround: Turnaround | None = None
) -> tuple[WorkloadVerdict, ...]:
    """The same from feature rows (each with component_no, workload, component, requests)."""
    if not rows:
        return ()
    turnaround = turnaround or load_turnaround()
    bench = RuleBench(rows)
    try:
        matched = [(rule, {no for no, hit in bench.matches(rule).items() if hit}) for rule in rules]
    finally:
        bench.close()
    verdicts = []
    for features in rows:
        found = [(rule, _evidence(rule, features)) for rule, hits in matched if features["component_no"] in hits]
        answers = config.answers_for(features["workload"], features["component"])
        verdicts.append(_component_verdict(features, found, answers, turnaround))
    verdicts.sort(key=lambda verdict: (verdict.workload, verdict.component))
    groups = groupby(verdicts, key=lambda verdict: verdict.workload)
    return tuple(workload_verdict(name, tuple(parts)) for name, parts in groups)


def _evidence(rule: Rule, features: Features) -> Evidence:
    basis: Basis = "declared" if rule.basis == "declared" else "inferred"
    return Evidence(rule.id, rule.says, basis, rule.strength, rule.told(features))


def awaited_probability(found: Iterable[tuple[Rule, Evidence]]) -> float:
    """Probability (0 to 1) that the result is awaited.

    Decisive evidence gives 0.99 or 0.01, and *awaited* beats *not awaited*. Otherwise the log-odds of the strongest
    evidence of each family, once in each direction, add to an even prior: logistic(Σ). Deadlines do not count here.
    """
    strongest: dict[tuple[str, bool], float] = {}
    decisive = set()
    for rule, evidence in found:
        if evidence.says == "window-does-not-fit":
            continue
        awaited = evidence.says in _AWAITED
        if evidence.strength is None:
            decisive.add(awaited)
        else:
            key = (rule.family, awaited)
            strongest[key] = max(strongest.get(key, 0.0), abs(evidence.strength))
    if decisive:
        return _DECISIVE if True in decisive else 1 - _DECISIVE
    total = math.fsum(size if awaited else -size for (_, awaited), size in strongest.items())
    return _logistic(total)


def _logistic(log_odds: float) -> float:
    return round(1 / (1 + math.exp(-log_odds)), 4)


def _component_verdict(
    features: Features,
    found: list[tuple[Rule, Evidence]],
    answers: tuple[Answer, ...],
    turnaround: Turnaround,
) -> ComponentVerdict:
    evidence = [item for _, item in found]
    probability = awaited_probability(found)
    basis = _basis(found)
    awaited = next((answer for answer in answers if answer.awaited is not None), None)
    within = next((answer for answer in answers if answer.needed_within_s is not None), None)
    if awaited is not None:
        probability = _DECISIVE if awaited.awaited else 1 - _DECISIVE
        basis = "owner"
        evidence.insert(0, _owner_evidence(awaited))
    outcome = _outcome(probability)
    deadline_s = _deadline_s(features, within)
    chain_length = max(1, features.get("chain_depth_p90") or 1)
    if within is not None:
        evidence = [item for item in evidence if item.says != "window-does-not-fit"]
        if deadline_s is not None and deadline_s < WINDOW_S * chain_length:
            evidence.insert(0, _owner_deadline(deadline_s, chain_length))
    placement = placed(outcome, deadline_s, chain_length)
    confidence: Confidence = "high" if basis == "owner" else _confidence(probability)
    rules = [rule for rule, _ in found]
    tier, tier_basis = urgency(outcome, deadline_s, rules, awaited.awaited if awaited else None)
    verdict = ComponentVerdict(
        component_no=features["component_no"],
        workload=features["workload"],
        component=features["component"],
        requests=features["requests"],
        outcome=outcome,
        placement=placement,
        awaited_probability=probability,
        confidence=confidence,
        basis=basis,
        evidence=tuple(sorted(evidence, key=_weight)),
        deadline_s=deadline_s,
        chain_length=chain_length,
        question="",
        urgency=tier,
        urgency_basis=tier_basis,
        in_time_probability=None if deadline_s is None else turnaround.in_time(deadline_s, chain_length),
        timing=_timing(features, rules),
    )
    return _with_question(verdict, features, rules, awaited is not None)


def _timing(features: Features, rules: list[Rule]) -> Timing:
    if any(rule.family == "rhythm" and _outcome(_logistic(rule.strength or 0.0)) == "does-not-wait" for rule in rules):
        return "scheduled"
    return "insufficient" if (features.get("runs") or 0) < _LEAST_RUNS else "no-schedule"


def _with_question(
    verdict: ComponentVerdict, features: Features, rules: list[Rule], answered: bool
) -> ComponentVerdict:
    return verdict if answered else replace(verdict, question=settling_question(verdict, features, rules))


def _weight(evidence: Evidence) -> tuple[bool, bool, float, str]:
    """Owners first, decisive next, then by strength."""
    return (
        evidence.basis != "owner",
        evidence.strength is not None,
        -abs(evidence.strength or 0),
        evidence.rule,
    )


def _outcome(probability: float) -> Outcome:
    if probability >= _WAITS:
        return "waits"
    return "does-not-wait" if probability <= _IDLE else "cannot-tell"


def _confidence(probability: float) -> Confidence:
    if probability >= _SURE_WAITS or probability <= _SURE_IDLE:
        return "high"
    return "medium" if probability >= _WAITS or probability <= _IDLE else "low"


def _basis(found: Iterable[tuple[Rule, Evidence]]) -> Basis:
    """Declared where a declared fact is decisive or the strongest; none where nothing was found."""
    counted = [item for _, item in found if item.says != "window-does-not-fit"]
    if not counted:
        return "none"
    return min(counted, key=_weight).basis


def _deadline_s(features: Features, within: Answer | None) -> float | None:
    """The owner's, else the declared one (tenth percentile), else how soon results are read if an hour or more."""
    if within is not None and within.needed_within_s is not None:
        return float(within.needed_within_s)
    declared = features.get("needed_within_s_p10")
    if declared is not None:
        return float(declared)
    read: float | None = features.get("read_delay_s_p10")
    return read if read is not None and read >= WINDOW_S else None


def placed(outcome: Outcome, deadline_s: float | None, chain_length: int) -> Placement:
    """Where a component goes. A chain of n calls needs n windows.

    Under n hours a batch does not reliably return: real-time. Under n times 24 hours: batchable with a guard.
    """
    if outcome != "does-not-wait":
        return "real-time"
    if deadline_s is not None and deadline_s < WINDOW_S * chain_length:
        return "real-time"
    if deadline_s is not None and deadline_s < EXPIRY_S * chain_length:
        return "batchable-with-guard"
    return "batchable"


def _owner_evidence(answer: Answer) -> Evidence:
    says = "someone waits" if answer.awaited else "nobody waits"
    who = " ".join((answer.who or "The owner").split())
    when = f" on {answer.on.isoformat()}" if answer.on else ""
    return Evidence(
        "owner-answer",
        "someone-waits" if answer.awaited else "nobody-waits",
        "owner",
        None,
        f"{who} answered{when}: {says} for this result.",
    )


def _owner_deadline(deadline_s: float, chain_length: int) -> Evidence:
    steps = f" and takes {chain_length} calls one after the other" if chain_length > 1 else ""
    return Evidence(
        "owner-deadline",
        "window-does-not-fit",
        "owner",
        0.0,
        f"The owner needs the result within {duration_text(deadline_s)}{steps}, sooner than a batch reliably returns.",
    )


_CONFIDENCES: tuple[Confidence, ...] = ("low", "medium", "high")
_BASES: tuple[Basis, ...] = ("none", "inferred", "declared", "owner")


def workload_verdict(name: str, parts: tuple[ComponentVerdict, ...]) -> WorkloadVerdict:
    """One verdict of its components: splittable when some stay real-time and some do not.

    Confidence and basis are the weakest of its components'; the question is that of the largest undecided one.
    """
    batchable = [part.placement != "real-time" for part in parts]
    verdict: WorkloadKind = "batchable" if all(batchable) else "splittable" if any(batchable) else "real-time"
    requests = sum(part.requests for part in parts)
    asking = sorted(
        (part for part in parts if part.question),
        key=lambda part: (part.outcome != "cannot-tell", -part.requests, part.component),
    )
    return WorkloadVerdict(
        workload=name,
        verdict=verdict,
        confidence=min((part.confidence for part in parts), key=_CONFIDENCES.index),
        basis=min((part.basis for part in parts), key=_BASES.index),
        cannot_tell=any(part.outcome == "cannot-tell" for part in parts),
        awaited_probability=round(
            sum(part.awaited_probability * part.requests for part in parts) / max(requests, 1), 4
        ),
        question=asking[0].question if asking else "",
        components=parts,
    )
