"""What is said of a component and of a workload: does anyone wait, how sure is it, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Says = Literal["someone-waits", "process-waits", "nobody-waits", "window-does-not-fit"]
Basis = Literal["declared", "owner", "inferred", "none"]
Confidence = Literal["high", "medium", "low"]
Outcome = Literal["waits", "does-not-wait", "cannot-tell"]
Placement = Literal["real-time", "batchable", "batchable-with-guard"]
WorkloadKind = Literal["real-time", "batchable", "splittable"]


@dataclass(frozen=True)
class Evidence:
    """One rule (or owner's answer) that matched. `strength` is log-odds that the result is awaited; None = decisive."""

    rule: str
    says: Says
    basis: Basis
    strength: float | None
    sentence: str


@dataclass(frozen=True)
class ComponentVerdict:
    """One kind of call inside a workload.

    `outcome` answers whether anyone waits; `placement` also minds the deadline. *cannot-tell* is placed real-time.
    `deadline_s` None = not known. `question` is the one that would settle it; "" when it is settled.
    """

    component_no: int
    workload: str
    component: str
    requests: int
    outcome: Outcome
    placement: Placement
    awaited_probability: float
    confidence: Confidence
    basis: Basis
    evidence: tuple[Evidence, ...]
    deadline_s: float | None
    chain_length: int
    question: str


@dataclass(frozen=True)
class WorkloadVerdict:
    """What an owner would name, with its components.

    `cannot_tell`: a component is undecided (it counts as real-time). `awaited_probability`: weighted by requests.
    """

    workload: str
    verdict: WorkloadKind
    confidence: Confidence
    basis: Basis
    cannot_tell: bool
    awaited_probability: float
    question: str
    components: tuple[ComponentVerdict, ...]
