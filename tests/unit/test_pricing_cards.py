"""The card in force: every published row, and each day, size, mode and place on which it changes."""

from __future__ import annotations

from datetime import date
from decimal import Decimal as D

import pytest

from analyzer.pricing import NoPrice, Price, models, price_on, size_tiers

TODAY = date(2026, 11, 20)
BATCH_HISTORY_BEGINS = date(2026, 10, 14)


def per_mtok(price: Price | NoPrice) -> tuple[D, ...]:
    """Input, 5m write, 1h write, cache read, output, in USD per million tokens."""
    assert isinstance(price, Price), price
    classes = (
        price.uncached_input_usd,
        price.cache_write_5m_usd,
        price.cache_write_1h_usd,
        price.cache_read_usd,
        price.output_usd,
    )
    return tuple(usd * 1_000_000 for usd in classes)


def usd(*amounts: str) -> tuple[D, ...]:
    return tuple(D(amount) for amount in amounts)


# source: https://platform.claude.com/docs/en/about-claude/pricing, checked 2026-11-20
# model, over: (input, 5m write, 1h write, cache read, output); (batch input, output); (fast input, output) or None
PUBLISHED = [
    ("claude-fable-5-2", 0, ("8", "10", "16", "0.20", "40"), ("4", "20"), ("16", "80")),
    ("claude-fable-5-1", 0, ("10", "12.5", "20", "0.25", "50"), ("5", "25"), None),
    ("claude-opus-5-5", 0, ("4", "5", "8", "0.20", "20"), ("2", "10"), ("8", "40")),
    ("claude-sonnet-5-5", 0, ("2", "2.5", "4", "0.10", "10"), ("1", "5"), None),
    ("claude-haiku-5-5", 0, ("0.10", "0.125", "0.20", "0.01", "0.50"), ("0.05", "0.25"), None),
    ("claude-haiku-5-5", 100_000, ("0.50", "0.625", "1", "0.05", "2.50"), ("0.25", "1.25"), None),
    ("claude-opus-5", 0, ("5", "6.25", "10", "0.50", "25"), ("2.5", "12.5"), ("10", "50")),
    ("claude-opus-4-8", 0, ("5", "6.25", "10", "0.50", "25"), ("2.5", "12.5"), ("10", "50")),
    ("claude-opus-4-7", 0, ("5", "6.25", "10", "0.50", "25"), ("2.5", "12.5"), None),
    ("claude-opus-4-6", 0, ("5", "6.25", "10", "0.50", "25"), ("2.5", "12.5"), None),
    ("claude-opus-4-5", 0, ("5", "6.25", "10", "0.50", "25"), ("2.5", "12.5"), None),
    ("claude-sonnet-5", 0, ("2", "2.5", "4", "0.20", "10"), ("1", "5"), None),
    ("claude-sonnet-4-6", 0, ("3", "3.75", "6", "0.30", "15"), ("1.5", "7.5"), None),
    ("claude-sonnet-4-5", 0, ("3", "3.75", "6", "0.30", "15"), ("1.5", "7.5"), None),
    ("claude-haiku-4-5", 0, ("1", "1.25", "2", "0.10", "5"), ("0.5", "2.5"), None),
]


@pytest.mark.parametrize(("model", "over", "card", "batch", "fast"), PUBLISHED)
def test_every_published_row_is_what_we_charge(
    model: str,
    over: int,
    card: tuple[str, ...],
    batch: tuple[str, str],
    fast: tuple[str, str] | None,
) -> None:
    assert per_mtok(price_on(model, TODAY, over_tokens=over)) == usd(*card)
    batched = per_mtok(price_on(model, TODAY, mode="batch", over_tokens=over))
    assert (batched[0], batched[4]) == usd(*batch)
    assert batched == tuple(D(amount) / 2 for amount in card)
    fast_price = price_on(model, TODAY, mode="fast", over_tokens=over)
    if fast is None:
        assert fast_price == NoPrice(f"no fast price is published for {models()[model].name}")
    else:
        quick = per_mtok(fast_price)
        assert (quick[0], quick[4]) == usd(*fast)
        assert quick == tuple(D(amount) * 2 for amount in card)


