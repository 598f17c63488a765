"""The job store: one SQLite file in WAL mode; every change is one transaction, on the disk before it counts."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from analyzer.errors import UserError
from analyzer.sqlblocks import sql_blocks

_FOLDER = Path(__file__).parent
_BUSY_S = 60.0
_VERSION = 3


@dataclass(frozen=True)
class Store:
    """An open job store; one thread's."""

    path: Path
    connection: sqlite3.Connection
    blocks: dict[str, str]

    def run(self, block: str, **values: Any) -> sqlite3.Cursor:
        """Run a named block of the .sql files beside."""
        return self.connection.execute(self.blocks[block], values)

    def run_many(self, block: str, values: Iterable[dict[str, Any]]) -> int:
        """Run a named block for each; how many rows were changed."""
        return self.connection.executemany(self.blocks[block], values).rowcount

    def rows(self, block: str, **values: Any) -> list[sqlite3.Row]:
        """All rows of a named block."""
        return self.run(block, **values).fetchall()

    def row(self, block: str, **values: Any) -> sqlite3.Row:
        """The one row of a named block that always has one."""
        row: sqlite3.Row = self.run(block, **values).fetchone()
        return row

    @contextmanager
    def change(self) -> Iterator[None]:
        """One write transaction; taken at once, so that what is read inside is still true when it commits."""
        self.connection.execute("begin immediate")
        try:
            yield
            self.connection.execute("commit")
        except BaseException:
            if self.connection.in_transaction:  # a full disk has rolled it back already
                self.connection.execute("rollback")
            raise


@cache
def _statements() -> dict[str, str]:
    """All named blocks; a name stands in one file only."""
    found: dict[str, str] = {}
    for name in ("queue", "batches", "delivery", "figures"):
        blocks = sql_blocks(_FOLDER / f"{name}.sql")
        if twice := found.keys() & blocks.keys():
            raise ValueError(f"{name}.sql: {', '.join(sorted(twice))} stands in another file too")
        found |= blocks
    return found


@contextmanager
def open_store(path: Path) -> Iterator[Store]:
    """Open (or make) the job store.

    Raises: UserError when it is no job store, cannot be written, or stays busy.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            path.touch(0o600)  # requests are in it: for nobody else to read, nor the files that SQLite puts beside it
        connection = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None)
    except (OSError, sqlite3.Error) as error:
        raise UserError(str(path), f"cannot be opened ({error})", "a job store that can be written") from None
    try:
        connection.row_factory = sqlite3.Row
        _lay_out(path, connection)
        yield Store(path, connection, _statements())
    except sqlite3.OperationalError as error:
        todo = "nothing is lost: make room or lend the right to write, and run it again"
        raise UserError(str(path), f"the job store refused ({error})", "a store that can be written", todo) from error
    except sqlite3.DatabaseError as error:
        todo = "put a copy of it back, with its -wal file; batches that were sent since are found by `submit`"
        raise UserError(str(path), f"not a sound job store ({error})", "one made by `whowaits batch`", todo) from error
    finally:
        connection.close()


def _lay_out(path: Path, connection: sqlite3.Connection) -> None:
    # In this order: whoever lays it out makes tables and version in one transaction.
    has_items = connection.execute("select count(*) from sqlite_master where name = 'items'").fetchone()[0]
    version = connection.execute("pragma user_version").fetchone()[0]
    if version == 0:
        connection.execute("pragma auto_vacuum = incremental")
    connection.execute("pragma journal_mode = wal")
    connection.execute("pragma synchronous = full")
    connection.execute("pragma foreign_keys = on")
    if version == 0:
        if has_items:
            raise UserError(
                str(path), "a job store of an earlier version", f"version {_VERSION}", "finish it with that"
            )
        schema = (_FOLDER / "schema.sql").read_text(encoding="utf-8")
        connection.executescript(f"begin immediate; {schema} pragma user_version = {_VERSION}; commit;")
    elif version != _VERSION:
        raise UserError(
            str(path), f"a job store of version {version}", f"version {_VERSION}", "use the whowaits for it"
        )
