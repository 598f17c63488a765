"""The price in force, and what tokens cost at it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache

from analyzer.money import PICO, add, times
from analyzer.pricing.cards import Card, card_on
from analyzer.pricing.models import FAMILIES, models
from analyzer.pricing.overlay import batch_rule, geography_rule, overlay
from analyzer.tokens import TokenSums

MODES = ("standard", "batch", "fast", "priority", "flex")
GEOGRAPHIES = ("global", "us", "regional")
_MILLION = Decimal("0.000001")
_NOT_FAST = ("aws_bedrock", "gcp_vertex", "azure_foundry")


@dataclass(frozen=True)
class Price:
    """List price in USD per token (12 decimals at most), per search for `web_search_usd`; `source` says from where."""

    uncached_input_usd: Decimal
    cache_write_5m_usd: Decimal
    cache_write_1h_usd: Decimal
    cache_read_usd: Decimal
    output_usd: Decimal
    web_search_usd: Decimal
    source: str


@dataclass(frozen=True)
class NoPrice:
    """No list price is published for this; `reason` is a clause to show, such as `no fast price is published for …`."""

    reason: str


def price_on(
    model: str | None,
    on: date,
    *,
    mode: str = "standard",
    provider: str = "anthropic",
    geography: str = "global",
    over_tokens: int = 0,
) -> Price | NoPrice:
    """The list price in force on a UTC day, or why there is none.

    `mode` one of MODES, `geography` one of GEOGRAPHIES; `over_tokens` one of `size_tiers` (or 0): the size that
    the request's input (uncached + cache writes + cache reads) exceeds. A day before the model's release gets the
    earliest card. Factors multiply: size, fast, cache class, batch, geography. Web searches take no factor.

    Raises: ValueError for a mode or geography that does not exist.
    """
    if mode not in MODES or geography not in GEOGRAPHIES:
        raise ValueError(f"mode {mode!r}, geography {geography!r}: expected one of {MODES}, {GEOGRAPHIES}")
    return _price_on(model, on, mode, provider, geography, over_tokens)


@lru_cache(maxsize=8192)
def _price_on(
    model: str | None, on: date, mode: str, provider: str, geography: str, over_tokens: int
) -> Price | NoPrice:
    if model is None or model not in models():
        return NoPrice("unknown model" if model is None else f"no price is known for the model '{model}'")
    found = _in_mode(model, on, mode, provider, over_tokens)
    if isinstance(found, NoPrice):
        return found
    card, factor, source = found
    if geography != "global":
        rule = geography_rule(geography, provider)
        if rule is None:
            return NoPrice(f"no {geography} price is published at {provider}")
        if models()[model].generation >= rule.from_generation:
            factor = times(factor, rule.factor)
            source += f", {geography} x{rule.factor} (rules/prices/{rule.file})"
    per_token = {f"{name}_usd": _per_token(usd, factor) for name, usd in card.usd_per_mtok}
    return Price(**per_token, web_search_usd=overlay().tools_usd["web_search"], source=source)


def stays_in(geography: str, model: str, mode: str, provider: str) -> bool:
    """Whether a request in this mode to this model can be held in the place; always so for `global`.

    Example: `us` on the Claude API holds Opus 4.6 and its batches, and not Haiku 4.5.
    """
    rule = geography_rule(geography, provider)
    if geography == "global" or rule is None:
        return geography == "global"
    earlier = models()[model].generation < rule.from_generation
    return (rule.serves_earlier or not earlier) and (rule.in_batch or mode != "batch")


def _in_mode(model: str, on: date, mode: str, provider: str, over_tokens: int) -> tuple[Card, Decimal, str] | NoPrice:
    """The card, the factor still to be multiplied, and the source."""
    name = models()[model].name
    if mode in ("priority", "flex"):
        return NoPrice(f"no list price is published for the {mode} tier")
    if mode == "fast":
        card = None if provider in _NOT_FAST else card_on(model, on, "fast", over_tokens)
        at = f" at {provider}" if provider in _NOT_FAST else ""
        return (card, Decimal(1), card.source) if card else NoPrice(f"no fast price is published for {name}{at}")
    standard = card_on(model, on, "standard", over_tokens)
    if standard is None:
        raise AssertionError("every known model has a standard card")
    if mode == "standard":
        return standard, Decimal(1), standard.source
    rule = batch_rule(provider, model) if models()[model].can_batch else None
    if rule is None:
        return NoPrice(f"no batch price is published for {name} at {provider}")
    listed = card_on(model, on, "batch", over_tokens) if provider != "aws_bedrock" else None
    if listed is not None:
        return listed, Decimal(1), f"{listed.source}, batch card"
    return standard, rule.factor, f"{standard.source}, batch x{rule.factor} (rules/prices/{rule.file})"


def _per_token(usd_per_mtok: Decimal, factor: Decimal) -> Decimal:
    exact = times(times(usd_per_mtok, factor), _MILLION)
    stored = exact.quantize(PICO)
    if stored != exact:
        raise ArithmeticError(f"{exact} USD a token has more than 12 decimals")
    return stored


def list_cost(tokens: TokenSums, price: Price) -> Decimal:
    """What the tokens and searches cost at list price, exact, in USD.

    Example: 1,000,000 uncached input and 100,000 output tokens of Haiku 4.5 = 1 x 1.00 + 0.1 x 5.00 = 1.50.
    """
    return add(times(usd, quantity) for usd, quantity in _lines(tokens, price))


def _lines(tokens: TokenSums, price: Price) -> Iterator[tuple[Decimal, int]]:
    yield price.uncached_input_usd, tokens.uncached_input_tokens
    yield price.cache_write_5m_usd, tokens.cache_write_5m_tokens
    yield price.cache_write_1h_usd, tokens.cache_write_1h_tokens
    yield price.cache_read_usd, tokens.cache_read_tokens
    yield price.output_usd, tokens.output_tokens
    yield price.web_search_usd, tokens.web_searches


def contracted(price_usd: Decimal, discount_share: Decimal) -> Decimal:
    """A list price or list cost after the negotiated discount (a share from 0 to 1), which comes after all factors.

    Example: 100.00 USD at a discount share of 0.15 = 85.00 USD.

    Raises: ValueError when the share is outside 0 to 1.
    """
    if not 0 <= discount_share <= 1:
        raise ValueError(f"discount_share {discount_share}: expected a share from 0 to 1")
    return times(price_usd, 1 - discount_share)


def smaller_models(model_id: str, on: date) -> tuple[str, ...]:
    """Where this model's requests could be routed on that day: ids, the nearest (largest) family first.

    The newest model of each smaller family that is released by then and cheaper on both input and output
    (base card, standard). Empty for an unknown model.
    """
    known = models()
    if model_id not in known:
        return ()
    today = price_on(model_id, on)
    rank = FAMILIES.index(known[model_id].family)
    candidates: list[str] = []
    for family in reversed(FAMILIES[:rank]):
        released = [m for m in known.values() if m.family == family and m.released_on and m.released_on <= on]
        newest = max(released, key=lambda m: m.generation, default=None)
        if newest is None:
            continue
        other = price_on(newest.id, on)
        if isinstance(today, Price) and isinstance(other, Price) and _cheaper(other, today):
            candidates.append(newest.id)
    return tuple(candidates)


def _cheaper(other: Price, today: Price) -> bool:
    return other.uncached_input_usd < today.uncached_input_usd and other.output_usd < today.output_usd
