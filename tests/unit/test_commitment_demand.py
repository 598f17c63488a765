"""Demand paths: what a log of each length says, and what it leaves open."""

from __future__ import annotations

import math
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest

from analyzer.commitment.backtest import backtest, tried_outlook
from analyzer.commitment.demand import History, daily_history, demand_paths, growth_of_paths, read_outlook
from analyzer.commitment.moves import Move, kept_shares
from analyzer.commitment.terms import Growth

MONDAY = date(2026, 9, 28)
STAYS = (Growth("stays", Decimal(0), Decimal(1)),)
OFFICE = [10.0, 10.0, 10.0, 10.0, 10.0, 3.0, 3.0]  # mean 8 a day


def history(*usd: float, first_day: date = MONDAY) -> History:
    return History(first_day, np.array(usd))


def spread(found: History, days: int = 28) -> tuple[float, float]:
    """P10 and P90 of the sum of the days ahead, over its mean."""
    sums = demand_paths(read_outlook(found), days, STAYS, 2000, 7).sum(axis=1)
    p10, p90 = np.quantile(sums, (0.1, 0.9)) / sums.mean()
    return float(p10), float(p90)


def test_days_without_spend_are_zero_and_none_is_skipped() -> None:
    found = daily_history({MONDAY: Decimal("1.5"), MONDAY + timedelta(days=3): Decimal(2)})
    assert found.usd.tolist() == [1.5, 0, 0, 2]
    assert found.last_day == MONDAY + timedelta(days=3)


def test_four_weeks_of_ten_dollars_are_level_ten_and_a_third_unseen() -> None:
    outlook = read_outlook(history(*[10.0] * 28))
    assert outlook.level_usd == pytest.approx(10)
    assert outlook.profile == pytest.approx(np.ones(7))
    assert outlook.noise == pytest.approx(np.zeros(28))
    assert outlook.unseen == pytest.approx(0.35)
    assert (outlook.trend, outlook.wander) == (None, 0)


def test_weekends_stay_weekends() -> None:
    """Ends on a Sunday: the first day ahead is a Monday; 10/8 and 3/8 of the level of 8."""
    outlook = read_outlook(history(*OFFICE * 4))
    assert outlook.profile == pytest.approx(np.array(OFFICE) / 8)
    means = demand_paths(outlook, 14, STAYS, 4000, 1).mean(axis=0)
    assert means == pytest.approx(np.array(OFFICE * 2), rel=0.03)


def test_a_log_that_ends_in_midweek_goes_on_in_midweek() -> None:
    outlook = read_outlook(history(*OFFICE * 3, *OFFICE[:3]))
    means = demand_paths(outlook, 7, STAYS, 4000, 1).mean(axis=0)
    assert means == pytest.approx(np.array(OFFICE[3:] + OFFICE[:3]), rel=0.03)


def test_no_traffic_on_weekends_gives_none_ahead() -> None:
    outlook = read_outlook(history(*[5.0, 5.0, 5.0, 5.0, 5.0, 0.0, 0.0] * 3))
    paths = demand_paths(outlook, 7, STAYS, 50, 1)
    assert paths[:, 5:].max() == 0
    assert paths[:, :5].min() > 0


def test_the_shorter_the_log_the_wider_the_paths_and_it_says_so() -> None:
    """Log-normal with s = 0.7 / sqrt(weeks): P90 over the mean is e^(1.2816·s − s²/2)."""
    widths = []
    for weeks in (1, 4, 16):
        found = history(*[10.0] * 7 * weeks)
        s = 0.7 / math.sqrt(weeks)
        p10, p90 = spread(found)
        assert p90 == pytest.approx(math.exp(1.2816 * s - s * s / 2), rel=0.05)
        assert p10 == pytest.approx(math.exp(-1.2816 * s - s * s / 2), rel=0.05)
        widths.append(p90 - p10)
    assert widths == sorted(widths, reverse=True)
    remarks = [" ".join(read_outlook(history(*[1.0] * days)).remarks) for days in (5, 20, 100, 400)]
    assert ["weekday profile" in text for text in remarks] == [True, False, False, False]
    assert ["No trend" in text for text in remarks] == [True, True, False, False]
    assert ["widens" in text for text in remarks] == [True, True, True, False]


@pytest.mark.parametrize("usd", [[5.0], [0.0, 7.0], [0.0] * 30, [1.0] * 13, [0.0] * 20 + [9.0]])
def test_every_log_gives_finite_paths_that_are_no_less_than_zero(usd: list[float]) -> None:
    paths = demand_paths(read_outlook(history(*usd)), 40, STAYS, 100, 1)
    assert paths.shape == (100, 40)
    assert np.isfinite(paths).all()
    assert paths.min() >= 0


