"""Hand-made calls for the simulation of the cache: the three tables that it reads, in memory."""

from __future__ import annotations

from datetime import date

import duckdb

from analyzer.savings.state import PriceKey
from analyzer.store.audit import Audit

MODEL = "claude-sonnet-4-6"  # caches from 1,024 tokens
DAY_US = 20_000 * 86_400_000_000  # 2024-10-04T00:00:00Z
S = 1_000_000
KEY = PriceKey(MODEL, "standard", "anthropic", "global", 0, date(2024, 10, 4))


def empty_audit() -> Audit:
    """The tables, without rows."""
    connection = duckdb.connect(":memory:")
    connection.execute(
        "create table requests (request_no bigint, provider varchar, workspace varchar, prefix_hash varchar,"
        " prefix_chars bigint, prompt_chars bigint, started_us bigint, first_token_s double, duration_s double,"
        " message_count bigint, boundary_hashes varchar[], boundary_chars bigint[], boundary_tokens bigint[])"
    )
    connection.execute("create table calls (request_no bigint, component_no bigint)")
    connection.execute(
        "create table priced_requests (request_no bigint, provider varchar, raw_model varchar, model varchar,"
        " mode varchar, geography varchar, over_tokens bigint, day_us bigint, uncached_input_tokens bigint,"
        " cache_write_5m_tokens bigint, cache_write_1h_tokens bigint, cache_read_tokens bigint)"
    )
    return Audit(None, connection, "salt")


def add_request(
    audit: Audit,
    no: int,
    at_s: float,
    *,
    prefix: str | None = "p",
    workspace: str = "w",
    provider: str = "anthropic",
    first_token_s: float | None = 1.0,
    duration_s: float | None = 4.0,
    chars: tuple[int | None, int | None] = (4000, 5000),
    tokens: int = 2000,
    component_no: int = 1,
    cached: tuple[int, int, int] = (0, 0, 0),
    model: str | None = MODEL,
) -> None:
    """A call whose log has the prefix alone. `cached`: read, 5-minute and 1-hour writes, of `tokens` in all."""
    shape = [prefix, *chars, None, None, None, None]
    _add(audit, no, at_s, shape, tokens, component_no, cached, workspace, provider, (first_token_s, duration_s), model)


def add_prompt(
    audit: Audit,
    no: int,
    at_s: float,
    path: str,
    *,
    lead: int = 1,
    size: int = 2000,
    component_no: int = 1,
    cached: tuple[int, int, int] = (0, 0, 0),
    first_token_s: float | None = 1.0,
    model: str | None = MODEL,
    workspace: str = "w",
) -> None:
    """A call whose log has boundaries: a letter is a part of `size` tokens, the first `lead` are no messages."""
    hashes = [path[: end + 1] for end in range(len(path))]
    ends = [size * (end + 1) for end in range(len(path))]
    shape = [None, None, None, len(path) - lead, hashes, None, ends]
    times = (first_token_s, 4.0)
    _add(audit, no, at_s, shape, size * len(path), component_no, cached, workspace, "anthropic", times, model)


def _add(
    audit: Audit,
    no: int,
    at_s: float,
    shape: list[object],
    tokens: int,
    component_no: int,
    cached: tuple[int, int, int],
    workspace: str,
    provider: str,
    times: tuple[float | None, float | None],
    model: str | None,
) -> None:
    connection, start = audit.connection, DAY_US + round(at_s * S)
    row = [no, provider, workspace, *shape[:3], start, *times, *shape[3:]]
    connection.execute(f"insert into requests values ({', '.join('?' * 13)})", row)
    connection.execute("insert into calls values (?, ?)", [no, component_no])
    read, written_5m, written_1h = cached
    buckets = [tokens - sum(cached), written_5m, written_1h, read]
    connection.execute(
        "insert into priced_requests values (?, ?, 'raw', ?, 'standard', 'global', 0, ?, ?, ?, ?, ?)",
        [no, provider, model, start - start % (86_400 * S), *buckets],
    )
