"""The job store: one SQLite file in WAL mode; every change is one transaction, on the disk before it counts."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analyzer.errors import UserError
from analyzer.sqlblocks import sql_blocks

_FOLDER = Path(__file__).parent
_BUSY_S = 60.0


@dataclass(frozen=True)
class Store:
    """An open job store."""

    path: Path
    connection: sqlite3.Connection

    def run(self, block: str, **values: Any) -> sqlite3.Cursor:
        """Run a named block of store.sql."""
        return self.connection.execute(sql_blocks(_FOLDER / "store.sql")[block], values)

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
        except BaseException:
            self.connection.execute("rollback")
            raise
        self.connection.execute("commit")


@contextmanager
def open_store(path: Path) -> Iterator[Store]:
    """Open (or make) the job store.

    Raises: UserError when it is no job store, cannot be written, or stays busy.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None)
    except (OSError, sqlite3.Error) as error:
        raise UserError(str(path), f"cannot be opened ({error})", "a job store that can be written") from None
    try:
        connection.row_factory = sqlite3.Row
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = full")
        connection.execute("pragma foreign_keys = on")
        if not connection.execute("select count(*) from sqlite_master where name = 'deliveries'").fetchone()[0]:
            connection.executescript(
                "begin immediate;" + (_FOLDER / "schema.sql").read_text(encoding="utf-8") + "commit;"
            )
        yield Store(path, connection)
    except sqlite3.OperationalError as error:
        raise UserError(str(path), f"the job store refused ({error})", "a store that can be written") from error
    except sqlite3.DatabaseError as error:
        raise UserError(str(path), f"not a sound job store ({error})", "one made by `whowaits batch`") from error
    finally:
        connection.close()
