"""When each saving of the plan sets in, and what it leaves of the spend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

import numpy as np

from analyzer.commitment.demand import Floats
from analyzer.commitment.terms import Terms
from analyzer.errors import UserError, UserErrors, nearest_name
from analyzer.money import add
from analyzer.savings.assessment import CASES, Assessment, WorkloadPlan
from analyzer.savings.ledger import migration_order

DAYS_BEFORE_THE_PILOT = 14


@dataclass(frozen=True)
class Move:
    """One workload's plan. `baseline_usd`: list cost in the audit. `saving_usd`: there, by case (low, base, high).

    `is_dated`: the terms give the date; else it follows from the order.
    """

    workload: str
    on: date
    is_dated: bool
    baseline_usd: Decimal
    saving_usd: tuple[Decimal, Decimal, Decimal]


def planned_moves(assessment: Assessment, terms: Terms, last_day: date) -> tuple[Move, ...]:
    """The workloads that save something, by date: in the order of the kits, then those that save in place.

    Raises: UserErrors for dates of workloads that the plan does not have.
    """
    saving = sorted((plan for plan in assessment.workloads if plan.saving_usd > 0), key=migration_order)
    dated = dict(terms.migration_on)
    names = [plan.verdict.workload for plan in saving]
    problems = [
        UserError(f"terms, migration.on.{name}", "no saving is planned there", "a workload", nearest_name(name, names))
        for name in dated
        if name not in names
    ]
    if problems:
        raise UserErrors(problems)
    on = terms.migration_first_on or last_day + timedelta(days=DAYS_BEFORE_THE_PILOT)
    moves = []
    for plan in saving:
        own = dated.get(plan.verdict.workload)
        moves.append(_move(plan, own or on, own is not None))
        if own is None:
            on += timedelta(days=terms.migration_every_days)
    return tuple(sorted(moves, key=lambda move: move.on))


def kept_shares(moves: Sequence[Move], baseline_usd: Decimal, first_day: date, days: int, count: int) -> Floats:
    """What the plan leaves of each day's spend: one row a path, one column a day from `first_day`; 1 = all of it.

    The paths go evenly from the low case (the first) over the base to the high case (the last) of every saving at
    once: what is good luck for one is for all. A workload keeps its share of the spend.

    Worked by hand: a workload of half of the spend that saves 40 % of itself in every case keeps 0.8 from its day on.
    """
    kept = np.ones((count, days))
    if not baseline_usd:
        return kept
    at = (np.arange(count) + 0.5) / count
    for move in moves:
        begins = max(0, (move.on - first_day).days)
        shares = [float(saving / baseline_usd) for saving in move.saving_usd]
        kept[:, begins:] -= np.interp(at, [0.0, 0.5, 1.0], shares)[:, None]
    return np.maximum(kept, 0.0)


def _move(plan: WorkloadPlan, on: date, is_dated: bool) -> Move:
    low, base, high = (add(add((c.baseline_usd, -c.optimized_usd[case])) for c in plan.components) for case in CASES)
    return Move(plan.verdict.workload, on, is_dated, plan.baseline_usd, (low, base, high))
