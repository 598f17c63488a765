"""What a component costs, as parts that a lever can rewrite: token sums, the key of their price, their prefixes.

All levers are pure functions from one state to another. Tokens stay whole numbers: a share of them is cut down, and the
rest is what remains, so that no token is lost or made by rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

from analyzer.money import add
from analyzer.pricing import Model, NoPrice, Price, list_cost
from analyzer.tokens import SUM_COLUMNS, TOKEN_COLUMNS, TokenSums
from analyzer.workloads.spend import Usage


@dataclass(frozen=True)
class PriceKey:
    """Everything the price of a token depends on."""

    model: str
    mode: str
    provider: str
    geography: str
    over_tokens: int
    on: date


@dataclass(frozen=True)
class Prefix:
    """Requests whose shared prefix (system and tools) has the same length.

    `prefixes`: distinct prefixes, counted once a UTC day. `reads_5m`, `reads_1h`: requests of the simulation that found
    the prefix in a cache of that life.
    """

    length_tokens: int
    requests: int
    prefixes: int
    reads_5m: int
    reads_1h: int


@dataclass(frozen=True)
class Part:
    """Tokens of one price. `prefixes` is empty where the log has no prompt shape, or nothing may be cached any more."""

    tokens: TokenSums
    key: PriceKey
    prefixes: tuple[Prefix, ...] = ()


State = tuple[Part, ...]


@dataclass(frozen=True)
class Prices:
    """Prices and models as functions, so that a test can bring its own; answers are remembered."""

    find: Callable[[PriceKey], Price | NoPrice]
    models: Mapping[str, Model]
    size_tiers: Callable[[str, date], tuple[int, ...]]
    _known: dict[PriceKey, Price | None] = field(default_factory=dict, compare=False, repr=False)

    def price(self, key: PriceKey) -> Price | None:
        """The price in force, or None where the list has none."""
        if key not in self._known:
            found = self.find(key)
            self._known[key] = None if isinstance(found, NoPrice) else found
        return self._known[key]

    def cost(self, state: State) -> Decimal:
        """List cost in USD. Raises: ValueError when a part has no price (a lever made a part it must not make)."""
        return add(self._part_cost(part) for part in state)

    def _part_cost(self, part: Part) -> Decimal:
        price = self.price(part.key)
        if price is None:
            raise ValueError(f"no price for {part.key}")
        return list_cost(part.tokens, price)


def price_key(usage: Usage) -> PriceKey | None:
    """The key of a rollup row; None = the model, or the size its price depends on, is not known."""
    if usage.model is None or usage.over_tokens is None:
        return None
    return PriceKey(usage.model, usage.mode, usage.provider, usage.geography, usage.over_tokens, usage.on)


def total(tokens: Iterable[TokenSums]) -> TokenSums:
    """The sum, bucket by bucket."""
    rows = tuple(tokens)
    return TokenSums(*(sum(getattr(row, name) for row in rows) for name in SUM_COLUMNS))


def portion(tokens: TokenSums, share: Fraction) -> TokenSums:
    """The share of every bucket, cut down to whole tokens."""
    return TokenSums(*(whole(getattr(tokens, name), share) for name in SUM_COLUMNS))


def remainder(tokens: TokenSums, taken: TokenSums) -> TokenSums:
    """What is left of every bucket."""
    return TokenSums(*(getattr(tokens, name) - getattr(taken, name) for name in SUM_COLUMNS))


def grown(tokens: TokenSums, factor: Fraction) -> TokenSums:
    """Every token bucket times the factor, rounded up; searches are not tokens and stay."""
    return replace(tokens, **{name: whole_up(getattr(tokens, name), factor) for name in TOKEN_COLUMNS})


def whole(quantity: int, share: Fraction) -> int:
    """The share of a count, rounded down."""
    return quantity * share.numerator // share.denominator


def whole_up(quantity: int, factor: Fraction) -> int:
    """A count times a factor, rounded up."""
    return -(-quantity * factor.numerator // factor.denominator)


def merge(parts: Iterable[Part], same: Callable[[PriceKey], object]) -> State:
    """Add up the parts of one model, mode, place and size whose `same(key)` is equal (days of one price); the last day
    stands for all. Cost is linear in tokens, so it does not change.
    """
    groups: dict[object, list[Part]] = {}
    for part in parts:
        groups.setdefault((replace(part.key, on=date.min), same(part.key)), []).append(part)
    return tuple(_merged(group) for group in groups.values())


def _merged(group: list[Part]) -> Part:
    lengths: dict[int, Prefix] = {}
    for part in group:
        for p in part.prefixes:
            old = lengths.get(p.length_tokens, Prefix(p.length_tokens, 0, 0, 0, 0))
            lengths[p.length_tokens] = Prefix(
                p.length_tokens,
                old.requests + p.requests,
                old.prefixes + p.prefixes,
                old.reads_5m + p.reads_5m,
                old.reads_1h + p.reads_1h,
            )
    last = max(part.key.on for part in group)
    tokens = total(part.tokens for part in group)
    return Part(tokens, replace(group[0].key, on=last), tuple(lengths[n] for n in sorted(lengths)))