@pytest.mark.parametrize("model", models())
def test_batch_was_half_of_every_token_class_before_its_history_begins(model: str) -> None:
    on = date(2026, 10, 13)
    assert on < BATCH_HISTORY_BEGINS
    for over in (0, *size_tiers(model, on)):
        standard = per_mtok(price_on(model, on, over_tokens=over))
        assert per_mtok(price_on(model, on, mode="batch", over_tokens=over)) == tuple(x / 2 for x in standard)


def test_the_batch_price_says_whether_it_was_listed_or_worked_out() -> None:
    before = price_on("claude-haiku-4-5", date(2026, 10, 13), mode="batch")
    since = price_on("claude-haiku-4-5", BATCH_HISTORY_BEGINS, mode="batch")
    assert isinstance(before, Price) and isinstance(since, Price)
    assert before.source.endswith("batch x0.5 (rules/prices/batch.toml)")
    assert since.source.endswith("batch card")
    assert per_mtok(before) == per_mtok(since) == usd("0.5", "0.625", "1", "0.05", "2.5")


def test_sonnet_5_5_cache_reads_cost_twice_as_much_before_2026_10_07() -> None:
    before, since = date(2026, 10, 6), date(2026, 10, 7)
    assert per_mtok(price_on("claude-sonnet-5-5", before)) == usd("2", "2.5", "4", "0.20", "10")
    assert per_mtok(price_on("claude-sonnet-5-5", since)) == usd("2", "2.5", "4", "0.10", "10")
    assert per_mtok(price_on("claude-sonnet-5-5", before, mode="batch")) == usd("1", "1.25", "2", "0.10", "5")
    assert per_mtok(price_on("claude-sonnet-5-5", since, mode="batch")) == usd("1", "1.25", "2", "0.05", "5")


def test_an_overlaid_price_names_its_file() -> None:
    price = price_on("claude-sonnet-5-5", date(2026, 10, 6))
    assert isinstance(price, Price)
    assert price.source.endswith("rules/prices/sonnet-5-5.toml")


# model, last day with the premium over 200,000 input tokens, the premium card
PREMIUM = [
    ("claude-sonnet-4-0", date(2026, 4, 30), ("6", "7.5", "12", "0.6", "22.5")),
    ("claude-sonnet-4-5", date(2026, 4, 30), ("6", "7.5", "12", "0.6", "22.5")),
    ("claude-sonnet-4-6", date(2026, 3, 12), ("6", "7.5", "12", "0.6", "22.5")),
    ("claude-opus-4-6", date(2026, 3, 12), ("10", "12.5", "20", "1", "37.5")),
]


@pytest.mark.parametrize(("model", "last", "card"), PREMIUM)
def test_the_premium_over_200_000_tokens_ends(model: str, last: date, card: tuple[str, ...]) -> None:
    after = date.fromordinal(last.toordinal() + 1)
    assert size_tiers(model, last) == (200_000,)
    assert size_tiers(model, after) == ()
    assert per_mtok(price_on(model, last, over_tokens=200_000)) == usd(*card)
    assert per_mtok(price_on(model, last, over_tokens=200_000, mode="batch")) == tuple(D(amount) / 2 for amount in card)
    base = per_mtok(price_on(model, last))
    assert per_mtok(price_on(model, after, over_tokens=200_000)) == base


@pytest.mark.parametrize("model", models())
def test_only_haiku_5_5_has_two_cards_today(model: str) -> None:
    assert size_tiers(model, TODAY) == ((100_000,) if model == "claude-haiku-5-5" else ())


def test_an_unknown_model_has_no_size_tiers() -> None:
    assert size_tiers("claude-unheard-of", TODAY) == ()


@pytest.mark.parametrize("model", models())
def test_a_day_before_the_release_gets_the_earliest_card(model: str) -> None:
    released = models()[model].released_on or TODAY
    assert price_on(model, date(2020, 1, 1)) == price_on(model, released)


