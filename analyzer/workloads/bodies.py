"""Requests and answers as a log of Messages calls has them, each with the component that the audit counts it in.

They are read again from the log, a call at a time: the audit holds none, and is asked only which component a call
belongs to.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from analyzer.errors import UserError
from analyzer.pricing import resolve_model
from analyzer.sources.messages_http import exchanges
from analyzer.sqlblocks import sql_blocks
from analyzer.store.audit import Audit
from analyzer.store.feed import Limits
from analyzer.store.openings import open_path
from analyzer.workloads.answers import whole_answer
from analyzer.workloads.cloud_calls import cloud_calls

NOT_IN_AUDIT = "not a call of this audit that was answered"
NO_BODY = "no request body with a model, messages and max_tokens"
_MESSAGE_ID = re.compile(r'"id"\s*:\s*"(msg_[A-Za-z0-9_]+)"')
_NOT_IN_BATCH = ("stream", "anthropic_version", "anthropic_beta")


@dataclass(frozen=True)
class LoggedCall:
    """A call as logged. `component_no` None: the audit has no answered call of this id or line.

    `request_id` as the audit has it; None = the log has none, then its line tells it. `body` None: no request body;
    `answer` None: no whole message.
    """

    line_no: int
    request_id: str | None
    body: dict[str, Any] | None
    answer: dict[str, Any] | None
    component_no: int | None = None

    def key(self, params: Mapping[str, Any]) -> str:
        """A name for the item made of it, the same in every run: the request's id, else what is sent and the line."""
        digest = hashlib.sha256(json.dumps(params, sort_keys=True).encode()).hexdigest()[:16]
        return self.request_id or f"{digest}-{self.line_no}"


def logged_calls(audit: Audit, path: str, passed_over: Counter[str]) -> Iterator[LoggedCall]:
    """Every call of the log, in its order; `passed_over` counts records without text.

    Takes the temp tables of `scan` on this audit. Raises: UserError when the log cannot be opened.
    """
    opening = open_path(path, Limits())
    for chunk in opening.chunks:
        passed_over["no text"] += len(chunk.rejects)
        calls = list(_calls(chunk.line_nos, chunk.texts))
        for call, component_no in zip(calls, _components(audit, opening.digest, calls), strict=True):
            yield replace(call, component_no=component_no)


def batch_params(body: Mapping[str, Any]) -> dict[str, Any] | None:
    """What a batch takes of a logged body, cache marks as logged; None when it is no whole request."""
    params = {name: value for name, value in body.items() if name not in _NOT_IN_BATCH and value is not None}
    is_whole = isinstance(params.get("model"), str) and isinstance(params.get("messages"), list)
    return params if is_whole and "max_tokens" in params else None


def nothing_found(path: str, passed_over: Mapping[str, int]) -> UserError:
    """Why a log gave no request at all."""
    if passed_over.get(NO_BODY):
        return UserError(path, "no request bodies", "a log of Messages calls with bodies, model and max_tokens")
    return UserError(
        path, "none of its calls is in the audit", "a log that it was made from", "whowaits ingest it first"
    )


def marked(value: Any, mark: dict[str, str] | None) -> Any:
    """The same with every cache mark replaced, or taken away."""
    if isinstance(value, list):
        return [marked(part, mark) for part in value]
    if not isinstance(value, dict):
        return value
    old = value.get("cache_control")
    if not (isinstance(old, dict) and old.get("type") == "ephemeral"):  # a tool may have a field of this name
        return {name: marked(part, mark) for name, part in value.items()}
    kept = {name: marked(part, mark) for name, part in value.items() if name != "cache_control"}
    return {**kept, "cache_control": mark} if mark else kept


def _calls(line_nos: Sequence[int], texts: Sequence[str]) -> Iterator[LoggedCall]:
    for line_no, text in zip(line_nos, texts, strict=True):
        try:
            document = json.loads(text)
        except (ValueError, RecursionError):
            document = None
        if not isinstance(document, dict):
            yield LoggedCall(line_no, None, None, None)
            continue
        of_cloud = list(cloud_calls(document))
        if of_cloud:
            yield from (LoggedCall(line_no, *each) for each in of_cloud)
            continue
        for exchange in exchanges(document):
            body = exchange["request"]
            if body is None and isinstance(document.get("request"), dict):
                body = document["request"]  # the wrapper of Whowaits: the request itself
            if isinstance(body, dict) and not body.get("model") and exchange["url_model"]:
                told, provider = exchange["url_model"], exchange["provider"] or "anthropic"
                body = {**body, "model": resolve_model(told, provider).model or told}
            answer = exchange["response"] if exchange["response"] is not None else document.get("response")
            yield LoggedCall(line_no, _request_id(exchange, answer), body, whole_answer(answer))


def _request_id(exchange: Mapping[str, Any], answer: Any) -> str | None:
    """The id as the sources of the audit take it: of the request, else of the message."""
    if isinstance(answer, str):
        found = _MESSAGE_ID.search(answer)
        answer = {"id": found[1]} if found else None
    told = exchange["request_id"] or (answer.get("id") if isinstance(answer, dict) else None)
    return str(told) if told else None


def _components(audit: Audit, digest: str | None, calls: Sequence[LoggedCall]) -> list[int | None]:
    values = {
        "numbers": list(range(len(calls))),
        "ids": [call.request_id for call in calls],
        "lines": [call.line_no for call in calls],
        "digest": digest,
    }
    found = dict(
        audit.connection.execute(sql_blocks(Path(__file__).with_name("bodies.sql"))["components"], values).fetchall()
    )
    return [found.get(number) for number in range(len(calls))]
