"""Requests and answers out of the logs of Bedrock and Vertex: the bodies with their model, found again in the audit."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from analyzer.config import Config
from analyzer.pricing import models
from analyzer.store.audit import open_audit
from analyzer.store.ingest import ingest_paths
from analyzer.workloads import scan
from analyzer.workloads.bodies import LoggedCall, batch_params, logged_calls
from analyzer.workloads.cloud_calls import cloud_calls

PROOFS = Path(__file__).parents[1] / "sources"


def calls_of(path: Path) -> list[LoggedCall]:
    with open_audit(None) as audit:
        ingest_paths(audit, [str(path)])
        scan(audit, Config())
        return list(logged_calls(audit, str(path), Counter()))


@pytest.mark.parametrize("name", ["bedrock_invocation_log", "vertex_request_response"])
def test_calls_of_the_examples_are_found_again_with_their_bodies(name: str) -> None:
    calls = calls_of(PROOFS / name / "input.jsonl")
    whole = [call for call in calls if call.component_no is not None and call.body is not None]
    assert whole
    for call in whole:
        assert call.body is not None
        params = batch_params(call.body)
        assert params is None or (params["model"] in models() and "anthropic_version" not in params)
    assert any(batch_params(call.body or {}) for call in whole)


def test_a_record_of_bedrock_is_a_request_with_the_model_it_names() -> None:
    record = {
        "schemaType": "ModelInvocationLog",
        "requestId": "rid-1",
        "modelId": "us.anthropic.claude-haiku-4-5-20251001-v1:0",
        "input": {"inputBodyJson": {"max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}},
        "output": {"outputBodyJson": {"id": "msg_1", "content": [{"type": "text", "text": "yes"}]}},
    }
    inside = {"logEvents": [{"message": json.dumps(record)}, {"message": "another log"}]}
    body = {"max_tokens": 9, "messages": [{"role": "user", "content": "hi"}], "model": "claude-haiku-4-5"}
    answer = {"id": "msg_1", "content": [{"type": "text", "text": "yes"}]}
    assert list(cloud_calls(record)) == list(cloud_calls(inside)) == [("rid-1", body, answer)]


@pytest.mark.parametrize("asked", ["full_request", "request_payload"])
def test_a_row_of_vertex_is_a_request_with_the_model_of_its_path(asked: str) -> None:
    request = {"max_tokens": 9, "messages": []}
    row: dict[str, Any] = {"request_id": 7, "model": "publishers/anthropic/models/claude-sonnet-4-5@20250929"}
    row[asked] = json.dumps(request) if asked == "full_request" else [json.dumps(request)]
    assert list(cloud_calls(row)) == [("7", {**request, "model": "claude-sonnet-4-5"}, None)]


@pytest.mark.parametrize(
    "document",
    [
        {"request": {"model": "m"}},
        {},
        {"schemaType": "other"},
        {"@message": "text"},
        {"schemaType": "ModelInvocationLog", "input": 3, "output": None, "modelId": 5},
        {"full_request": "{", "model": None},
        {"request_payload": [[]]},
    ],
)
def test_odd_records_give_no_body(document: dict[str, Any]) -> None:
    assert all(body is None and answer is None for _, body, answer in cloud_calls(document))
