"""What an item will cost, within a range, and what its answer did cost by its usage. Whole pico-dollars."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_UP, Decimal
from functools import lru_cache
from typing import Any

from analyzer.money import PICO
from analyzer.tokens import TokenSums

# Bytes of JSON a token, before the model's tokenizer factor: a rule of thumb, so the range is wide.
_BYTES_A_TOKEN = {"low": 5, "base": 4, "high": 3}


# No request has more: what says so is not usage, and would not fit into the store.
_MOST_TOKENS = 1_000_000_000


@dataclass(frozen=True)
class Estimate:
    """List cost of one item in pico-dollars: three cases in a batch, and the high case synchronous.

    low: a short answer; base: the mean one; high: the longest, and a marked prefix is written to the cache, not read.
    """

    low_pico: int
    base_pico: int
    high_pico: int
    direct_pico: int


@dataclass(frozen=True)
class Actual:
    """List cost of one answer in a batch and synchronous; None without a price. `tokens` from its usage."""

    batch_pico: int | None
    direct_pico: int | None
    tokens: TokenSums


def to_pico(usd: Decimal) -> int:
    """Up to the next pico-dollar."""
    return int((usd / PICO).to_integral_value(rounding=ROUND_UP))


def to_usd(pico: int) -> Decimal:
    """Exact."""
    return pico * PICO


def estimate(
    params: dict[str, Any],
    text: str,
    on: date,
    *,
    mean_output_tokens: int = 0,
    high_output_tokens: int = 0,
    input_tokens: int | None = None,
) -> Estimate | None:
    """What an item will cost, nothing read from a cache; None without a price.

    `text`: params as sent. `mean_output_tokens`, `high_output_tokens` 0 = not known, then max_tokens. `input_tokens`:
    as the provider counted them; None = bytes / 5, 4, 3 times the model's tokenizer factor. An item of 400 bytes and
    50 tokens out at Opus 4.8 batch prices (2.50 / 12.50 per MTok, factor 1.3): base 130 × 2.50e-6 + 50 × 12.50e-6 =
    0.00095.
    """
    from analyzer.pricing import models

    model = _model(str(params.get("model")))
    if model is None:
        return None
    factor, size, most = models()[model].tokenizer_factor, len(text.encode("utf-8")), int(params["max_tokens"])
    mean = min(mean_output_tokens or most, most)
    high = max(min(high_output_tokens or most, most), mean)
    geography = _geography(params.get("inference_geo"))
    picos = []
    for case, mode, output, times_more in (
        ("low", "batch", mean // 2 if mean_output_tokens else 0, factor.low),
        ("base", "batch", mean, factor.base),
        ("high", "batch", high, factor.high),
        ("high", "standard", high, factor.high),
    ):
        tokens = input_tokens
        if tokens is None:
            tokens = int((size / Decimal(_BYTES_A_TOKEN[case]) * times_more).to_integral_value(rounding=ROUND_UP))
        cost = _cost(model, _placed(tokens, output, text if case == "high" else ""), geography, mode, on)
        if cost is None:
            return None
        picos.append(cost)
    return Estimate(*picos)


def _placed(tokens: int, output: int, text: str) -> TokenSums:
    """All input in one bucket: the dearest that the request's own cache marks allow."""
    if '"cache_control":{' not in text:
        return TokenSums(uncached_input_tokens=tokens, output_tokens=output)
    if '"ttl":"1h"' in text:
        return TokenSums(cache_write_1h_tokens=tokens, output_tokens=output)
    return TokenSums(cache_write_5m_tokens=tokens, output_tokens=output)


def actual(model: str, message: dict[str, Any], on: date) -> Actual:
    """List cost of an answer from its usage, each cache bucket at its own price; without credible usage no cost."""
    usage = message.get("usage")
    known = _model(model)
    if not isinstance(usage, dict):
        return Actual(None, None, TokenSums())
    created = usage.get("cache_creation") or {}
    written = _whole(usage, "cache_creation_input_tokens")
    written_1h = _whole(created, "ephemeral_1h_input_tokens")
    searches = usage.get("server_tool_use") or {}
    tokens = TokenSums(
        uncached_input_tokens=_whole(usage, "input_tokens"),
        cache_write_5m_tokens=max(written - written_1h, 0),
        cache_write_1h_tokens=written_1h,
        cache_read_tokens=_whole(usage, "cache_read_input_tokens"),
        output_tokens=_whole(usage, "output_tokens"),
        web_searches=_whole(searches, "web_search_requests"),
    )
    if max(tokens.input_tokens, tokens.output_tokens, tokens.web_searches) > _MOST_TOKENS:
        return Actual(None, None, TokenSums())
    if known is None:
        return Actual(None, None, tokens)
    geography = _geography(usage.get("inference_geo"))
    batch, direct = (_cost(known, tokens, geography, mode, on) for mode in ("batch", "standard"))
    return Actual(batch, direct, tokens)


def _cost(model: str, tokens: TokenSums, geography: str, mode: str, on: date) -> int | None:
    over = max((size for size in _sizes(model, on) if tokens.input_tokens > size), default=0)
    rates = _rates(model, on, mode, geography, over)
    if rates is None:
        return None
    buckets = (
        tokens.uncached_input_tokens,
        tokens.cache_write_5m_tokens,
        tokens.cache_write_1h_tokens,
        tokens.cache_read_tokens,
        tokens.output_tokens,
        tokens.web_searches,
    )
    return sum(count * rate for count, rate in zip(buckets, rates, strict=True))


@lru_cache(maxsize=1024)
def _rates(model: str, on: date, mode: str, geography: str, over: int) -> tuple[int, ...] | None:
    """Pico-dollars a token of each bucket, and a search: whole, since prices have 12 decimals at most."""
    from analyzer.pricing import NoPrice, price_on

    price = price_on(model, on, mode=mode, geography=geography, over_tokens=over)
    if isinstance(price, NoPrice):
        return None
    each = (
        price.uncached_input_usd,
        price.cache_write_5m_usd,
        price.cache_write_1h_usd,
        price.cache_read_usd,
        price.output_usd,
        price.web_search_usd,
    )
    return tuple(to_pico(usd) for usd in each)


@lru_cache(maxsize=1024)
def _sizes(model: str, on: date) -> tuple[int, ...]:
    from analyzer.pricing import size_tiers

    return tuple(size_tiers(model, on))


@lru_cache(maxsize=1024)
def _model(name: str) -> str | None:
    from analyzer.pricing import models, resolve_model

    model = resolve_model(name, "anthropic").model
    return model if model in models() else None


def _geography(told: Any) -> str:
    return "us" if told == "us" else "global"


def _whole(values: Any, key: str) -> int:
    value = values.get(key) if isinstance(values, dict) else None
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0
