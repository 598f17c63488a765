"""The audit file: one DuckDB database that holds what was read, once, and nothing of what was said."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from analyzer.errors import UserError

if TYPE_CHECKING:
    import duckdb

SCHEMA_VERSION = "5"


@dataclass(frozen=True)
class Audit:
    """An open audit file. `salt` is its own, for user ids and prompt hashes."""

    path: Path | None
    connection: duckdb.DuckDBPyConnection
    salt: str


@contextmanager
def open_audit(path: Path | None, *, must_exist: bool = False) -> Iterator[Audit]:
    """Open (or make) the audit file; None keeps it in memory.

    Extensions are never downloaded. Times are UTC.
    Raises: UserError when the file is locked, is no audit, or (with `must_exist`) is not there.
    """
    import duckdb

    if must_exist and path is not None and not path.exists():
        raise UserError(str(path), "no such audit file", "one made by `whowaits ingest`", "ingest some logs first")
    if path is not None and path.is_file() and (path.stat().st_size or must_exist) and not _is_database(path):
        raise UserError(str(path), "not an audit file", "one made by `whowaits ingest`", "ingest the log, then ask")
    where = str(path) if path else ":memory:"
    try:
        connection = duckdb.connect(
            where, config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
        )
    except duckdb.IOException as error:
        kind = "in use by another process" if "lock" in str(error).lower() else "not a DuckDB file or not readable"
        todo = "close the other program or choose --audit"
        raise UserError(where, kind, "an audit file that is free", todo) from None
    try:
        connection.execute("set TimeZone = 'UTC'")
        _check_version(where, connection)
        connection.execute((Path(__file__).parent / "schema.sql").read_text(encoding="utf-8"))
        yield Audit(path, connection, _salt(connection))
    finally:
        connection.close()


def _is_database(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(12)[8:] == b"DUCK"


def _check_version(where: str, connection: duckdb.DuckDBPyConnection) -> None:
    tables = {row[0] for row in connection.execute("select table_name from duckdb_tables()").fetchall()}
    if "audit_facts" not in tables:
        return
    row = connection.execute("select value from audit_facts where name = 'schema_version'").fetchone()
    if row is not None and row[0] != SCHEMA_VERSION:
        found = f"an audit file of version {row[0]}"
        raise UserError(where, found, f"version {SCHEMA_VERSION}", "ingest the logs again into a new file")


def _salt(connection: duckdb.DuckDBPyConnection) -> str:
    row = connection.execute("select value from audit_facts where name = 'salt'").fetchone()
    if row is not None:
        return str(row[0])
    salt = secrets.token_hex(16)
    connection.executemany(
        "insert into audit_facts values (?, ?)",
        [
            ("salt", salt),
            ("schema_version", SCHEMA_VERSION),
            ("created_at", datetime.now(UTC).isoformat(timespec="seconds")),
        ],
    )
    return salt
