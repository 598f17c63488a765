"""Logs into the audit: one transaction a file, each call once, every record accounted for."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analyzer.errors import UserError, nearest_name
from analyzer.sources.formats import SourceFormat, formats, macros, matching_formats
from analyzer.sources.mapping import read_mapping
from analyzer.store.audit import Audit
from analyzer.store.feed import Chunk, Limits, read_chunks
from analyzer.store.ledger import FileResult, known_content, write_file
from analyzer.store.paths import expand_paths, is_never_a_log
from analyzer.store.projecting import Desk
from analyzer.store.streams import raw_blocks

_PROBE_RECORDS = 50
NOT_UNDERSTOOD = "not understood: no log format matches"
NOT_A_LOG = "not a log by its name"
EMPTY = "no records in this file"

Progress = Callable[[str, int], None]


@dataclass(frozen=True)
class IngestResult:
    """What was read, file by file."""

    files: tuple[FileResult, ...]

    @property
    def accepted(self) -> int:
        """Records that became a request."""
        return sum(file.accepted for file in self.files)

    @property
    def duplicates(self) -> int:
        """Records of a call that the audit has already."""
        return sum(file.duplicates for file in self.files)

    @property
    def rejected(self) -> int:
        """Records that could not be used."""
        return sum(file.rejected for file in self.files)

    def document(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "accepted": self.accepted,
            "duplicates": self.duplicates,
            "rejected": self.rejected,
            "files": [file.document() for file in self.files],
        }


def ingest_paths(
    audit: Audit,
    paths: Sequence[str],
    *,
    format: str | None = None,
    mapping: Path | None = None,
    strict: bool = False,
    progress: Progress | None = None,
    limits: Limits | None = None,
) -> IngestResult:
    """Read files, folders, globs and `-` into the audit; `progress` is told a path and the records read so far.

    `strict`: stop at the first file that is not understood or has a rejected record; what was read before stays.
    Raises: UserError for a path that is not there, a file two formats claim, or when nothing was understood.
    """
    forced = _forced(format, mapping)
    names = expand_paths(paths)
    audit.connection.execute("set variable salt = ?", [audit.salt])
    audit.connection.execute(macros())
    results = []
    desk = Desk(audit)
    try:
        for name in names:
            result = _ingest_file(audit, desk, name, forced, limits or Limits(), progress, named=name in paths)
            results.append(result)
            if strict:
                _stop_at_problem(result)
    finally:
        desk.clear()
    if not any(result.source for result in results):
        raise UserError(
            ", ".join(paths),
            f"no log among {len(results)} file(s) was understood",
            "one of the formats that `whowaits sources` lists",
            "or draft a mapping: whowaits sources --suggest FILE",
        )
    return IngestResult(tuple(results))


def _forced(format: str | None, mapping: Path | None) -> SourceFormat | None:
    if mapping is not None:
        if format not in (None, "generic"):
            raise UserError(
                "--mapping", f"together with --format {format}", "--format generic or none", "leave one out"
            )
        return read_mapping(mapping)
    if format is None:
        return None
    if format == "generic":
        raise UserError("--format", "generic without --mapping", "a mapping file", "whowaits sources --suggest FILE")
    if format not in formats():
        raise UserError("--format", repr(format), "a log format", nearest_name(format, [*formats(), "generic"]))
    return formats()[format]


def _stop_at_problem(result: FileResult) -> None:
    if result.source is None:
        raise UserError(result.path, result.remarks[0][0], "a log (--strict)", "leave it out or name its --format")
    if result.rejects:
        line, reason = result.rejects[0]
        raise UserError(
            f"{result.path}, line {line}", reason, "a usable record (--strict)", "mend the line or drop --strict"
        )


def _ingest_file(
    audit: Audit,
    desk: Desk,
    path: str,
    forced: SourceFormat | None,
    limits: Limits,
    progress: Progress | None,
    *,
    named: bool,
) -> FileResult:
    if is_never_a_log(path) and not named:
        return FileResult(path=path, source=None, remarks=((NOT_A_LOG, 1),))
    digest, size = _content(path)
    if digest is not None and (known := known_content(audit, path, digest, forced)):
        return known
    seen = hashlib.sha256()
    blocks = _counted(raw_blocks(path, seen))
    chunks = read_chunks(path, blocks, limits)
    first = next(chunks, Chunk())
    source = forced or _recognised(path, first)
    if source is None:
        remark = NOT_UNDERSTOOD if first.texts or first.rejects else EMPTY
        result = FileResult(path=path, source=None, remarks=((remark, 1),))
        if digest is not None:
            write_file(audit, result, digest, size, None)
        return result
    projection = desk.projection(source)
    records = 0
    for chunk in itertools.chain([first], chunks):
        projection.add(chunk)
        records += len(chunk.texts) + len(chunk.rejects)
        if progress is not None:
            progress(path, records)
    for _ in blocks:
        pass
    digest = seen.hexdigest() if digest is None else digest
    if path == "-" and (known := known_content(audit, path, digest, forced)):
        return known
    return write_file(audit, FileResult(path=path, source=source.name), digest, size or blocks.size, projection)


class _counted:
    """Blocks, and how many bytes they were."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self.size = 0

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        block = next(self._blocks)
        self.size += len(block)
        return block


def _content(path: str) -> tuple[str | None, int]:
    """Hash and size of a file; no hash for standard input, which is read once."""
    if path == "-":
        return None, 0
    try:
        with Path(path).open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest(), Path(path).stat().st_size
    except OSError as error:
        raise UserError(path, error.strerror or "not readable", "a readable file", "check its rights") from None


def _recognised(path: str, first: Chunk) -> SourceFormat | None:
    found = matching_formats(first.texts[:_PROBE_RECORDS])
    if len(found) > 1:
        names = " and ".join(source.name for source in found)
        raise UserError(path, f"looks like {names}", "exactly one format", f"say which: --format {found[0].name}")
    return found[0] if found else None
