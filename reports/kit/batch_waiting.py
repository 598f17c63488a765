"""Requests that wait for a job: put down by many at once, read without holding a body in memory.

`waiting/*.jsonl`: lines {"key", "params", "metadata", "attempt", "put_at"}. A file is put in its place by a rename.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, NamedTuple


class Problem(Exception):
    """Something to put right, told in one line."""


class Item(NamedTuple):
    """Where a request stands. `model`: its id at the service."""

    path: Path
    offset: int
    size: int
    key: str
    attempt: int
    model: str

    def request(self) -> dict[str, Any]:
        """The request, read anew."""
        with self.path.open("rb") as file:
            file.seek(self.offset)
            return dict(json.loads(file.read(self.size)))


class Waiting:
    """The folder `waiting`. `models`: what a request may name, with the id at the service."""

    def __init__(self, folder: Path, models: Mapping[str, str]) -> None:
        self.folder, self.models = folder, models
        folder.mkdir(mode=0o700, exist_ok=True)

    def put(self, lines: Iterable[str]) -> int:
        """Put down lines {"key", "params", "metadata"}, all or none; on the disk when this returns. Raises: Problem."""
        checked = (self._checked(line, number) for number, line in enumerate(lines, 1) if line.strip())
        return self.add(f"{time.time_ns()}-{os.getpid()}", checked)

    def add(self, name: str, requests: Iterable[dict[str, Any]]) -> int:
        """One more file; how many requests are in it. Nothing is written for none."""
        count, path = 0, self.folder / f"{name}.jsonl"
        with written(path) as file:
            for request in requests:
                file.write(line_of(request))
                count += 1
        if not count:
            path.unlink()
        return count

    def items(self, files: Iterable[Path], sent: Mapping[str, int]) -> list[Item]:
        """What waits in these files, each key once.

        `sent`: the last attempt of each key that is in a job; no attempt goes twice.
        """
        found: dict[str, Item] = {}
        for path in files:
            with path.open("rb") as file:
                offset = 0
                for line in file:
                    request = json.loads(line)
                    key, attempt, model = request["key"], request["attempt"], self._id_of(request["params"]["model"])
                    if attempt > sent.get(key, 0) and key not in found:
                        found[key] = Item(path, offset, len(line), key, attempt, str(model))
                    offset += len(line)
        return list(found.values())

    def files(self) -> list[Path]:
        """The files, oldest first. Others may be put down at any time: only what is in this list was seen."""
        return sorted(path for path in self.folder.glob("*.jsonl") if not path.name.startswith("."))

    def _checked(self, line: str, number: int) -> dict[str, Any]:
        try:
            request = json.loads(line)
            params, key = request["params"], request["key"]
            whole = isinstance(key, (str, int)) and key != "" and isinstance(params["messages"], list)
            whole = whole and isinstance(params["model"], str) and "max_tokens" in params
        except (ValueError, KeyError, TypeError):
            whole = False
        if not whole:
            raise Problem(f'line {number}: expected {{"key": …, "params": {{model, max_tokens, messages, …}}}}')
        if self._id_of(params["model"]) is None:
            raise Problem(f"line {number}: model {params['model']!r}, expected one of {', '.join(self.models)}")
        told = {"key": str(key), "params": params, "metadata": request.get("metadata") or {}}
        return {**told, "attempt": 1, "put_at": datetime.now(UTC).isoformat()}

    def _id_of(self, model: str) -> str | None:
        return self.models.get(model) or (model if model in self.models.values() else None)


@contextmanager
def written(path: Path) -> Iterator[IO[str]]:
    """A file for its owner alone, on the disk and in its place when the block ends, or not there at all."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        keep(path.parent)
    finally:
        draft.unlink(missing_ok=True)


def keep(folder: Path) -> None:
    """What was renamed in a folder stays renamed when the power fails."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read(path: Path) -> dict[str, Any]:
    """A file with one JSON object. Raises: Problem where it is none."""
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except ValueError as error:
        raise Problem(f"{path.name}: no JSON object: {error}") from None


def line_of(document: Any) -> str:
    """One line of JSON lines."""
    return json.dumps(document) + "\n"


def lines_in(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a file of JSON lines."""
    with path.open(encoding="utf-8") as file:
        yield from map(json.loads, file)
