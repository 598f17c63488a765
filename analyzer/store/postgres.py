"""LiteLLM's spend log straight from its Postgres: a read-only session, streamed, only what is new since the last read.

Of the URL only host and database are kept or shown. The columns `messages` and `response` are not fetched.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, urlencode

from analyzer.errors import UserError
from analyzer.sources.formats import formats
from analyzer.store.feed import Chunk, Limits
from analyzer.store.openings import Opening
from analyzer.store.paths import shown_path

if TYPE_CHECKING:
    import psycopg

    from analyzer.store.audit import Audit

FORMAT = "litellm_spend_logs"
TABLE = '"LiteLLM_SpendLogs"'
NEEDED = ("request_id", "call_type", "spend", "prompt_tokens", "completion_tokens", "startTime", "metadata")
OVERLAP = timedelta(hours=6)
_ROWS_A_TIME = 500
_CONNECT_S = 10
_PRISMA_ONLY = ("connection_limit", "pool_timeout", "pgbouncer", "socket_timeout", "statement_cache_size", "sslaccept")
_COLUMNS = """
select attname from pg_attribute
where attrelid = to_regclass(%s) and attnum > 0 and not attisdropped
  and has_column_privilege(attrelid, attnum, 'select')
"""


def open_spend_logs(url: str, limits: Limits, audit: Audit | None) -> Opening:
    """The rows of the spend log that began since the newest one the audit has from this database, less OVERLAP.

    A call is logged when it ends, and later rows may have begun earlier: what the overlap brings twice is a duplicate.
    Raises: UserError when there is no server, no database, no table, or no right to read it.
    """
    shown = shown_path(url)
    plain, schema = _without_prisma(url)
    connection = _connect(plain, shown)
    try:
        with _problems_told(shown):
            _begin_reading(connection, schema)
            query, values = _query(connection, shown, _newest_us(audit, shown) if audit else None)
    except BaseException:
        connection.close()
        raise
    opening = Opening(shown)
    opening.chunks = _chunks(connection, query, values, opening, limits)
    return opening


def _newest_us(audit: Audit, shown: str) -> int | None:
    """Start of the newest call read from there; one that began after it was read has a wrong clock: passed over."""
    row = audit.connection.execute(
        "select max(q.started_us) from requests q join files f on f.file_id = q.file_id "
        "where f.path = $path and q.source = $source and q.started_us <= f.ingested_us",
        {"path": shown, "source": FORMAT},
    ).fetchone()
    assert row is not None
    return None if row[0] is None else int(row[0])


def _connect(url: str, shown: str) -> psycopg.Connection[Any]:
    try:
        import psycopg
    except ImportError:
        raise UserError(
            shown, "psycopg is not installed", "the extra for Postgres", "pip install 'whowaits[postgres]'"
        ) from None
    if shown == "postgresql://...":
        raise UserError(
            "postgresql://...",
            "no URL of a database",
            "postgresql://user@host/database",
            "write @ : / ? # in a name as %40 ...",
        )
    try:
        return psycopg.connect(url, connect_timeout=_CONNECT_S, application_name="whowaits", autocommit=False)
    except psycopg.Error as error:
        raise UserError(
            shown, _refusal(error), "a database that answers", "check host, port, user and PGPASSWORD"
        ) from None


def _begin_reading(connection: psycopg.Connection[Any], schema: str | None) -> None:
    from psycopg import IsolationLevel

    connection.read_only = True
    connection.isolation_level = IsolationLevel.REPEATABLE_READ
    connection.execute("set local time zone 'UTC'")
    if schema:
        connection.execute("select set_config('search_path', quote_ident(%s), true)", [schema])


def _without_prisma(url: str) -> tuple[str, str | None]:
    """The URL as libpq takes it, and the schema: LiteLLM's DATABASE_URL is written for another client."""
    head, _, tail = url.partition("?")
    pairs = parse_qsl(tail, keep_blank_values=True)
    kept = [(name, value) for name, value in pairs if name not in (*_PRISMA_ONLY, "schema")]
    plain = "postgresql://" + head.split("://", 1)[1] + ("?" + urlencode(kept, quote_via=quote) if kept else "")
    return plain, dict(pairs).get("schema")


def _refusal(error: Exception) -> str:
    """Why there is no connection, in the server's words where it spoke. Other errors may quote the URL: not shown."""
    text = str(error)
    if "FATAL: " in text:
        return "the server refused: " + text.split("FATAL: ", 1)[1].splitlines()[0].strip()
    for reason in (
        "Connection refused",
        "timeout expired",
        "could not translate host name",
        "failed to resolve host",
        "No such file or directory",
    ):
        if reason in text:
            return f"no server answers ({reason[0].lower()}{reason[1:]})"
    if "no password supplied" in text:
        return "the server asks for a password"
    return "no connection" + (" (SSL)" if "SSL" in text else "")


def _query(connection: psycopg.Connection[Any], shown: str, newest_us: int | None) -> tuple[Any, list[Any]]:
    """The statement and its values."""
    from psycopg import sql

    row = connection.execute("select to_regclass(%s) is not null", [TABLE]).fetchone()
    if row is None or not row[0]:
        todo = "name the database of the LiteLLM proxy (?schema=... for a schema of its own)"
        raise UserError(shown, f"no table {TABLE}", "LiteLLM's spend log", todo)
    there = {name for (name,) in connection.execute(_COLUMNS, [TABLE]).fetchall()}
    missing = [name for name in NEEDED if name not in there]
    if missing:
        raise UserError(
            shown, f"no right to read {', '.join(missing)}", f"select on {TABLE}", "docs/postgres.md has the grant"
        )
    wanted = [name for name in _wanted() if name in there]
    query = sql.SQL("select row_to_json(t)::text from (select {} from {}").format(
        sql.SQL(", ").join(map(sql.Identifier, wanted)), sql.SQL(TABLE)
    )
    if newest_us is None:
        return query + sql.SQL(") t"), []
    since = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=newest_us) - OVERLAP
    return query + sql.SQL(' where "startTime" >= %s) t'), [since.replace(tzinfo=None)]


def _wanted() -> list[str]:
    import json

    return list(json.loads(formats()[FORMAT].shape))


def _chunks(
    connection: psycopg.Connection[Any], query: Any, values: list[Any], opening: Opening, limits: Limits
) -> Iterator[Chunk]:
    """Rows as they come from a cursor on the server; `line_no` counts them from 1."""
    seen, chunk, line_no = hashlib.sha256(), Chunk(), 1
    try:
        with _problems_told(opening.path), connection.cursor(name="whowaits") as cursor:
            cursor.itersize = _ROWS_A_TIME
            cursor.execute(query, values)
            for (text,) in cursor:
                data = text.encode()
                seen.update(data + b"\n")
                opening.bytes_read += len(data) + 1
                if len(data) > limits.record_bytes:
                    chunk.rejects.append((line_no, limits.reason(len(data))))
                else:
                    chunk.add(line_no, text)
                line_no += 1
                if chunk.full:
                    yield chunk
                    chunk = Chunk()
    finally:
        connection.close()
    opening.digest, opening.size = seen.hexdigest(), opening.bytes_read
    yield chunk


@contextmanager
def _problems_told(shown: str) -> Iterator[None]:
    import psycopg

    try:
        yield
    except psycopg.errors.InsufficientPrivilege:
        raise UserError(shown, "no right to read it", f"select on {TABLE}", "docs/postgres.md has the grant") from None
    except psycopg.Error as error:
        kind = type(error).__name__
        raise UserError(shown, f"the connection broke ({kind})", "a server that answers", "run it again") from None
