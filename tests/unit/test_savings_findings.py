"""What is said of a cache: cold and primed in a batch, and the reason why it would not be read."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from savings_values import ASSUMPTIONS, PRICES, WAITS, context, key, part, shared, usd

from analyzer.savings.assessment import ComponentPlan
from analyzer.savings.assumptions import Assumptions
from analyzer.savings.context import Context
from analyzer.savings.levers import batch, caching
from analyzer.savings.misses import CacheMisses, Misses
from analyzer.savings.plans import plan_component
from analyzer.savings.state import Part
from analyzer.tokens import TokenSums

SHARED = shared(10_000, requests=500, prefixes=1, reads_5m=499, reads_1h=499)
MODEL = "claude-sonnet-4-6"  # caches from 1,024 tokens


def planned(some: Part, made: Context) -> ComponentPlan:
    return plan_component(made.verdict, (), (some,), made)


def said(plan: ComponentPlan) -> str:
    return next(finding.sentence for finding in plan.findings if finding.lever == "caching")


def with_hits(low: str) -> Assumptions:
    rows = (replace(row, low=low) if row.id == "batch_cache_hit_share" else row for row in ASSUMPTIONS.rows)
    return Assumptions(tuple(rows))


def test_a_cold_batch_writes_everything_and_reads_nothing() -> None:
    """All 500 placed: 5,000,000 tokens at the 5-minute write price of a batch, 3.75 / 2 = 1.875: 9.375."""
    state = batch.project((part(5_000_000, 0, SHARED),), context(), "high")
    cold = caching.cold(state, context())
    assert cold[0].tokens == TokenSums(cache_write_5m_tokens=5_000_000)
    assert PRICES.cost(cold) == usd("9.375")


def test_cold_and_primed_are_both_told_and_which_of_them_the_plan_takes() -> None:
    """2,000,000 output, 0.525 of 30.00 = 15.75, and 250,000 left in real time, 0.75, are in all three.

    primed   3,328,000 x 3.00 + 1,422,000 x 0.15 = 10.1973     26.6973
    cold     4,750,000 x 1.875                   =  8.90625    25.40625
    without  4,750,000 x 1.50                    =  7.125      23.625
    """
    plan = planned(part(5_000_000, 2_000_000, SHARED), context())
    assert plan.levers == ("batch",)
    assert "$26.70 primed" in said(plan) and "$25.41 cold" in said(plan) and "$23.63 without a cache" in said(plan)
    assert said(plan).endswith("the plan sends it without a cache.")


def test_a_batch_that_would_be_read_is_primed() -> None:
    """A fan-out, so real time reads nothing. 4,740,000 x 0.98 = 4,645,200 read, 104,800 written:

    0.69678 + 0.3144 + 0.75 = 1.76118 primed; cold 8.90625 + 0.75 = 9.65625.
    """
    fan_out = shared(10_000, 500, 1, 0, 0)
    plan = planned(part(5_000_000, 0, fan_out), replace(context(), assumptions=with_hits("0.98")))
    assert plan.levers == ("caching", "batch") and plan.optimized_usd["low"] == usd("1.76118")
    assert "$1.76 primed" in said(plan) and "$9.66 cold" in said(plan) and said(plan).endswith("the plan primes.")


def test_where_the_hour_is_not_allowed_a_batch_has_no_cache() -> None:
    plan = planned(part(5_000_000, 2_000_000, SHARED), context(allow_1h_cache=False))
    assert plan.levers == ("batch",) and "does not allow" in said(plan)


def test_what_stays_in_real_time_hears_nothing_of_batches() -> None:
    assert "primed" not in said(planned(part(5_000_000, 0, SHARED), context(WAITS)))


@pytest.mark.parametrize(
    ("misses", "words"),
    [
        (CacheMisses((Misses(MODEL, 1000, 9, 8, 1, 0, 0),)), "9 of 9 requests: the prefix is under the minimum"),
        (CacheMisses((Misses(MODEL, 2000, 9, 0, 9, 0, 0),)), "inside the system prompt or the tools"),
        (CacheMisses((Misses(MODEL, 2000, 9, 0, 9, 0, 0),), ((0, 9, 1), (1, 9, 5))), "in the system prompt."),
        (CacheMisses((Misses(MODEL, 2000, 9, 0, 9, 0, 0),), ((0, 9, 9), (1, 9, 9))), "in the tools."),
        (CacheMisses((Misses(MODEL, 2000, 9, 1, 1, 7, 3),)), "7 of 9 requests: the last request with the prefix"),
        (CacheMisses((Misses(MODEL, 2000, 9, 1, 1, 0, 0),)), "7 of 9 requests: they start before the first answer"),
    ],
)  # fmt: skip
def test_the_reason_of_most_requests_is_told(misses: CacheMisses, words: str) -> None:
    assert words in (misses.reason(PRICES.models) or "")


def test_where_all_read_there_is_no_reason() -> None:
    assert CacheMisses((Misses(MODEL, 2000, 9, 9, 0, 0, 0),)).reason(PRICES.models) is None


def test_a_cache_that_does_not_pay_says_why() -> None:
    """10 prefixes of 2,000 tokens, none read: 20,000 x (3.75 - 3.00) = 0.015 more."""
    misses = CacheMisses((Misses(MODEL, 2000, 10, 0, 10, 0, 0),))
    plan = planned(part(20_000, 0, shared(2000, 10, 10, 0, 0)), context(WAITS, misses=misses))
    assert plan.levers == ()
    assert said(plan).startswith(
        "Prompt cache would cost $0.02 more. 10 of 10 requests: the prefix was not seen before"
    )


def test_a_prefix_under_the_minimum_says_how_far_under() -> None:
    misses = CacheMisses((Misses(MODEL, 1023, 10, 9, 1, 0, 0),))
    plan = planned(part(20_000, 0, shared(1023, 10, 1, 9, 9)), context(WAITS, misses=misses))
    assert "at most 1,023 tokens where claude-sonnet-4-6 caches from 1,024" in said(plan)


# The degenerate cases


def test_nothing_spent_plans_to_nothing() -> None:
    plan = planned(part(0), context(output_share=Decimal("0.5"), route_to="claude-haiku-4-5", pass_rate=Decimal(1)))
    assert (plan.baseline_usd, plan.saving_usd, plan.levers) == (0, 0, ())
    assert set(plan.optimized_usd.values()) == {Decimal(0)} and sum(plan.credit_usd.values()) == 0


def test_a_single_request_is_planned_in_whole_tokens() -> None:
    """7 tokens, 0.95 placed: 6 at 1.50 and 1 at 3.00 a million: 9 + 3 = 12 millionths of 21."""
    plan = planned(part(7), context())
    assert (plan.baseline_usd, plan.optimized_usd["low"]) == (usd("0.000021"), usd("0.000012"))


def test_what_is_in_batch_already_saves_nothing_more() -> None:
    """1,000,000 at 1.50."""
    plan = planned(Part(TokenSums(uncached_input_tokens=1_000_000), key(mode="batch")), context())
    assert (plan.baseline_usd, plan.saving_usd, plan.levers) == (usd("1.50"), 0, ())
    assert next(f for f in plan.findings if f.lever == "batch").status == "nothing-to-do"


def test_batch_that_would_cost_more_is_left_out_and_says_how_much() -> None:
    """1,000,000 reads at 0.30. In batch 950,000 x 1.50 + 50,000 x 3.00 = 1.425 + 0.15 = 1.575: 1.275 more."""
    plan = planned(Part(TokenSums(cache_read_tokens=1_000_000), key()), context(cached_already=True))
    assert (plan.levers, plan.saving_usd) == ((), 0)
    found = next(f for f in plan.findings if f.lever == "batch")
    assert (found.alone_usd, found.sentence) == (usd("-1.275"), "Batch API would cost $1.28 more.")


def test_beside_a_batch_the_cache_lever_means_priming_and_never_that_a_cache_is_left_out() -> None:
    """1,000,000 written at 3.75 and never read. In batch 1.425 + 0.15 = 1.575, which needs no second lever."""
    tokens = TokenSums(cache_write_5m_tokens=1_000_000)
    plan = planned(Part(tokens, key()), context(cached_already=True, has_prompt_shape=False))
    assert (plan.levers, plan.optimized_usd["low"]) == (("batch",), usd("1.575"))


def test_routing_that_fails_most_answers_is_left_out_and_says_how_much() -> None:
    """Pass rate 0.1, 0.095 in the low case: 1.00 on Haiku 4.5 and 0.905 x 3.00 again = 3.715: 0.715 more."""
    made = context(WAITS, route_to="claude-haiku-4-5", pass_rate=Decimal("0.1"))
    plan = planned(part(1_000_000), made)
    assert "routing" not in plan.levers
    found = next(f for f in plan.findings if f.lever == "routing")
    assert (found.alone_usd, found.sentence) == (usd("-0.715"), "Smaller model would cost $0.72 more.")


def test_ten_to_the_fifteen_tokens_add_up_with_all_four_levers() -> None:
    """3.00 x 10^9 and 15.00 x 10^9 USD; the credits add up to the last decimal."""
    many = shared(10_000, 10**11, 10**6, 9 * 10**10, 95 * 10**9)
    made = context(output_share=Decimal("0.9"), route_to="claude-haiku-4-5", pass_rate=Decimal("0.9"))
    plan = planned(part(10**15, 10**15, many), made)
    assert plan.baseline_usd == usd("18000000000")
    assert {"output", "routing", "batch"} <= set(plan.levers)
    credit = [plan.credit_usd[lever] for lever in plan.levers]
    assert all(share > 0 for share in credit)
    assert plan.baseline_usd - plan.optimized_usd["low"] == sum(credit)
