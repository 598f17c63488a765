"""Small JSON files that lie beside a log and tell what it leaves out (the object of a batch, of a job)."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

_SMALL_BYTES = 4 << 20
_ENDINGS = (".json", ".jsonl", ".json.gz", ".jsonl.gz")


@dataclass(frozen=True)
class Found:
    """An object and the path of the file it stands in."""

    path: str
    thing: dict[str, Any]


def objects_beside(path: str, mark: str) -> tuple[Found, ...]:
    """The objects that have the key `mark` in the small JSON files of the folder of `path`, and in `path` itself.

    A file may be one object, a page or list of them, or lines. Empty for a path that is no local file.
    """
    log = Path(path)
    if not log.is_file():
        return ()
    own = tuple(Found(path, thing) for thing in _objects(log, mark))
    others = _objects_of_folder(str(log.parent), log.parent.stat().st_mtime_ns, mark)
    return own + tuple(found for found in others if found.path != str(log))


def objects_in(document: Any, mark: str) -> Iterator[dict[str, Any]]:
    """The document itself, or the objects of its page (`data`) or list, that have the key `mark`."""
    if isinstance(document, dict) and mark not in document:
        document = document.get("data")
    items = document if isinstance(document, list) else [document]
    yield from (item for item in items if isinstance(item, dict) and mark in item)


@lru_cache(maxsize=4)
def _objects_of_folder(folder: str, changed_ns: int, mark: str) -> tuple[Found, ...]:
    """Kept, as a folder of a thousand logs asks a thousand times."""
    return tuple(
        Found(str(file), thing)
        for file in sorted(Path(folder).iterdir())
        if file.name.endswith(_ENDINGS) and file.is_file() and file.stat().st_size <= _SMALL_BYTES
        for thing in _objects(file, mark)
    )


def _objects(file: Path, mark: str) -> Iterator[dict[str, Any]]:
    """A small file as one document; a large one, or one that is none, line by line."""
    if file.stat().st_size <= _SMALL_BYTES:
        try:
            yield from objects_in(json.loads(b"".join(_lines(file))), mark)
            return
        except (ValueError, RecursionError):
            pass
    for line in _lines(file):
        if mark.encode() in line:
            try:
                yield from objects_in(json.loads(line), mark)
            except (ValueError, RecursionError):
                continue


def _lines(file: Path) -> Iterator[bytes]:
    try:
        with gzip.open(file) if file.suffix == ".gz" else file.open("rb") as stream:
            yield from stream
    except (OSError, EOFError):
        return
