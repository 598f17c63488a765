"""The figures that more than one place shows, rounded once so that every column adds up to the cent.

List cost and saving are each rounded by themselves, half a cent up; the optimized cost is their difference. Levers,
workloads and components are then rounded so that they add up to them, and so that nothing saves more than it costs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from analyzer.money import CENT, ZERO, add, cents_that_add_up, dollars, times, to_cents
from analyzer.savings.assessment import LEVERS, Assessment, ComponentPlan, Coverage, Lever, WorkloadPlan

_SURENESS = {"high": 0, "medium": 1, "low": 2}


@dataclass(frozen=True)
class Cell:
    """A component with its money in whole cents. `moves`: its plan takes it to batch."""

    plan: ComponentPlan
    baseline_usd: Decimal
    saving_usd: Decimal
    moves: bool

    @property
    def cost_text(self) -> str:
        """List cost for people: what is not nothing never reads as nothing."""
        return _cost_text(self.baseline_usd, self.plan.baseline_usd)

    @property
    def optimized_usd(self) -> Decimal:
        """Low case."""
        return self.baseline_usd - self.saving_usd


@dataclass(frozen=True)
class Row:
    """A workload with its money in whole cents; `baseline − saving = optimized`. `no` is its number on the page."""

    no: int
    plan: WorkloadPlan
    baseline_usd: Decimal
    saving_usd: Decimal
    upside_usd: Decimal
    cells: tuple[Cell, ...]

    @property
    def cost_text(self) -> str:
        """List cost for people: what is not nothing never reads as nothing."""
        return _cost_text(self.baseline_usd, self.plan.baseline_usd)

    @property
    def optimized_usd(self) -> Decimal:
        """Low case."""
        return self.baseline_usd - self.saving_usd

    @property
    def moving(self) -> tuple[Cell, ...]:
        """The components that go to batch."""
        return tuple(cell for cell in self.cells if cell.moves)

    @property
    def staying(self) -> tuple[Cell, ...]:
        """The components that do not."""
        return tuple(cell for cell in self.cells if not cell.moves)


@dataclass(frozen=True)
class Ledger:
    """Totals and rows (largest cost first) in whole cents; rows and levers add up to the totals."""

    baseline_usd: Decimal
    saving_usd: Decimal
    upside_usd: Decimal
    levers_usd: dict[Lever, Decimal]
    rows: tuple[Row, ...]

    @property
    def optimized_usd(self) -> Decimal:
        """Low case."""
        return self.baseline_usd - self.saving_usd


def ledger_of(assessment: Assessment) -> Ledger:
    """The assessment in whole cents; no figure moves by more than a cent."""
    baseline, saving = to_cents(assessment.baseline_usd), to_cents(assessment.saving_usd["low"])
    upside = to_cents(assessment.upside_usd)
    plans = sorted(assessment.workloads, key=lambda plan: (-plan.baseline_usd, plan.verdict.workload))
    baselines = cents_that_add_up([plan.baseline_usd for plan in plans], baseline)
    savings = savings_in_cents([plan.saving_usd for plan in plans], saving, baselines)
    upsides = cents_that_add_up([plan.upside_usd for plan in plans], upside)
    levers = cents_that_add_up([assessment.lever_credit_usd.get(lever, ZERO) for lever in LEVERS], saving)
    rows = tuple(
        Row(number, plan, cost, saved, more, _cells(plan, cost, saved))
        for number, (plan, cost, saved, more) in enumerate(zip(plans, baselines, savings, upsides, strict=True), 1)
    )
    return Ledger(baseline, saving, upside, dict(zip(LEVERS, levers, strict=True)), rows)


def _cells(plan: WorkloadPlan, baseline: Decimal, saving: Decimal) -> tuple[Cell, ...]:
    costs = cents_that_add_up([component.baseline_usd for component in plan.components], baseline)
    savings = savings_in_cents([component.saving_usd for component in plan.components], saving, costs)
    moving = {component.verdict.component_no for component in plan.moving}
    return tuple(
        Cell(component, cost, saved, component.verdict.component_no in moving)
        for component, cost, saved in zip(plan.components, costs, savings, strict=True)
    )


def savings_in_cents(savings: Sequence[Decimal], total: Decimal, costs: Sequence[Decimal]) -> list[Decimal]:
    """`savings` in whole cents whose sum is `total`, none above its cost (in cents, which add up to `total` or more).

    Worked by hand: each of two saves 0.006 of 0.007, 0.012 of 0.014 in all, so 0.01 of 0.01. Only the first costs a
    cent, so the cent that is saved is saved there.
    """
    shown = cents_that_add_up(savings, total)
    for index, cost in enumerate(costs):
        while shown[index] > cost:
            room = [place for place, most in enumerate(costs) if shown[place] < most]
            shown[index] -= CENT
            shown[max(room, key=lambda place: savings[place] - shown[place])] += CENT
    return shown


def _cost_text(cents: Decimal, exact: Decimal) -> str:
    return "<$0.01" if exact > 0 and not cents else dollars(cents)


def migration_rows(ledger: Ledger) -> tuple[Row, ...]:
    """The workloads to move, pilot first: the surest verdict, among equals the largest saving, then the name.

    Exact money orders them, not cents: `migration_order`.
    """
    return tuple(sorted((row for row in ledger.rows if row.moving), key=lambda row: migration_order(row.plan)))


def migration_order(plan: WorkloadPlan) -> tuple[int, int, Decimal, str]:
    """What sorts workloads as they are moved, in the report, the kits and the commitment.

    First those with parts that go to batch: the surest verdict, then the largest saving of these parts. Then those that
    save in place, the largest saving first.
    """
    verdict = plan.verdict
    if plan.moving:
        return 0, _SURENESS[verdict.confidence], -add(part.saving_usd for part in plan.moving), verdict.workload
    return 1, 0, -plan.saving_usd, verdict.workload


def moving_saving_usd(row: Row) -> Decimal:
    """What the plans of the moving components save, low case, in whole cents."""
    return add(cell.saving_usd for cell in row.moving)


def month_usd(amount: Decimal, coverage: Coverage) -> Decimal | None:
    """An amount in cents for a month: itself where the days read are one calendar month, else scaled to 30 days.

    None where no day was read. Example: $70.00 in 7 days are $300.00 a month.
    """
    if coverage.days <= 0:
        return None
    if is_calendar_month(coverage.first_day, coverage.last_day):
        return to_cents(amount)
    return to_cents(times(amount, 30) / coverage.days)


def is_calendar_month(first: date | None, last: date | None) -> bool:
    """Whether the period is exactly one calendar month."""
    if first is None or last is None or first.day != 1:
        return False
    return (first.year, first.month) == (last.year, last.month) and (last + timedelta(days=1)).day == 1
