"""Opening the audit file: one to fill, or one that has something to ask about."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from analyzer.errors import UserError

if TYPE_CHECKING:
    from analyzer.store.audit import Audit

STOPPED = "stopped; what was read completely is kept"
STOPPED_EARLY = "stopped; nothing was read completely yet"


def count_requests(audit: Audit) -> int:
    """Requests in the audit, priced or not, and rows of usage reports."""
    row = audit.connection.execute(
        "select (select count(*) from requests) + (select count(*) from usage_rollups)"
    ).fetchone()
    return int(row[0]) if row else 0


def is_interrupt(error: BaseException | None) -> bool:
    """Whether Ctrl-C is behind it; inside a query DuckDB tells that as a RuntimeError of its own words."""
    while error is not None:
        if isinstance(error, KeyboardInterrupt | click.Abort) or str(error) == "Query interrupted":
            return True
        error = error.__context__
    return False


@contextmanager
def open_audit_with_requests(path: Path) -> Iterator[Audit]:
    """An audit that has something in it.

    Raises: UserError when it is not there (an audit in a folder beside it is offered), is no audit, or is empty.
    """
    from analyzer.store.audit import open_audit

    if not path.exists():
        raise UserError(str(path), "no such audit file", "one made by `whowaits analyze` or `ingest`", _offer(path))
    _check_rights(path)
    empty = UserError(str(path), "no requests in this audit", "", "read some logs into it first: whowaits ingest")
    if path.is_file() and not path.stat().st_size:
        raise empty  # DuckDB would make a database of an empty file
    with open_audit(path, must_exist=True) as audit:
        if not count_requests(audit):
            raise empty
        yield audit


def _check_rights(path: Path) -> None:
    if not os.access(path, os.R_OK | os.W_OK, effective_ids=os.access in os.supports_effective_ids):
        raise UserError(str(path), "no right to read and write here", "an audit of your own", "check the rights")


def _offer(path: Path) -> str:
    found = sorted(path.parent.glob("*/audit.duckdb"), key=lambda near: (-near.stat().st_mtime, str(near)))
    return (
        f"did you mean --audit {shlex.quote(str(found[0]))}?"
        if found
        else "read some logs first: whowaits analyze PATH"
    )


@contextmanager
def audit_to_fill(path: Path) -> Iterator[Audit]:
    """An audit to read logs into, made where there is none; one made here is removed again when nothing came of it.

    Raises: UserError; click.Abort with a line that says what is kept, when interrupted.
    """
    from analyzer.store.audit import open_audit

    if not path.parent.is_dir():
        raise UserError(
            str(path.parent), "no such folder", "the folder for the audit file", "make it or choose --audit"
        )
    _check_rights(path if path.exists() else path.parent)
    is_new = is_fruitless = not path.exists()
    try:
        with open_audit(path) as audit:
            try:
                yield audit
                is_fruitless = False
            except BaseException:
                is_fruitless = is_new and not count_requests(audit)
                raise
    except (KeyboardInterrupt, Exception) as error:
        if is_interrupt(error):
            raise click.Abort(STOPPED_EARLY if is_fruitless else STOPPED) from None
        raise
    finally:
        if is_fruitless:
            path.unlink(missing_ok=True)
            path.with_name(f"{path.name}.wal").unlink(missing_ok=True)
