"""Bedrock invocation logs: as S3 holds them, or inside what CloudWatch exports."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from analyzer.sources.formats import Unfold


def open_unfold(path: str) -> Unfold:
    """The records inside a document; the path plays no part."""
    return invocations


def invocations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """One record an invocation. An event of another log is handed on as such, so that it is counted."""
    events = document.get("events", document.get("logEvents"))
    if "schemaType" in document:
        yield document
    elif isinstance(events, list):
        for event in events:
            yield _invocation(event.get("message") if isinstance(event, dict) else None)
    else:
        yield _invocation(document.get("@message"))


def _invocation(message: Any) -> dict[str, Any]:
    if isinstance(message, str) and message.lstrip().startswith("{"):
        try:
            message = json.loads(message)
        except (ValueError, RecursionError):
            return {"schemaType": "damaged"}
    return message if isinstance(message, dict) and "schemaType" in message else {"schemaType": "other"}
