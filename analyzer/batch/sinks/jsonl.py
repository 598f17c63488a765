"""A JSONL file, only ever appended to. Exactly once, byte for byte.

What will be written and how long the file was is recorded first, and lines are the same bytes each time they are
made. Whoever comes after a crash compares what the file holds from that place on and writes the rest.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from analyzer.batch.job import Destination
from analyzer.batch.sinks import Answer
from analyzer.errors import UserError


class JsonlFile:
    """A Sink."""

    at_once = 1_000

    def __init__(self, path: Path) -> None:
        self._path = path

    def mark(self) -> int:
        """The size of the file.

        Raises: UserError when the path is something else.
        """
        if not self._path.exists():
            return 0
        if not self._path.is_file():
            raise UserError(str(self._path), "no regular file", "a JSONL file, or nothing yet")
        return self._path.stat().st_size

    def write(self, delivery_no: int, mark: int, answers: Iterator[Answer]) -> list[tuple[int, str]]:
        """Append what is not there yet."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.touch(0o600)  # answers are in it: for nobody else to read, where it is new
        with self._path.open("a+b") as file:
            at_end = False
            file.seek(0, os.SEEK_END)
            if file.tell() < mark:
                raise self._changed(mark)
            for line in _lines(file, mark, answers):
                there = b"" if at_end else file.read(len(line))
                if not line.startswith(there):
                    raise self._changed(mark)
                if len(there) < len(line):
                    at_end = True
                    file.write(line[len(there) :])
            file.flush()
            os.fsync(file.fileno())
        sync_folder(self._path.parent)
        return []

    def _changed(self, mark: int) -> UserError:
        return UserError(
            str(self._path),
            f"changed by somebody else after byte {mark}, while a delivery was under way",
            "the file as the runner left it",
            "put it back, or name another destination; nothing is lost, the answers are in the store",
        )


def _lines(file: BinaryIO, mark: int, answers: Iterator[Answer]) -> Iterator[bytes]:
    """What belongs after the mark, the file standing at the mark when the first line is asked for."""
    file.seek(max(mark - 1, 0))
    if mark and file.read(1) != b"\n":
        yield b"\n"
    for answer in answers:
        yield answer.line


def sync_folder(folder: Path) -> None:
    """Make new names in a folder last."""
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def sink(destination: Destination) -> JsonlFile:
    """The file at `path`."""
    assert destination.path is not None
    return JsonlFile(destination.path)
