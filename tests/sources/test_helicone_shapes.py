"""Helicone: the shapes and traps beside its example."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

from log_reading import audit, buckets, lines, one, read, remarks

from analyzer.store.audit import Audit

__all__ = ["audit"]


def helicone(**more: Any) -> dict[str, Any]:
    return {
        "response_id": "r-1",
        "request_id": "q-1",
        "request_created_at": "2026-11-02T09:00:00Z",
        "response_created_at": "2026-11-02T09:00:03Z",
        "response_status": 200,
        "model": "claude-sonnet-4-6",
        "provider": "ANTHROPIC",
        "prompt_tokens": 10,
        "completion_tokens": 4,
        "prompt_cache_read_tokens": 100,
        "prompt_cache_write_tokens": 0,
    } | more


def as_csv(row: dict[str, Any]) -> str:
    """As the export script writes it: objects have their quotes doubled once more than CSV needs."""
    cells = {
        name: json.dumps(cell).replace('"', '""') if isinstance(cell, dict) else cell for name, cell in row.items()
    }
    out = io.StringIO()
    writer = csv.DictWriter(out, list(cells), quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writeheader()
    writer.writerow(cells)
    return out.getvalue()


CSV_ROW = {
    "response_id": "r-1",
    "response_created_at": "2026-11-02T09:00:03Z",
    "response_status": 200,
    "request_created_at": "2026-11-02T09:00:00Z",
    "request_body": {"max_tokens": 64, "messages": [{"role": "user", "content": 'say "hi"'}]},
    "request_properties": {"job": "digest", "empty": ""},
    "request_user_id": "u",
    "model": "claude-sonnet-4-6",
    "prompt_tokens": 10,
    "completion_tokens": 4,
    "latency": "",
    "cost": 0.01,
}


def test_the_csv_of_helicone_is_read_and_its_missing_cache_counts_are_told(audit: Audit, tmp_path: Path) -> None:
    result = read(audit, tmp_path, {"output.csv": as_csv(CSV_ROW)})
    assert [file.source for file in result.files] == ["helicone"]
    assert buckets(audit) == [(10, 0, 0, 0, 4)]
    assert one(audit, "(tags['job'], max_output_tokens, message_count, duration_s)") == ("digest", 64, 1, 3.0)
    assert any("no cache counts in this export" in remark for remark in remarks(result))


def test_helicone_json_with_a_trailing_comma_and_its_csv_are_the_same_calls(audit: Audit, tmp_path: Path) -> None:
    body = {"id": "msg_5", "model": "claude-sonnet-4-6", "usage": {"input_tokens": 10, "output_tokens": 4,
            "cache_read_input_tokens": 100}}  # fmt: skip
    row = helicone(response_body=body, request_properties={})
    files = {"output.csv": as_csv(CSV_ROW), "output.json": "[\n" + json.dumps(row, indent=2) + ",\n]\n"}
    result = read(audit, tmp_path, files)
    assert (result.accepted, result.duplicates, result.rejected) == (1, 1, 0)
    assert buckets(audit) == [(10, 0, 0, 100, 4)]


def test_of_the_versions_in_clickhouse_the_one_updated_last_counts(audit: Audit, tmp_path: Path) -> None:
    row = {
        "response_id": "r-1",
        "request_id": "q-1",
        "request_created_at": "2026-11-02 09:00:00.000",
        "response_created_at": "2026-11-02 09:00:03.000",
        "status": 200,
        "latency": 3000,
        "organization_id": "o",
        "model": "claude-sonnet-4-6",
        "prompt_tokens": 10,
        "cost": 900000,
    }
    late = row | {"completion_tokens": 4, "updated_at": "2026-11-02 09:00:05.000"}
    early = row | {"completion_tokens": 400, "updated_at": "2026-11-02 09:00:04.000"}
    result = read(audit, tmp_path, {"rmt.jsonl": lines(late, early)})
    assert (result.accepted, result.duplicates) == (1, 1)
    assert buckets(audit) == [(10, 0, 0, 0, 4)]
    assert one(audit, "reported_cost_usd") is None


def test_a_page_of_helicones_api_gives_its_rows(audit: Audit, tmp_path: Path) -> None:
    page = {"data": [helicone(), helicone(response_id="r-2", request_id="q-2")], "error": None}
    assert read(audit, tmp_path, {"page.json": json.dumps(page)}).accepted == 2


def test_a_stream_kept_by_helicone_tells_its_usage(audit: Audit, tmp_path: Path) -> None:
    start = {"type": "message_start", "message": {"id": "msg_6", "model": "claude-sonnet-4-6",
             "usage": {"input_tokens": 10, "output_tokens": 1, "cache_read_input_tokens": 100}}}  # fmt: skip
    end = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 44}}
    stream = "".join(f"event: x\ndata: {json.dumps(event)}\n\n" for event in (start, end))
    read(audit, tmp_path, {"h.jsonl": lines(helicone(response_body=stream))})
    assert buckets(audit) == [(10, 0, 0, 100, 44)]
