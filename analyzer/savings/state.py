"""What a component costs, as parts that a lever can rewrite: token sums, the key of their price, their prefixes.

All levers are pure functions from one state to another. Tokens stay whole numbers: a share of them is cut down, and the
rest is what remains, so that no token is lost or made by rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Context, Decimal
from fractions import Fraction
from typing import NamedTuple

from analyzer.money import PICO, times
from analyzer.pricing import Model, NoPrice, Price
from analyzer.tokens import TokenSums
from analyzer.workloads.spend import Usage

PICOS = 10**12
"""Pico-dollars in a dollar."""
_EXACT = Context(prec=60)


class PriceKey(NamedTuple):
    """Everything the price of a token depends on."""

    model: str
    mode: str
    provider: str
    geography: str
    over_tokens: int
    on: date


PREFIX_LENGTHS = (512, 1024, 2048, 4096, 8192)
"""Where prefixes are parted by length: at every minimum of a model, and above."""


class Prefix(NamedTuple):
    """Prompt tokens that a cache could hold, of prefixes that are no shorter than `least_tokens`.

    `held`: read or written by the calls of the simulation, `read`: read; with the best breakpoints for a 5-minute and a
    1-hour cache, and with those that a component uses today. `shared`: the prefix after system and tools, of all calls;
    `primed`: of each such prefix once a UTC day.
    """

    least_tokens: int
    held_5m_tokens: int = 0
    read_5m_tokens: int = 0
    held_1h_tokens: int = 0
    read_1h_tokens: int = 0
    held_today_tokens: int = 0
    read_today_tokens: int = 0
    shared_tokens: int = 0
    primed_tokens: int = 0

    def without_today(self) -> Prefix:
        """The same where nothing is in a cache yet."""
        return self._replace(held_today_tokens=0, read_today_tokens=0)

    def scaled(self, factor: Fraction) -> Prefix:
        """The same text on another tokenizer, cut down."""
        return Prefix(*(whole(tokens, factor) for tokens in self))


def joined(rows: Sequence[Prefix]) -> Prefix:
    """The sum of rows of one `least_tokens`."""
    return Prefix(rows[0].least_tokens, *[sum(column) for column in list(zip(*rows, strict=True))[1:]])


class Part(NamedTuple):
    """Tokens of one price. `prefixes` is empty where the log has no prompt shape, or nothing may be cached any more."""

    tokens: TokenSums
    key: PriceKey
    prefixes: tuple[Prefix, ...] = ()


State = tuple[Part, ...]


@dataclass(frozen=True)
class Prices:
    """Prices and models as functions, so that a test can bring its own; answers are remembered.

    A price has 12 decimals at most, so inside the stack money is a whole number of pico-dollars: exact, and faster than
    Decimal.
    """

    find: Callable[[PriceKey], Price | NoPrice]
    models: Mapping[str, Model]
    size_tiers: Callable[[str, date], tuple[int, ...]]
    _known: dict[PriceKey, Price | None] = field(default_factory=dict, compare=False, repr=False)
    _picos: dict[PriceKey, tuple[int, ...]] = field(default_factory=dict, compare=False, repr=False)
    _batch: dict[PriceKey, PriceKey | None] = field(default_factory=dict, compare=False, repr=False)
    _models: dict[tuple[PriceKey, str, date, int], PriceKey | None] = field(
        default_factory=dict, compare=False, repr=False
    )
    _days: dict[tuple[PriceKey, str | None], int] = field(default_factory=dict, compare=False, repr=False)
    _groups: dict[object, int] = field(default_factory=dict, compare=False, repr=False)

    def price(self, key: PriceKey) -> Price | None:
        """The price in force, or None where the list has none."""
        if key not in self._known:
            found = self.find(key)
            self._known[key] = None if isinstance(found, NoPrice) else found
        return self._known[key]

    def cost(self, state: State) -> Decimal:
        """List cost in USD. Raises: ValueError when a part has no price (a lever made a part it must not make)."""
        return usd_of(self.cost_pico(state))

    def cost_pico(self, state: State) -> int:
        """List cost in pico-dollars. Raises: as `cost`."""
        whole_cost = 0
        for part in state:
            of, tokens = self._picos.get(part.key) or self._per_token(part.key), part.tokens
            whole_cost += (
                of[0] * tokens.uncached_input_tokens
                + of[1] * tokens.cache_write_5m_tokens
                + of[2] * tokens.cache_write_1h_tokens
                + of[3] * tokens.cache_read_tokens
                + of[4] * tokens.output_tokens
                + of[5] * tokens.web_searches
            )
        return whole_cost

    def _per_token(self, key: PriceKey) -> tuple[int, ...]:
        price = self.price(key)
        if price is None:
            raise ValueError(f"no price for {key}")
        exact = [
            times(per_token, PICOS)
            for per_token in (
                price.uncached_input_usd,
                price.cache_write_5m_usd,
                price.cache_write_1h_usd,
                price.cache_read_usd,
                price.output_usd,
                price.web_search_usd,
            )
        ]
        found = tuple(int(pico) for pico in exact)
        if any(pico != pico.to_integral_value() for pico in exact):
            raise ValueError(f"a price with more than 12 decimals for {key}")
        self._picos[key] = found
        return found

    def in_batch(self, key: PriceKey) -> PriceKey | None:
        """The same in batch mode; None = it is not standard traffic, or the list has no batch price for it."""
        try:
            return self._batch[key]
        except KeyError:
            target = key._replace(mode="batch")
            self._batch[key] = target if key.mode == "standard" and self.price(target) else None
        return self._batch[key]

    def on_model(self, key: PriceKey, model: Model, on: date, over_tokens: int) -> PriceKey | None:
        """The same on another model, that day and on that card; None = the list has no price for it."""
        place = (key, model.id, on, over_tokens)
        if place not in self._models:
            target = key._replace(model=model.id, on=on, over_tokens=over_tokens)
            self._models[place] = target if self.price(target) else None
        return self._models[place]

    def alike(self, key: PriceKey, route_to: str | None) -> int:
        """A number, the same for keys that differ in the day alone and whose prices (today's, a lever's) are equal."""
        place = (key, route_to)
        if place not in self._days:
            found = (key._replace(on=date.min), *self._reachable(key, route_to))
            self._days[place] = self._groups.setdefault(found, len(self._groups))
        return self._days[place]

    def _reachable(self, key: PriceKey, route_to: str | None) -> tuple[object, ...]:
        here = (self.price(key), self.price(key._replace(mode="batch")))
        target = self.models.get(route_to or "")
        if target is None:
            return here
        on = max(key.on, target.released_on or key.on)
        tiers = (0, *self.size_tiers(target.id, on))
        keys = [key._replace(model=target.id, on=on, over_tokens=tier) for tier in tiers]
        both = [k for key in keys for k in (key, key._replace(mode="batch"))]
        return (*here, tiers, *(self.price(k) for k in both))


def usd_of(pico: int) -> Decimal:
    """Pico-dollars as USD, exact."""
    return _EXACT.multiply(PICO, pico)


def price_key(usage: Usage) -> PriceKey | None:
    """The key of a rollup row; None = the model, or the size its price depends on, is not known."""
    if usage.model is None or usage.over_tokens is None:
        return None
    return PriceKey(usage.model, usage.mode, usage.provider, usage.geography, usage.over_tokens, usage.on)


def total(tokens: Iterable[TokenSums]) -> TokenSums:
    """The sum, bucket by bucket."""
    rows = tuple(tokens)
    return TokenSums(
        sum([row.uncached_input_tokens for row in rows]),
        sum([row.cache_write_5m_tokens for row in rows]),
        sum([row.cache_write_1h_tokens for row in rows]),
        sum([row.cache_read_tokens for row in rows]),
        sum([row.output_tokens for row in rows]),
        sum([row.web_searches for row in rows]),
    )


def divided(tokens: TokenSums, share: Fraction) -> tuple[TokenSums, TokenSums]:
    """The share of every bucket, cut down to whole tokens, and what is left."""
    over, under = share.numerator, share.denominator
    uncached = tokens.uncached_input_tokens * over // under
    write_5m = tokens.cache_write_5m_tokens * over // under
    write_1h = tokens.cache_write_1h_tokens * over // under
    read = tokens.cache_read_tokens * over // under
    output = tokens.output_tokens * over // under
    searches = tokens.web_searches * over // under
    left = TokenSums(
        tokens.uncached_input_tokens - uncached,
        tokens.cache_write_5m_tokens - write_5m,
        tokens.cache_write_1h_tokens - write_1h,
        tokens.cache_read_tokens - read,
        tokens.output_tokens - output,
        tokens.web_searches - searches,
    )
    return TokenSums(uncached, write_5m, write_1h, read, output, searches), left


def uncached(tokens: TokenSums) -> TokenSums:
    """The same with all input uncached."""
    if tokens.input_tokens == tokens.uncached_input_tokens:
        return tokens
    return TokenSums(
        uncached_input_tokens=tokens.input_tokens,
        output_tokens=tokens.output_tokens,
        web_searches=tokens.web_searches,
    )


def grown(tokens: TokenSums, factor: Fraction) -> TokenSums:
    """Every token bucket times the factor, rounded up; searches are not tokens and stay."""
    if factor == 1:
        return tokens
    return TokenSums(
        whole_up(tokens.uncached_input_tokens, factor),
        whole_up(tokens.cache_write_5m_tokens, factor),
        whole_up(tokens.cache_write_1h_tokens, factor),
        whole_up(tokens.cache_read_tokens, factor),
        whole_up(tokens.output_tokens, factor),
        tokens.web_searches,
    )


def whole(quantity: int, share: Fraction) -> int:
    """The share of a count, rounded down."""
    return quantity * share.numerator // share.denominator


def whole_up(quantity: int, factor: Fraction) -> int:
    """A count times a factor, rounded up."""
    return -(-quantity * factor.numerator // factor.denominator)


def merged(tokens: Iterable[TokenSums], keys: Mapping[PriceKey, tuple[Prefix, ...]]) -> Part:
    """One part of days whose prices are the same, with all their prefixes; the last day stands for all.

    Cost is linear in tokens, so it does not change.
    """
    lengths: dict[int, list[Prefix]] = {}
    for prefixes in keys.values():
        for prefix in prefixes:
            lengths.setdefault(prefix.least_tokens, []).append(prefix)
    last = max(keys, key=lambda key: key.on)
    return Part(total(tokens), last, tuple([joined(lengths[length]) for length in sorted(lengths)]))
