"""Runs `cache.sql`: who would have read a shared prefix from the cache, per component and price."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from analyzer.savings.assumptions import Assumptions
from analyzer.savings.misses import CacheMisses, Misses
from analyzer.savings.state import Prefix, PriceKey
from analyzer.sqlblocks import quoted, sql_blocks
from analyzer.store.audit import Audit
from analyzer.times import day_of_us

_SQL = Path(__file__).with_name("cache.sql")
_VIEWS = ("prefix_lengths", "prefix_gaps", "prefix_islands", "prefix_readable")


@dataclass(frozen=True)
class ComponentInput:
    """Input of the largest request, and tokens that the log shows in the cache."""

    largest_request_tokens: int
    cache_tokens: int


def simulate_cache(audit: Audit, assumptions: Assumptions) -> dict[tuple[int, PriceKey], tuple[Prefix, ...]]:
    """Prefixes by (component_no, price key); a component without prompt shape has no key.

    Takes the temp tables of `analyzer.workloads.scan`.
    """
    sql, connection = sql_blocks(_SQL), audit.connection
    begins_us = int(assumptions.value("answer_begins_s", "low") * 1_000_000)
    connection.execute(
        f"create or replace temp table prefix_calls as {sql['prefix_calls']}", {"answer_begins_us": begins_us}
    )
    for view in _VIEWS:
        connection.execute(f"create or replace temp view {quoted(view)} as {sql[view]}")
    found: dict[tuple[int, PriceKey], list[Prefix]] = {}
    for no, provider, model, mode, geography, over, day_us, *numbers in connection.execute(
        sql["prefix_reads"]
    ).fetchall():
        key = PriceKey(model, mode, provider, geography, over, day_of_us(day_us))
        found.setdefault((no, key), []).append(Prefix(*numbers))
    return {key: tuple(prefixes) for key, prefixes in found.items()}


def component_inputs(audit: Audit) -> dict[int, ComponentInput]:
    """By component_no. Takes the temp tables of `analyzer.workloads.scan`."""
    rows = audit.connection.execute(sql_blocks(_SQL)["component_inputs"]).fetchall()
    return {no: ComponentInput(largest, cached) for no, largest, cached in rows}


def cache_misses(audit: Audit) -> dict[int, CacheMisses]:
    """By component_no: why requests would read nothing. Takes the tables of `simulate_cache`, so it runs after it."""
    sql, connection = sql_blocks(_SQL), audit.connection
    kept = {no: (first, all_) for no, first, all_ in connection.execute(sql["first_boundaries"]).fetchall()}
    rows: dict[int, list[Misses]] = {}
    for no, *numbers in connection.execute(sql["prefix_misses"]).fetchall():
        rows.setdefault(no, []).append(Misses(*numbers))
    return {no: CacheMisses(tuple(some), *kept.get(no, (None, None))) for no, some in rows.items()}
