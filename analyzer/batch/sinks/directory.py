"""A folder with one JSON file an answer, put in place by a rename. Exactly once: the same key is the same file."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

from analyzer.batch.job import Destination
from analyzer.batch.sinks import Answer
from analyzer.batch.sinks.jsonl import sync_folder

_PLAIN = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")


class Directory:
    """A Sink."""

    at_once = 500

    def __init__(self, path: Path) -> None:
        self._path = path

    def mark(self) -> int:
        """Nothing to remember."""
        return 0

    def write(self, delivery_no: int, mark: int, answers: Iterator[Answer]) -> list[tuple[int, str]]:
        """Each answer whole or not at all."""
        self._path.mkdir(parents=True, exist_ok=True)
        for answer in answers:
            half = self._path / f".{answer.item_no}.{delivery_no}.half"
            with half.open("wb") as file:
                file.write(answer.line)
                file.flush()
                os.fsync(file.fileno())
            half.replace(self._path / file_name(answer.key))
        sync_folder(self._path)
        return []


def file_name(key: str) -> str:
    """`key.json` for a plain key; else what can be read of it, `~` and a hash, so that two keys never share a file."""
    if _PLAIN.fullmatch(key):
        return f"{key}.json"
    told = re.sub(r"[^a-z0-9._-]+", "-", key.lower()).strip("-.")[:60]
    return f"{told}~{hashlib.sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}.json"


def sink(destination: Destination) -> Directory:
    """The folder at `path`."""
    assert destination.path is not None
    return Directory(destination.path)
