"""What a batch will cost, within a range, and what it did cost by the usage that came back. Whole pico-dollars."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_UP, Decimal
from typing import Any

from analyzer.money import PICO
from analyzer.tokens import TokenSums

# Characters of JSON a token, before the model's tokenizer factor: a rule of thumb, so the range is wide.
_CHARS_A_TOKEN = {"low": Decimal(5), "base": Decimal(4), "high": Decimal(3)}


@dataclass(frozen=True)
class Estimate:
    """List cost of one item in pico-dollars. low: short answer; base: the mean one of the audit; high: max_tokens."""

    low_pico: int
    base_pico: int
    high_pico: int


def to_pico(usd: Decimal) -> int:
    """Up to the next pico-dollar."""
    return int((usd / PICO).to_integral_value(rounding=ROUND_UP))


def to_usd(pico: int) -> Decimal:
    """Exact."""
    return pico * PICO


def estimate(params: dict[str, Any], chars: int, mean_output_tokens: int, on: date) -> Estimate | None:
    """What an item will cost in a batch, nothing read from a cache; None without a price.

    `mean_output_tokens` 0 = not known, then base is max_tokens. One item of 400 characters and 50 tokens out at
    Opus 4.8 batch prices (2.50 / 12.50 per MTok, tokenizer factor 1.3): base 130 × 2.50e-6 + 50 × 12.50e-6 = 0.00095.
    """
    from analyzer.pricing import models

    model = _model(params)
    if model is None:
        return None
    factor, most = models()[model].tokenizer_factor, int(params["max_tokens"])
    mean = min(mean_output_tokens or most, most)
    outputs = {"low": mean // 2 if mean_output_tokens else 0, "base": mean, "high": most}
    picos = []
    for case, times_more in (("low", factor.low), ("base", factor.base), ("high", factor.high)):
        tokens = int((Decimal(chars) / _CHARS_A_TOKEN[case] * times_more).to_integral_value(rounding=ROUND_UP))
        cost = _cost(model, TokenSums(uncached_input_tokens=tokens, output_tokens=outputs[case]), params, on)
        if cost is None:
            return None
        picos.append(cost)
    return Estimate(*picos)


def actual_pico(model: str, message: dict[str, Any], on: date) -> int | None:
    """List cost of a returned message from its usage, cache buckets included; None without a price or usage."""
    usage = message.get("usage")
    known = _model({"model": model})
    if known is None or not isinstance(usage, dict):
        return None
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
    return _cost(known, tokens, {"inference_geo": usage.get("inference_geo")}, on)


def _cost(model: str, tokens: TokenSums, params: dict[str, Any], on: date) -> int | None:
    from analyzer.pricing import NoPrice, list_cost, price_on, size_tiers

    over = max((size for size in size_tiers(model, on) if tokens.input_tokens > size), default=0)
    geography = "us" if params.get("inference_geo") == "us" else "global"
    price = price_on(model, on, mode="batch", geography=geography, over_tokens=over)
    if isinstance(price, NoPrice):
        return None
    return to_pico(list_cost(tokens, price))


def _model(params: dict[str, Any]) -> str | None:
    from analyzer.pricing import models, resolve_model

    model = resolve_model(str(params.get("model")), "anthropic").model
    return model if model in models() else None


def _whole(values: Any, key: str) -> int:
    value = values.get(key) if isinstance(values, dict) else None
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0
