"""CSV: one JSON record a row; a quote left open costs its own line, not the rest of the file."""

from __future__ import annotations

import codecs
import csv
import json
from collections.abc import Iterator

from analyzer.store.feed import Chunk, Limits, TextSource

_DELIMITERS = ",;\t"


class _Lines:
    """Physical lines with their ends kept; remembers the lines of the row being read, and can take them back."""

    def __init__(self, source: TextSource) -> None:
        self._lines = _split_lines(source)
        self._returned: list[str] = []
        self.row: list[str] = []
        self.row_starts_on = 1

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._returned.pop() if self._returned else next(self._lines)
        self.row.append(line)
        return line

    def next_row(self) -> None:
        """The row is done."""
        self.row_starts_on += len(self.row)
        self.row = []

    def keep_first_line_only(self) -> None:
        """Give back all lines of the row but the first."""
        self._returned.extend(reversed(self.row[1:]))
        del self.row[1:]


def _split_lines(source: TextSource) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8")(errors="surrogateescape")
    carry: list[str] = []
    for block in source:
        lines = decoder.decode(block).split("\n")
        if len(lines) == 1:
            carry.append(lines[0])
            continue
        yield "".join(carry) + lines[0] + "\n"
        for line in lines[1:-1]:
            yield line + "\n"
        carry = [lines[-1]]
    rest = "".join(carry)
    if rest and not source.torn:
        yield rest


def csv_chunks(source: TextSource, limits: Limits) -> Iterator[Chunk]:
    """Rows under the header line; the cells are JSON strings."""
    csv.field_size_limit(limits.record_bytes)
    lines, chunk = _Lines(source), Chunk()
    header_line = next(lines, "")
    delimiter = max(_DELIMITERS, key=header_line.count)
    lines.keep_first_line_only()
    header = next(csv.reader([header_line], delimiter=delimiter), [])
    lines.next_row()
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        try:
            row = next(reader)
        except StopIteration:
            break
        except csv.Error:
            chunk.rejects.append((lines.row_starts_on, "a quote left open or out of place"))
            lines.keep_first_line_only()
            reader = csv.reader(lines, delimiter=delimiter, strict=True)
        else:
            if _add_row(chunk, lines, header, row, limits):
                reader = csv.reader(lines, delimiter=delimiter, strict=True)
        lines.next_row()
        if chunk.full:
            yield chunk
            chunk = Chunk()
    if source.torn:
        chunk.rejects.append((lines.row_starts_on, source.torn))
    yield chunk


def _add_row(chunk: Chunk, lines: _Lines, header: list[str], row: list[str], limits: Limits) -> bool:
    """Add one row; True when lines were given back and reading must start afresh."""
    line_no = lines.row_starts_on
    if not any(cell.strip() for cell in row):
        return False
    if len(row) != len(header):
        chunk.rejects.append((line_no, f"{len(row)} fields, expected {len(header)} as in the header"))
        lines.keep_first_line_only()
        return True
    text = json.dumps(dict(zip(header, row, strict=True)), ensure_ascii=False)
    size = len(text)
    if size > limits.record_bytes:
        chunk.rejects.append((line_no, limits.reason(size)))
    elif "\\u0000" in text:
        chunk.rejects.append((line_no, "a NUL byte, expected text"))
    else:
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            chunk.rejects.append((line_no, "not valid UTF-8 in this row"))
        else:
            chunk.add(line_no, text)
    return False
