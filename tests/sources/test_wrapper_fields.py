"""The wrapper's fields that decide most: a value that is none of those that are known is told, and never guessed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from analyzer.store.audit import open_audit
from analyzer.store.ingest import ingest_paths


def read(tmp_path: Path, **fields: Any) -> tuple[tuple[Any, ...], tuple[tuple[str, int], ...]]:
    call = {"started_at": "2026-11-01T10:00:00Z", "usage": {"input_tokens": 1, "output_tokens": 1}, **fields}
    (tmp_path / "log.jsonl").write_text(json.dumps(call) + "\n")
    with open_audit(None) as audit:
        (result,) = ingest_paths(audit, [str(tmp_path / "log.jsonl")]).files
        row = audit.connection.execute(
            "select trigger, awaited, needed_within_s, read_us, status from requests"
        ).fetchone()
        assert row is not None
        return row, result.remarks


@pytest.mark.parametrize(
    ("fields", "remark"),
    [
        ({"trigger": "cron"}, "trigger: not user, schedule, queue or event, left out"),
        ({"awaited": "maybe"}, "awaited: not true or false, left out"),
        ({"awaited": "no"}, "awaited: not true or false, left out"),
        ({"needed_within_s": "5h"}, "needed_within_s: no number of seconds, left out"),
        ({"read_at": "later"}, "read_at: no date and time, left out"),
    ],
)
def test_a_value_that_is_not_known_is_left_out_and_told(fields: dict[str, Any], remark: str, tmp_path: Path) -> None:
    assert read(tmp_path, **fields) == ((None, None, None, None, "ok"), ((remark, 1),))


def test_an_unknown_status_is_told(tmp_path: Path) -> None:
    row, remarks = read(tmp_path, status="weird")
    assert (row[4], remarks) == ("unknown", (("status: not ok, error or cancelled, taken as unknown", 1),))


@pytest.mark.parametrize(("value", "expected"), [(True, True), ("true", True), (False, False), ("False", False)])
def test_awaited_is_true_or_false(value: Any, expected: bool, tmp_path: Path) -> None:
    row, remarks = read(tmp_path, awaited=value, trigger="schedule", needed_within_s=60)
    assert (row[:3], remarks) == (("schedule", expected, 60.0), ())
