"""Each lever on tokens and prices that a calculator follows. Prices in USD per million tokens (public, 2026-11):

Sonnet 4.6: in 3, out 15, 5 m write 3.75, 1 h write 6, read 0.30; in batch half of each.
Haiku 4.5: in 1, out 5. Opus 5.5: in 4, out 20. Haiku 5.5: in 0.10, out 0.50; over 100k input 0.50 and 2.50.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from savings_values import CANNOT_TELL, PRICES, VERDICT, WAITS, context, key, part, shared, usd

from analyzer.savings.assessment import Case, LeverFinding
from analyzer.savings.levers import batch, caching, output, routing
from analyzer.savings.state import Part, Prefix, State
from analyzer.tokens import TokenSums

SHARED = shared(10_000, requests=500, prefixes=1, reads_5m=499, reads_1h=499)


def cost(state: State) -> Decimal:
    return PRICES.cost(state)


def status(finding: LeverFinding | None) -> str | None:
    return finding.status if finding else None


# output


def test_output_is_cut_by_what_the_owner_says_and_less_in_the_low_case() -> None:
    """1,000,000 output, 0.6 is enough: high 600,000 x 15 = 9.00; low keeps 680,000 x 15 = 10.20."""
    state, told = (part(0, 1_000_000),), context(output_share=usd("0.6"))
    assert output.obstacle(state, told) is None
    assert cost(output.project(state, told, "high")) == usd("9.00")
    assert cost(output.project(state, told, "low")) == usd("10.20")


def test_output_without_an_owner_is_a_what_if_of_ten_percent() -> None:
    """10 % of 1,000,000, of which 0.80 is kept: 80,000 x 15 = 1.20."""
    finding = output.obstacle((part(0, 1_000_000),), context())
    assert finding is not None and finding.status == "needs-evidence"
    assert finding.alone_usd == usd("1.20")
    assert "$1.20" in finding.sentence


def test_output_has_nothing_to_do_where_nothing_is_put_out_or_all_is_needed() -> None:
    assert status(output.obstacle((part(5),), context())) == "nothing-to-do"
    assert status(output.obstacle((part(5, 5),), context(output_share=usd("1")))) == "nothing-to-do"


# batch


def test_batch_halves_what_is_placed_and_leaves_the_rest() -> None:
    """1,000,000 in and 100,000 out: 3.00 + 1.50 = 4.50. Low: 0.95 at half + 0.05 = 0.525 of it: 2.3625."""
    state = (part(1_000_000, 100_000),)
    assert cost(state) == usd("4.50")
    assert cost(batch.project(state, context(), "low")) == usd("2.3625")
    assert cost(batch.project(state, context(), "base")) == usd("4.50") * usd("0.51")
    assert cost(batch.project(state, context(), "high")) == usd("2.25")


def test_what_is_cached_today_is_uncached_in_a_batch() -> None:
    """3,000,000 tokens written and read for 3.75 + 6.00 + 0.30 = 10.05; in batch 3 x 1.50 = 4.50."""
    tokens = TokenSums(cache_write_5m_tokens=1_000_000, cache_write_1h_tokens=1_000_000, cache_read_tokens=1_000_000)
    state = (Part(tokens, key()),)
    assert cost(state) == usd("10.05")
    assert cost(batch.project(state, context(), "high")) == usd("4.50")


def test_batch_costs_more_than_a_warm_cache() -> None:
    """1,000,000 reads for 0.30; uncached in batch 1.50."""
    state = (Part(TokenSums(cache_read_tokens=1_000_000), key()),)
    assert cost(batch.project(state, context(), "high")) == usd("1.50")
    assert any("breakpoints out" in step for step in batch.steps(context(cached_already=True), ("batch",)))


def test_a_guard_lowers_the_placed_share() -> None:
    """0.95 x 0.70 = 0.665 placed: 3.00 x (0.3325 + 0.335) = 2.0025."""
    guarded = context(replace(VERDICT, placement="batchable-with-guard"))
    assert cost(batch.project((part(1_000_000),), guarded, "low")) == usd("2.0025")
    assert any("guard" in step for step in batch.steps(guarded, ("batch",)))


def test_no_token_is_lost_or_made_when_shares_do_not_divide() -> None:
    state = (part(7, 3),)
    projected = batch.project(state, context(), "low")
    assert sum((p.tokens for p in projected), TokenSums()) == state[0].tokens
    assert [p.tokens.uncached_input_tokens for p in projected] == [6, 1]


@pytest.mark.parametrize("mode", ["fast", "batch"])
def test_only_standard_traffic_moves_to_batch(mode: str) -> None:
    state = (Part(TokenSums(output_tokens=10), key("claude-opus-5", mode)),)
    assert batch.project(state, context(), "low") == state
    assert status(batch.obstacle(state, context())) == "nothing-to-do"


def test_batch_needs_a_verdict() -> None:
    state = (part(10),)
    assert batch.obstacle(state, context()) is None
    assert status(batch.obstacle(state, context(WAITS))) == "not-allowed"
    assert status(batch.obstacle(state, context(CANNOT_TELL))) == "not-allowed"


# caching


def test_a_shared_prompt_of_10000_tokens_on_500_requests_cached() -> None:
    """Uncached 500 x 10,000 = 5,000,000 x 3 = 15.00. Cached: 10,000 x 3.75 + 4,990,000 x 0.30 = 0.0375 + 1.497."""
    state = (part(5_000_000, 0, SHARED),)
    assert cost(state) == usd("15.00")
    assert cost(caching.project(state, context(), "high")) == usd("0.0375") + usd("1.497")


def test_a_tenth_of_the_simulated_reads_fail_in_the_low_case() -> None:
    """4,990,000 x 0.90 = 4,491,000 read, 509,000 written: 509,000 x 3.75 + 4,491,000 x 0.30 = 1.90875 + 1.3473."""
    state = (part(5_000_000, 0, SHARED),)
    assert cost(caching.project(state, context(), "low")) == usd("1.90875") + usd("1.3473")


def test_the_one_hour_cache_pays_double_for_writing() -> None:
    """10,000 x 6 + 4,990,000 x 0.30 = 0.06 + 1.497."""
    state = (part(5_000_000, 0, SHARED),)
    assert cost(caching.project(state, context(ttl="1h"), "high")) == usd("0.06") + usd("1.497")
    assert caching.project(state, context(ttl="1h", allow_1h_cache=False), "high") == state


@pytest.mark.parametrize(
    ("case", "read"),
    [("low", 1_497_000), ("base", 3_243_500), ("high", 4_890_200)],  # 4,990,000 x 0.30, x 0.65, x 0.98
)
def test_a_primed_batch_reads_a_share_and_writes_the_rest_for_an_hour(case: Case, read: int) -> None:
    """Batch prices: 1 h write 3.00, read 0.15 a million."""
    state = (Part(TokenSums(uncached_input_tokens=5_000_000), key(mode="batch"), (SHARED,)),)
    expected = usd("0.000003") * (5_000_000 - read) + usd("0.00000015") * read
    assert cost(caching.project(state, context(), case)) == expected


def test_batch_and_caching_together_all_placed() -> None:
    """High: all in batch, 4,890,200 read: 109,800 x 3.00 + 4,890,200 x 0.15 = 0.3294 + 0.73353 = 1.06293."""
    state = batch.project((part(5_000_000, 0, SHARED),), context(), "high")
    assert cost(caching.project(state, context(), "high")) == usd("1.06293")


def test_what_a_batch_leaves_is_not_cached() -> None:
    """Low: 4,750,000 placed, 4,740,000 x 0.30 = 1,422,000 read, the rest written; 250,000 stay uncached."""
    state = batch.project((part(5_000_000, 0, SHARED),), context(), "low")
    placed, left = caching.project(state, context(), "low")
    assert placed.tokens == TokenSums(cache_write_1h_tokens=3_328_000, cache_read_tokens=1_422_000)
    assert left.tokens == TokenSums(uncached_input_tokens=250_000)


def test_a_prefix_under_the_minimum_of_the_model_is_never_cached() -> None:
    """Sonnet 4.6 caches from 1,024 tokens; 9 x 1,024 x 0.90 = 8,294.4."""
    short, enough = (shared(length, 10, 1, 9, 9) for length in (1023, 1024))
    assert caching.project((part(20_000, 0, short),), context(), "low") == (part(20_000, 0, short),)
    assert caching.project((part(20_000, 0, enough),), context(), "low")[0].tokens.cache_read_tokens == 8294
    assert status(caching.obstacle((part(20_000, 0, short),), context())) == "nothing-to-do"


def test_caching_is_unknown_without_prompt_shape() -> None:
    unknown = caching.obstacle((part(20_000),), context(has_prompt_shape=False))
    assert unknown is not None and unknown.status == "unknown" and unknown.alone_usd is None


def test_no_more_is_cached_than_there_is_and_no_more_read_than_is_held() -> None:
    tokens = TokenSums(uncached_input_tokens=90, cache_read_tokens=9)
    assert caching.cached(tokens, 150, 120, "5m") == TokenSums(cache_read_tokens=99)
    assert caching.cached(tokens, 150, -1, "1h") == TokenSums(cache_write_1h_tokens=99)
    assert caching.cached(tokens, -5, 3, "5m") == TokenSums(uncached_input_tokens=99)


# routing


def routed(**changes: Any) -> Any:
    return context(route_to="claude-haiku-4-5", pass_rate=usd("0.9"), **changes)


def test_routing_pays_what_fails_on_both_models() -> None:
    """1,000,000 in, 100,000 out, same tokenizer. Haiku 4.5: 1.00 + 0.50 = 1.50. Fails 0.10 of 4.50: 0.45."""
    state = (part(1_000_000, 100_000),)
    assert cost(routing.project(state, routed(), "base")) == usd("1.50") + usd("0.45")


def test_what_is_too_short_for_the_cache_of_the_smaller_model_is_paid_in_full_there() -> None:
    """Sonnet 4.6 caches from 1,024 tokens, Haiku 4.5 from 4,096. 1,000,000 read today: 1.00 on Haiku.

    The tenth that fails is asked again without a warm cache, 100,000 x 3.00 = 0.30.
    """
    read = TokenSums(cache_read_tokens=1_000_000)
    assert cost(routing.project((Part(read, key()),), routed(), "base")) == usd("1.00") + usd("0.30")
    short = Prefix(2000, held_today_tokens=1_000_000, read_today_tokens=1_000_000)
    (moved, _) = routing.project((Part(read, key(), (short,)),), routed(), "base")
    assert moved.prefixes == (Prefix(2000),)


def test_what_is_long_enough_stays_in_the_cache_on_the_smaller_model() -> None:
    """Read on Haiku at 0.10 a million, the tenth that fails uncached on Sonnet."""
    long_ = Prefix(5000, held_today_tokens=1_000_000, read_today_tokens=1_000_000)
    state = (Part(TokenSums(cache_read_tokens=1_000_000), key(), (long_,)),)
    assert cost(routing.project(state, routed(), "base")) == usd("0.10") + usd("0.30")


def test_a_word_without_a_trial_counts_nothing_where_some_requests_do_not_fit() -> None:
    """Haiku 4.5 reads 200,000 tokens. A trial counts what does not fit as failed, so its share may be taken."""
    state, large = (part(1_000_000),), {"largest_request_tokens": 900_000}
    finding = routing.obstacle(state, routed(**large))
    assert status(finding) == "needs-evidence" and finding is not None and "200,000 tokens" in finding.sentence
    assert routing.obstacle(state, routed(tried=200, **large)) is None


def test_a_flattering_trial_is_marked_down_in_the_low_case() -> None:
    """Passes 0.9 x 0.95 = 0.855, fails 0.145: 1.50 + 4.50 x 0.145 = 2.1525."""
    assert cost(routing.project((part(1_000_000, 100_000),), routed(), "low")) == usd("2.1525")


def test_the_tokenizer_factor_counts_across_the_4_7_line_and_not_in_favour() -> None:
    """Sonnet 4.6 to Sonnet 5.5 makes 1.35 tokens for each (low); Opus 5.5 to Haiku 4.5 is promised none fewer (low)."""
    up = context(route_to="claude-sonnet-5-5", pass_rate=usd("1"))
    (smaller, _) = routing.project((part(1_000_000),), up, "low")
    assert smaller.tokens.uncached_input_tokens == 1_350_000
    (down, _) = routing.project((part(1_000_000, model="claude-opus-5-5"),), routed(), "low")
    assert down.tokens.uncached_input_tokens == 1_000_000
    (down, _) = routing.project((part(1_300_000, model="claude-opus-5-5"),), routed(), "base")
    assert down.tokens.uncached_input_tokens == 1_000_000


@pytest.mark.parametrize(
    ("largest", "over"), [(None, 100_000), (74_074, 0), (74_075, 100_000)]
)  # 74,074 x 1.35 = 99,999.9; 74,075 x 1.35 = 100,001.25
def test_the_card_of_the_smaller_model_is_the_dearest_that_a_request_could_reach(
    largest: int | None, over: int
) -> None:
    told = context(route_to="claude-haiku-5-5", pass_rate=usd("1"), largest_request_tokens=largest)
    (smaller, _) = routing.project((part(1_000_000),), told, "low")
    assert smaller.key.over_tokens == over


def test_routing_without_evidence_is_a_what_if() -> None:
    finding = routing.obstacle((part(1_000_000, 100_000),), context())
    assert finding is not None and finding.status == "needs-evidence"
    assert finding.alone_usd is not None and usd("0") < finding.alone_usd < usd("4.50")


def test_routing_obeys_the_allowed_models_and_leaves_the_same_model_alone() -> None:
    state = (part(10),)
    assert status(routing.obstacle(state, routed(allowed_models=("claude-sonnet-4-6",)))) == "not-allowed"
    same = context(route_to="claude-sonnet-4-6", pass_rate=usd("1"))
    assert status(routing.obstacle(state, same)) == "nothing-to-do"
    assert routing.project(state, same, "low") == state


def test_a_routed_prefix_is_held_against_the_minimum_of_its_new_model() -> None:
    """3,000 tokens: above Sonnet 4.6's 1,024, below Haiku 4.5's 4,096."""
    state = routing.project((part(30_000, 0, shared(3000, 10, 1, 9, 9)),), routed(), "base")
    assert caching.project(state, routed(), "base") == state
