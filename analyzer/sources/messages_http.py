"""Messages calls as HTTP exchanges: whatever the wrapper, one record an exchange with its body read.

A wrapper is `{request: {headers, body}, response: {headers, body, status}}`, the same written flat, an entry of a HAR
file, or what the reader of saved answers gives. The events of a stream, one a record, are put together again.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import unquote

from analyzer.sources.formats import Unfold

_STARTED = ("started_at", "startedDateTime", "timestamp", "start_time", "@timestamp")
_ENDED = ("ended_at", "end_time")
_STATUS = ("status", "status_code", "statusCode")
_SAID = (
    "tags",
    "application",
    "workspace",
    "user",
    "session_id",
    "trace_id",
    "parent_id",
    "duration_s",
    "first_token_s",
)
_MILLISECONDS = ("duration_ms", "latency_ms", "elapsed_ms", "response_time_ms")
_EVENTS = (
    "message_start",
    "message_delta",
    "message_stop",
    "content_block_start",
    "content_block_delta",
    "content_block_stop",
    "ping",
)
_HOSTS = (
    ("anthropic.com", "anthropic"),
    ("bedrock", "aws_bedrock"),
    ("aiplatform.googleapis.com", "gcp_vertex"),
    ("azure.com", "azure_foundry"),
    ("openrouter.ai", "openrouter"),
)
_MODEL_IN_URL = re.compile(r"/models?/([^/:?]+?(?::\d+)?)(?:/|:(?:stream)?rawPredict)", re.IGNORECASE)


def open_unfold(path: str) -> Unfold:
    """The exchanges inside the documents of one file; the path plays no part."""
    begun: list[Any] = []

    def unfold(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
        kind = document.get("type")
        if kind not in _EVENTS or "response" in document:
            yield from exchanges(document)
        elif kind == "message_start":
            begun[:] = [document]
            yield _exchange({"response": {"body": [document]}}) | {"is_early": True}
        elif kind == "message_delta" and isinstance(document.get("usage"), dict):
            yield _exchange({"response": {"body": [*begun, document]}})
        else:
            if kind == "message_stop":
                begun.clear()
            yield {"event": kind}

    return unfold


def exchanges(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """One record an exchange."""
    log = document.get("log")
    if isinstance(log, dict) and isinstance(log.get("entries"), list):
        for entry in log["entries"]:
            yield _exchange(entry if isinstance(entry, dict) else {})
    else:
        yield _exchange(document)


def _exchange(wrapper: Mapping[str, Any]) -> dict[str, Any]:
    request, response = _side(wrapper, "request"), _side(wrapper, "response")
    asked, answered = _headers(request.get("headers")), _headers(response.get("headers"))
    url = str(_first((request, wrapper), ("url", "path", "uri", "request_path")) or "")
    started = _first((wrapper, request), _STARTED)
    elapsed_ms = _first((wrapper, response), _MILLISECONDS)
    if elapsed_ms is None and "startedDateTime" in wrapper:
        elapsed_ms = wrapper.get("time")
    body = _body(request)
    return {name: wrapper.get(name) for name in _SAID} | {
        "started": started,
        "answered": None if started else _date(answered.get("date")),
        "ended": _first((wrapper, response), _ENDED),
        "duration_ms": elapsed_ms,
        "status": _first((response, wrapper), _STATUS),
        "request_id": answered.get("request-id") or wrapper.get("request_id"),
        "user_agent": asked.get("user-agent"),
        "traceparent": asked.get("traceparent"),
        "url": url,
        "provider": next((name for host, name in _HOSTS if host in url), None),
        "url_model": found[1] if (found := _MODEL_IN_URL.search(unquote(url))) else None,
        "request": body if isinstance(body, dict) else None,
        "response": _body(response),
    }


def _first(holders: tuple[Mapping[str, Any], ...], names: tuple[str, ...]) -> Any:
    return next((h[name] for h in holders for name in names if h.get(name) not in (None, "")), None)


def _side(wrapper: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The request or the response, nested or written flat (`request_body`)."""
    side = wrapper.get(name)
    if isinstance(side, dict):
        return side
    prefix = name + "_"
    return {key.removeprefix(prefix): value for key, value in wrapper.items() if key.startswith(prefix)}


def _headers(value: Any) -> dict[str, str]:
    """Header lines by name in lower case, from an object, a list of pairs or a list of {name, value}."""
    pairs: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        pairs = list(value.items())
    elif isinstance(value, list):
        pairs = [(item.get("name"), item.get("value")) for item in value if isinstance(item, dict)]
        pairs += [(item[0], item[1]) for item in value if isinstance(item, list) and len(item) == 2]
    found = {}
    for name, text in pairs:
        text = text[0] if isinstance(text, list) and text else text
        if isinstance(name, str) and isinstance(text, str):
            found[name.lower()] = text
    return found


def _body(side: Mapping[str, Any]) -> Any:
    """The body as JSON where it is JSON, else its text (an event stream)."""
    holder = side
    for name in ("content", "postData"):
        if "body" not in side and isinstance(side.get(name), dict):
            holder = side[name]
    body = holder.get("body", holder.get("text"))
    if not isinstance(body, str):
        return body
    if holder.get("encoding") == "base64" or holder.get("isBase64Encoded") is True:
        try:
            body = base64.b64decode(body).decode("utf-8", "replace")
        except ValueError:
            return None
    if body.lstrip()[:1] not in ("{", "["):
        return body
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _date(text: str | None) -> str | None:
    """An HTTP date as ISO, None = no date."""
    if not text:
        return None
    try:
        return parsedate_to_datetime(text).isoformat()
    except (ValueError, IndexError, OverflowError):
        return text
