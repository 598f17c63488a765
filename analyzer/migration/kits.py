"""Which workloads get a kit, in which order, with which figures."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_UP, Decimal

from analyzer.migration.inert import safe_names
from analyzer.money import ZERO, add, times
from analyzer.savings.assessment import Assessment, Case, ComponentPlan, WorkloadPlan

BUDGET_FACTOR = Decimal("1.2")
WINDOW_S = 24 * 3600
MAX_BYTES = 200_000_000
_SURENESS = {"high": 0, "medium": 1, "low": 2}


@dataclass(frozen=True)
class Kit:
    """One workload to move. `order` 1 is the pilot; money in USD over the `days` that the audit read.

    `moves`: the components that go to batch; `stays`: the others. `deadline_s`: the tightest known deadline of
    what moves, None = none known. `job` names the job in the runner; `folder` is the kit's folder.
    """

    order: int
    folder: str
    job: str
    plan: WorkloadPlan
    moves: tuple[ComponentPlan, ...]
    stays: tuple[ComponentPlan, ...]
    days: int

    @property
    def baseline_usd(self) -> Decimal:
        """List cost today of what moves."""
        return add(component.baseline_usd for component in self.moves)

    def saving_usd(self, case: Case) -> Decimal:
        """What the whole plan of the moving components saves, by case."""
        return add(component.baseline_usd - component.optimized_usd[case] for component in self.moves)

    @property
    def batch_credit_usd(self) -> Decimal:
        """The part of the low case's saving that batch is credited with."""
        return add(component.credit_usd.get("batch", ZERO) for component in self.moves)

    @property
    def batch_alone_usd(self) -> Decimal | None:
        """What batch saves when no other lever is pulled, low case; None where it is not known."""
        alone = [f.alone_usd for component in self.moves for f in component.findings if f.lever == "batch"]
        known = [amount for amount in alone if amount is not None]
        return add(known) if len(known) == len(self.moves) else None

    @property
    def day_budget_usd(self) -> Decimal:
        """The plan's dearest case for a mean day, times 1.2, up to the next cent.

        Where the plan has levers that the kit does not carry out, the cost by batch alone is taken instead.
        """
        planned = add(component.optimized_usd["low"] for component in self.moves)
        if self.other_levers and self.batch_alone_usd is not None:
            planned = max(planned, self.baseline_usd - self.batch_alone_usd)
        a_day = times(planned, BUDGET_FACTOR) / max(self.days, 1)
        return max(a_day.quantize(Decimal("0.01"), rounding=ROUND_UP), Decimal("0.01"))

    @property
    def models(self) -> tuple[str, ...]:
        """The models in use by what moves, in order of name."""
        return tuple(sorted({model for component in self.moves for model in component.models}))

    @property
    def is_cached(self) -> bool:
        """The plan caches a shared prefix in what moves."""
        return any("caching" in component.levers for component in self.moves)

    @property
    def other_levers(self) -> tuple[str, ...]:
        """Levers of the plan that this kit does not carry out by itself."""
        found = {lever for component in self.moves for lever in component.levers}
        return tuple(lever for lever in ("output", "routing") if lever in found)

    @property
    def deadline_s(self) -> float | None:
        """Seconds; the tightest known."""
        known = [c.verdict.deadline_s for c in self.moves if c.verdict.deadline_s is not None]
        return min(known, default=None)

    @property
    def is_tight(self) -> bool:
        """A result may be needed before the batch window of 24 hours is over."""
        return self.deadline_s is not None and self.deadline_s < WINDOW_S

    @property
    def output_tokens(self) -> int:
        """Mean output tokens a request, rounded up; 0 where nothing was measured."""
        requests = sum(component.requests for component in self.moves)
        return -(-sum(component.tokens.output_tokens for component in self.moves) // requests) if requests else 0

    @property
    def max_items(self) -> int:
        """Items in a batch: smaller batches where the deadline is tight."""
        return 1_000 if self.is_tight else 10_000


def kits_of(assessment: Assessment) -> tuple[Kit, ...]:
    """A kit for each batchable or splittable workload whose plan uses batch and gains by it, in order of migration.

    Order: the surest verdict first, among equals the largest saving (low case), then the name.
    """
    chosen = [plan for plan in assessment.workloads if plan.moving]
    chosen.sort(key=_order)
    width = max(2, len(str(len(chosen))))
    jobs = safe_names([plan.verdict.workload for plan in chosen])
    return tuple(
        Kit(
            order=number,
            folder=f"{number:0{width}d}-{job}",
            job=job,
            plan=plan,
            moves=plan.moving,
            stays=tuple(component for component in plan.components if component not in plan.moving),
            days=assessment.coverage.days,
        )
        for number, (plan, job) in enumerate(zip(chosen, jobs, strict=True), 1)
    )


def _order(plan: WorkloadPlan) -> tuple[int, Decimal, str]:
    saving = add(component.saving_usd for component in plan.moving)
    return _SURENESS[plan.verdict.confidence], -saving, plan.verdict.workload
