"""A table of SQLite, DuckDB or PostgreSQL, upserted by job and key. Exactly once: one transaction a delivery.

Columns `job`, `key`, `metadata`, `message` (JSON as text), unique by (`job`, `key`); made when it is not there.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import closing
from importlib import import_module
from typing import Any

from analyzer.batch.job import Destination
from analyzer.batch.sinks import Answer, DeliveryError
from analyzer.errors import UserError
from analyzer.sqlblocks import quoted

_MAKE = """create table if not exists {table} (
  job text not null, key text not null, metadata text, message text not null, primary key (job, key))"""
_UPSERT = """insert into {table} (job, key, metadata, message) {values}
on conflict (job, key) do update set metadata = excluded.metadata, message = excluded.message"""


class Table:
    """A Sink over a DB-API connection that is opened for each delivery and closed after it."""

    at_once = 1_000

    def __init__(self, connect: Callable[[], Any], table: str, place: str, values: str, *, by_column: bool) -> None:
        name = ".".join(quoted(part) for part in table.split("."))
        self._connect, self._place, self._by_column = connect, place, by_column
        self._make, self._upsert = _MAKE.format(table=name), _UPSERT.format(table=name, values=values)

    def mark(self) -> int:
        """Nothing to remember."""
        return 0

    def write(self, delivery_no: int, mark: int, answers: Iterator[Answer]) -> list[tuple[int, str]]:
        """All of the delivery, or nothing."""
        rows = [(answer.job, answer.key, answer.metadata, answer.message) for answer in answers]
        try:
            with closing(self._connect()) as connection:
                cursor = connection.cursor()
                cursor.execute("begin")
                cursor.execute(self._make)
                if self._by_column and rows:
                    cursor.execute(self._upsert, [list(column) for column in zip(*rows, strict=True)])
                else:
                    cursor.executemany(self._upsert, rows)
                cursor.execute("commit")
        except Exception as error:
            first = " ".join(str(error).split())[:200]
            raise DeliveryError(f"{self._place}: {type(error).__name__}: {first}") from None
        return []


def sink(destination: Destination) -> Table:
    """The table; the driver is imported here and nowhere else."""
    if destination.kind == "postgresql":
        return _postgresql(destination)
    path = destination.path
    assert path is not None
    module = _driver(destination.kind, "sqlite3" if destination.kind == "sqlite" else "duckdb")

    def connect() -> Any:
        path.parent.mkdir(parents=True, exist_ok=True)
        is_new = not path.exists()
        if destination.kind == "sqlite":
            connection = module.connect(path, timeout=destination.timeout_s, isolation_level=None)
        else:
            connection = module.connect(str(path))
        if is_new:
            path.chmod(0o600)  # answers will be in it: for nobody else to read
        return connection

    if destination.kind == "duckdb":  # a row at a time takes it milliseconds
        columns = "select " + ", ".join(["unnest(?::varchar[])"] * 4)
        return Table(connect, destination.table, destination.place, columns, by_column=True)
    return Table(connect, destination.table, destination.place, "values (?, ?, ?, ?)", by_column=False)


def _postgresql(destination: Destination) -> Table:
    dsn = os.environ.get(destination.dsn_env)
    if not dsn:
        raise UserError("environment", f"no {destination.dsn_env}", "the connection string of destination.dsn_env")
    module = _driver("postgresql", "psycopg")

    def connect() -> Any:
        try:
            return module.connect(dsn, autocommit=True, connect_timeout=destination.timeout_s)
        except Exception as error:
            # The driver's message may hold the connection string, and that a password.
            raise ConnectionError(f"no connection ({type(error).__name__})") from None

    return Table(connect, destination.table, destination.place, "values (%s, %s, %s, %s)", by_column=False)


def _driver(kind: str, name: str) -> Any:
    try:
        return import_module(name)
    except ImportError:
        raise UserError(
            f"destination of kind {kind}", f"{name} is not installed", name, f"pip install {name}"
        ) from None
