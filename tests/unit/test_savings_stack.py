"""The stack: the best allowed plan, the credit, and what must hold of any component whatever."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from savings_values import CANNOT_TELL, DAY, PRICES, VERDICT, WAITS, context, key, part, shared, usd

from analyzer.money import add
from analyzer.savings.assessment import LEVERS, Lever
from analyzer.savings.breakpoints import Breakpoints
from analyzer.savings.plans import plan_component, plan_workload, starting_state
from analyzer.savings.stack import Subset, best_plan, shapley, subsets
from analyzer.savings.state import Part, Prefix, State
from analyzer.tokens import TokenSums
from analyzer.waiting.verdicts import WorkloadVerdict
from analyzer.workloads.spend import PricedUsage, Usage

SHARED = shared(10_000, requests=500, prefixes=1, reads_5m=499, reads_1h=499)


def game(**worth: int) -> dict[Subset, Decimal]:
    """`batch_caching=80` is the worth of the two together."""
    return {frozenset(name.split("_") if name != "none" else ()): Decimal(v) for name, v in worth.items()}  # type: ignore[misc]


def test_credit_of_two_levers_by_hand() -> None:
    """Alone 50 and 60, together 80: 50/2 + (80 - 60)/2 = 35 and 60/2 + (80 - 50)/2 = 45."""
    worth = game(none=0, caching=50, batch=60, caching_batch=80)
    assert shapley(("caching", "batch"), worth.__getitem__) == {"caching": 35, "batch": 45}


def test_credit_of_three_levers_that_do_not_divide_adds_up() -> None:
    """Three equal levers share 100: 33.333... each, cut to a pico-dollar; the remainder goes to one of them."""
    levers: tuple[Lever, ...] = ("output", "caching", "batch")
    credit = shapley(levers, lambda some: Decimal(100) if some else Decimal(0))
    assert add(credit.values()) == 100
    assert sorted(credit.values())[0] == usd("33.333333333333")


def test_credit_does_not_depend_on_the_order_of_the_levers() -> None:
    worth = game(none=0, caching=50, batch=60, caching_batch=80)
    forth, back = (shapley(order, worth.__getitem__) for order in (("caching", "batch"), ("batch", "caching")))  # type: ignore[arg-type]
    assert forth == back


def test_the_best_plan_for_a_shared_prompt_in_the_low_case_by_hand() -> None:
    """500 requests of 10,000 shared tokens on Sonnet 4.6, 15.00 USD, low case:

    caching alone  509,000 x 3.75 + 4,491,000 x 0.30 = 1.90875 + 1.3473 = 3.25605
    batch alone    4,750,000 x 1.50 + 250,000 x 3.00 = 7.125 + 0.75 = 7.875
    both           3,328,000 x 3.00 + 1,422,000 x 0.15 + 0.75 = 10.9473: misses cost more than batch
    so caching in real time wins, and batch is not recommended.
    """
    plan = best_plan((part(5_000_000, 0, SHARED),), context(), ("caching", "batch"))
    assert plan.levers == ("caching",)
    assert plan.optimized_usd["low"] == usd("3.25605")
    assert plan.credit_usd == {"caching": usd("11.74395")}
    assert plan.alone_usd == {"caching": usd("11.74395"), "batch": usd("7.125")}


def test_base_and_high_follow_the_plan_that_the_low_case_chose() -> None:
    """Base: 4,740,500 read, 259,500 written: 0.973125 + 1.42215 = 2.395275. High: 0.0375 + 1.497 = 1.5345."""
    plan = best_plan((part(5_000_000, 0, SHARED),), context(), ("caching", "batch"))
    assert (plan.optimized_usd["base"], plan.optimized_usd["high"]) == (usd("2.395275"), usd("1.5345"))


def test_with_much_output_batch_wins_and_says_what_caching_is_worth_alone() -> None:
    """2,000,000 output = 30.00 more. Caching 33.25605; batch 7.875 + 30 x 0.525 = 23.625."""
    plan = best_plan((part(5_000_000, 2_000_000, SHARED),), context(), ("caching", "batch"))
    assert plan.levers == ("batch",)
    assert plan.optimized_usd["low"] == usd("23.625")


def test_a_lever_left_out_says_what_it_does_beside_the_plan() -> None:
    """Batch is the plan. Low: 10.9473 with the cache, 7.875 without: 3.0723 more.

    Base: 4,900,000 placed, 4,890,000 x 0.65 = 3,178,500 read, 1,721,500 written: 0.476775 + 5.1645, against 7.35
    without: 1.708725 saved.
    """
    state: State = (part(5_000_000, 2_000_000, SHARED),)
    plan = best_plan(state, context(), ("caching", "batch"))
    assert plan.beside_usd == {"caching": (usd("-3.0723"), usd("1.708725"))}
    findings = plan_component(VERDICT, (), state, context()).findings
    sentence = next(f.sentence for f in findings if f.lever == "caching")
    assert "costs $3.07 more in the low case and saves $1.71 in the base case" in sentence


def test_a_lever_that_costs_money_is_not_recommended_and_says_what_it_would_cost() -> None:
    """Prefixes that are never read: 10 x 2,000 tokens at 3.75 in place of 3.00 = 0.015 more."""
    alone = shared(2000, 10, 10, 0, 0)
    state: State = (part(20_000, 0, alone),)
    plan = plan_component(WAITS, (), state, context(WAITS))
    assert plan.levers == () and plan.optimized_usd["low"] == plan.baseline_usd
    finding = next(f for f in plan.findings if f.lever == "caching")
    assert (finding.status, finding.alone_usd) == ("does-not-pay", usd("-0.015"))


def test_cannot_tell_is_upside_and_in_no_total() -> None:
    """1,000,000 tokens at 3.00: base 0.98 in batch saves 1.47."""
    plan = plan_component(CANNOT_TELL, (), (part(1_000_000),), context(CANNOT_TELL))
    assert plan.saving_usd == 0 and plan.levers == ()
    assert plan.upside_usd == usd("1.47")
    assert all(plan.credit_usd[lever] == 0 for lever in LEVERS)


@pytest.mark.parametrize("verdict", [VERDICT, WAITS])
def test_a_settled_component_has_no_upside(verdict: object) -> None:
    plan = plan_component(verdict, (), (part(1_000_000),), context(verdict))  # type: ignore[arg-type]
    assert plan.upside_usd == 0


def test_upside_is_what_batch_adds_beyond_the_levers_in_the_plan() -> None:
    """Cached: base 2.395275 of 15.00, better than batch: no upside where batch would not be chosen."""
    plan = plan_component(CANNOT_TELL, (), (part(5_000_000, 0, SHARED),), context(CANNOT_TELL))
    assert plan.levers == ("caching",) and plan.upside_usd == 0


def test_nothing_used_and_nothing_priced_plan_to_nothing() -> None:
    plan = plan_component(VERDICT, (), (), context())
    assert plan.baseline_usd == 0 and plan.levers == () and plan.upside_usd == 0
    assert {f.status for f in plan.findings} == {"unknown"}


def usage_row(tokens: int, model: str | None = "claude-sonnet-4-6", raw: str = "a") -> PricedUsage:
    sums = TokenSums(uncached_input_tokens=tokens)
    row = Usage(1, "w", "c", "anthropic", raw, model, "standard", "global", 0, DAY, 1, sums)
    return PricedUsage(row, None if model is None else Decimal(tokens) * usd("0.000003"), None)


def test_two_names_of_one_model_are_one_part_and_the_unpriced_are_counted_apart() -> None:
    rows = (usage_row(1_000_000), usage_row(1_000_000, raw="b"), usage_row(5, None))
    state = starting_state(rows, {}, context())
    assert [p.tokens.uncached_input_tokens for p in state] == [2_000_000]
    plan = plan_component(VERDICT, rows, state, context())
    assert (plan.baseline_usd, plan.unpriced_requests, plan.requests) == (usd("6.00"), 1, 3)
    verdict = WorkloadVerdict("w", "batchable", "high", "declared", False, 0.0, "", (VERDICT,))
    whole = plan_workload(verdict, (plan, plan))
    assert whole.baseline_usd - whole.saving_usd == whole.optimized_usd


def test_huge_sums_stay_exact() -> None:
    """10^15 tokens at 3.00 a million = 3,000,000,000 USD; batch low 0.525 of it."""
    plan = best_plan((part(10**15),), context(), ("batch",))
    assert plan.optimized_usd["low"] == usd("1575000000")


counts = st.integers(0, 10**9)
models = st.sampled_from(["claude-sonnet-4-6", "claude-opus-5-5", "claude-haiku-4-5", "claude-opus-4-8"])


@st.composite
def parts(draw: st.DrawFn) -> Part:
    tokens = TokenSums(*(draw(counts) for _ in range(5)), draw(st.integers(0, 100)))
    prefixes: tuple[Prefix, ...] = ()
    if draw(st.booleans()):
        requests = draw(st.integers(1, 1000))
        reads = draw(st.integers(0, requests - 1))
        more = draw(st.integers(reads, requests - 1))
        prefix = shared(draw(st.integers(1, 50_000)), requests, draw(st.integers(1, requests)), reads, more)
        own = draw(st.integers(0, 10**6))
        tokens = replace(tokens, uncached_input_tokens=prefix.held_5m_tokens + own)
        held = draw(st.integers(0, prefix.held_5m_tokens))
        prefixes = (prefix._replace(held_today_tokens=held, read_today_tokens=draw(st.integers(0, held))),)
    return Part(tokens, key(draw(models), draw(st.sampled_from(["standard", "batch"]))), prefixes)


shares = st.integers(0, 100).map(lambda percent: Decimal(percent) / 100)


@settings(max_examples=60, deadline=None)
@given(st.lists(parts(), max_size=3), shares, shares, st.booleans(), st.sampled_from(["none", "explained", "other"]))
def test_whatever_the_component_the_money_reconciles(
    some: list[Part], output_share: Decimal, pass_rate: Decimal, allow_1h: bool, in_use: str
) -> None:
    state = tuple(some)
    told = context(
        output_share=output_share,
        route_to="claude-haiku-4-5",
        pass_rate=pass_rate,
        allow_1h_cache=allow_1h,
        cached_already=in_use != "none",
        breakpoints=Breakpoints(is_explained=in_use != "other"),
    )
    baseline, before = PRICES.cost(state), None
    for allowed in ((), ("batch",), ("caching", "batch"), ("routing", "caching", "batch"), LEVERS):
        plan = best_plan(state, told, allowed)  # type: ignore[arg-type]
        optimized = plan.optimized_usd["low"]
        assert Fraction(baseline) - sum(map(Fraction, plan.credit_usd.values())) == Fraction(optimized)
        assert 0 <= optimized <= baseline
        assert all(credit >= 0 for credit in plan.credit_usd.values())
        assert set(plan.credit_usd) == set(plan.levers) <= set(allowed)
        assert before is None or optimized <= before  # one lever more never makes it dearer
        before = optimized


def test_subsets_come_with_fewer_levers_first() -> None:
    assert [len(some) for some in subsets(LEVERS)] == [0] + [1] * 4 + [2] * 6 + [3] * 4 + [4]
