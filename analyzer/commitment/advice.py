"""From an assessment and the terms on the table to the commitment to sign, and what the wrong one costs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

import numpy as np

from analyzer.commitment.backtest import Backtest, tried_outlook
from analyzer.commitment.curve import (
    Demand,
    Level,
    best_level,
    break_even_usd,
    commit_levels,
    costs_at,
    kept_price,
    level_at,
    near_best,
)
from analyzer.commitment.demand import (
    Floats,
    History,
    Outlook,
    daily_history,
    demand_paths,
    growth_of_paths,
)
from analyzer.commitment.moves import Move, kept_shares, planned_moves
from analyzer.commitment.terms import Terms
from analyzer.errors import UserError
from analyzer.savings.assessment import Assessment

PATHS = 4000
_LONGEST_DAYS = 11 * 366


@dataclass(frozen=True)
class Month:
    """Discounted usage of one month of the term, USD; `share` of the commitment's even part, None without one."""

    first_day: date
    expected_usd: float
    p10_usd: float
    share: float | None


@dataclass(frozen=True)
class Scenario:
    """What one growth scenario comes to: mean list demand and mean cost at the recommended commitment, USD."""

    name: str
    monthly_share: Decimal
    weight_share: float
    demand_usd: float
    cost_usd: float


@dataclass(frozen=True)
class Advice:
    """The commitment to sign. Money of demand is list cost over the term.

    `best` is the recommended level; `uncommitted` is buying without a commitment. `good_from_usd`, `good_to_usd`: the
    commitments within 1 % of the best cost. `break_even_usd`: list demand under which no commitment would have been
    cheaper, None without one; `loss_share`: probability that none would have been cheaper. `unoptimized`: the level
    that today's usage suggests, at the demand after savings; `regret_unoptimized_usd`: what it costs beyond the best.
    `unpriced_requests`, and `unpriced_rows` of reports that do not count theirs, have no list cost: in no demand.
    """

    terms: Terms
    starts_on: date
    ends_on: date
    history: History
    outlook: Outlook
    moves: tuple[Move, ...]
    unpriced_requests: int
    unpriced_rows: int
    seed: int
    demand_today_usd: tuple[float, float, float]
    demand_usd: tuple[float, float, float]
    best: Level
    uncommitted: Level
    good_from_usd: Decimal
    good_to_usd: Decimal
    break_even_usd: Decimal | None
    loss_share: float
    unoptimized: Level
    regret_unoptimized_usd: float
    months: tuple[Month, ...]
    scenarios: tuple[Scenario, ...]
    curve: tuple[Level, ...]
    backtest: Backtest

    @property
    def worst_month(self) -> Month:
        """The month with the least usage in the low tenth of the paths."""
        return min(self.months, key=lambda month: (month.p10_usd, month.first_day))


