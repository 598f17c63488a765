"""Messages calls as HTTP exchanges: wrappers, clouds, and the same call through two logs."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from analyzer.store.audit import Audit, open_audit
from analyzer.store.ingest import ingest_paths

ANSWER: dict[str, Any] = {
    "id": "msg_1",
    "type": "message",
    "model": "claude-haiku-4-5",
    "usage": {"input_tokens": 5, "output_tokens": 2},
}


@pytest.fixture
def audit() -> Iterator[Audit]:
    with open_audit(None) as opened:
        yield opened


def ingest(audit: Audit, path: Path, *records: Any, indent: int | None = None) -> Any:
    path.write_text("\n".join(json.dumps(record, indent=indent) for record in records))
    return ingest_paths(audit, [str(path)]).files[0]


def rows(audit: Audit, columns: str) -> list[tuple[Any, ...]]:
    return audit.connection.execute(f"select {columns} from requests order by request_no").fetchall()


def exchange(url: str = "https://api.anthropic.com/v1/messages", **answer: Any) -> dict[str, Any]:
    return {
        "timestamp": "2026-11-02T08:00:00Z",
        "request": {"url": url, "headers": {}, "body": {"messages": []}},
        "response": {"status": 200, "headers": {}, "body": ANSWER | answer},
    }


@pytest.mark.parametrize(
    ("url", "provider", "model", "geography"),
    [
        ("https://api.anthropic.com/v1/messages", "anthropic", "claude-haiku-4-5", None),
        (
            "https://bedrock-runtime.us-east-1.amazonaws.com/model/us.anthropic.claude-haiku-4-5-20251001-v1%3A0/invoke",
            "aws_bedrock",
            "us.anthropic.claude-haiku-4-5-20251001-v1:0",
            None,
        ),
        (
            "https://us-east5-aiplatform.googleapis.com/v1/projects/p/locations/us-east5/publishers/anthropic/models/"
            "claude-haiku-4-5@20251001:rawPredict",
            "gcp_vertex",
            "claude-haiku-4-5",
            "us-east5",
        ),
        ("https://r.services.ai.azure.com/anthropic/v1/messages", "azure_foundry", "claude-haiku-4-5", None),
        ("/v1/messages", "anthropic", "claude-haiku-4-5", None),
    ],
)
def test_the_address_tells_the_provider(
    audit: Audit, tmp_path: Path, url: str, provider: str, model: str, geography: str | None
) -> None:
    ingest(audit, tmp_path / "a.jsonl", exchange(url))
    assert rows(audit, "provider, raw_model, inference_geo") == [(provider, model, geography)]


def test_an_id_tells_the_cloud_where_nothing_else_does(audit: Audit, tmp_path: Path) -> None:
    ingest(audit, tmp_path / "a.jsonl", exchange("", id="msg_bdrk_1"), exchange("", id="msg_vrtx_1"))
    assert rows(audit, "provider") == [("aws_bedrock",), ("gcp_vertex",)]


def test_a_har_file_written_over_many_lines_gives_all_its_entries(audit: Audit, tmp_path: Path) -> None:
    def entry(number: int) -> dict[str, Any]:
        text = base64.b64encode(json.dumps(ANSWER | {"id": f"msg_{number}"}).encode()).decode()
        return {
            "startedDateTime": f"2026-11-02T08:00:0{number}Z",
            "time": 1500,
            "request": {"url": "https://api.anthropic.com/v1/messages", "headers": [], "postData": {"text": "{}"}},
            "response": {"status": 200, "headers": [], "content": {"text": text, "encoding": "base64"}},
        }

    page = {"request": {"url": "https://x.test/"}, "response": {"status": 200, "content": {"text": "<html>"}}}
    har = {
        "log": {"version": "1.2", "entries": [entry(1), page | {"startedDateTime": "2026-11-02T08:00:00Z"}, entry(2)]}
    }
    result = ingest(audit, tmp_path / "a.har", har, indent=2)
    assert (result.source, result.accepted, result.context_lines) == ("messages_http", 2, 1)
    assert rows(audit, "request_id, duration_s") == [("msg_1", 1.5), ("msg_2", 1.5)]


@pytest.mark.parametrize("path", ["/v1/messages/count_tokens", "/v1/messages/batches", "/v1/models", "/favicon.ico"])
@pytest.mark.parametrize("status", [200, 404])
def test_an_exchange_with_another_endpoint_is_no_call(audit: Audit, tmp_path: Path, path: str, status: int) -> None:
    other = exchange(f"https://api.anthropic.com{path}?beta=true")
    other["response"] = {"status": status, "headers": {}, "body": {"type": "error"} if status == 404 else {"a": 1}}
    result = ingest(audit, tmp_path / "a.jsonl", other, exchange("/v1/messages?beta=true"))
    assert (result.accepted, result.context_lines, result.rejected) == (1, 1, 0)
    assert result.remarks == (("an exchange with another endpoint than Messages: no call, left out", 1),)


def test_the_same_call_in_a_wrapper_and_in_an_exchange_is_one(audit: Audit, tmp_path: Path) -> None:
    ingest(audit, tmp_path / "a.jsonl", {"started_at": "2026-11-02T08:00:00Z", "response": ANSWER})
    result = ingest(audit, tmp_path / "b.jsonl", exchange())
    assert (result.source, result.duplicates) == ("messages_http", 1)
    assert rows(audit, "source") == [("whowaits_jsonl",)]


def test_an_endless_nesting_in_a_body_is_refused(audit: Audit, tmp_path: Path) -> None:
    deep = exchange()
    deep["response"]["body"] = "[" * 100_000
    result = ingest(audit, tmp_path / "a.jsonl", deep, exchange())
    assert (result.accepted, result.rejected) == (1, 1)


def test_no_text_and_no_key_of_an_exchange_is_kept(audit: Audit, tmp_path: Path) -> None:
    secret = "zq-secret-7"
    record = exchange(content=[{"type": "text", "text": secret}])
    record["request"]["headers"] = {"x-api-key": secret, "Authorization": f"Bearer {secret}"}
    record["request"]["body"] = {"system": secret, "messages": [{"role": "user", "content": secret}]}
    record["request"]["body"]["metadata"] = {"user_id": secret}
    ingest(audit, tmp_path / "a.jsonl", record)
    kept = rows(audit, "*")
    assert len(kept) == 1
    assert secret not in repr(kept)
