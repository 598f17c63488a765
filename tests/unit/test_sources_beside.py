"""Objects that lie beside a log: which batch, which job, and when none can be told."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from analyzer.store.audit import Audit, open_audit
from analyzer.store.ingest import ingest_paths

AT = {1: 1793667600000000, 2: 1793754000000000}  # 2026-11-03 and -04, 01:00 UTC
MISSING = "created_at of the batch object: missing, expected a date and time (or give one for all with --at)"


def batch(number: int) -> dict[str, Any]:
    return {
        "id": f"msgbatch_0{number}",
        "type": "message_batch",
        "processing_status": "ended",
        "request_counts": {"succeeded": 1},
        "created_at": f"2026-11-0{number + 2}T01:00:00+00:00",
    }


def result(number: int) -> str:
    message = {"id": f"msg_{number}", "model": "claude-haiku-4-5", "usage": {"input_tokens": 5, "output_tokens": 1}}
    return json.dumps({"custom_id": f"item-{number}", "result": {"type": "succeeded", "message": message}}) + "\n"


@pytest.fixture
def audit() -> Iterator[Audit]:
    with open_audit(None) as opened:
        yield opened


def started(audit: Audit, folder: Path, **options: Any) -> list[tuple[str, int]]:
    ingest_paths(audit, [str(folder)], **options)
    return audit.connection.execute("select request_id, started_us from requests order by request_id").fetchall()


def reasons(audit: Audit) -> list[str]:
    return [row[0] for row in audit.connection.execute("select reason from rejects order by 1").fetchall()]


def test_the_only_batch_object_in_the_folder_gives_the_time(audit: Audit, tmp_path: Path) -> None:
    tmp_path.joinpath("results.jsonl").write_text(result(1))
    tmp_path.joinpath("batch.json").write_text(json.dumps(batch(1), indent=2))
    assert started(audit, tmp_path) == [("item-1", AT[1])]
    assert reasons(audit) == []


def test_the_id_in_the_name_chooses_among_batch_objects(audit: Audit, tmp_path: Path) -> None:
    for number in (1, 2):
        tmp_path.joinpath(f"msgbatch_0{number}_results.jsonl").write_text(result(number))
    page = {"data": [batch(1), batch(2)], "has_more": False}
    tmp_path.joinpath("batches.json").write_text(json.dumps(page))
    assert started(audit, tmp_path) == [("item-1", AT[1]), ("item-2", AT[2])]


def test_two_batch_objects_and_no_id_in_the_name_are_not_guessed_between(audit: Audit, tmp_path: Path) -> None:
    tmp_path.joinpath("results.jsonl").write_text(result(1))
    tmp_path.joinpath("batches.jsonl").write_text(json.dumps(batch(1)) + "\n" + json.dumps(batch(2)) + "\n")
    assert started(audit, tmp_path) == []
    assert reasons(audit) == [MISSING]


def test_a_name_with_another_id_does_not_take_the_only_batch_object(audit: Audit, tmp_path: Path) -> None:
    tmp_path.joinpath("msgbatch_09_results.jsonl").write_text(result(1))
    tmp_path.joinpath("batch.json").write_text(json.dumps(batch(1)))
    assert started(audit, tmp_path) == []
    assert reasons(audit) == [MISSING]


def test_the_time_given_for_all_is_taken_where_there_is_no_batch_object(audit: Audit, tmp_path: Path) -> None:
    tmp_path.joinpath("results.jsonl").write_text(result(1))
    assert started(audit, tmp_path, assumed_us=AT[2]) == [("item-1", AT[2])]
    remarks = [row[0] for row in audit.connection.execute("select remark from remarks").fetchall()]
    assert remarks == ["no time in the record: the one given with --at is taken"]


def test_compressed_results_and_batch_objects_find_one_another(audit: Audit, tmp_path: Path) -> None:
    tmp_path.joinpath("results.jsonl.gz").write_bytes(gzip.compress(result(1).encode()))
    tmp_path.joinpath("batch.json.gz").write_bytes(gzip.compress(json.dumps(batch(2)).encode()))
    assert started(audit, tmp_path) == [("item-1", AT[2])]


def test_a_damaged_file_beside_is_passed_over(audit: Audit, tmp_path: Path) -> None:
    tmp_path.joinpath("results.jsonl").write_text(result(1))
    tmp_path.joinpath("a.json.gz").write_bytes(gzip.compress(json.dumps(batch(2)).encode())[:40])
    tmp_path.joinpath("b.json").write_text(json.dumps(batch(1)))
    tmp_path.joinpath("c.json").write_text('{"processing_status": ')
    assert started(audit, tmp_path) == [("item-1", AT[1])]


def test_results_of_a_batch_cost_half_without_a_service_tier(audit: Audit, tmp_path: Path) -> None:
    """Haiku 4.5 costs $1 and $5 a million: 5 in and 1 out are (5 x 1 + 1 x 5) / 2 / 1,000,000 = $0.000005."""
    from decimal import Decimal

    from analyzer.config import Config
    from analyzer.workloads.usage import spend_by

    tmp_path.joinpath("results.jsonl").write_text(result(1))
    tmp_path.joinpath("batch.json").write_text(json.dumps(batch(1)))
    started(audit, tmp_path)
    assert spend_by(audit, Config()).total.list_cost_usd == Decimal("0.000005")


def test_an_output_file_of_openai_batches_is_not_taken_for_results(audit: Audit, tmp_path: Path) -> None:
    from analyzer.errors import UserError

    line = {
        "id": "batch_req_1",
        "custom_id": "a",
        "response": {"status_code": 200, "body": {"usage": {}}},
        "error": None,
    }
    tmp_path.joinpath("out.jsonl").write_text(json.dumps(line))
    with pytest.raises(UserError, match="not understood"):
        started(audit, tmp_path)
