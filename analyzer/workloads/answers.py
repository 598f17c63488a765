"""The message that a logged answer holds, also where the log has it as the events of a stream."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

_PIECES = {"text_delta": "text", "thinking_delta": "thinking", "input_json_delta": "partial_json"}


def whole_answer(answer: Any) -> dict[str, Any] | None:
    """A message with its content; None where there is none, or a stream that broke off."""
    if isinstance(answer, str):
        answer = list(_events(answer))
    if isinstance(answer, list):
        return _put_together(event for event in answer if isinstance(event, dict))
    if isinstance(answer, dict) and isinstance(answer.get("content"), list):
        return answer
    return None


def _events(text: str) -> Iterator[Any]:
    for line in text.splitlines():
        if line.startswith("data:"):
            try:
                yield json.loads(line.removeprefix("data:"))
            except (ValueError, RecursionError):
                return


def _put_together(events: Iterable[dict[str, Any]]) -> dict[str, Any] | None:
    """Source of the events: https://platform.claude.com/docs/en/build-with-claude/streaming, checked 2026-11-21."""
    message: dict[str, Any] = {}
    blocks: dict[int, dict[str, Any]] = {}
    is_whole = False
    for event in events:
        kind, place = event.get("type"), _place(event)
        if kind == "message_start" and isinstance(event.get("message"), dict):
            message, blocks = dict(event["message"]), {}
        elif kind == "content_block_start" and place is not None and isinstance(event.get("content_block"), dict):
            blocks[place] = dict(event["content_block"])
        elif kind == "content_block_delta" and place in blocks and isinstance(event.get("delta"), dict):
            _grow(blocks[place], event["delta"])
        elif kind == "message_delta" and message:
            message.update(_dict(event.get("delta")))
            message["usage"] = {**_dict(message.get("usage")), **_dict(event.get("usage"))}
        is_whole = is_whole or kind == "message_stop"
    if not (is_whole and message and blocks):
        return None
    message["content"] = [_closed(blocks[place]) for place in sorted(blocks)]
    return message


def _place(event: dict[str, Any]) -> int | None:
    """Which block it is of; None = of none."""
    place = event.get("index")
    return place if isinstance(place, int) and not isinstance(place, bool) else None


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _grow(block: dict[str, Any], delta: dict[str, Any]) -> None:
    name = _PIECES.get(str(delta.get("type")))
    if name is not None:
        block[name] = str(block.get(name, "")) + str(delta.get(name, ""))


def _closed(block: dict[str, Any]) -> dict[str, Any]:
    """The input of a tool call comes as pieces of JSON."""
    told = block.pop("partial_json", None)
    if told:
        try:
            block["input"] = json.loads(told)
        except (ValueError, RecursionError):
            block["input"] = told
    return block
