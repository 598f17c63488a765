"""Any file as chunks of records: physical lines of JSON, JSON documents, CSV rows, Parquet rows, each with its line."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from analyzer.store.streams import PARQUET, Torn, utf8_blocks

RECORD_LIMIT_BYTES = 64 << 20
CHUNK_RECORDS = 20_000
CHUNK_BYTES = 64 << 20
_HEAD_BYTES = 1 << 16


@dataclass
class Chunk:
    """Some records in order of the file: `line_nos[i]` is where `texts[i]` (JSON) starts, from 1.

    `rejects` are records that are no text at all: line and reason.
    """

    line_nos: list[int] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    rejects: list[tuple[int, str]] = field(default_factory=list)
    characters: int = 0

    def add(self, line_no: int, text: str) -> None:
        """One record more."""
        self.line_nos.append(line_no)
        self.texts.append(text)
        self.characters += len(text)

    @property
    def full(self) -> bool:
        """Time to hand it on."""
        return len(self.texts) >= CHUNK_RECORDS or self.characters >= CHUNK_BYTES or len(self.rejects) >= CHUNK_RECORDS


@dataclass(frozen=True)
class Limits:
    """A record longer than this is rejected without being held in memory."""

    record_bytes: int = RECORD_LIMIT_BYTES

    def reason(self, size: int) -> str:
        """Why a long record is not used."""
        return f"a record of {size} bytes, expected at most {self.record_bytes}"


def read_chunks(path: str, blocks: Iterator[bytes], limits: Limits | None = None) -> Iterator[Chunk]:
    """Records of one file whose stored bytes are `blocks`; `path` is used for Parquet only."""
    limits = limits or Limits()
    head = next(blocks, b"")
    if head.startswith(PARQUET):
        from analyzer.store.parquet import parquet_chunks

        yield from parquet_chunks(path)
        return
    source = TextSource(utf8_blocks(_chained(head, blocks)))
    yield from _reader_for(source.peek())(source, limits)


def _chained(head: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    if head:
        yield head
    yield from rest


class TextSource:
    """Blocks of bytes with a look ahead; a tear is remembered, not raised."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._ahead: list[bytes] = []
        self.torn: str | None = None

    def _pull(self) -> bytes:
        try:
            return next(self._blocks, b"")
        except Torn as tear:
            self.torn = str(tear)
            return b""

    def peek(self) -> bytes:
        """The first bytes, left in place."""
        size = 0
        while size < _HEAD_BYTES and (block := self._pull()):
            self._ahead.append(block)
            size += len(block)
        return b"".join(self._ahead)

    def __iter__(self) -> Iterator[bytes]:
        while self._ahead:
            yield self._ahead.pop(0)
        while self.torn is None and (block := self._pull()):
            yield block


def _reader_for(head: bytes) -> Callable[[TextSource, Limits], Iterator[Chunk]]:
    from analyzer.store.documents import document_chunks
    from analyzer.store.sse import is_saved_answer, sse_chunks
    from analyzer.store.stamped import is_stamped, stamped_chunks
    from analyzer.store.tables import csv_chunks

    start = head.lstrip()
    if is_saved_answer(start):
        return sse_chunks
    if is_stamped(start):
        return stamped_chunks
    if start[:1] == b"[":
        return document_chunks
    if start[:1] == b"{":
        return document_chunks if _spans_lines(start) else line_chunks
    first = start.split(b"\n", 1)[0]
    return csv_chunks if _is_table_header(first) else line_chunks


def _spans_lines(start: bytes) -> bool:
    """A document goes on after its first line, or several stand on one line."""
    first, _, rest = start.partition(b"\n")
    try:
        json.loads(first)
    except (ValueError, RecursionError) as error:
        if isinstance(error, json.JSONDecodeError) and error.msg == "Extra data":
            return first[error.pos : error.pos + 1] == b"{"
        second = rest.lstrip(b"\r\n")[:1]
        return bool(rest.strip()) and second != b"{"
    return False


def _is_table_header(line: bytes) -> bool:
    if b"\0" in line or not any(mark in line for mark in (b",", b";", b"\t")):
        return False
    try:
        text = line.decode("utf-8").strip()
    except UnicodeDecodeError:
        return False
    return all(len(name.strip()) <= 100 for name in text.replace(";", ",").replace("\t", ",").split(","))


def line_chunks(source: TextSource, limits: Limits) -> Iterator[Chunk]:
    """One record a physical line; blank lines are counted as lines, not as records."""
    chunk, line_no, carry, skipped = Chunk(), 1, b"", 0
    for block in source:
        start = 0
        if skipped:
            end = block.find(b"\n")
            if end < 0:
                skipped += len(block)
                continue
            chunk.rejects.append((line_no, limits.reason(skipped + end)))
            line_no, skipped, start = line_no + 1, 0, end + 1
        cut = block.rfind(b"\n")
        if cut < start:
            carry += block[start:]
        else:
            line_no = _add_lines(chunk, line_no, carry + block[start:cut], limits)
            carry = block[cut + 1 :]
        if len(carry) > limits.record_bytes:
            skipped, carry = len(carry), b""
        if chunk.full:
            yield chunk
            chunk = Chunk()
    if skipped:
        chunk.rejects.append((line_no, limits.reason(skipped)))
        line_no += 1
    if source.torn:
        chunk.rejects.append((line_no, source.torn))
    elif carry:
        _add_lines(chunk, line_no, carry, limits)
    yield chunk


def _add_lines(chunk: Chunk, line_no: int, body: bytes, limits: Limits) -> int:
    """Add the lines of `body`; returns the number of the line after them."""
    lines: list[str] | None = None
    if b"\0" not in body and len(body) <= limits.record_bytes:
        try:
            lines = body.decode("utf-8").split("\n")
        except UnicodeDecodeError:
            lines = None
    if lines is not None:
        for text in lines:
            if text and not text.isspace():
                chunk.add(line_no, text)
            line_no += 1
        return line_no
    for raw in body.split(b"\n"):
        _add_doubtful_line(chunk, line_no, raw, limits)
        line_no += 1
    return line_no


def _add_doubtful_line(chunk: Chunk, line_no: int, raw: bytes, limits: Limits) -> None:
    if not raw.strip():
        return
    if len(raw) > limits.record_bytes:
        chunk.rejects.append((line_no, limits.reason(len(raw))))
    elif b"\0" in raw:
        chunk.rejects.append((line_no, f"a NUL byte at byte {raw.index(0) + 1} of the line, expected text"))
    else:
        try:
            chunk.add(line_no, raw.decode("utf-8"))
        except UnicodeDecodeError as error:
            chunk.rejects.append((line_no, f"not valid UTF-8 at byte {error.start + 1} of the line"))
