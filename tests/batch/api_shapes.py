"""The public Message Batches API as shapes, in our words; the fake server holds itself and its callers to them.

source: https://platform.claude.com/docs/en/api/creating-message-batches and its neighbours, checked 2026-11-20.
A shape is a type, a set of allowed values, a pattern, a list of one shape, a function, or a table of shapes (a key
that ends in `?` may be missing). `problem` says what is wrong first, or nothing.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any


def problem(value: Any, shape: Any, where: str = "") -> str | None:
    """The first departure from the shape."""
    if isinstance(shape, dict):
        return _table_problem(value, shape, where)
    if isinstance(shape, list):
        if not isinstance(value, list):
            return f"{where}: no list"
        parts = (problem(part, shape[0], f"{where}[{number}]") for number, part in enumerate(value))
        return next((found for found in parts if found), None)
    if isinstance(shape, re.Pattern):
        good = isinstance(value, str) and shape.fullmatch(value) is not None
    elif isinstance(shape, set):
        good = value in shape
    elif isinstance(shape, type):
        good = isinstance(value, shape) and (shape is bool or not isinstance(value, bool))
    else:
        good = shape(value)
    return None if good else f"{where}: {value!r}"


def _table_problem(value: Any, shape: dict[str, Any], where: str) -> str | None:
    if not isinstance(value, dict):
        return f"{where}: no table"
    names = {name.rstrip("?"): inner for name, inner in shape.items()}
    missing = [name for name in shape if not name.endswith("?") and name not in value]
    strange = [name for name in value if name not in names and "*" not in names]
    if missing or strange:
        return f"{where}: missing {missing}, not known {strange}"
    parts = (problem(value[name], inner, f"{where}.{name}") for name, inner in names.items() if name in value)
    return next((found for found in parts if found), None)


def or_null(shape: Any) -> Any:
    return lambda value: value is None or problem(value, shape) is None


def instant(value: Any) -> bool:
    """RFC 3339 with an offset."""
    return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None


def count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


PARAMS = {
    "model": str,
    "max_tokens": lambda tokens: count(tokens) and tokens > 0,
    "messages": lambda messages: isinstance(messages, list) and len(messages) > 0,
    # A batch request takes no streaming, no speed and no storing; everything else of a message may come.
    "stream?": {False},
    "system?": lambda system: isinstance(system, str | list),
    "metadata?": dict,
    "tools?": list,
    "thinking?": dict,
    "stop_sequences?": list,
}
CREATE = {"requests": [{"custom_id": re.compile(r"[a-zA-Z0-9_-]{1,64}"), "params": PARAMS}]}
COUNTS = {"processing": count, "succeeded": count, "errored": count, "canceled": count, "expired": count}
BATCH = {
    "id": re.compile(r"msgbatch_\w+"),
    "type": {"message_batch"},
    "processing_status": {"in_progress", "canceling", "ended"},
    "request_counts": COUNTS,
    "created_at": instant,
    "expires_at": instant,
    "ended_at": or_null(instant),
    "archived_at": or_null(instant),
    "cancel_initiated_at": or_null(instant),
    "results_url": or_null(re.compile(r"https?://.+/v1/messages/batches/msgbatch_\w+/results")),
}
PAGE = {"data": [BATCH], "has_more": bool, "first_id": or_null(str), "last_id": or_null(str)}
DELETED = {"id": str, "type": {"message_batch_deleted"}}
ERROR = {
    "type": {"error"},
    "error": {"type": str, "message": str, "details?": dict},
    "request_id?": or_null(str),
}
USAGE = {
    "input_tokens": count,
    "output_tokens": count,
    "cache_creation_input_tokens?": or_null(count),
    "cache_read_input_tokens?": or_null(count),
    "cache_creation?": or_null({"ephemeral_5m_input_tokens": count, "ephemeral_1h_input_tokens": count}),
    "service_tier?": or_null({"standard", "priority", "batch"}.__contains__),
    "server_tool_use?": or_null(dict),
    "inference_geo?": or_null(str),
}
MESSAGE = {
    "id": re.compile(r"msg_\w+"),
    "type": {"message"},
    "role": {"assistant"},
    "model": str,
    "content": [{"type": {"text"}, "text": str}],
    "stop_reason": {"end_turn", "max_tokens", "stop_sequence", "tool_use", "pause_turn", "refusal"},
    "stop_sequence": or_null(str),
    "usage": USAGE,
}
RESULTS = {
    "succeeded": {"type": {"succeeded"}, "message": MESSAGE},
    "errored": {"type": {"errored"}, "error": ERROR},
    "canceled": {"type": {"canceled"}},
    "expired": {"type": {"expired"}},
}
TOKEN_COUNT = {"input_tokens": count}


def result_problem(line: Any) -> str | None:
    """Of one line of results. A type that the API may have tomorrow is held to nothing but its id."""
    found = problem(line, {"custom_id": str, "result": dict}, "line")
    kind = None if found else line["result"].get("type")
    return found or (problem(line["result"], RESULTS[kind], "result") if kind in RESULTS else None)


def batch_problem(batch: Any) -> str | None:
    """Of a batch: its shape, and what must hold between its fields."""
    found = problem(batch, BATCH, "batch")
    if found:
        return found
    ended = batch["processing_status"] == "ended"
    counts = batch["request_counts"]
    if not ended and any(counts[name] for name in counts if name != "processing"):
        return "counts before the whole batch has ended"
    if ended and counts["processing"]:
        return "an ended batch still processes"
    if (batch["ended_at"] is not None) != ended:
        return "ended_at and the status disagree"
    if batch["results_url"] is not None and (not ended or batch["archived_at"] is not None):
        return "results_url without results"
    return None
