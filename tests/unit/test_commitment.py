"""The commit curve against closed forms: the newsvendor on demand whose distribution is known."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import numpy as np
import pytest

from analyzer.commitment.curve import (
    Demand,
    best_level,
    break_even_usd,
    commit_levels,
    costs_at,
    kept_price,
    level_at,
    near_best,
    round_step,
)
from analyzer.commitment.demand import Floats
from analyzer.commitment.terms import Terms, Tier

NONE = Tier(Decimal(0), Decimal(0))


def terms(*tiers: tuple[int, str], **changes: object) -> Terms:
    """A year; tiers as (from USD, discount), after buying without at list price."""
    named = tuple(Tier(Decimal(usd), Decimal(share)) for usd, share in tiers)
    return replace(Terms(months=12, tiers=(NONE, *named)), **changes)  # type: ignore[arg-type]


def demand(usd: Floats, after: float = 0.0) -> Demand:
    return Demand(usd, np.full(len(usd), after))


def uniform(low: float, high: float, count: int = 10_000) -> Demand:
    """Evenly from low to high: the quantiles of the uniform distribution, no luck in them."""
    return demand(low + (high - low) * (np.arange(count) + 0.5) / count)


def costs(commit: int, usd: list[float], some: Terms, after: float = 0.0) -> list[float]:
    found: list[float] = costs_at(Decimal(commit), demand(np.array(usd), after), some).tolist()
    return found


@pytest.mark.parametrize("discount", ["0.1", "0.2", "0.35"])
def test_the_best_commitment_is_the_newsvendors_on_uniform_demand(discount: str) -> None:
    """Overage at list price: the last committed dollar pays while P(D > q) > 1 − d, so q* is the d-quantile of demand
    and C* = (1 − d)·q*. On demand even from 1,000 to 2,000: q* = 1,000 + 1,000·d, and the mean cost is
    C* + (2,000 − q*)² / (2·1,000).
    """
    share, even = Decimal(discount), uniform(1000, 2000)
    some = terms((1, discount), round_to_usd=Decimal(1))
    best = best_level([level_at(usd, even, some) for usd in commit_levels([even], some)])
    point = 1000 + 1000 * share
    assert abs(best.commit_usd - (1 - share) * point) <= 5  # the curve goes in steps of 5
    mean = (1 - share) * point + (2000 - point) ** 2 / 2000
    assert best.expected_cost_usd == pytest.approx(float(mean), abs=0.1)


def test_a_price_above_list_moves_the_newsvendor_up() -> None:
    """Overage p = 1.2, d = 0.2: P(D > q) = (1 − d)/p = 2/3, so q* is the third: 1,333.33, and C* = 1,066.67."""
    even, some = uniform(1000, 2000), terms((1, "0.2"), overage_price=Decimal("1.2"), round_to_usd=Decimal(1))
    best = best_level([level_at(usd, even, some) for usd in commit_levels([even], some)])
    assert abs(best.commit_usd - Decimal("1066.67")) <= 5


def test_the_newsvendor_on_exponential_demand() -> None:
    """Mean 1,000: the d-quantile is −1,000·ln(1 − d) = 223.14 at d = 0.2, so C* = 178.51; steps of 12."""
    count = 10_000
    skewed = demand(-1000 * np.log1p(-(np.arange(count) + 0.5) / count))
    some = terms((1, "0.2"), round_to_usd=Decimal(1))
    best = best_level([level_at(usd, skewed, some) for usd in commit_levels([skewed], some)])
    assert abs(float(best.commit_usd) - 178.51) <= 15
    at = level_at(Decimal("178.51"), skewed, some)
    # mean of (D − q)+ is 1,000·e^(−q/1,000) = 1,000·0.8 = 800; with the commitment 978.51
    assert at.expected_cost_usd == pytest.approx(978.51, abs=0.5)


def test_costs_of_one_commitment_by_hand() -> None:
    """C 80 at a discount of 0.2 pays for 100 of list demand; above that list price."""
    assert costs(80, [0, 50, 100, 150], terms((80, "0.2"))) == pytest.approx([80, 80, 80, 130])


def test_where_the_discount_goes_on_the_cost_is_the_larger_of_both() -> None:
    assert costs(80, [50, 100, 150], terms((80, "0.2"), overage_price=None)) == pytest.approx([80, 80, 120])


def test_what_is_unused_rolls_over_as_far_as_it_is_needed() -> None:
    """Unused 40 and 80 of 80; the months after need 60·0.8 = 48 of it."""
    assert costs(80, [50, 0], terms((80, "0.2"), rollover_months=3), after=60) == pytest.approx([40, 32])


def test_prepaid_money_costs_half_a_term_of_capital() -> None:
    """80, half of it paid at once, 10 % a year, two years: 80·0.5·0.1·2/2 = 4."""
    some = terms((80, "0.2"), prepaid_share=Decimal("0.5"), capital_cost_share=Decimal("0.1"), months=24)
    assert costs(80, [100], some) == pytest.approx([84])
    assert break_even_usd(Decimal(80), some) == pytest.approx(Decimal(84))


def test_without_a_commitment_all_is_bought_at_todays_discount() -> None:
    some = Terms(months=12, tiers=(Tier(Decimal(0), Decimal("0.1")), Tier(Decimal(50), Decimal("0.2"))))
    assert costs(0, [100], some) == pytest.approx([90])
    assert kept_price(Decimal(50), some) == pytest.approx(0.8)
    assert break_even_usd(Decimal(45), some) == pytest.approx(Decimal(50))
    assert break_even_usd(Decimal(0), some) is None


def test_coverage_utilization_forfeit_and_overage_by_hand() -> None:
    """C 80, d 0.2 at demand 50 and 150: used 40 and 80 of 80 = 75 %; covers 50 + 100 of 200 = 75 %."""
    at = level_at(Decimal(80), demand(np.array([50.0, 150.0])), terms((80, "0.2")))
    assert (at.utilization_share, at.coverage_share) == pytest.approx((0.75, 0.75))
    assert (at.forfeited_usd, at.overage_usd, at.expected_cost_usd) == pytest.approx((20, 25, 105))
    assert (at.p10_usd, at.p90_usd) == pytest.approx((85, 125))  # between 80 and 130


def test_a_higher_tier_wins_where_its_discount_outweighs_the_unused_rest() -> None:
    """Demand 1,000 for sure. From 500 on 5 %: 950. From 960 on 20 %: C 960 pays for 1,200, so 960 is lost to 950.
    From 900 on 20 %: 900 wins.
    """
    sure = demand(np.full(3, 1000.0))

    def best(*tiers: tuple[int, str]) -> Decimal:
        some = terms(*tiers, round_to_usd=Decimal(10))
        return best_level([level_at(usd, sure, some) for usd in commit_levels([sure], some)]).commit_usd

    assert best((500, "0.05"), (960, "0.2")) == 950
    assert best((500, "0.05"), (900, "0.2")) == 900


def test_terms_without_any_advantage_give_no_commitment() -> None:
    even, some = uniform(1000, 2000), terms((100, "0"))
    levels = [level_at(usd, even, some) for usd in commit_levels([even], some)]
    assert best_level(levels).commit_usd == 0


def test_levels_start_at_the_lowest_offer_and_hold_every_threshold() -> None:
    levels = commit_levels([uniform(0, 1000)], terms((333, "0.1"), (777, "0.2")))
    assert levels[0] == 0
    assert levels[1] == 333
    assert Decimal(777) in levels
    assert list(levels) == sorted(set(levels))
    assert len(levels) < 410


def test_what_may_be_traded_costs_one_percent_more_at_most() -> None:
    even, some = uniform(1000, 2000), terms((1, "0.2"), round_to_usd=Decimal(1))
    levels = [level_at(usd, even, some) for usd in commit_levels([even], some)]
    low, high = near_best(levels)
    limit = best_level(levels).expected_cost_usd * 1.01
    assert low < best_level(levels).commit_usd < high
    assert all((level.expected_cost_usd <= limit) == (low <= level.commit_usd <= high) for level in levels)


def test_no_demand_at_all_needs_no_commitment_and_divides_by_nothing() -> None:
    nothing, some = demand(np.zeros(5)), terms((100, "0.2"))
    levels = [level_at(usd, nothing, some) for usd in commit_levels([nothing], some)]
    best = best_level(levels)
    assert (best.commit_usd, best.expected_cost_usd, best.coverage_share) == (0, 0, 0)


@pytest.mark.parametrize(
    ("about", "step"), [(0, "0.01"), (0.4, "0.5"), (3, "5"), (5, "5"), (700, "1000"), (1e9, "1e9")]
)
def test_steps_are_round(about: float, step: str) -> None:
    assert round_step(about) == Decimal(step)


def test_a_term_of_ten_to_the_fifteen_dollars_does_not_overflow() -> None:
    huge, some = uniform(1e15, 2e15), terms((1, "0.2"))
    best = best_level([level_at(usd, huge, some) for usd in commit_levels([huge], some)])
    assert abs(float(best.commit_usd) / 0.96e15 - 1) < 0.02  # 0.8 · 1.2e15


def test_dates_of_months_stay_inside_shorter_months() -> None:
    from analyzer.commitment.advice import plus_months

    assert plus_months(date(2027, 1, 31), 1) == date(2027, 2, 28)
    assert plus_months(date(2027, 11, 15), 14) == date(2029, 1, 15)
