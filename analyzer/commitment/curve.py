"""What a commitment costs against demand that is not known: the curve, its lowest point, and what hangs on it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from analyzer.commitment.demand import Floats
from analyzer.commitment.terms import Terms

LEVELS = 400
NEAR_BEST_SHARE = 0.01


@dataclass(frozen=True)
class Demand:
    """List cost in USD, one entry a path: over the term, and over the rollover months after it (0 without)."""

    term_usd: Floats
    after_usd: Floats


@dataclass(frozen=True)
class Level:
    """One commitment and what it leads to; USD over the term, shares 0 to 1.

    `coverage_share`: of demand, what the commitment pays for. `utilization_share`: of the commitment, what is used;
    None at 0. `forfeited_usd`: mean of what is lost for good. `overage_usd`: mean cost above the commitment.
    """

    commit_usd: Decimal
    expected_cost_usd: float
    p10_usd: float
    p90_usd: float
    coverage_share: float
    utilization_share: float | None
    forfeited_usd: float
    overage_usd: float


def costs_at(commit_usd: Decimal, demand: Demand, terms: Terms) -> Floats:
    """Cost of each path, USD.

    With list demand D, discount d, commitment C and overage price p: usage D·(1 − d) is drawn from C; above it the rest
    of the demand, D − C/(1 − d), costs p a list dollar; of what is unused, max(0, C − D·(1 − d)), the rollover months
    take what they need; the prepaid share of C is paid half a term early on average, at the yearly cost of capital.

    Worked by hand: C 80, d 0.2, p 1: D 50 costs 80 (40 unused), D 100 costs 80, D 150 costs 80 + 50 = 130.
    """
    overage, _, recovered = _beyond(commit_usd, demand, terms)
    costs: Floats = float(commit_usd) * (1 + _capital_share(terms)) + overage - recovered
    return costs


def level_at(commit_usd: Decimal, demand: Demand, terms: Terms) -> Level:
    """The costs of a commitment, summed up over the paths."""
    overage, unused, recovered = _beyond(commit_usd, demand, terms)
    costs = costs_at(commit_usd, demand, terms)
    p10, p90 = np.quantile(costs, (0.1, 0.9))
    commit, mean_demand = float(commit_usd), float(demand.term_usd.mean())
    used = commit - float(unused.mean())
    return Level(
        commit_usd=commit_usd,
        expected_cost_usd=float(costs.mean()),
        p10_usd=float(p10),
        p90_usd=float(p90),
        coverage_share=used / kept_price(commit_usd, terms) / mean_demand if mean_demand else 0.0,
        utilization_share=used / commit if commit else None,
        forfeited_usd=float((unused - recovered).mean()),
        overage_usd=float(overage.mean()),
    )


def kept_price(commit_usd: Decimal, terms: Terms) -> float:
    """What a list dollar of usage costs in the tier of the commitment: 1 − its discount."""
    return 1 - float([tier for tier in terms.tiers if tier.commit_usd <= commit_usd][-1].discount_share)


def break_even_usd(commit_usd: Decimal, terms: Terms) -> Decimal | None:
    """List demand of the term under which buying without a commitment is cheaper, leaving rollover aside: what the
    commitment costs over the price without one. None without a commitment.

    Worked by hand: C 80 and no discount without it: 80 of demand. At a discount of 0.2 without it: 80 / 0.8 = 100.
    """
    if not commit_usd:
        return None
    return Decimal(float(commit_usd) * (1 + _capital_share(terms)) / kept_price(Decimal(0), terms))


def commit_levels(demands: Sequence[Demand], terms: Terms) -> tuple[Decimal, ...]:
    """0, every threshold of a tier, and some 400 steps from the lowest offer to a demand that one path in a hundred
    exceeds; rising. The steps are multiples of `round_to_usd`, else of a round sum.
    """
    most = max(float(np.quantile(demand.term_usd, 0.99)) for demand in demands)
    if terms.round_to_usd is None:
        step = round_step(most / LEVELS)
    else:
        step = terms.round_to_usd * max(1, math.ceil(most / LEVELS / float(terms.round_to_usd)))
    offered = [tier.commit_usd for tier in terms.tiers if tier.commit_usd]
    steps = (step * number for number in range(1, int(most / float(step)) + 2))
    levels = {Decimal(0), *offered, *(level for level in steps if level >= min(offered, default=Decimal(0)))}
    return tuple(sorted(levels))


def best_level(levels: Sequence[Level]) -> Level:
    """The lowest expected cost (to a cent); of equals the smallest commitment."""
    return min(levels, key=lambda level: (round(level.expected_cost_usd, 2), level.commit_usd))


def near_best(levels: Sequence[Level]) -> tuple[Decimal, Decimal]:
    """The smallest and the largest commitment whose expected cost is within 1 % of the best: what may be traded."""
    limit = best_level(levels).expected_cost_usd * (1 + NEAR_BEST_SHARE)
    good = [level.commit_usd for level in levels if level.expected_cost_usd <= limit]
    return min(good), max(good)


def _beyond(commit_usd: Decimal, demand: Demand, terms: Terms) -> tuple[Floats, Floats, Floats]:
    """Of each path, USD: cost above the commitment; what of it is unused in the term; what the rollover saves of that.

    Without a commitment all demand is bought at the discount of the tier of 0.
    """
    commit, kept = float(commit_usd), kept_price(commit_usd, terms)
    price = kept if terms.overage_price is None or not commit else float(terms.overage_price)
    overage: Floats = np.maximum(demand.term_usd - commit / kept, 0.0) * price
    unused: Floats = np.maximum(commit - demand.term_usd * kept, 0.0)
    return overage, unused, np.minimum(unused, demand.after_usd * kept)


def _capital_share(terms: Terms) -> float:
    return float(terms.prepaid_share * terms.capital_cost_share) * terms.months / 12 / 2


def round_step(about_usd: float) -> Decimal:
    """For steps and ticks, USD: the next larger of 1, 2, 5, 10, 20 … (and their tenths, to a cent)."""
    if about_usd <= 0.01:
        return Decimal("0.01")
    power = math.floor(math.log10(about_usd))
    digit = next(digit for digit in (1, 2, 5, 10) if digit * 10.0**power >= about_usd * (1 - 1e-9))
    return max(Decimal(digit).scaleb(power), Decimal("0.01"))
