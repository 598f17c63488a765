"""The price card of a model on a day: genai-prices, with our dated rows laid over it.

genai-prices gives the prices only; recognising a model is `names.py`'s, since its own matching accepts prefixes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache, lru_cache
from importlib.metadata import version
from typing import TYPE_CHECKING

from analyzer.pricing.models import models
from analyzer.pricing.overlay import PriceRow, overlay

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, ModelPrice, PriceContext, TieredPrices

_KEYS = {
    "uncached_input": "input_mtok",
    "cache_write_5m": "cache_write_mtok",
    "cache_write_1h": "cache_write_1h_mtok",
    "cache_read": "cache_read_mtok",
    "output": "output_mtok",
}
_CONTEXTS: dict[str, PriceContext] = {
    "standard": {},
    "batch": {"processing": "batch"},
    "fast": {"speed": "fast"},
}


@dataclass(frozen=True)
class Card:
    """USD per million tokens of each token class, and where they are from."""

    usd_per_mtok: tuple[tuple[str, Decimal], ...]
    source: str


@lru_cache(maxsize=1024)
def size_tiers(model: str, on: date) -> tuple[int, ...]:
    """The input sizes over which the model's card changes on that day, ascending; none for most, none if unknown.

    A request of exactly that size is still on the lower card.
    """
    if model not in models():
        return ()
    rows = _rows(model, on)
    if any(row.flat for row in rows):
        return ()
    starts = {row.over_tokens for row in rows if row.over_tokens}
    for value in _values(_listed(model, on, "standard")).values():
        if not isinstance(value, Decimal):
            starts |= {tier.start for tier in value.tiers}
    return tuple(sorted(starts))


@lru_cache(maxsize=4096)
def card_on(model: str, on: date, mode: str, over_tokens: int) -> Card | None:
    """The published card of a known model; None = the mode (batch, fast) has none of its own on that day.

    `over_tokens` is lowered to the nearest size at which the card really changes. Before a model's first
    dated price its earliest card stands.
    """
    rows = _rows(model, on)
    if mode != "standard" and (not _has_variant(model, on, mode) or (mode == "batch" and _repriced(rows))):
        return None
    size = max((start for start in size_tiers(model, on) if start <= over_tokens), default=0)
    prices = {name: _at(value, size) for name, value in _values(_listed(model, on, mode)).items()}
    source = f"genai-prices {version('genai-prices')}"
    for row in rows if mode == "standard" else ():
        if row.usd_per_mtok and row.over_tokens == size:
            prices |= row.usd_per_mtok
            source += f", rules/prices/{row.file}"
    return Card(tuple(prices.items()), source)


def _rows(model: str, on: date) -> tuple[PriceRow, ...]:
    return tuple(row for row in overlay().prices if row.stands(model, on))


def _repriced(rows: tuple[PriceRow, ...]) -> bool:
    return any(row.usd_per_mtok for row in rows)


def _listed(model: str, on: date, mode: str) -> ModelPrice:
    instant = datetime(on.year, on.month, on.day, tzinfo=UTC)
    return _entry(model).get_prices(instant, _CONTEXTS[mode] or None)


def _has_variant(model: str, on: date, mode: str) -> bool:
    instant = datetime(on.year, on.month, on.day, tzinfo=UTC)
    return any(
        variant.when == _CONTEXTS[mode] and (variant.constraint is None or variant.constraint.active(instant))
        for variant in _entry(model).price_variants or ()
    )


def _entry(model: str) -> ModelInfo:
    listed = models()[model].genai_prices_id
    try:
        return _entries()[listed]
    except KeyError:
        raise LookupError(
            f"rules/models/{model}.toml: genai-prices {version('genai-prices')} has no model '{listed}'"
        ) from None


@cache
def _entries() -> dict[str, ModelInfo]:
    from genai_prices import data

    (anthropic,) = (provider for provider in data.providers if provider.id == "anthropic")
    return {entry.id: entry for entry in anthropic.models}


def _values(price: ModelPrice) -> dict[str, Decimal | TieredPrices]:
    """The five token classes in USD per million tokens.

    Raises: LookupError when one is missing: a card with a hole would price tokens at nothing.
    """
    values: dict[str, Decimal | TieredPrices] = {}
    for name, key in _KEYS.items():
        value = getattr(price, key)
        if value is None:
            raise LookupError(f"genai-prices {version('genai-prices')}: a Claude model without {key}")
        values[name] = value
    return values


def _at(value: Decimal | TieredPrices, size: int) -> Decimal:
    if isinstance(value, Decimal):
        return value
    reached = [tier.price for tier in value.tiers if tier.start <= size]
    return reached[-1] if reached else value.base
