"""What tokens cost: worked by hand from public prices."""

from __future__ import annotations

from datetime import date
from decimal import Decimal as D

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.pricing import (
    Price,
    contracted,
    list_cost,
    models,
    price_on,
    size_tiers,
    smaller_models,
)
from analyzer.tokens import TokenSums

TODAY = date(2026, 11, 20)


def cost(tokens: TokenSums, model: str, *, mode: str = "standard", over_tokens: int = 0, on: date = TODAY) -> D:
    price = price_on(model, on, mode=mode, over_tokens=over_tokens)
    assert isinstance(price, Price)
    return list_cost(tokens, price)


# 10 million uncached input and 2 million output tokens
WORKED = [
    ("claude-haiku-4-5", D(10) * 1 + D(2) * 5, D(10) * D("0.5") + D(2) * D("2.5")),
    ("claude-sonnet-4-6", D(10) * 3 + D(2) * 15, D(10) * D("1.5") + D(2) * D("7.5")),
    ("claude-opus-4-7", D(10) * 5 + D(2) * 25, D(10) * D("2.5") + D(2) * D("12.5")),
]


@pytest.mark.parametrize(("model", "sync_usd", "batch_usd"), WORKED)
@pytest.mark.parametrize("on", [date(2026, 6, 1), TODAY])
def test_input_and_output_cost_what_the_price_page_says(model: str, sync_usd: D, batch_usd: D, on: date) -> None:
    tokens = TokenSums(uncached_input_tokens=10_000_000, output_tokens=2_000_000)
    assert cost(tokens, model, on=on) == sync_usd
    assert cost(tokens, model, mode="batch", on=on) == batch_usd


def test_a_system_prompt_shared_by_500_requests_costs_one_write_and_499_reads() -> None:
    # Sonnet 4.6; 10,000 shared tokens, and 200 of its own in and 100 out for each request
    shared = 10_000
    cached = TokenSums(
        uncached_input_tokens=500 * 200,
        cache_write_1h_tokens=shared,
        cache_read_tokens=499 * shared,
        output_tokens=500 * 100,
    )
    uncached = TokenSums(uncached_input_tokens=500 * (shared + 200), output_tokens=500 * 100)
    # 0.1 M x 3 + 0.01 M x 6 + 4.99 M x 0.30 + 0.05 M x 15 = 0.30 + 0.06 + 1.497 + 0.75 = 2.607
    assert cost(cached, "claude-sonnet-4-6") == D("2.607")
    # the discounts stack: half of it
    assert cost(cached, "claude-sonnet-4-6", mode="batch") == D("1.3035")
    # 5.1 M x 3 + 0.05 M x 15 = 15.30 + 0.75 = 16.05
    assert cost(uncached, "claude-sonnet-4-6") == D("16.05")


def test_the_same_prompt_with_a_5_minute_write() -> None:
    # Haiku 4.5: 0.01 M x 1.25 + 4.99 M x 0.10 = 0.0125 + 0.499 = 0.5115; batch 0.25575
    tokens = TokenSums(cache_write_5m_tokens=10_000, cache_read_tokens=4_990_000)
    assert cost(tokens, "claude-haiku-4-5") == D("0.5115")
    assert cost(tokens, "claude-haiku-4-5", mode="batch") == D("0.25575")


def over_tokens(tokens: TokenSums, model: str) -> int:
    """As the scan decides it: strictly over."""
    return max((size for size in size_tiers(model, TODAY) if tokens.input_tokens > size), default=0)


def test_haiku_5_5_changes_card_after_100_000_input_tokens_and_not_at_them() -> None:
    at = TokenSums(uncached_input_tokens=40_000, cache_read_tokens=60_000, output_tokens=1_000)
    over = TokenSums(uncached_input_tokens=40_001, cache_read_tokens=60_000, output_tokens=1_000)
    # 40,000 x 0.10 + 60,000 x 0.01 + 1,000 x 0.50 = 4,000 + 600 + 500 = 5,100 per million
    assert over_tokens(at, "claude-haiku-5-5") == 0
    assert cost(at, "claude-haiku-5-5", over_tokens=0) == D("0.0051")
    # 40,001 x 0.50 + 60,000 x 0.05 + 1,000 x 2.50 = 20,000.5 + 3,000 + 2,500 = 25,500.5 per million
    assert over_tokens(over, "claude-haiku-5-5") == 100_000
    assert cost(over, "claude-haiku-5-5", over_tokens=100_000) == D("0.0255005")
    assert cost(over, "claude-haiku-5-5", over_tokens=100_000, mode="batch") == D("0.01275025")


def test_every_kind_of_token_is_counted_once() -> None:
    # Opus 5.5, a million of each: 4 + 5 + 8 + 0.20 + 20 = 37.20, and 3 searches at a cent
    million = 1_000_000
    assert cost(TokenSums(million, million, million, million, million, 3), "claude-opus-5-5") == D("37.23")


def test_nothing_costs_nothing() -> None:
    assert cost(TokenSums(), "claude-opus-5-5") == 0


def test_the_docstring_example_holds() -> None:
    assert cost(TokenSums(uncached_input_tokens=1_000_000, output_tokens=100_000), "claude-haiku-4-5") == D("1.50")


def test_a_negotiated_discount_comes_after_the_list_cost() -> None:
    assert contracted(D(100), D("0.15")) == D(85)
    assert contracted(D("2.607"), D(0)) == D("2.607")
    with pytest.raises(ValueError, match="0 to 1"):
        contracted(D(100), D("1.5"))


counts = st.integers(min_value=0, max_value=10**15)
sums = st.builds(TokenSums, counts, counts, counts, counts, counts, counts)


@settings(max_examples=60, deadline=None)
@given(
    sums,
    sums,
    st.sampled_from(sorted(models())),
    st.sampled_from(["standard", "batch"]),
    st.sampled_from(["global", "us"]),
    st.dates(date(2026, 1, 1), date(2026, 12, 31)),
)
def test_the_cost_of_a_sum_is_the_sum_of_the_costs(
    one: TokenSums, other: TokenSums, model: str, mode: str, geography: str, on: date
) -> None:
    price = price_on(model, on, mode=mode, geography=geography)
    assert isinstance(price, Price)
    together = list_cost(one + other, price)
    assert together == list_cost(one, price) + list_cost(other, price)
    assert together >= 0


@pytest.mark.parametrize(
    ("model", "on", "expected"),
    [
        ("claude-fable-5-2", TODAY, ("claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-5-5")),
        ("claude-opus-4-7", TODAY, ("claude-sonnet-5-5", "claude-haiku-5-5")),
        ("claude-opus-4-7", date(2026, 5, 1), ("claude-sonnet-4-6", "claude-haiku-4-5")),
        ("claude-sonnet-4-6", date(2026, 10, 6), ("claude-haiku-4-5",)),
        ("claude-sonnet-4-6", date(2026, 10, 7), ("claude-haiku-5-5",)),
        # Haiku 3.5 at 0.80 / 4 is already the smallest family
        ("claude-3-5-haiku", TODAY, ()),
        ("claude-unheard-of", TODAY, ()),
    ],
)
def test_routing_targets_are_smaller_cheaper_and_released(model: str, on: date, expected: tuple[str, ...]) -> None:
    assert smaller_models(model, on) == expected
