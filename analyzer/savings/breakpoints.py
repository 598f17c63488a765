"""The best breakpoints of a component: at most four, for each life of the cache, and those it seems to use today.

A breakpoint is a rule that a caller can follow: after the tools, after the system prompt, after message k, at the last
message, before the last message. With several, a call reads through the one that reaches furthest and writes the rest
up to its last:

    reads = max over breakpoints of what it reads through each,   held = max over breakpoints of the tokens up to it
    net = Σ happen × reads × (write price − read price) − held × (write price − input price)

*happen* is `simulated_hit_share` in the low case: a read that fails is written again. Every set of up to four is tried;
the best net stands, of equals the one with fewer. Which entries two kinds of breakpoint could read of each other is not
counted, which only makes the net smaller.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from analyzer.savings.assumptions import Assumptions
from analyzer.savings.state import PREFIX_LENGTHS, Prefix, whole

if TYPE_CHECKING:
    import numpy as np

    Counts = np.ndarray[Any, np.dtype[np.int64]]
    Reals = np.ndarray[Any, np.dtype[np.float64]]

Ttl = Literal["5m", "1h", "none"]
MOST = 4
"""Breakpoints of one request, as the API takes them."""
TOOLS, SYSTEM, LAST, BEFORE_LAST = range(4)
Sums = dict[int, dict[int, Prefix]]
"""By number of the price key, by least length."""


@dataclass(frozen=True)
class Breakpoints:
    """Kinds of breakpoints: 0 after the tools, 1 after system and tools, 2 at the last message, 3 before it, 3 + k

    after message k. `today`: those that explain best what the log shows in the cache, and their life; () = it shows
    nothing.
    Tokens of calls with a prompt shape: as logged (`held`: read or written), and as simulated for `today`.
    `has_tools`: the tools end at a boundary of their own.
    """

    five: tuple[int, ...] = (SYSTEM,)
    hour: tuple[int, ...] = (SYSTEM,)
    today: tuple[int, ...] = ()
    today_ttl: Ttl = "none"
    has_tools: bool = False
    is_explained: bool = True
    logged_held_tokens: int = 0
    logged_read_tokens: int = 0
    simulated_held_tokens: int = 0
    simulated_read_tokens: int = 0

    def of(self, ttl: Ttl) -> tuple[int, ...]:
        """The best ones for a life."""
        return self.five if ttl == "5m" else self.hour if ttl == "1h" else ()

    def words(self, marks: tuple[int, ...]) -> str:
        """Where they stand, from the beginning of the prompt on."""
        ordered = sorted(marks, key=lambda mark: {LAST: 1_001, BEFORE_LAST: 1_000}.get(mark, mark))
        names = [self._name(mark) for mark in ordered]
        return " and ".join(([", ".join(names[:-1])] if names[:-1] else []) + names[-1:])

    def _name(self, mark: int) -> str:
        if mark == SYSTEM:
            return "after the system prompt" if self.has_tools else "after the system prompt and the tools"
        names = {TOOLS: "after the tools", LAST: "at the last message", BEFORE_LAST: "before the last message"}
        return names.get(mark) or f"after message {mark - BEFORE_LAST}"


@dataclass(frozen=True)
class CallPrices:
    """USD per million tokens of calls, and the shortest prefix that their model caches: one value a call."""

    uncached: Reals
    write_5m: Reals
    write_1h: Reals
    read: Reals
    least_tokens: Reals


@dataclass(frozen=True)
class CachedCalls:
    """The calls of one component, one row each: number of the price key, and by slot (column) the tokens up to its

    breakpoint and what would be read through it alone. `marks`: the kind of each slot. `in_use`: 1 where the log shows
    a cache, else 0. `logged`: what it shows read, written for 5 minutes and for an hour, of calls without prompt shape
    too.
    """

    marks: tuple[int, ...]
    key_no: Counts
    ends: Counts
    reads_5m: Counts
    reads_1h: Counts
    prices: CallPrices
    in_use: Counts
    logged: tuple[int, int, int]

    def kinds(self, slots: Iterable[int]) -> tuple[int, ...]:
        """The kinds of breakpoints of some slots."""
        return tuple(self.marks[slot] for slot in slots)


class _Chosen(NamedTuple):
    """A set of slots, with the tokens held and read by each call."""

    slots: tuple[int, ...]
    held: Counts
    read: Counts

    def distance(self, read: int, written: int) -> int:
        """Tokens by which the sums of what is read and of what is written are off."""
        simulated = int(self.read.sum())
        return abs(simulated - read) + abs(int(self.held.sum()) - simulated - written)


def choose(calls: CachedCalls, assumptions: Assumptions) -> tuple[Breakpoints, Sums]:
    """The best breakpoints for each life, and the tokens with them; none where a cache in use is not explained."""
    happen = float(assumptions.value("simulated_hit_share", "low"))
    chosen = {"5m": _best(calls, "5m", happen), "1h": _best(calls, "1h", happen)}
    breakpoints = Breakpoints(
        calls.kinds(chosen["5m"].slots), calls.kinds(chosen["1h"].slots), has_tools=TOOLS in calls.marks
    )
    read, written_5m, written_1h = calls.logged
    held = read + written_5m + written_1h
    if not held:
        return breakpoints, _sums(calls, chosen)
    life: Ttl = "1h" if written_1h > written_5m else "5m"
    today = _nearest(calls, life, read, held - read)
    simulated = int(today.held.sum())
    may_miss = (1 - assumptions.value("cache_explained_share", "low")) * held
    breakpoints = replace(
        breakpoints,
        today=calls.kinds(today.slots),
        today_ttl=life,
        is_explained=today.distance(read, held - read) <= may_miss,
        logged_held_tokens=held,
        logged_read_tokens=read,
        simulated_held_tokens=simulated,
        simulated_read_tokens=int(today.read.sum()),
    )
    if not breakpoints.is_explained:
        return breakpoints, {}
    return breakpoints, _sums(calls, chosen | {"today": today}, Fraction(held, max(held, simulated)))


def _best(calls: CachedCalls, ttl: Ttl, happen: float) -> _Chosen:
    """The set with the best net. Breakpoints through which nothing is ever read only cost; where there are no others,

    the one after the system prompt shows how much.
    """
    prices, least = calls.prices, calls.prices.least_tokens[:, None]
    write = prices.write_5m if ttl == "5m" else prices.write_1h
    gain, premium = happen * (write - prices.read), write - prices.uncached
    is_read, is_held = calls.reads_1h >= least, calls.ends >= least
    slots = [slot for slot in range(len(calls.marks)) if is_read[:, slot].any()]
    if not slots:
        held = [slot for slot in range(len(calls.marks)) if is_held[:, slot].any()] or [0]
        slots = [next((slot for slot in held if calls.marks[slot] == SYSTEM), held[0])]

    def net(some: _Chosen) -> tuple[float, int]:
        return float(some.read @ gain - some.held @ premium), -len(some.slots)

    return max(_sets(calls, ttl, slots), key=net)


def _nearest(calls: CachedCalls, ttl: Ttl, read: int, written: int) -> _Chosen:
    """The set that reads and writes most nearly what the log shows, in the calls that it shows with a cache."""
    every = _sets(calls, ttl, list(range(len(calls.marks))))
    masked = (_Chosen(some.slots, some.held * calls.in_use, some.read * calls.in_use) for some in every)
    return min(masked, key=lambda some: (some.distance(read, written), len(some.slots)))


def _sets(calls: CachedCalls, ttl: Ttl, slots: list[int]) -> Iterator[_Chosen]:
    """Every set of one to four slots, with the tokens held and read by each call."""
    import numpy as np

    least = calls.prices.least_tokens[:, None]
    ends, reads = calls.ends, calls.reads_5m if ttl == "5m" else calls.reads_1h
    ends, reads = np.where(ends >= least, ends, 0), np.where(reads >= least, reads, 0)

    def beyond(some: _Chosen, left: list[int]) -> Iterator[_Chosen]:
        for place, slot in enumerate(left):
            read = np.maximum(some.read, reads[:, slot])
            held = np.maximum(np.maximum(some.held, ends[:, slot]), read)
            more = _Chosen((*some.slots, slot), held, read)
            yield more
            if len(more.slots) < MOST:
                yield from beyond(more, left[place + 1 :])

    nothing = np.zeros(len(ends), np.int64)
    return beyond(_Chosen((), nothing, nothing), slots)


def _sums(calls: CachedCalls, chosen: Mapping[str, _Chosen], as_logged: Fraction = Fraction(1)) -> Sums:
    """Tokens by price key and least length, of each life and of today.

    `as_logged`: cut down to it where a log shows that prefixes are shorter than they were estimated.
    """
    import numpy as np

    keys, place = np.unique(calls.key_no, return_inverse=True)
    lengths = np.array(PREFIX_LENGTHS)
    columns = {}
    for name, some in chosen.items():
        for kind, tokens in (("held", some.held), ("read", some.read)):
            cells = np.zeros(len(keys) * (len(lengths) + 1), np.int64)
            np.add.at(cells, place * (len(lengths) + 1) + np.searchsorted(lengths, tokens, side="right"), tokens)
            columns[f"{kind}_{name}_tokens"] = cells.reshape(len(keys), -1)
    found: Sums = {}
    for row, key in enumerate(keys.tolist()):
        for number, least in enumerate(PREFIX_LENGTHS, 1):
            values = {name: whole(int(cells[row, number]), as_logged) for name, cells in columns.items()}
            if any(values.values()):
                found.setdefault(key, {})[least] = Prefix(least, **values)
    return found
