"""Calls in the logs that Bedrock and Vertex write, as the Messages API has them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from analyzer.pricing import resolve_model
from analyzer.sources.bedrock_invocation_log import invocations
from analyzer.workloads.answers import whole_answer

Message = dict[str, Any]
_MODEL_OF_VERTEX = re.compile(r"models/([^/:]+)")


def cloud_calls(document: dict[str, Any]) -> Iterator[tuple[str | None, Message | None, Message | None]]:
    """(request id, request body, answer) of each call in a record of a cloud's log; nothing in any other record.

    The body has the model of the call, which the clouds keep beside it; None = the log holds no body.
    """
    if {"full_request", "request_payload"} & set(document):
        yield _of_vertex(document)
    elif {"schemaType", "logEvents", "@message"} & set(document):
        for record in invocations(document):
            if record["schemaType"] == "ModelInvocationLog":
                yield _of_bedrock(record)


def _of_bedrock(record: Mapping[str, Any]) -> tuple[str | None, Message | None, Message | None]:
    answer = whole_answer(_json(_inside(record, "output", "outputBodyJson")))
    body = _with_model(_json(_inside(record, "input", "inputBodyJson")), record.get("modelId"), answer, "aws_bedrock")
    return _text(record.get("requestId")), body, answer


def _of_vertex(row: Mapping[str, Any]) -> tuple[str | None, Message | None, Message | None]:
    asked = _json(row.get("full_request")) or _first(_json(row.get("request_payload")))
    answer = whole_answer(_json(row.get("full_response")) or _first(_json(row.get("response_payload"))))
    path = str(row.get("model") or row.get("endpoint") or "")
    named = _MODEL_OF_VERTEX.search(path)
    body = _with_model(asked, named[1] if named else path, answer, "gcp_vertex")
    return _text(row.get("request_id")), body, answer


def _with_model(body: Any, told: Any, answer: Message | None, provider: str) -> Message | None:
    """The body with the model as told, else (behind a profile of the account's own) that of the answer."""
    if not isinstance(body, dict):
        return None
    if body.get("model") or not isinstance(told, str) or not told:
        return body
    names = [told, *([answer["model"]] if answer and isinstance(answer.get("model"), str) else [])]
    known = (resolve_model(name, provider).model for name in names)
    return {**body, "model": next((model for model in known if model), told)}


def _inside(record: Mapping[str, Any], side: str, name: str) -> Any:
    holder = record.get(side)
    return holder.get(name) if isinstance(holder, dict) else None


def _first(value: Any) -> Any:
    """A list of one that holds the text of the whole, as rows without `full_request` have it."""
    return _json(value[0]) if isinstance(value, list) and value else value


def _json(value: Any) -> Any:
    if isinstance(value, str):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def _text(value: Any) -> str | None:
    return str(value) if value not in (None, "") else None
