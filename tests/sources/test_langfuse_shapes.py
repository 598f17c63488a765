"""Langfuse: the shapes and traps beside its example."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
from log_reading import audit, buckets, lines, one, read, remarks

from analyzer.store.audit import Audit
from analyzer.store.ingest import IngestResult, ingest_paths

__all__ = ["audit"]

OBSERVATION = {
    "id": "o-1",
    "trace_id": "t-1",
    "project_id": "p",
    "type": "GENERATION",
    "parent_observation_id": "",
    "start_time": "2026-11-02 09:00:00.000",
    "end_time": "2026-11-02 09:00:02.000",
    "name": "answer",
    "provided_model_name": "claude-haiku-4-5",
    "usage_details": {"input": 10, "output": 5, "input_cache_read": 80, "total": 95},
}
TRACE = {
    "id": "t-1",
    "timestamp": "2026-11-02 09:00:00.000",
    "name": "chat",
    "project_id": "p",
    "user_id": "u",
    "session_id": "s-1",
    "release": "",
    "bookmarked": False,
    "tags": ["env:a", "env:b"],
}


def csv_of(row: dict[str, Any]) -> str:
    cells = {name: json.dumps(cell) if isinstance(cell, (dict, list)) else cell for name, cell in row.items()}
    out = io.StringIO()
    writer = csv.DictWriter(out, list(cells), lineterminator="\n")
    writer.writeheader()
    writer.writerow(cells)
    return out.getvalue()


def assert_joined(audit: Audit, result: IngestResult) -> None:
    assert {file.source for file in result.files} == {"langfuse"}
    assert buckets(audit) == [(10, 0, 0, 80, 5)]
    assert one(audit, "(session_id, application, tags['env'], duration_s)") == ("s-1", "chat", "b", 2.0)
    assert not any("without its trace" in remark for remark in remarks(result))


def test_a_blob_export_in_json_lines_is_joined_with_its_traces(audit: Audit, tmp_path: Path) -> None:
    files = {"p/observations/1.jsonl": lines(OBSERVATION), "p/traces/1.jsonl": lines(TRACE)}
    assert_joined(audit, read(audit, tmp_path, files))


def test_a_blob_export_in_csv_is_joined_with_its_traces(audit: Audit, tmp_path: Path) -> None:
    files = {"p/observations/1.csv": csv_of(OBSERVATION), "p/traces/1.csv": csv_of(TRACE)}
    assert_joined(audit, read(audit, tmp_path, files))


def test_a_blob_export_in_parquet_is_joined_with_its_traces(audit: Audit, tmp_path: Path) -> None:
    engine = duckdb.connect()
    usage = "map {'input': 10::ubigint, 'output': 5, 'input_cache_read': 80, 'total': 95} as usage_details"
    columns = ", ".join(f"'{value}' as {name}" for name, value in OBSERVATION.items() if name != "usage_details")
    engine.execute(f"copy (select {columns}, {usage}) to '{tmp_path}/observations.parquet' (format parquet)")
    plain = ", ".join(f"'{TRACE[name]}' as {name}" for name in TRACE if name not in ("tags", "bookmarked"))
    engine.execute(
        f"copy (select {plain}, false as bookmarked, ['env:a', 'env:b'] as tags) "
        f"to '{tmp_path}/traces.parquet' (format parquet)"
    )
    engine.close()
    assert_joined(audit, ingest_paths(audit, [str(tmp_path)]))


def test_observations_without_their_trace_are_told(audit: Audit, tmp_path: Path) -> None:
    result = read(audit, tmp_path, {"o.jsonl": lines(OBSERVATION)})
    assert any("give the traces too" in remark for remark in remarks(result))
    assert one(audit, "session_id") is None


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({"input": 10, "output": 5, "output_reasoning_tokens": 7}, (10, 0, 0, 0, 5 + 7)),
        ({"input": 10, "output": 12, "output_reasoning_tokens": 7, "total": 22}, (10, 0, 0, 0, 12)),
        ({"input": 10, "output": 5, "input_cache_creation": 3, "input_cache_creation_5m": 20}, (10, 23, 0, 0, 5)),
        (
            {"input": 10, "output": 5, "cache_creation_input_tokens": 50, "input_cache_creation_1h": 20},
            (10, 30, 20, 0, 5),
        ),
        ({"input": 10, "output": 5, "cache_read_input_tokens": 8, "input_cached_tokens": 8}, (10, 0, 0, 8, 5)),
        ({"input_tokens": 10, "output_tokens": 5, "cache_creation_input_tokens": 6}, (10, 6, 0, 0, 5)),
        ({"promptTokens": 10, "completionTokens": 5, "totalTokens": 15}, (10, 0, 0, 0, 5)),
        (
            {"input": 100, "output": 5, "input_cache_read": 60, "input_cache_creation": 30, "total": 165},
            (70, 30, 0, 60, 5),
        ),
    ],
)
def test_usage_keys_of_langfuse_are_read_each_once(
    audit: Audit, tmp_path: Path, usage: dict[str, int], expected: tuple[int, ...]
) -> None:
    read(audit, tmp_path, {"o.jsonl": lines(OBSERVATION | {"usage_details": usage})})
    assert buckets(audit) == [expected]


def test_an_agent_with_a_model_repeats_its_generations(audit: Audit, tmp_path: Path) -> None:
    agent = OBSERVATION | {"id": "a", "type": "AGENT", "usage_details": {"input": 99, "output": 9}}
    inner = OBSERVATION | {"parent_observation_id": "a"}
    alone = OBSERVATION | {"id": "b", "type": "AGENT", "trace_id": "t-2", "usage_details": {"input": 7, "output": 3}}
    result = read(audit, tmp_path, {"o.jsonl": lines(agent, inner, alone)})
    assert buckets(audit) == [(7, 0, 0, 0, 3), (10, 0, 0, 80, 5)]
    assert any("repeats the usage of the generations" in remark for remark in remarks(result))


def test_no_text_of_a_trace_reaches_the_audit(audit: Audit, tmp_path: Path) -> None:
    secret = "Dear Sir, my number is 555"
    observation = OBSERVATION | {
        "input": [{"role": "user", "content": secret}],
        "metadata": {"note": secret, "job": "x"},
    }
    read(audit, tmp_path, {"o.jsonl": lines(observation, TRACE | {"input": secret, "metadata": {"note": secret}})})
    assert one(audit, "(message_count, tags['job'])") == (1, "x")
    assert "Dear Sir" not in one(audit, "requests::varchar")
