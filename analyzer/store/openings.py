"""One opening for every place a log lies in: its chunks, and the digest and size of the bytes once they are read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from analyzer.errors import UserError
from analyzer.store.feed import Chunk, Limits, read_chunks
from analyzer.store.streams import raw_blocks


@dataclass
class Opening:
    """A log about to be read.

    `digest` (sha256 of the bytes as stored) and `size` in bytes: None and 0 until all chunks are taken, where the place
    can be read only once.
    """

    path: str
    chunks: Iterator[Chunk] = field(default_factory=lambda: iter(()))
    digest: str | None = None
    size: int = 0
    bytes_read: int = 0


def open_path(path: str, limits: Limits) -> Opening:
    """Open one path that `expand_paths` gave.

    Raises: UserError when it cannot be read.
    """
    opening = Opening(path)
    if path != "-":
        opening.digest, opening.size = _content(path)
    opening.chunks = _chunks(opening, limits)
    return opening


def _chunks(opening: Opening, limits: Limits) -> Iterator[Chunk]:
    seen = hashlib.sha256()
    blocks = _counted(raw_blocks(opening.path), seen, opening)
    yield from read_chunks(opening.path, blocks, limits)
    if opening.digest is None:
        for _ in blocks:
            pass
        opening.digest, opening.size = seen.hexdigest(), opening.bytes_read


def _counted(blocks: Iterator[bytes], seen: hashlib._Hash, opening: Opening) -> Iterator[bytes]:
    for block in blocks:
        opening.bytes_read += len(block)
        if opening.digest is None:
            seen.update(block)
        yield block


def _content(path: str) -> tuple[str, int]:
    try:
        with Path(path).open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest(), Path(path).stat().st_size
    except OSError as error:
        raise UserError(path, error.strerror or "not readable", "a readable file", "check its rights") from None
