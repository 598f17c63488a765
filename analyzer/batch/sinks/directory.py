"""A folder for each job with one JSON file an answer, put in place by a rename. Exactly once: the same key is the same
file. A process that is killed may leave a hidden file that ends in `.half`."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
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
        folders, mine = set(), secrets.token_hex(8)  # another store may deliver to this folder at the same time
        for answer in answers:
            folder = self._path / plain_name(answer.job)
            if folder not in folders:
                folder.mkdir(parents=True, exist_ok=True)
                folders.add(folder)
            half = folder / f".{mine}.half"
            half.touch(0o600)
            try:
                with half.open("wb") as file:
                    file.write(answer.line)
                    file.flush()
                    os.fsync(file.fileno())
                half.replace(folder / f"{plain_name(answer.key)}.json")
            except BaseException:
                half.unlink(missing_ok=True)
                raise
        for folder in (*folders, self._path):
            sync_folder(folder)
        return []


def plain_name(text: str) -> str:
    """A plain key or job name as it is; else what can be read of it, `~` and a hash: no two keys share a file."""
    if _PLAIN.fullmatch(text):
        return text
    told = re.sub(r"[^a-z0-9._-]+", "-", text.lower()).strip("-.")[:60]
    return f"{told}~{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}"


def sink(destination: Destination) -> Directory:
    """The folder at `path`."""
    assert destination.path is not None
    return Directory(destination.path)
