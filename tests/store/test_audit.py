"""Opening what is no audit is told in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer.errors import UserError
from analyzer.store.audit import open_audit


def test_a_log_is_no_audit(tmp_path: Path) -> None:
    log = tmp_path / "app.jsonl"
    log.write_text('{"started_at": "2026-10-01T00:00:00Z"}\n')
    with pytest.raises(UserError, match="not an audit file"), open_audit(log, must_exist=True):
        pass
    assert log.read_text().startswith("{")


def test_the_salt_stays_with_the_file(tmp_path: Path) -> None:
    with open_audit(tmp_path / "a.duckdb") as first:
        salt = first.salt
    with open_audit(tmp_path / "a.duckdb", must_exist=True) as second:
        assert second.salt == salt
