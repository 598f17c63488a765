"""One opening for every place a log lies in: its chunks, and the digest and size of the bytes once they are read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from analyzer.errors import UserError
from analyzer.store.feed import Chunk, Limits, read_chunks
from analyzer.store.paths import is_never_a_log, scheme_of
from analyzer.store.streams import raw_blocks

if TYPE_CHECKING:
    from analyzer.store.audit import Audit
    from analyzer.store.objects import FirstParts


@dataclass
class Opening:
    """A log about to be read.

    `digest` (sha256 of the bytes as stored) and `size` in bytes: None and 0 until all chunks are taken, where the place
    can be read only once (`is_read_once`).
    """

    path: str
    chunks: Iterator[Chunk] = field(default_factory=lambda: iter(()))
    digest: str | None = None
    size: int = 0
    bytes_read: int = 0
    is_read_once: bool = field(init=False)

    def __post_init__(self) -> None:
        self.is_read_once = self.digest is None


class Doors:
    """Opens the places of one run, in the order of `paths`; what lies far off is fetched ahead. Close it afterwards.

    Of a database only what `audit` has not yet is read (None = everything).
    """

    def __init__(self, paths: Sequence[str], limits: Limits, audit: Audit | None = None) -> None:
        self._limits = limits
        self._audit = audit
        self._objects = [path for path in paths if scheme_of(path) == "s3" and not is_never_a_log(path)]
        self._first_parts: FirstParts | None = None

    def __enter__(self) -> Doors:
        return self

    def __exit__(self, *error: object) -> None:
        if self._first_parts is not None:
            self._first_parts.close()

    def open(self, path: str) -> Opening:
        """Open one path that `expand_paths` gave.

        Raises: UserError when it cannot be read.
        """
        scheme = scheme_of(path)
        if scheme == "postgresql":
            from analyzer.store.postgres import open_spend_logs

            return open_spend_logs(path, self._limits, self._audit)
        if scheme == "s3":
            from analyzer.store.objects import FirstParts, open_object

            self._first_parts = self._first_parts or FirstParts(self._objects)
            return open_object(path, self._limits, self._first_parts)
        digest, size = _content(path) if path != "-" else (None, 0)
        return open_blocks(Opening(path, digest=digest, size=size), raw_blocks(path), self._limits)


def open_path(path: str, limits: Limits, audit: Audit | None = None) -> Opening:
    """Open one path alone.

    Raises: UserError when it cannot be read.
    """
    with Doors([], limits, audit) as doors:
        return doors.open(path)


def open_blocks(opening: Opening, blocks: Iterator[bytes], limits: Limits) -> Opening:
    """The opening with the chunks in `blocks`, the bytes as stored."""
    opening.chunks = _chunks(opening, blocks, limits)
    return opening


def _chunks(opening: Opening, blocks: Iterator[bytes], limits: Limits) -> Iterator[Chunk]:
    seen = hashlib.sha256()
    blocks = _counted(blocks, seen, opening)
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