def test_us_inference_costs_a_tenth_more_from_4_6_on() -> None:
    us = price_on("claude-opus-4-7", TODAY, geography="us")
    assert per_mtok(us) == usd("5.5", "6.875", "11", "0.55", "27.5")
    batch = price_on("claude-sonnet-5-5", TODAY, geography="us", mode="batch")
    assert per_mtok(batch) == usd("1.1", "1.375", "2.2", "0.055", "5.5")
    fast = price_on("claude-opus-5-5", TODAY, geography="us", mode="fast")
    assert per_mtok(fast) == usd("8.8", "11", "17.6", "0.44", "44")
    older = price_on("claude-sonnet-4-5", TODAY, geography="us")
    assert per_mtok(older) == usd("3", "3.75", "6", "0.30", "15")


@pytest.mark.parametrize("provider", ["aws_bedrock", "gcp_vertex"])
def test_regional_endpoints_cost_a_tenth_more_from_4_5_on(provider: str) -> None:
    haiku = price_on("claude-haiku-4-5", TODAY, provider=provider, geography="regional")
    assert per_mtok(haiku) == usd("1.1", "1.375", "2.2", "0.11", "5.5")
    older = price_on("claude-opus-4-1", TODAY, provider=provider, geography="regional")
    assert per_mtok(older) == usd("15", "18.75", "30", "1.5", "75")


def test_all_factors_multiply() -> None:
    # Haiku 5.5 over 100,000 tokens, batch, regional on Vertex: 0.50 x 0.5 x 1.1 = 0.275; reads 0.05 x 0.55 = 0.0275
    price = price_on(
        "claude-haiku-5-5",
        TODAY,
        mode="batch",
        provider="gcp_vertex",
        geography="regional",
        over_tokens=100_000,
    )
    assert per_mtok(price) == usd("0.275", "0.34375", "0.55", "0.0275", "1.375")
    assert isinstance(price, Price)
    assert "regional x1.1 (rules/prices/geography.toml)" in price.source


def test_a_web_search_costs_one_cent_whatever_the_mode_and_place() -> None:
    for price in (
        price_on("claude-opus-5-5", TODAY),
        price_on("claude-opus-5-5", TODAY, mode="batch", geography="us"),
        price_on("claude-opus-5-5", TODAY, mode="fast"),
    ):
        assert isinstance(price, Price)
        assert price.web_search_usd == D("0.01")


@pytest.mark.parametrize("model", ["claude-haiku-4-5", "claude-sonnet-4-5"])
def test_two_models_have_a_batch_price_on_bedrock(model: str) -> None:
    standard = per_mtok(price_on(model, TODAY, provider="aws_bedrock"))
    batch = per_mtok(price_on(model, TODAY, provider="aws_bedrock", mode="batch"))
    assert batch == tuple(amount / 2 for amount in standard)


NO_PRICE = [
    ("claude-opus-5-5", {"mode": "priority"}, "no list price is published for the priority tier"),
    ("claude-opus-5-5", {"mode": "flex"}, "no list price is published for the flex tier"),
    (
        "claude-opus-5-5",
        {"mode": "fast", "provider": "aws_bedrock"},
        "no fast price is published for Claude Opus 5.5 at aws_bedrock",
    ),
    (
        "claude-sonnet-5-5",
        {"mode": "batch", "provider": "aws_bedrock"},
        "no batch price is published for Claude Sonnet 5.5 at aws_bedrock",
    ),
    (
        "claude-sonnet-5-5",
        {"mode": "batch", "provider": "azure_foundry"},
        "no batch price is published for Claude Sonnet 5.5 at azure_foundry",
    ),
    ("claude-opus-5-5", {"geography": "regional"}, "no regional price is published at anthropic"),
    ("claude-opus-4-70", {}, "no price is known for the model 'claude-opus-4-70'"),
    (None, {}, "unknown model"),
]


@pytest.mark.parametrize(("model", "options", "reason"), NO_PRICE)
def test_what_has_no_list_price_says_why(model: str | None, options: dict[str, str], reason: str) -> None:
    assert price_on(model, TODAY, **options) == NoPrice(reason)  # type: ignore[arg-type]


@pytest.mark.parametrize("options", [{"mode": "turbo"}, {"geography": "moon"}])
def test_a_mode_or_geography_that_does_not_exist_is_a_bug(options: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="expected one of"):
        price_on("claude-opus-5-5", TODAY, **options)  # type: ignore[arg-type]
