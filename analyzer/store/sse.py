"""Saved HTTP answers as text: event streams and JSON, with or without their header lines, several one after another.

Each answer becomes one record `{"response": {"status", "headers", "body"}}`. Its body is the JSON answer, or the list
of those events that tell ids and usage; events with content are not handed on.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from analyzer.store.feed import Chunk, Limits, TextSource

_STATUS_LINE = re.compile(rb"HTTP/\d(?:\.\d)? (\d{3})\b")
_HEADER = re.compile(rb"([A-Za-z][A-Za-z0-9-]*): ?(.*)")
_FIRST_EVENT = re.compile(rb"(?::[^\n]*\n\s*)*(?:event: ?[a-z_]+\r?\n|data: ?\{)")
_FIELD = re.compile(rb"(?:event|data|id|retry) ?:|:")
_KEPT = ("message_start", "message_delta", "message_stop", "error")
_TOLD = re.compile(('"(?:' + "|".join(_KEPT) + ')"').encode())
_PASSED = re.compile(rb"\r?\Z|event: (?:content_block_|ping)")
_NO_ANSWER = "text outside an event stream, expected lines of `event:` and `data:`"


def is_saved_answer(head: bytes) -> bool:
    """Does a file begin as an event stream or as header lines of an answer do?"""
    first = head.lstrip()
    return bool(_STATUS_LINE.match(first)) or first.startswith(
        (b"event: message_start", b"data: {", b"event:message_start")
    )


@dataclass
class _Answer:
    """One answer as it is read: where it starts, its header lines, its events or its JSON text."""

    line_no: int
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    events: list[Any] = field(default_factory=list)
    text: list[bytes] = field(default_factory=list)
    is_in_headers: bool = False
    size: int = 0

    @property
    def has_begun(self) -> bool:
        return bool(self.events or self.text)

    def record(self) -> str:
        """The record; a JSON text that does not parse stays text."""
        body: Any = self.events
        if not self.events and self.text:
            body = b"\n".join(self.text).decode("utf-8", "replace")
            try:
                body = json.loads(body)
            except (ValueError, RecursionError):
                body = {"type": "unreadable"}
        return json.dumps({"response": {"status": self.status, "headers": self.headers, "body": body}})


def sse_chunks(source: TextSource, limits: Limits) -> Iterator[Chunk]:
    """One record an answer; `line_no` is where its header lines or its first event stand."""
    chunk = Chunk()
    answer: _Answer | None = None
    line_no = 0
    for line_no, line in _lines(source, limits):
        if isinstance(line, str):
            chunk.rejects.append((line_no, line))
            continue
        if answer is not None and answer.events and _PASSED.match(line):
            continue
        event = _event(line)
        if answer is not None and _ends_before(answer, line, event):
            _add(chunk, answer)
            answer = None
        answer = _read_line(chunk, answer, line_no, line, event)
        if answer is not None and answer.events and answer.events[-1].get("type") == "message_stop":
            _add(chunk, answer)
            answer = None
        if answer is not None and answer.size > limits.record_bytes:
            chunk.rejects.append((answer.line_no, limits.reason(answer.size)))
            answer = None
        if chunk.full:
            yield chunk
            chunk = Chunk()
    if answer is not None:
        _add(chunk, answer)
    if source.torn:
        chunk.rejects.append((line_no + 1, source.torn))
    yield chunk


def _ends_before(answer: _Answer, line: bytes, event: dict[str, Any] | None) -> bool:
    """Another answer begins on this line."""
    if _STATUS_LINE.match(line):
        return True
    return answer.has_begun and (line.startswith(b"event: message_start") or _type_of(event) == "message_start")


def _add(chunk: Chunk, answer: _Answer) -> None:
    if answer.has_begun or answer.headers:
        chunk.add(answer.line_no, answer.record())


def _read_line(
    chunk: Chunk, answer: _Answer | None, line_no: int, line: bytes, event: dict[str, Any] | None
) -> _Answer | None:
    """Take one line; returns the answer it belongs to, None = none."""
    if status := _STATUS_LINE.match(line):
        return _Answer(line_no, status=int(status[1]), is_in_headers=True)
    if answer is not None and answer.is_in_headers:
        if found := _HEADER.fullmatch(line):
            answer.headers[found[1].decode().lower()] = found[2].decode("utf-8", "replace")
        answer.is_in_headers = bool(line)
        return answer
    if _FIELD.match(line):
        answer = answer or _Answer(line_no)
        if event is not None:
            answer.events.append(event)
            answer.size += len(line)
    elif answer is not None and not answer.events and answer.status is not None:
        answer.text += [line] if line or answer.text else []
        answer.size += len(line)
    elif line.strip() and line.strip() != b"[DONE]":
        chunk.rejects.append((line_no, _NO_ANSWER))
    return answer


def _event(line: bytes) -> dict[str, Any] | None:
    """The event of a `data:` line, None = none that tells ids or usage."""
    if not line.startswith(b"data:") or not _TOLD.search(line):
        return None
    try:
        event = json.loads(line[5:])
    except (ValueError, RecursionError):
        return None
    return event if _type_of(event) in _KEPT else None


def _type_of(event: Any) -> Any:
    return event.get("type") if isinstance(event, dict) else None


def _lines(source: TextSource, limits: Limits) -> Iterator[tuple[int, bytes | str]]:
    """Numbers of physical lines, and the lines without their ends; for one that is too long the reason instead."""
    line_no, carry, skipped = 1, b"", 0
    for block in source:
        *whole, rest = block.split(b"\n")
        for piece in whole:
            size = skipped + len(carry) + len(piece)
            if size > limits.record_bytes:
                yield line_no, limits.reason(size)
            else:
                yield line_no, (carry + piece).removesuffix(b"\r")
            line_no, carry, skipped = line_no + 1, b"", 0
        carry += rest
        if len(carry) > limits.record_bytes:
            skipped, carry = skipped + len(carry), b""
    if skipped:
        yield line_no, limits.reason(skipped + len(carry))
    elif carry and not source.torn:
        yield line_no, carry.removesuffix(b"\r")
