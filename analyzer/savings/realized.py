"""What became of the bill after the migration: volume, mix, price and levers, and the forecast beside the fact.

The walk, per workload. Each station is a whole cost, so the differences add up by construction:

    before                                   C0, as priced then
    before at the prices of its last day     R            R − C0 is price
    for as many days as after                R·d1/d0      length of the period
    for as many requests as after            R·n1/n0      volume
    after's tokens, worked as before         W            mix: larger or smaller requests
    after's tokens, worked as after          V            levers, shared by Shapley value
    after, as priced then                    C1           C1 − V is price
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from analyzer.config import Config
from analyzer.errors import UserError
from analyzer.money import PICO, ZERO, add, times
from analyzer.savings.analysis import assess
from analyzer.savings.assessment import CASES, LEVERS, Assessment, Case, Lever, WorkloadPlan
from analyzer.savings.stack import shapley, subsets
from analyzer.savings.working import PricesOfOneDay, Work, changed_levers, worked
from analyzer.store.audit import Audit
from analyzer.workloads import PricedUsage, price_usage, scan, usage
from analyzer.workloads.spend import without_price


@dataclass(frozen=True)
class Period:
    """One audit: its days, its list cost in USD, and what has no price and is in no figure: requests, and rows of
    reports that do not count theirs.
    """

    first_day: date
    last_day: date
    list_cost_usd: Decimal
    unpriced_requests: int
    unpriced_rows: int

    @property
    def days(self) -> int:
        """From the first to the last."""
        return (self.last_day - self.first_day).days + 1


@dataclass(frozen=True)
class Effects:
    """Why the cost changed, USD; they add up to `change_usd` to the last decimal. Below 0 = cheaper."""

    length_usd: Decimal
    volume_usd: Decimal
    mix_usd: Decimal
    price_usd: Decimal
    levers_usd: dict[Lever, Decimal]

    @property
    def change_usd(self) -> Decimal:
        """After less before."""
        return add((self.length_usd, self.volume_usd, self.mix_usd, self.price_usd, *self.levers_usd.values()))

    @property
    def saved_usd(self) -> Decimal:
        """What the levers took off: above 0 = saved."""
        return -add(self.levers_usd.values())


@dataclass(frozen=True)
class WorkloadRealized:
    """One workload. `status`: both, ended (nothing after; all of it is volume) or new (nothing before; likewise). Where
    no token was used before, all of it is volume too.

    `volume_in`: requests, or tokens where a report does not count requests. `forecast_usd`: what the plan said of the
    work that was done, by case: the planned share of the cost of after's tokens worked as before; None without a plan.
    `credit_usd`: the low case of it by lever.
    """

    workload: str
    status: Literal["both", "ended", "new"]
    volume_in: Literal["requests", "tokens"]
    before_usd: Decimal
    after_usd: Decimal
    effects: Effects
    forecast_usd: dict[Case, Decimal] | None
    credit_usd: dict[Lever, Decimal] | None


@dataclass(frozen=True)
class Realized:
    """Two audits compared; workloads by cost before, then after. Totals are sums of the workloads."""

    before: Period
    after: Period
    workloads: tuple[WorkloadRealized, ...]
    effects: Effects
    forecast_usd: dict[Case, Decimal]
    credit_usd: dict[Lever, Decimal]


def realized(before: Audit, after: Audit, config: Config) -> Realized:
    """What changed from one audit to a later one, and what the plan of the first had said.

    Raises: UserError when one has no priced usage, or they do not follow one another.
    """
    assessment = assess(before, config)
    scan(after, config)
    return compare(assessment, price_usage(usage(before)), price_usage(usage(after)))


def compare(assessment: Assessment, before: Sequence[PricedUsage], after: Sequence[PricedUsage]) -> Realized:
    """The two priced rollups, workload by workload; `assessment` is that of the first."""
    rows_0, rows_1 = _by_workload(before), _by_workload(after)
    period_0, period_1 = _period("before", before), _period("after", after)
    if period_1.first_day <= period_0.last_day:
        found = f"its days begin on {period_1.first_day}, but before reaches to {period_0.last_day}"
        raise UserError("--after", found, "logs of later days alone", "make two audits of days apart")
    plans = {plan.verdict.workload: plan for plan in assessment.workloads}
    prices = PricesOfOneDay(period_0.last_day)
    stretch = Fraction(period_1.days, period_0.days)
    compared = [
        _compare(name, rows_0.get(name, []), rows_1.get(name, []), stretch, prices, plans.get(name))
        for name in {**rows_0, **rows_1}
    ]
    ordered = tuple(sorted(compared, key=lambda w: (-w.before_usd, -w.after_usd, w.workload)))
    return Realized(
        before=period_0,
        after=period_1,
        workloads=ordered,
        effects=_total([w.effects for w in ordered]),
        forecast_usd={case: add(w.forecast_usd[case] for w in ordered if w.forecast_usd) for case in CASES},
        credit_usd={lever: add(w.credit_usd[lever] for w in ordered if w.credit_usd) for lever in LEVERS},
    )


def _compare(
    name: str,
    rows_0: Sequence[PricedUsage],
    rows_1: Sequence[PricedUsage],
    stretch: Fraction,
    prices: PricesOfOneDay,
    plan: WorkloadPlan | None,
) -> WorkloadRealized:
    before, after = Work(rows_0), Work(rows_1)
    in_requests = before.is_counted and after.is_counted
    none = dict.fromkeys(LEVERS, ZERO)
    if not after.rows or not before.tokens:
        change = add((after.cost_usd, -before.cost_usd))
        status: Literal["both", "ended", "new"] = "ended" if not after.rows else "both" if before.rows else "new"
        effects = Effects(ZERO, change, ZERO, ZERO, none)
        return WorkloadRealized(name, status, "requests", before.cost_usd, after.cost_usd, effects, None, None)
    prices.learn(before.rows)
    prices.learn(after.rows)
    growth = Fraction(after.requests, before.requests) if in_requests else Fraction(after.tokens, before.tokens)
    planned = {lever for c in plan.components for lever in c.levers} if plan else set()
    tightened = growth if in_requests and "output" in planned else None
    pulled = changed_levers(before, after) | ({"output"} if tightened is not None else set())
    levers = tuple(lever for lever in LEVERS if lever in pulled)
    cost = {some: _usd(worked(before, after, some, prices, tightened)) for some in subsets(levers)}
    as_before, as_after = cost[frozenset()], cost[frozenset(levers)]
    then = worked(before, before, frozenset(), prices, None)
    repriced, longer, more = (_usd(then * factor) for factor in (Fraction(1), stretch, growth))
    saved = shapley(levers, lambda some: add((as_before, -cost[some])))
    effects = Effects(
        length_usd=add((longer, -repriced)),
        volume_usd=add((more, -longer)),
        mix_usd=add((as_before, -more)),
        price_usd=add((repriced, -before.cost_usd, after.cost_usd, -as_after)),
        levers_usd={lever: -saved.get(lever, ZERO) for lever in LEVERS},
    )
    forecast, credit = _forecast(plan, as_before)
    unit: Literal["requests", "tokens"] = "requests" if in_requests else "tokens"
    return WorkloadRealized(name, "both", unit, before.cost_usd, after.cost_usd, effects, forecast, credit)


def _forecast(
    plan: WorkloadPlan | None, as_before_usd: Decimal
) -> tuple[dict[Case, Decimal] | None, dict[Lever, Decimal] | None]:
    """The plan's saving, in proportion to the work that was done since; None without a plan."""
    if plan is None or not plan.baseline_usd:
        return None, None
    scale = Fraction(as_before_usd) / Fraction(plan.baseline_usd)

    def scaled(amount: Decimal) -> Decimal:
        return _usd(Fraction(amount) * scale)

    saving = {case: add(add((c.baseline_usd, -c.optimized_usd[case])) for c in plan.components) for case in CASES}
    credit = {lever: add(c.credit_usd.get(lever, ZERO) for c in plan.components) for lever in LEVERS}
    return {case: scaled(saving[case]) for case in CASES}, {lever: scaled(credit[lever]) for lever in LEVERS}


