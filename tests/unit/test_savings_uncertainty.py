"""The simulation of the assumptions, against closed forms and the three cases."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from math import sqrt

import pytest
from savings_values import ASSUMPTIONS, VERDICT, WAITS, context, key, part, shared

from analyzer.savings.assessment import ComponentPlan, Corners
from analyzer.savings.assumptions import Assumptions
from analyzer.savings.context import Context
from analyzer.savings.plans import plan_component
from analyzer.savings.state import Part
from analyzer.savings.uncertainty import simulate_saving
from analyzer.tokens import TokenSums


def planned(state: tuple[Part, ...], made: Context) -> ComponentPlan:
    return plan_component(made.verdict, (), state, made)


def with_share(low: str, base: str, high: str) -> Assumptions:
    rows = tuple(
        replace(row, low=low, base=base, high=high) if row.id == "batch_placed_share" else row
        for row in ASSUMPTIONS.rows
    )
    return Assumptions(rows)


def test_a_saving_that_hangs_on_one_share_has_the_quantiles_of_its_triangle() -> None:
    """Sonnet 4.6: 100 million tokens in at $3, in batch $1.50: $150 × share saved; share on 0.5 to 1, mode 1."""
    assumptions = with_share("0.5", "1.0", "1.0")
    made = replace(context(), assumptions=assumptions)
    plan = planned((part(100_000_000),), made)
    assert plan.levers == ("batch",)
    assert plan.corners == Corners(("batch_placed_share",), (Decimal(225), Decimal(150)))
    found = simulate_saving([("w", plan)], assumptions, draws=40_000).saving
    # The inverse of the triangle: 0.5 + 0.5 × √q; a percent of $150 for the chance of the draw.
    for told, share in ((found.p10_usd, 0.1), (found.p50_usd, 0.5), (found.p90_usd, 0.9)):
        assert float(told) == pytest.approx(150 * (0.5 + 0.5 * sqrt(share)), abs=1.5)


def test_a_share_with_its_mode_inside_has_the_quantiles_of_its_triangle() -> None:
    """Mode in the middle of 0 to 1: q = 2 h² below, so P10 = √0.05 = 0.2236, P50 = 0.5, P90 = 1 − √0.05."""
    assumptions = with_share("0", "0.5", "1")
    plan = planned((part(100_000_000),), replace(context(), assumptions=with_share("0.5", "1.0", "1.0")))
    as_if = replace(plan, corners=Corners(("batch_placed_share",), (Decimal(300), Decimal(200))))
    found = simulate_saving([("w", as_if)], assumptions, draws=40_000).saving
    for told, height in ((found.p10_usd, sqrt(0.05)), (found.p50_usd, 0.5), (found.p90_usd, 1 - sqrt(0.05))):
        assert float(told) == pytest.approx(100 * height, abs=1.5)


def test_every_quantile_lies_between_the_low_and_the_high_case() -> None:
    made = context(route_to="claude-haiku-4-5", pass_rate=Decimal("0.9"), output_share=Decimal("0.8"))
    state = (part(60_000_000, 2_000_000, shared(5_000, 10_000, 30, 9_000, 9_500)),)
    plan = planned(state, made)
    assert {"batch", "routing", "output"} <= set(plan.levers)
    found = simulate_saving([("w", plan)], ASSUMPTIONS).saving
    low, high = (plan.baseline_usd - plan.optimized_usd[case] for case in ("low", "high"))
    assert low <= found.p10_usd <= found.p50_usd <= found.p90_usd <= high


def test_the_corner_with_all_ends_low_is_the_low_case_and_the_other_the_high_case() -> None:
    made = context(output_share=Decimal("0.8"))
    plan = planned((part(60_000_000, 2_000_000, shared(5_000, 10_000, 30, 9_000, 9_500)),), made)
    assert plan.corners.costs_usd[0] == plan.optimized_usd["low"]
    assert plan.corners.costs_usd[-1] == plan.optimized_usd["high"]


def test_the_cost_of_the_parts_is_the_cost_of_the_plan() -> None:
    made = context(output_share=Decimal("0.8"))
    plan = planned((part(60_000_000, 2_000_000),), made)
    assert made.prices.cost(plan.today) == plan.baseline_usd
    assert made.prices.cost(plan.planned) == plan.optimized_usd["low"]
    assert dict(plan.set_costs_usd)[()] == plan.baseline_usd
    assert dict(plan.set_costs_usd)[plan.levers] == plan.optimized_usd["low"]


def test_the_same_seed_gives_the_same_figures_and_workloads_are_apart() -> None:
    plan = planned((part(100_000_000),), context())
    twice = [simulate_saving([("a", plan), ("b", plan), ("b", plan)], ASSUMPTIONS) for _ in range(2)]
    assert twice[0] == twice[1]
    a, b = twice[0].workloads["a"], twice[0].workloads["b"]
    assert b.p50_usd == pytest.approx(2 * a.p50_usd, abs=Decimal("0.01"))


def test_a_swing_is_the_saving_at_the_ends_of_one_assumption() -> None:
    """$150 × share: the shipped ends are 0.95 and 1.00."""
    plan = planned((part(100_000_000),), context())
    (swing,) = simulate_saving([("w", plan)], ASSUMPTIONS).swings
    assert (swing.assumption, swing.low_usd, swing.high_usd) == ("batch_placed_share", Decimal("142.50"), Decimal(150))


def test_what_stays_has_no_part_in_it() -> None:
    plan = planned((part(100_000_000),), context(WAITS))
    found = simulate_saving([("w", plan)], ASSUMPTIONS)
    assert (found.saving.p10_usd, found.saving.p90_usd, found.workloads, found.swings) == (0, 0, {}, ())


def test_a_guard_is_an_assumption_of_its_own() -> None:
    guarded = replace(VERDICT, placement="batchable-with-guard")
    plan = planned((part(100_000_000),), context(guarded))
    assert plan.corners.names == ("batch_placed_share", "guard_share")


def test_what_a_batch_does_not_take_keeps_the_assumption_of_the_real_time_cache() -> None:
    """Fast traffic stays in real time and is cached there, the rest goes to a primed batch."""
    rows = (replace(row, low="0.90") if row.id == "batch_cache_hit_share" else row for row in ASSUMPTIONS.rows)
    fan_out = shared(10_000, 500, 1, 0, 0)
    fast = Part(
        TokenSums(uncached_input_tokens=5_000_000),
        key("claude-opus-5", "fast"),
        (fan_out._replace(read_5m_tokens=4_900_000),),
    )
    plan = planned((part(5_000_000, 0, fan_out), fast), replace(context(), assumptions=Assumptions(tuple(rows))))
    assert plan.levers == ("caching", "batch")
    assert plan.corners.names == ("batch_placed_share", "batch_cache_hit_share", "simulated_hit_share")
    assert plan.corners.costs_usd[0] == plan.optimized_usd["low"]
    assert plan.corners.costs_usd[-1] == plan.optimized_usd["high"]
