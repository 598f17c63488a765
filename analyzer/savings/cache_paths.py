"""The prompt cache, replayed over the prefix paths of the log: what would be read, and what written.

A cache entry is a prefix: the path of boundaries from the beginning of the prompt. Calls go in order of their start. A
call reads its longest prefix that is alive and readable, and writes the rest. An entry lives until `ttl_s` after the
start of the last call that touched it (a hit refreshes, a miss writes); exactly `ttl_s` later it is still alive. The
room is unlimited. It is the simulation of the plan (`cache.sql`) with a breakpoint at every boundary, all components
together.
Source of the rules: https://platform.claude.com/docs/en/build-with-claude/prompt-caching, checked 2026-11-21.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Literal

from analyzer.money import add, times
from analyzer.pricing import Price, models
from analyzer.savings.simulation import follow_entries, make_path_calls
from analyzer.savings.state import PriceKey
from analyzer.sqlblocks import quoted, sql_blocks
from analyzer.store.audit import Audit
from analyzer.times import day_of_us
from analyzer.workloads.spend import list_price

_SQL = Path(__file__).with_suffix(".sql")
Visibility = Literal["immediate", "answered"]
_SHORT_TTL_S = 300
_S = 1_000_000


@dataclass(frozen=True)
class CacheRules:
    """`ttl_s`: seconds an entry lives. `visibility`: it can be read at once, or once the answer that wrote it began.

    `min_prefix_tokens`: shorter prefixes are not cached; None = the minimum of each model (unknown model: the largest).
    `answer_begins_s`: when an answer begins that logs neither first token nor end.
    """

    ttl_s: int = _SHORT_TTL_S
    visibility: Visibility = "answered"
    min_prefix_tokens: int | None = None
    answer_begins_s: float = 2.0


@dataclass
class CacheSums:
    """Tokens of some calls. `written_tokens`: input that is not read and lies in a prefix long enough to be cached.

    `read_again_tokens`: of these, what a later call reads before it expires. `misses` counts the calls that read
    nothing, by reason: first seen, expired, not answered yet, under the minimum.
    """

    calls: int = 0
    input_tokens: int = 0
    read_tokens: int = 0
    written_tokens: int = 0
    read_again_tokens: int = 0
    unpriced_calls: int = 0
    cost_parts: list[Decimal] = field(default_factory=list)
    misses: dict[str, int] = field(default_factory=dict)

    @property
    def input_cost_usd(self) -> Decimal | None:
        """With everything written; None when a call has no price."""
        return None if self.unpriced_calls else add(self.cost_parts)

    @property
    def read_share(self) -> Decimal:
        """Of all input, 0 to 1."""
        return Decimal(self.read_tokens) / self.input_tokens if self.input_tokens else Decimal(0)

    def relative_cost(
        self, write: Decimal, *, read_again_only: bool = False, read: Decimal = Decimal("0.1")
    ) -> Decimal:
        """Input cost over what it would be uncached. `write`: 1.25 for 5 minutes, 2 for an hour."""
        written = self.read_again_tokens if read_again_only else self.written_tokens
        plain = self.input_tokens - self.read_tokens - written
        return (
            (plain + read * self.read_tokens + write * written) / self.input_tokens if self.input_tokens else Decimal(1)
        )


def replay(audit: Audit, rules: CacheRules) -> dict[int, CacheSums]:
    """Sums by component_no, of the calls that have a prompt shape. Takes the temp tables of `scan`.

    A log that has only a hash of system and tools gives one boundary. Boundaries in characters become tokens by the
    call's own input: tokens × characters up to the boundary / characters of the prompt, cut down.
    """
    sql, connection = sql_blocks(_SQL), audit.connection
    make_path_calls(audit, int(rules.answer_begins_s * _S))
    connection.execute(f"create or replace temp table shared_caches as {sql['shared_caches']}")
    connection.execute("create or replace temp table model_minimums (model varchar, least_tokens bigint)")
    least = {name: model.min_cacheable_tokens for name, model in models().items()}
    if rules.min_prefix_tokens is None:
        connection.executemany("insert into model_minimums values (?, ?)", list(least.items()))
    other = max(least.values()) if rules.min_prefix_tokens is None else rules.min_prefix_tokens
    values = {"largest_minimum": other, "at_once": rules.visibility == "immediate"}
    connection.execute(f"create or replace temp table touches as {sql['touches']}", values)
    follow_entries(audit, rules.ttl_s * _S, rules.ttl_s * _S)
    connection.execute(f"create or replace temp table {quoted('replayed_calls')} as {sql['replayed_calls']}")
    return _summed(audit, rules)


def _summed(audit: Audit, rules: CacheRules) -> dict[int, CacheSums]:
    sql, connection = sql_blocks(_SQL), audit.connection
    sums: dict[int, CacheSums] = {}
    for no, model, mode, provider, geography, over, day_us, *counts in connection.execute(sql["sums"]).fetchall():
        price = None
        if model is not None:
            found = list_price(PriceKey(model, mode, provider, geography, over, day_of_us(day_us)))
            price = found if isinstance(found, Price) else None
        _count(sums.setdefault(no, CacheSums()), counts, price, rules)
    for no, reason, calls in connection.execute(sql["misses"]).fetchall():
        sums[no].misses[reason] = calls
    for no, tokens in connection.execute(sql["read_again"]).fetchall():
        sums[no].read_again_tokens = tokens
    return sums


def _count(mine: CacheSums, counts: list[int], price: Price | None, rules: CacheRules) -> None:
    calls, whole, read, written = counts
    mine.calls += calls
    mine.input_tokens += whole
    mine.read_tokens += read
    mine.written_tokens += written
    if price is None:
        mine.unpriced_calls += calls
        return
    write_usd = price.cache_write_5m_usd if rules.ttl_s <= _SHORT_TTL_S else price.cache_write_1h_usd
    mine.cost_parts += [
        times(price.uncached_input_usd, whole - read - written),
        times(price.cache_read_usd, read),
        times(write_usd, written),
    ]


def total(parts: Iterable[CacheSums]) -> CacheSums:
    """The sums of all."""
    whole = CacheSums()
    for part in parts:
        whole.calls += part.calls
        whole.input_tokens += part.input_tokens
        whole.read_tokens += part.read_tokens
        whole.written_tokens += part.written_tokens
        whole.read_again_tokens += part.read_again_tokens
        whole.unpriced_calls += part.unpriced_calls
        whole.cost_parts += part.cost_parts
        for reason, count in part.misses.items():
            whole.misses[reason] = whole.misses.get(reason, 0) + count
    return whole
