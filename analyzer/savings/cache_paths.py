"""The prompt cache, replayed call by call over the prefix paths of the log: what would be read, and what written.

A cache entry is a prefix: the path of boundaries from the beginning of the prompt. Calls go in order of their start. A
call reads its longest prefix that is alive and readable, and writes the rest. An entry lives until `ttl_s` after the
start of the last call that touched it (a hit refreshes, a miss writes); exactly `ttl_s` later it is still alive. The
room is unlimited.
Source of the rules: https://platform.claude.com/docs/en/build-with-claude/prompt-caching, checked 2026-11-21.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from analyzer.money import add, times
from analyzer.pricing import Price, models
from analyzer.savings.state import PriceKey
from analyzer.sqlblocks import sql_blocks
from analyzer.store.audit import Audit
from analyzer.times import day_of_us
from analyzer.workloads.spend import list_price

_SQL = Path(__file__).with_name("cache_paths.sql")
Visibility = Literal["immediate", "answered"]
Miss = Literal["first seen", "expired", "not answered yet", "under the minimum"]
_SHORT_TTL_S = 300
_FETCH = 10_000


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


@dataclass(frozen=True)
class PathCall:
    """One call: `ends` are (hash, tokens up to it) of its boundaries; `scope` is where a cache is shared."""

    component_no: int
    scope: str
    model: str | None
    started_us: int
    begins_us: int
    input_tokens: int
    ends: tuple[tuple[str, int], ...]
    price: Price | None = None


@dataclass
class CacheSums:
    """Tokens of some calls. `written_tokens`: input that is not read and lies in a prefix long enough to be cached.

    `read_again_tokens`: of these, what a later call reads before it expires. `misses` counts the calls that read
    nothing, by reason.
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


@dataclass
class _Entry:
    touched_us: int
    readable_us: int
    tokens: int
    component_no: int
    is_unread: bool = True


def replay(calls: Iterable[PathCall], rules: CacheRules) -> dict[int, CacheSums]:
    """Sums by component_no. `calls` must come in order of start."""
    entries: dict[tuple[str, str | None, str], _Entry] = {}
    sums: dict[int, CacheSums] = {}
    ttl_us = rules.ttl_s * 1_000_000
    for call in calls:
        mine = sums.setdefault(call.component_no, CacheSums())
        read = _touch(call, rules, ttl_us, entries, mine, sums)
        cacheable = call.ends[-1][1] if call.ends and call.ends[-1][1] >= _least(call, rules) else 0
        written = max(cacheable - read, 0)
        mine.calls += 1
        mine.input_tokens += call.input_tokens
        mine.read_tokens += read
        mine.written_tokens += written
        if call.price is None:
            mine.unpriced_calls += 1
        else:
            write_usd = call.price.cache_write_5m_usd if rules.ttl_s <= _SHORT_TTL_S else call.price.cache_write_1h_usd
            mine.cost_parts.append(
                add(
                    (
                        times(call.price.uncached_input_usd, call.input_tokens - read - written),
                        times(call.price.cache_read_usd, read),
                        times(write_usd, written),
                    )
                )
            )
    return sums


def _least(call: PathCall, rules: CacheRules) -> int:
    if rules.min_prefix_tokens is not None:
        return rules.min_prefix_tokens
    known = models()
    if call.model is not None and call.model in known:
        return known[call.model].min_cacheable_tokens
    return max(model.min_cacheable_tokens for model in known.values())


def _touch(
    call: PathCall,
    rules: CacheRules,
    ttl_us: int,
    entries: dict[tuple[str, str | None, str], _Entry],
    mine: CacheSums,
    sums: Mapping[int, CacheSums],
) -> int:
    """Read and refresh what is alive, write the rest; returns the tokens read."""
    least, now, read, before = _least(call, rules), call.started_us, 0, 0
    readable_us = now if rules.visibility == "immediate" else call.begins_us
    miss: Miss | None = "under the minimum"
    is_hitting = True
    for end, tokens in call.ends:
        if tokens < least:
            continue
        key = (call.scope, call.model, end)
        entry = entries.get(key)
        is_alive = entry is not None and now - entry.touched_us <= ttl_us
        if is_hitting and entry is not None and is_alive and entry.readable_us <= now:
            entry.touched_us = now
            read, miss = tokens, None
            if entry.is_unread:
                entry.is_unread = False
                sums[entry.component_no].read_again_tokens += entry.tokens
        else:
            if is_hitting and read == 0 and miss == "under the minimum":
                miss = "first seen" if entry is None else "expired" if not is_alive else "not answered yet"
            is_hitting = False
            if entry is not None and is_alive:
                entry.touched_us = now
                entry.readable_us = min(entry.readable_us, readable_us)
            else:
                entries[key] = _Entry(now, readable_us, tokens - max(before, read), call.component_no)
        before = tokens
    if miss is not None:
        mine.misses[miss] = mine.misses.get(miss, 0) + 1
    return min(read, call.input_tokens)


def path_calls(audit: Audit, rules: CacheRules) -> Iterator[PathCall]:
    """The calls of the audit that have a prompt shape, in order of start. Needs the temp tables of `scan`.

    A log that has only a hash of system and tools gives one boundary. Boundaries in characters become tokens by the
    call's own input: tokens × characters up to the boundary / characters of the prompt, cut down.
    """
    result = audit.connection.execute(
        sql_blocks(_SQL)["path_calls"], {"answer_begins_us": int(rules.answer_begins_s * 1_000_000)}
    )
    prices: dict[tuple[Any, ...], Price | None] = {}
    while rows := result.fetchmany(_FETCH):
        for component_no, scope, name, started, begins, whole, hashes, chars, tokens, whole_chars, *key in rows:
            if tuple(key) not in prices:
                prices[tuple(key)] = _price(*key)
            lengths = tokens or [whole * min(count, whole_chars) // max(whole_chars, 1) for count in chars]
            yield PathCall(
                component_no,
                scope,
                name or None,
                started,
                begins,
                whole,
                tuple(zip(hashes, lengths, strict=True)),
                prices[tuple(key)],
            )


def _price(model: str | None, mode: str, provider: str, geography: str, over_tokens: int, day_us: int) -> Price | None:
    if model is None:
        return None
    found = list_price(PriceKey(model, mode, provider, geography, over_tokens, day_of_us(day_us)))
    return found if isinstance(found, Price) else None


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
