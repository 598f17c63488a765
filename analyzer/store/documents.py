"""JSON documents that span lines, one after another or inside one array, read a piece at a time."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator

from analyzer.store.feed import Chunk, Limits, TextSource

_DECODER = json.JSONDecoder()
_BETWEEN = " \t\r\n,"


class _Window:
    """The text not yet used, and the line it starts on."""

    def __init__(self, source: TextSource) -> None:
        self._blocks = iter(source)
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self.text = ""
        self.position = 0
        self.line_no = 1

    def grow(self) -> bool:
        """At least double the text in view; False at the end."""
        self.text, self.position = self.text[self.position :], 0
        goal, pieces, size = len(self.text), [self.text], 0
        while size <= goal:
            block = next(self._blocks, b"")
            if not block:
                break
            pieces.append(self._decoder.decode(block))
            size += len(pieces[-1])
        self.text = "".join(pieces)
        return size > 0

    def skip(self, characters: str) -> str:
        """Go over separators; returns the next character, or nothing at the end."""
        while True:
            while self.position < len(self.text):
                if self.text[self.position] not in characters:
                    return self.text[self.position]
                self.advance(self.position + 1)
            if not self.grow():
                return ""

    def advance(self, end: int) -> str:
        """Take the text up to `end`."""
        piece = self.text[self.position : end]
        self.line_no += piece.count("\n")
        self.position = end
        return piece


def document_chunks(source: TextSource, limits: Limits) -> Iterator[Chunk]:
    """Documents, or the elements of arrays; `line_no` is the line a document starts on."""
    window, chunk, in_array = _Window(source), Chunk(), False
    while character := window.skip(_BETWEEN):
        if character == "[" and not in_array:
            in_array = True
            window.advance(window.position + 1)
        elif character == "]" and in_array:
            in_array = False
            window.advance(window.position + 1)
        else:
            line_no = window.line_no
            text, problem = _next_document(window, limits)
            if text and "\ufffd" in text:
                chunk.rejects.append((line_no, "not valid UTF-8 in this record"))
            elif text:
                chunk.add(line_no, text)
            elif not (source.torn and window.position >= len(window.text)):
                chunk.rejects.append((line_no, problem))
        if chunk.full:
            yield chunk
            chunk = Chunk()
    if source.torn:
        chunk.rejects.append((window.line_no, source.torn))
    elif in_array and not chunk.rejects:
        chunk.rejects.append((window.line_no, "the file ends before its array is closed"))
    yield chunk


def _next_document(window: _Window, limits: Limits) -> tuple[str, str]:
    """The text of the next document and no reason, or no text and the reason; the window stands after it."""
    while True:
        try:
            _, end = _DECODER.raw_decode(window.text, window.position)
        except (json.JSONDecodeError, RecursionError) as error:
            size = len(window.text) - window.position
            if _may_go_on(error, window.text) and size <= limits.record_bytes and window.grow():
                continue
            reason = "a record cut off or not valid JSON"
            if size > limits.record_bytes:
                reason = limits.reason(size)
            _resume_at_next_record(window)
            return "", reason
        if end == len(window.text) and window.text[end - 1] not in "}]" and window.grow():
            continue
        if end - window.position > limits.record_bytes:
            reason = limits.reason(end - window.position)
            window.advance(end)
            return "", reason
        return window.advance(end), ""


def _may_go_on(error: Exception, text: str) -> bool:
    if not isinstance(error, json.JSONDecodeError):
        return False
    return error.pos >= len(text) - 64 or error.msg.startswith("Unterminated string")


def _resume_at_next_record(window: _Window) -> None:
    """After a broken record go on at the next line that opens one at the same depth, or at the end."""
    line_start = window.text.rfind("\n", 0, window.position) + 1
    indent = window.text[line_start : window.position]
    mark = "\n" + (indent if indent.isspace() else "") + "{"
    start = window.position + 1
    while (found := window.text.find(mark, start)) < 0:
        window.advance(max(window.position, len(window.text) - len(mark)))
        start = window.position
        if not window.grow():
            window.advance(len(window.text))
            return
        start = 0
    window.advance(found + 1)