def advise(assessment: Assessment, terms: Terms, *, seed: int = 1, paths: int = PATHS) -> Advice:
    """Everything that the command, the JSON and the sheet are made from. The same seed gives the same advice.

    Raises: UserError where no day has a price, or the term begins inside the log or more than ten years off.
    """
    history = _history(assessment)
    outlook, tried = tried_outlook(history, seed)
    start = terms.starts_on or _next_month(history.last_day)
    _check_start(start, history.last_day)
    end, rolled_to = plus_months(start, terms.months), plus_months(start, terms.months + terms.rollover_months)
    first = history.last_day + timedelta(days=1)
    moves = planned_moves(assessment, terms, history.last_day)
    days = (rolled_to - first).days
    before = demand_paths(outlook, days, terms.growth, paths, seed)
    order = np.random.default_rng(seed + 1).permutation(paths)  # luck with savings is no luck with demand
    after = before * kept_shares(moves, assessment.baseline_usd, first, days, paths)[order]
    term, rollover = slice((start - first).days, (end - first).days), slice((end - first).days, days)
    today, planned = (Demand(p[:, term].sum(axis=1), p[:, rollover].sum(axis=1)) for p in (before, after))
    choices = commit_levels((today, planned), terms)
    levels = [level_at(commit, planned, terms) for commit in choices]
    best = best_level(levels)
    naive = best_level([level_at(commit, today, terms) for commit in choices]).commit_usd
    unoptimized = level_at(naive, planned, terms)
    good_from, good_to = near_best(levels)
    dearer = costs_at(best.commit_usd, planned, terms) > costs_at(Decimal(0), planned, terms)
    return Advice(
        terms=replace(terms, starts_on=start),
        starts_on=start,
        ends_on=end - timedelta(days=1),
        history=history,
        outlook=outlook,
        moves=moves,
        unpriced_requests=sum(row.requests for row in assessment.coverage.unpriced),
        unpriced_rows=assessment.coverage.unpriced_rows,
        seed=seed,
        demand_today_usd=_spread(today.term_usd),
        demand_usd=_spread(planned.term_usd),
        best=best,
        uncommitted=levels[0],
        good_from_usd=good_from,
        good_to_usd=good_to,
        break_even_usd=break_even_usd(best.commit_usd, terms),
        loss_share=float(dearer.mean()),
        unoptimized=unoptimized,
        regret_unoptimized_usd=unoptimized.expected_cost_usd - best.expected_cost_usd,
        months=_months(after, first, start, best, terms),
        scenarios=_scenarios(planned, best, terms),
        curve=tuple(levels),
        backtest=tried,
    )


def _history(assessment: Assessment) -> History:
    amounts: dict[date, Decimal] = {}
    for day, _, cost in assessment.by_day:
        amounts[day] = amounts.get(day, Decimal(0)) + cost
    if not any(amounts.values()):
        raise UserError("the audit", "no priced spend on any day", "days with spend to plan from", "see whowaits spend")
    return daily_history(amounts)


def _check_start(start: date, last_day: date) -> None:
    where = "terms, starts_on"
    if start <= last_day:
        raise UserError(where, f"{start}, but the log reaches to {last_day}", "a day after the log")
    if (start - last_day).days > _LONGEST_DAYS - 366:
        raise UserError(where, f"{start}, over ten years after the log ({last_day})", "a nearer day")


def _months(after: Floats, first: date, start: date, best: Level, terms: Terms) -> tuple[Month, ...]:
    kept = kept_price(best.commit_usd, terms)
    part = float(best.commit_usd) / terms.months
    found = []
    for number in range(terms.months):
        begins, ends = plus_months(start, number), plus_months(start, number + 1)
        used = after[:, (begins - first).days : (ends - first).days].sum(axis=1) * kept
        mean = float(used.mean())
        found.append(Month(begins, mean, float(np.quantile(used, 0.1)), mean / part if part else None))
    return tuple(found)


def _scenarios(demand: Demand, best: Level, terms: Terms) -> tuple[Scenario, ...]:
    costs = costs_at(best.commit_usd, demand, terms)
    chosen, _ = growth_of_paths(len(costs), terms.growth)
    found = []
    for number, growth in enumerate(terms.growth):
        mine = chosen == number
        if mine.any():
            means = float(demand.term_usd[mine].mean()), float(costs[mine].mean())
            found.append(Scenario(growth.name, growth.monthly_share, float(mine.mean()), *means))
    return tuple(found)


def _spread(amounts: Floats) -> tuple[float, float, float]:
    """P10, mean, P90."""
    p10, p90 = np.quantile(amounts, (0.1, 0.9))
    return float(p10), float(amounts.mean()), float(p90)


def _next_month(day: date) -> date:
    return plus_months(day.replace(day=1), 1)


def plus_months(day: date, months: int) -> date:
    """The same day some months on; the last day of a shorter month."""
    total = day.year * 12 + day.month - 1 + months
    year, month = divmod(total, 12)
    for last in (day.day, 30, 29, 28):
        try:
            return date(year, month + 1, min(day.day, last))
        except ValueError:
            continue
    raise AssertionError("every month has 28 days")