def test_a_trend_is_the_median_slope_and_dies_down() -> None:
    """Weekly sums that grow by 2 % a week: log slope 0.0198; ahead it adds up to no more than ten weeks of itself."""
    usd = [10 * 1.02 ** (day // 7) for day in range(84)]
    assert read_outlook(history(*usd)).level_usd < usd[-8]  # left out, the level is the mean of the last four weeks
    outlook = read_outlook(history(*usd), uses_trend=True)
    assert outlook.trend == pytest.approx(math.log(1.02))
    far = demand_paths(outlook, 400, STAYS, 4000, 1).mean(axis=0)
    assert far[6] > usd[-1]
    assert far[-1] == pytest.approx(far[-60], rel=0.02)
    assert far[-1] < outlook.level_usd * math.exp(10 * math.log(1.02)) * 1.03


def test_a_trend_is_carried_on_only_where_it_would_have_helped() -> None:
    growing = [10 * 1.03 ** (day / 7) for day in range(140)]
    random = np.random.default_rng(4)
    shaking = np.exp(random.normal(0, 0.2, 140)) * 10
    assert tried_outlook(history(*growing), 1)[0].uses_trend
    assert "goes on" in " ".join(tried_outlook(history(*growing), 1)[0].remarks)
    assert not tried_outlook(history(*shaking), 1)[0].uses_trend
    assert "is left out" in " ".join(tried_outlook(history(*shaking), 1)[0].remarks)
    assert not tried_outlook(history(*growing[:100]), 1)[0].uses_trend  # under sixteen weeks


def test_wandering_is_told_from_noise() -> None:
    """Weeks that only shake around one level wander next to nothing; a walk of 0.1 a week wanders about that."""
    random = np.random.default_rng(3)
    shaking = np.repeat(np.exp(random.normal(0, 0.1, 200)), 7)
    walking = np.repeat(np.exp(np.cumsum(random.normal(0, 0.1, 200))), 7)
    assert read_outlook(history(*shaking)).wander < 0.05
    assert read_outlook(history(*walking)).wander == pytest.approx(0.1, rel=0.25)


def test_growth_scenarios_share_the_paths_by_weight_and_compound_by_month() -> None:
    growth = (Growth("down", Decimal("-0.1"), Decimal(1)), Growth("up", Decimal("0.1"), Decimal(3)))
    chosen, monthly = growth_of_paths(8, growth)
    assert chosen.tolist() == [0, 0, 1, 1, 1, 1, 1, 1]
    assert monthly.tolist() == [-0.1] * 2 + [0.1] * 6
    outlook = read_outlook(history(*[10.0] * 364 * 4))  # 208 weeks: 0.049 unseen
    paths = demand_paths(outlook, 365, growth, 4000, 1)
    assert paths[:1000, -1].mean() == pytest.approx(10 * 0.9**12, rel=0.01)
    assert paths[1000:, -1].mean() == pytest.approx(10 * 1.1**12, rel=0.01)


def test_the_same_seed_gives_the_same_paths_and_another_seed_others() -> None:
    outlook = read_outlook(history(*OFFICE * 3))
    first, second, other = (demand_paths(outlook, 30, STAYS, 20, seed) for seed in (1, 1, 2))
    assert (first == second).all()
    assert (first != other).any()


def test_the_backtest_of_a_steady_log_misses_by_nothing() -> None:
    """Six weeks of the same: forecasts after 2, 3, 4 and 5 weeks, over 28, 21, 14 and 7 days."""
    found = backtest(history(*OFFICE * 6), 1)
    assert [forecast.days for forecast in found.forecasts] == [28, 21, 14, 7]
    assert found.forecasts[0].actual_usd == 4 * 56
    assert found.mean_absolute_error_share == pytest.approx(0, abs=0.03)
    assert found.inside == 4


def test_the_backtest_shows_the_error_of_a_log_that_jumped() -> None:
    """Three weeks of 10 a day, then 30: the forecast of 10 is 2/3 too low, and 30 lies outside."""
    found = backtest(history(*[10.0] * 21, *[30.0] * 7), 1)
    last = found.forecasts[-1]
    assert last.error_share == pytest.approx(-2 / 3, abs=0.03)
    assert not last.is_inside
    assert found.mean_error_share is not None
    assert found.mean_error_share < -0.5


def test_under_three_weeks_there_is_no_backtest() -> None:
    found = backtest(history(*[10.0] * 20), 1)
    assert (found.forecasts, found.mean_error_share, found.mean_absolute_error_share) == ((), None, None)


def test_savings_set_in_on_their_day_between_their_cases() -> None:
    """Half of the spend saves 40 %, 50 % or 60 % of itself: 0.2, 0.25, 0.3 of all; three paths at 1/6, 1/2, 5/6 of the
    way: 0.2 + 0.05/3, 0.25, 0.25 + 0.05·2/3.
    """
    move = Move("w", MONDAY + timedelta(days=2), False, Decimal(50), (Decimal(20), Decimal(25), Decimal(30)))
    kept = kept_shares([move], Decimal(100), MONDAY, 4, 3)
    assert kept[:, :2].tolist() == [[1, 1]] * 3
    assert kept[:, 2] == pytest.approx(np.array([0.8 - 0.05 / 3, 0.75, 0.75 - 0.05 * 2 / 3]))
    assert (kept[:, 2] == kept[:, 3]).all()
    before_all = Move("w", MONDAY - timedelta(days=9), True, Decimal(50), (Decimal(50),) * 3)
    assert kept_shares([before_all], Decimal(100), MONDAY, 2, 1).tolist() == [[0.5, 0.5]]
