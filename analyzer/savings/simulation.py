"""Runs `cache.sql`: what a prompt cache would read and write, per component and price, with the best breakpoints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analyzer.savings.assumptions import Assumptions
from analyzer.savings.breakpoints import Breakpoints, CachedCalls, CallPrices, Sums, choose
from analyzer.savings.misses import CacheMisses, Misses
from analyzer.savings.state import PREFIX_LENGTHS, Prefix, PriceKey, Prices, joined
from analyzer.sqlblocks import quoted, sql_blocks
from analyzer.store.audit import Audit
from analyzer.times import day_of_us

if TYPE_CHECKING:
    import numpy as np

_SQL = Path(__file__).with_name("cache.sql")
_LIVES_US = (300_000_000, 3_600_000_000)
_VALUES = {
    "messages": 20,
    "chosen_messages": 3,
    # The API looks back over 20 blocks; a message is taken as two, since one may hold thinking, text and a tool.
    # Source: https://platform.claude.com/docs/en/build-with-claude/prompt-caching, checked 2026-11-20.
    "lookback": 10,
}
_SLOTS = 4 + _VALUES["chosen_messages"]
_TABLES = {
    "caches": (),
    "price_keys": (),
    "prompt_ends": ("messages", "lookback"),
    "marks": ("messages", "chosen_messages"),
    "marked": (),
    "touches": ("lookback",),
}
_MTOK = 1_000_000


@dataclass(frozen=True)
class ComponentInput:
    """Input of the largest request, and tokens that the log shows in the cache."""

    largest_request_tokens: int
    cache_tokens: int


@dataclass(frozen=True)
class ComponentCache:
    """What the simulation gives of one component that has a prompt shape."""

    prefixes: Mapping[PriceKey, tuple[Prefix, ...]] = field(default_factory=dict)
    breakpoints: Breakpoints = field(default_factory=Breakpoints)
    misses: CacheMisses | None = None


def simulate_cache(audit: Audit, prices: Prices, assumptions: Assumptions) -> dict[int, ComponentCache]:
    """By component_no; a component without prompt shape has none. Takes the temp tables of `workloads.scan`."""
    sql, connection = sql_blocks(_SQL), audit.connection
    make_path_calls(audit, int(assumptions.value("answer_begins_s", "low") * 1_000_000))
    for name, needed in _TABLES.items():
        values = {key: _VALUES[key] for key in needed}
        connection.execute(f"create or replace temp table {quoted(name)} as {sql[name]}", values or None)
    follow_entries(audit, *_LIVES_US)
    connection.execute(f"create or replace temp view call_reads as {sql['call_reads']}")
    keys = {
        no: PriceKey(model, mode, provider, geography, over, day_of_us(day_us))
        for no, provider, model, mode, geography, over, day_us in connection.execute(
            "select key_no, provider, model, mode, geography, over_tokens, day_us from price_keys"
        ).fetchall()
    }
    shared, misses, found = _shared_prefixes(audit), _cache_misses(audit), {}
    chosen = {no: (breakpoints, sums) for no, breakpoints, sums in _chosen(audit, prices, assumptions, keys)}
    for (no,) in connection.execute("select distinct component_no from caches order by component_no").fetchall():
        breakpoints, sums = chosen.get(no, (Breakpoints(), {}))
        rows = _joined(sums, shared.get(no, {}))
        prefixes = {keys[key_no]: tuple(of[least] for least in sorted(of)) for key_no, of in rows.items()}
        found[no] = ComponentCache(prefixes, breakpoints, misses.get(no))
    for name in (*_TABLES, "path_calls", "entry_touches"):
        connection.execute(f"drop table {quoted(name)}")
    return found


def make_path_calls(audit: Audit, answer_begins_us: int) -> None:
    """The temp table `path_calls`. Takes the temp tables of `analyzer.workloads.scan`."""
    select = sql_blocks(_SQL)["path_calls"]
    values = {"answer_begins_us": answer_begins_us}
    audit.connection.execute(f"create or replace temp table path_calls as {select}", values)


def follow_entries(audit: Audit, short_us: int, long_us: int) -> None:
    """The temp table `entry_touches`: who would read which entry, for two lives. Takes the temp table `touches`."""
    sql, connection = sql_blocks(_SQL), audit.connection
    connection.execute("create or replace temp table lives (short_us bigint, long_us bigint)")
    connection.execute("insert into lives values (?, ?)", [short_us, long_us])
    for view in ("entry_gaps", "entry_runs"):
        connection.execute(f"create or replace temp view {quoted(view)} as {sql[view]}")
    connection.execute(f"create or replace temp table entry_touches as {sql['entry_touches']}")


def component_inputs(audit: Audit) -> dict[int, ComponentInput]:
    """By component_no. Takes the temp tables of `analyzer.workloads.scan`."""
    rows = audit.connection.execute(sql_blocks(_SQL)["component_inputs"]).fetchall()
    return {no: ComponentInput(largest, cached) for no, largest, cached in rows}


def _chosen(
    audit: Audit, prices: Prices, assumptions: Assumptions, keys: Mapping[int, PriceKey]
) -> Iterator[tuple[int, Breakpoints, Sums]]:
    """Each component that has calls with a price in real time, with its best breakpoints."""
    import numpy as np

    sql, connection = sql_blocks(_SQL)["cached_calls"], audit.connection
    marks: dict[int, list[int]] = {}
    for no, mark in connection.execute("select component_no, mark from marks order by component_no, slot").fetchall():
        marks.setdefault(no, []).append(mark)
    logged = {
        no: (read, written_5m, written_1h)
        for no, read, written_5m, written_1h in connection.execute(sql_blocks(_SQL)["logged_caches"]).fetchall()
    }
    columns = ("end_tokens", "short_read_tokens", "long_read_tokens")
    slots = ",\n".join(
        f"cast(coalesce(max(case when s.slot = {slot} then s.{column} end), 0) as bigint) as {column}_{slot}"
        for column in columns
        for slot in range(_SLOTS)
    )
    table: dict[str, Any] = connection.execute(sql.replace("{slots}", slots)).fetchnumpy()
    of_key = _prices_of_keys(prices, keys)
    is_priced = of_key[table["key_no"], 0] >= 0
    table = {name: np.asarray(column)[is_priced] for name, column in table.items()}
    numbers = table["component_no"]
    cuts = [0, *(np.flatnonzero(np.diff(numbers)) + 1).tolist(), len(numbers)] if len(numbers) else []
    for start, end in pairwise(cuts):
        no = int(numbers[start])
        mine = {name: column[start:end] for name, column in table.items()}
        ends, five, hour = (
            np.stack([mine[f"{column}_{slot}"] for slot in range(len(marks[no]))], axis=1) for column in columns
        )
        calls = CachedCalls(
            tuple(marks[no]),
            mine["key_no"],
            ends,
            five,
            hour,
            CallPrices(*of_key[mine["key_no"]].T),
            mine["in_use"],
            logged.get(no, (0, 0, 0)),
        )
        yield no, *choose(calls, assumptions)


def _prices_of_keys(prices: Prices, keys: Mapping[int, PriceKey]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """By key_no: USD per million tokens of input, both writes and reads, and the least prefix; -1 = no price."""
    import numpy as np

    found = np.full((max(keys, default=0) + 1, 5), -1.0)
    for no, key in keys.items():
        price = prices.price(key)
        if price is not None:
            usd = (price.uncached_input_usd, price.cache_write_5m_usd, price.cache_write_1h_usd, price.cache_read_usd)
            found[no] = [*(float(each * _MTOK) for each in usd), prices.models[key.model].min_cacheable_tokens]
    return found


def _shared_prefixes(audit: Audit) -> dict[int, Sums]:
    """By component_no: the prefix after system and tools, which the requests of a batch share."""
    found: dict[int, Sums] = {}
    rows = audit.connection.execute(sql_blocks(_SQL)["shared_prefixes"]).fetchall()
    for no, key_no, tokens, requests, prefixes in rows:
        least = max((length for length in PREFIX_LENGTHS if length <= tokens), default=None)
        if least is not None:
            row = Prefix(least, shared_tokens=tokens * requests, primed_tokens=tokens * prefixes)
            of_key = found.setdefault(no, {}).setdefault(key_no, {})
            of_key[least] = joined([of_key[least], row]) if least in of_key else row
    return found


def _joined(one: Sums, other: Sums) -> Sums:
    """The rows of both."""
    whole: Sums = {key_no: dict(of_key) for key_no, of_key in one.items()}
    for key_no, of_key in other.items():
        mine = whole.setdefault(key_no, {})
        for least, row in of_key.items():
            mine[least] = joined([mine[least], row]) if least in mine else row
    return whole


def _cache_misses(audit: Audit) -> dict[int, CacheMisses]:
    """By component_no: why requests would read nothing."""
    sql, connection = sql_blocks(_SQL), audit.connection
    ends: dict[int, list[tuple[int, int, int]]] = {}
    for no, *counts in connection.execute(sql["boundary_counts"], {"messages": _VALUES["messages"]}).fetchall():
        ends.setdefault(no, []).append((counts[0], counts[1], counts[2]))
    rows: dict[int, list[Misses]] = {}
    for no, *numbers in connection.execute(sql["prefix_misses"]).fetchall():
        rows.setdefault(no, []).append(Misses(*numbers))
    return {no: CacheMisses(tuple(some), tuple(ends.get(no, ()))) for no, some in rows.items()}
