"""Which workloads get a kit, in which order, with which figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_UP, Decimal

from analyzer.migration.inert import safe_names
from analyzer.migration.schedule import Schedule, schedule_of
from analyzer.migration.services import Service, model_ids, service_of
from analyzer.money import ZERO, add, times, to_cents
from analyzer.savings.assessment import Assessment, Case, ComponentPlan, Coverage, WorkloadPlan
from analyzer.savings.ledger import Cell, Row, ledger_of, migration_rows, month_usd, moving_saving_usd
from analyzer.waiting.window import Turnaround, load_turnaround

BUDGET_FACTOR = 2
MAX_BYTES = 200_000_000


@dataclass(frozen=True)
class Kit:
    """One workload to move. `order` 1 is the pilot; money in USD over the days of `coverage`, in the page's cents.

    `job` names the job in the runner; `folder` is the kit's folder; `row` is the workload's row of the report.
    `service` is where most of its calls are; `elsewhere` names providers of another name that have some of them.
    """

    order: int
    folder: str
    job: str
    row: Row
    coverage: Coverage
    schedule: Schedule
    service: Service
    elsewhere: tuple[str, ...]

    @property
    def plan(self) -> WorkloadPlan:
        """The workload's plan."""
        return self.row.plan

    @property
    def moves(self) -> tuple[ComponentPlan, ...]:
        """The components that go to batch."""
        return tuple(cell.plan for cell in self.row.moving)

    @property
    def cells(self) -> tuple[Cell, ...]:
        """All components with their cents: what moves first."""
        return (*self.row.moving, *self.row.staying)

    @property
    def days(self) -> int:
        """Days that the audit read."""
        return self.coverage.days

    @property
    def baseline_usd(self) -> Decimal:
        """List cost today of what moves, in cents."""
        return add(cell.baseline_usd for cell in self.row.moving)

    def saving_usd(self, case: Case) -> Decimal:
        """What the whole plan of the moving components saves, by case, in cents; the low case as the page has it."""
        if case == "low":
            return moving_saving_usd(self.row)
        return to_cents(add(add((c.baseline_usd, -c.optimized_usd[case])) for c in self.moves))

    def month_usd(self, case: Case) -> Decimal | None:
        """The saving of a month, in cents; None where no day was read."""
        return month_usd(self.saving_usd(case), self.coverage)

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
        """The plan's dearest case for the busiest day, doubled, up to the next cent.

        Doubled because the runner holds its high estimate against the cap, and because days differ. The busiest day is
        that of today's list cost, of which the plan leaves the share that it leaves in all.
        Where the plan has levers that the kit does not carry out, the cost by batch alone is taken instead.
        """
        planned = add(component.optimized_usd["low"] for component in self.moves)
        today = add(component.baseline_usd for component in self.moves)
        if self.other_levers and self.batch_alone_usd is not None:
            planned = max(planned, today - self.batch_alone_usd)
        busiest = add(component.busiest_day_usd for component in self.moves)
        share = max(busiest / today if today else ZERO, 1 / Decimal(max(self.days, 1)))
        a_day = times(planned, BUDGET_FACTOR) * share
        return max(a_day.quantize(Decimal("0.01"), rounding=ROUND_UP), Decimal("0.01"))

    @property
    def models(self) -> tuple[str, ...]:
        """The models in use by what moves, in order of name."""
        return tuple(sorted({model for component in self.moves for model in component.models}))

    @property
    def model_ids(self) -> dict[str, str]:
        """The same, each with its id at the service."""
        return model_ids(self.service, self.moves)

    @property
    def results(self) -> str:
        """Where its answers lie, below its folder."""
        return "results.jsonl" if self.service.has_runner else "results/*.jsonl"

    @property
    def timeout_hours(self) -> int:
        """When a job of Bedrock is to be broken off: at the deadline, within the 24 to 168 h that it takes."""
        deadline_s = self.schedule.deadline_s
        return 24 if deadline_s is None else max(24, min(168, int(deadline_s / 3600)))

    @property
    def day_records(self) -> int:
        """Twice the requests of the busiest day, but enough for one job of the least size."""
        requests = sum(component.requests for component in self.moves)
        busiest = sum(component.busiest_day_requests for component in self.moves)
        return max(BUDGET_FACTOR * busiest, -(-BUDGET_FACTOR * requests // max(self.days, 1)), self.service.min_records)

    @property
    def is_cached(self) -> bool:
        """The plan caches a shared prefix in what moves, and the kit can: no other service primes a batch."""
        return self.service.has_runner and any("caching" in component.levers for component in self.moves)

    @property
    def other_levers(self) -> tuple[str, ...]:
        """Levers of the plan that this kit does not carry out by itself."""
        found = {lever for component in self.moves for lever in component.levers}
        left = ("output", "routing") if self.is_cached else ("output", "routing", "caching")
        return tuple(lever for lever in left if lever in found)

    @property
    def output_tokens(self) -> int:
        """Mean output tokens a request, rounded up; 0 where nothing was measured."""
        requests = sum(component.requests for component in self.moves)
        return -(-sum(component.tokens.output_tokens for component in self.moves) // requests) if requests else 0


def kits_of(assessment: Assessment, turnaround: Turnaround | None = None) -> tuple[Kit, ...]:
    """A kit for each workload that moves, in the page's order of migration.

    `turnaround`: how soon batches are back; None = the one that comes with Whowaits.
    """
    rows = migration_rows(ledger_of(assessment))
    turnaround = turnaround or load_turnaround()
    width = max(2, len(str(len(rows))))
    jobs = safe_names([row.plan.verdict.workload for row in rows])
    kits = []
    for number, (row, job) in enumerate(zip(rows, jobs, strict=True), 1):
        moves = [cell.plan for cell in row.moving]
        service, elsewhere = service_of(moves)
        fill_s = _fill_s(service, moves, assessment.coverage)
        schedule = schedule_of(moves, turnaround, has_guard=service.has_runner, fill_s=fill_s)
        kits.append(
            Kit(number, f"{number:0{width}d}-{job}", job, row, assessment.coverage, schedule, service, elsewhere)
        )
    return tuple(kits)


def _fill_s(service: Service, moves: Sequence[ComponentPlan], coverage: Coverage) -> float:
    """How long the least requests of a job take to come together, at the mean rate of the days read.

    Worked: 100 records at 60 requests a day are 1.67 days.
    """
    requests = sum(component.requests for component in moves)
    if service.min_records == 1 or not requests:
        return 0.0
    return service.min_records * 86_400 * max(coverage.days, 1) / requests
