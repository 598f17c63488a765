"""One line that says how far reading is, on a terminal only."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import TextIO

from analyzer.cli._terminal import counted, printable

_EVERY_S = 0.1
_CLEAR = "\r\x1b[K"


class Progress:
    """Told how far reading is; rewrites its line at most ten times a second.

    Nothing is written where `stream` (standard error) is no terminal, or with `quiet`.
    """

    def __init__(
        self,
        *,
        quiet: bool = False,
        stream: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stream = stream if stream is not None else sys.stderr
        self._shows = not quiet and self._stream.isatty() and os.environ.get("TERM") != "dumb"
        self._clock = clock
        self._written_at = float("-inf")
        self._paths: set[str] = set()

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.say("")

    def __call__(self, path: str, records: int, bytes_read: int = 0, bytes_total: int = 0) -> None:
        """The file at hand, and over all files the records and bytes read; `bytes_total` 0 = not known."""
        self._paths.add(path)
        now = self._clock()
        if now - self._written_at >= _EVERY_S:
            self._written_at = now
            size = f"{_megabytes(bytes_read)} of {_megabytes(bytes_total)} MB, " if bytes_total else ""
            files = counted(len(self._paths), "file")
            self.say(f"reading {size}{files}, {counted(records, 'record')}: {path}")

    def say(self, text: str) -> None:
        """Replace the line; an empty text leaves the terminal as it was."""
        if self._shows:
            width = shutil.get_terminal_size((80, 24)).columns - 1
            self._stream.write(_CLEAR + printable(text, width))
            self._stream.flush()


def _megabytes(size: int) -> str:
    return f"{size / 1_000_000:,.1f}"
