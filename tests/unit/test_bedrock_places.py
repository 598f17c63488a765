"""Bedrock invocation logs as they lie about: S3 objects, exports, both places at once."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from analyzer.store.audit import Audit, open_audit
from analyzer.store.ingest import ingest_paths


@pytest.fixture
def audit() -> Iterator[Audit]:
    with open_audit(None) as opened:
        yield opened


def call(number: int, *, answer: str = "", **more: Any) -> dict[str, Any]:
    usage = {"input_tokens": 10 * number, "output_tokens": number}
    body = {"id": f"msg_bdrk_{number}", "type": "message", "model": "m", "content": [answer], "usage": usage}
    return {
        "schemaType": "ModelInvocationLog",
        "timestamp": f"2026-11-04T02:00:{number:02}Z",
        "requestId": f"rid-{number}",
        "operation": "InvokeModel",
        "modelId": "anthropic.claude-haiku-4-5-20251001-v1:0",
        "input": {"inputTokenCount": 10 * number},
        "output": {"outputTokenCount": number, "outputBodyJson": body},
        **more,
    }


def calls(audit: Audit) -> list[tuple[Any, ...]]:
    return audit.connection.execute(
        "select request_id, uncached_input_tokens, output_tokens from requests order by request_id"
    ).fetchall()


TWO = [("rid-1", 10, 1), ("rid-2", 20, 2)]


@pytest.mark.parametrize("between", ["\n", "", " "])
def test_an_s3_object_holds_lines_or_objects_one_after_another(audit: Audit, tmp_path: Path, between: str) -> None:
    folder = tmp_path / "AWSLogs/111122223333/BedrockModelInvocationLogs/us-east-1/2026/11/04/02"
    folder.mkdir(parents=True)
    data = between.join(json.dumps(call(number)) for number in (1, 2))
    (folder / "20261104T020000000Z_0123456789abcdef.json.gz").write_bytes(gzip.compress(data.encode()))
    result = ingest_paths(audit, [str(tmp_path)]).files[0]
    assert (result.source, result.accepted, result.rejected) == ("bedrock_invocation_log", 2, 0)
    assert calls(audit) == TWO


def test_the_same_calls_in_s3_and_in_cloudwatch_are_counted_once(audit: Audit, tmp_path: Path) -> None:
    """CloudWatch leaves large bodies out; of equal copies the one with a body stays, whichever comes first."""
    bare = [call(number) for number in (1, 2)]
    for record in bare:
        del record["output"]["outputBodyJson"]
    events = [{"timestamp": 1, "ingestionTime": 1, "message": json.dumps(record)} for record in bare]
    tmp_path.joinpath("a_cloudwatch.json").write_text(json.dumps({"events": events}, indent=2))
    tmp_path.joinpath("b_s3.json").write_text("\n".join(json.dumps(call(number)) for number in (1, 2)))
    results = ingest_paths(audit, [str(tmp_path)]).files
    assert sum(result.duplicates for result in results) == 2
    assert calls(audit) == TWO
    kept = audit.connection.execute("select distinct path from requests join files using (file_id)").fetchall()
    assert [Path(path).name for (path,) in kept] == ["b_s3.json"]


def test_an_export_of_cloudwatch_to_s3_has_a_time_before_each_line(audit: Audit, tmp_path: Path) -> None:
    lines = [f"2026-11-04T02:00:0{number}.123Z {json.dumps(call(number))}" for number in (1, 2)]
    path = tmp_path / "000000.gz"
    path.write_bytes(gzip.compress("\n".join([*lines, "2026-11-04T02:00:03.000Z START"]).encode()))
    result = ingest_paths(audit, [str(path)]).files[0]
    assert calls(audit) == TWO
    assert result.rejects == ((3, "not valid JSON (cut off or damaged)"),)


def test_a_health_check_of_a_subscription_is_no_call(audit: Audit, tmp_path: Path) -> None:
    check = {"messageType": "CONTROL_MESSAGE", "logGroup": "g", "logEvents": [{"id": "", "message": "CWL CONTROL"}]}
    data = {"messageType": "DATA_MESSAGE", "logGroup": "g", "logEvents": [{"id": "1", "message": json.dumps(call(1))}]}
    path = tmp_path / "delivery.gz"
    path.write_bytes(gzip.compress((json.dumps(check) + json.dumps(data)).encode()))
    result = ingest_paths(audit, [str(path)]).files[0]
    assert (result.accepted, result.context_lines, result.rejected) == (1, 1, 0)


def test_a_body_that_disagrees_with_the_counts_is_told(audit: Audit, tmp_path: Path) -> None:
    record = call(1)
    record["input"]["inputTokenCount"] = 99
    path = tmp_path / "a.json"
    path.write_text(json.dumps(record))
    result = ingest_paths(audit, [str(path)]).files[0]
    assert calls(audit) == [("rid-1", 10, 1)]
    assert result.remarks == (("counts of the record differ from the usage in its body: the body's are taken", 1),)


def test_no_text_of_a_body_is_kept(audit: Audit, tmp_path: Path) -> None:
    secret = "zq-text-of-an-answer"
    record = call(1, answer=secret, identity={"arn": f"arn:aws:iam::1:user/{secret}"})
    record["input"]["inputBodyJson"] = {"system": secret, "messages": [{"role": "user", "content": secret}]}
    path = tmp_path / "a.json"
    path.write_text(json.dumps(record))
    ingest_paths(audit, [str(path)])
    rows = audit.connection.execute("select * from requests").fetchall()
    assert len(rows) == 1
    assert secret not in repr(rows)
