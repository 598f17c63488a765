"""The work of a period as sums, and what it would have cost had it been done another way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import NamedTuple

from analyzer import pricing
from analyzer.money import add
from analyzer.savings.assessment import Lever
from analyzer.savings.state import PriceKey
from analyzer.workloads import PricedUsage
from analyzer.workloads.spend import list_price

KINDS = {
    "input": {
        "uncached_input_tokens": "uncached_input_usd",
        "cache_write_5m_tokens": "cache_write_5m_usd",
        "cache_write_1h_tokens": "cache_write_1h_usd",
        "cache_read_tokens": "cache_read_usd",
    },
    "output": {"output_tokens": "output_usd"},
    "searches": {"web_searches": "web_search_usd"},
}
"""What is bought, by kind: column of the tokens, and of its price. Caching moves input between its columns."""


class Place(NamedTuple):
    """What the price of a token depends on beside mode and day."""

    model: str
    provider: str
    geography: str
    over_tokens: int


class Work:
    """The priced rows of one workload in one period, as sums."""

    def __init__(self, rows: Iterable[PricedUsage]) -> None:
        self.rows = [row for row in rows if row.list_cost_usd is not None]
        self.cost_usd = add(row.list_cost_usd for row in self.rows if row.list_cost_usd is not None)
        self.requests = sum(row.usage.requests for row in self.rows)
        self.is_counted = self.requests > 0 and not any(row.usage.uncounted for row in self.rows)

    @cached_property
    def tokens(self) -> int:
        """Input and output."""
        return self.splits["input"].total + self.splits["output"].total

    @cached_property
    def splits(self) -> dict[str, Split]:
        """How each kind is spread."""
        return {kind: Split(kind, self.rows) for kind in KINDS}


class Split:
    """How the tokens of a kind are spread: over places, over modes in a place, over columns in a place and mode.

    Where a place (or mode in it) does not occur, the spread over all stands for it: the old way of working, met by a
    model that is new.
    """

    def __init__(self, kind: str, rows: Iterable[PricedUsage]) -> None:
        self.places: Counter[Place] = Counter()
        self.modes: dict[Place | None, Counter[str]] = {}
        self.columns: dict[tuple[Place | None, str | None], Counter[str]] = {}
        for row in rows:
            place = _place(row)
            for column in KINDS[kind]:
                count = getattr(row.usage.tokens, column)
                if not count:
                    continue
                self.places[place] += count
                for key in (place, None):
                    self.modes.setdefault(key, Counter())[row.usage.mode] += count
                for where in ((place, row.usage.mode), (place, None), (None, None)):
                    self.columns.setdefault(where, Counter())[column] += count

    @property
    def total(self) -> int:
        """All tokens of the kind."""
        return self.places.total()

    def modes_in(self, place: Place) -> Counter[str]:
        """Tokens by mode."""
        return self.modes.get(place) or self.modes[None]

    def columns_in(self, place: Place, mode: str) -> Counter[str]:
        """Tokens by column."""
        return self.columns.get((place, mode)) or self.columns.get((place, None)) or self.columns[None, None]


class PricesOfOneDay:
    """List prices on one day; where a model has none yet, those of the first day on which it was used."""

    def __init__(self, on: date) -> None:
        self.on = on
        self.first_used: dict[Place, date] = {}
        self._known: dict[tuple[Place, str], pricing.Price] = {}

    def learn(self, rows: Iterable[PricedUsage]) -> None:
        """On which day each model was first used."""
        for row in rows:
            place = _place(row)
            self.first_used[place] = min(row.usage.on, self.first_used.get(place, row.usage.on))

    def pico_usd(self, place: Place, mode: str, column: str) -> int:
        """Pico-dollars a token (or search). A model that a mode does not serve is priced in the standard mode."""
        if (place, mode) not in self._known:
            tries = [(way, day) for way in (mode, "standard") for day in (self.on, self.first_used[place])]
            for way, day in tries:
                model, provider, geography, over = place
                price = list_price(PriceKey(model, way, provider, geography, over, day))
                if isinstance(price, pricing.Price):
                    self._known[place, mode] = price
                    break
        usd: Decimal = getattr(self._known[place, mode], column)
        return int(usd.scaleb(12))


def worked(
    before: Work, after: Work, levers: frozenset[Lever], prices: PricesOfOneDay, tightened: Fraction | None
) -> Fraction:
    """Cost of after's tokens, USD: the ways in `levers` as after (model: routing, mode: batch, columns: caching), the
    others as before; all at the prices of one day. `tightened`: without the output lever, output grows as the volume.
    """
    cost = Fraction(0)
    for kind in KINDS:
        old, new = before.splits[kind], after.splits[kind]
        quantity = Fraction(new.total)
        if kind == "output" and tightened is not None and "output" not in levers:
            quantity = old.total * tightened
        if not quantity:
            continue
        old, new = (old if old.total else new), (new if new.total else old)
        places = new if "routing" in levers else old
        modes = new if "batch" in levers else old
        columns = new if "caching" in levers else old
        for place, in_place in places.places.items():
            per_token = _mean_price(place, modes, columns, prices, KINDS[kind])
            cost += quantity * Fraction(in_place, places.total) * per_token
    return cost / 10**12


def changed_levers(before: Work, after: Work) -> set[Lever]:
    """Those of routing, batch and caching whose spread can have changed: more than one value, or another one."""
    found: set[Lever] = set()
    for kind in KINDS:
        old, new = before.splits[kind], after.splits[kind]
        if not old.total or not new.total:
            continue
        if len({*old.places, *new.places}) > 1:
            found.add("routing")
        if len({*old.modes[None], *new.modes[None]}) > 1:
            found.add("batch")
        if len({*old.columns[None, None], *new.columns[None, None]}) > 1:
            found.add("caching")
    return found


def _mean_price(
    place: Place, modes: Split, columns: Split, prices: PricesOfOneDay, names: Mapping[str, str]
) -> Fraction:
    """Pico-dollars a token in a place, over its modes and columns."""
    in_place, mean = modes.modes_in(place), Fraction(0)
    for mode, count in in_place.items():
        spread = columns.columns_in(place, mode)
        pico_usd = sum(n * prices.pico_usd(place, mode, names[c]) for c, n in spread.items())
        mean += Fraction(count * pico_usd, in_place.total() * spread.total())
    return mean


def _place(row: PricedUsage) -> Place:
    use = row.usage
    if use.model is None or use.over_tokens is None:
        raise AssertionError("a row without a model or size has no price")
    return Place(use.model, use.provider, use.geography, use.over_tokens)
