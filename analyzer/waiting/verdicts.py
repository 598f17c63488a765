"""What is said of a component and of a workload: does anyone wait, how sure is it, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Says = Literal["someone-waits", "process-waits", "nobody-waits", "window-does-not-fit"]
Basis = Literal["declared", "owner", "inferred", "opinion", "none"]
Confidence = Literal["high", "medium", "low"]
Outcome = Literal["waits", "does-not-wait", "cannot-tell"]
Placement = Literal["real-time", "batchable", "batchable-with-guard"]
WorkloadKind = Literal["real-time", "batchable", "splittable"]
Urgency = Literal["now", "minutes", "within-the-hour", "by-morning", "within-the-day", "whenever"]
UrgencyBasis = Literal["deadline", "evidence", "assumed"]
Timing = Literal["scheduled", "no-schedule", "insufficient"]
URGENCIES: tuple[Urgency, ...] = get_args(Urgency)
"""Most urgent first."""


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
    `urgency`: how soon the result is needed; `urgency_basis` *assumed* = not known, so taken to be now.
    `in_time_probability`: that as many batches as the chain is long are back by the deadline; None = no deadline known.
    `timing`: what the times of the runs show; *insufficient* = fewer than 14 runs.
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
    urgency: Urgency = "now"
    urgency_basis: UrgencyBasis = "assumed"
    in_time_probability: float | None = None
    timing: Timing = "insufficient"


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

    @property
    def urgency(self) -> Urgency:
        """The most urgent tier of its components."""
        return min((part.urgency for part in self.components), key=URGENCIES.index, default="now")

    @property
    def in_time_probability(self) -> float | None:
        """The lowest of the components that may move to batch and have a deadline; None = there are none."""
        moving = [p.in_time_probability for p in self.components if p.placement != "real-time"]
        return min((value for value in moving if value is not None), default=None)