def _usd(exact: Fraction) -> Decimal:
    """USD to a pico-dollar."""
    pico = round(exact / Fraction(PICO))
    return times(PICO, pico)


def _by_workload(rows: Sequence[PricedUsage]) -> dict[str, list[PricedUsage]]:
    found: dict[str, list[PricedUsage]] = {}
    for row in rows:
        if row.list_cost_usd is not None:
            found.setdefault(row.usage.workload, []).append(row)
    return found


def _period(name: str, rows: Sequence[PricedUsage]) -> Period:
    priced = [row for row in rows if row.list_cost_usd is not None]
    if not priced:
        raise UserError(f"--{name}", "no priced usage", "an audit with usage that has a price", "see whowaits spend")
    return Period(
        first_day=min(row.usage.on for row in priced),
        last_day=max(row.usage.last_on for row in priced),
        list_cost_usd=add(row.list_cost_usd for row in priced if row.list_cost_usd is not None),
        unpriced_requests=sum(row.requests for row in without_price(rows)),
        unpriced_rows=sum(row.uncounted for row in without_price(rows)),
    )


def _total(effects: list[Effects]) -> Effects:
    return Effects(
        length_usd=add(e.length_usd for e in effects),
        volume_usd=add(e.volume_usd for e in effects),
        mix_usd=add(e.mix_usd for e in effects),
        price_usd=add(e.price_usd for e in effects),
        levers_usd={lever: add(e.levers_usd[lever] for e in effects) for lever in LEVERS},
    )
