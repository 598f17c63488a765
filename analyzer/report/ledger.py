"""The figures that more than one section shows, rounded once so that every column on the page adds up to the cent."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from analyzer.money import ZERO, add
from analyzer.report.display import cents_that_add_up, to_cents
from analyzer.savings.assessment import LEVERS, Assessment, Lever, WorkloadPlan

_SURENESS = {"high": 0, "medium": 1, "low": 2}


@dataclass(frozen=True)
class Row:
    """A workload with its money in whole cents; `baseline − saving = optimized`. `no` is its number on the page."""

    no: int
    plan: WorkloadPlan
    baseline_usd: Decimal
    saving_usd: Decimal

    @property
    def optimized_usd(self) -> Decimal:
        """Low case."""
        return self.baseline_usd - self.saving_usd


@dataclass(frozen=True)
class Ledger:
    """Totals and rows (largest cost first) in whole cents; rows and levers add up to the totals."""

    baseline_usd: Decimal
    saving_usd: Decimal
    levers_usd: dict[Lever, Decimal]
    rows: tuple[Row, ...]

    @property
    def optimized_usd(self) -> Decimal:
        """Low case."""
        return self.baseline_usd - self.saving_usd


def ledger_of(assessment: Assessment) -> Ledger:
    """The assessment in whole cents; no figure moves by more than a cent."""
    baseline, saving = to_cents(assessment.baseline_usd), to_cents(assessment.saving_usd["low"])
    plans = sorted(assessment.workloads, key=lambda plan: (-plan.baseline_usd, plan.verdict.workload))
    baselines = cents_that_add_up([plan.baseline_usd for plan in plans], baseline)
    savings = cents_that_add_up([plan.saving_usd for plan in plans], saving)
    levers = cents_that_add_up([assessment.lever_credit_usd.get(lever, ZERO) for lever in LEVERS], saving)
    rows = tuple(
        Row(number, plan, cost, saved)
        for number, (plan, cost, saved) in enumerate(zip(plans, baselines, savings, strict=True), 1)
    )
    return Ledger(baseline, saving, dict(zip(LEVERS, levers, strict=True)), rows)


def migration_rows(ledger: Ledger) -> tuple[Row, ...]:
    """The workloads to move, pilot first: the surest verdict, among equals the largest saving, then the name.

    The kits are made in the same order (a test holds the two together).
    """
    rows = [row for row in ledger.rows if row.plan.moving]
    return tuple(sorted(rows, key=_order))


def moving_saving_usd(plan: WorkloadPlan) -> Decimal:
    """What the plans of the moving components save, low case, exact."""
    return add(component.saving_usd for component in plan.moving)


def _order(row: Row) -> tuple[int, Decimal, str]:
    verdict = row.plan.verdict
    return _SURENESS[verdict.confidence], -moving_saving_usd(row.plan), verdict.workload
