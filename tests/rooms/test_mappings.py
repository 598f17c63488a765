"""The mappings of docs/mappings read records of the shape that they name."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from analyzer.store.audit import Audit, open_audit
from analyzer.store.ingest import ingest_paths

FOLDER = Path(__file__).parents[2] / "docs" / "mappings"
RECORDS: dict[str, dict[str, Any]] = {
    "cloudflare_ai_gateway": {
        "id": "01J",
        "created_at": "2026-11-01T10:00:00Z",
        "provider": "anthropic",
        "model": "claude-sonnet-4-6",
        "tokens_in": 120,
        "tokens_out": 30,
        "duration": 2500,
        "cost": 0.0008,
        "cached": False,
        "success": True,
        "status_code": 200,
    },
    "databricks_ai_gateway": {
        "event_time": "2026-11-01T10:00:00Z",
        "requester": "someone@example.com",
        "destination_model": "claude-sonnet-4-6",
        "input_tokens": 120,
        "output_tokens": 30,
        "user_agent": "python-requests/2",
    },
}
EXPECTED = {
    "cloudflare_ai_gateway": ("anthropic", "01J", 2.5, "ok", None, "0.000800000000"),
    "databricks_ai_gateway": ("other", None, None, "ok", "python-requests/2", None),
}


@pytest.fixture
def audit() -> Iterator[Audit]:
    with open_audit(None) as opened:
        yield opened


def test_every_mapping_has_a_record_here() -> None:
    assert {path.stem for path in FOLDER.glob("*.toml")} == set(RECORDS)


@pytest.mark.parametrize("name", sorted(RECORDS))
def test_a_mapping_reads_its_record(name: str, audit: Audit, tmp_path: Path) -> None:
    (tmp_path / "calls.jsonl").write_text(json.dumps(RECORDS[name]) + "\n")
    result = ingest_paths(audit, [str(tmp_path / "calls.jsonl")], mapping=FOLDER / f"{name}.toml").files[0]
    assert (result.accepted, result.rejected) == (1, 0)
    row = audit.connection.execute(
        "select provider, request_id, duration_s, status, user_agent, reported_cost_usd::varchar from requests"
    ).fetchone()
    assert row == EXPECTED[name]
    counts = audit.connection.execute(
        "select started_us, raw_model, uncached_input_tokens, output_tokens, cache_read_tokens from requests"
    ).fetchone()
    assert counts == (1793527200000000, "claude-sonnet-4-6", 120, 30, 0)  # 2026-11-01T10:00:00Z


@pytest.mark.parametrize("name", sorted(RECORDS))
def test_a_mapping_names_only_fields_of_its_record(name: str) -> None:
    document = tomllib.loads((FOLDER / f"{name}.toml").read_text())
    assert set(document["columns"].values()) <= set(RECORDS[name])
