"""Logs into the audit: a file wholly or not at all, each call once, every record accounted for."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analyzer.errors import UserError, nearest_name
from analyzer.sources.formats import SourceFormat, formats, macros, matching_formats
from analyzer.sources.mapping import read_mapping
from analyzer.store.audit import Audit
from analyzer.store.feed import Chunk, Limits
from analyzer.store.ledger import FileResult, Reading, known_content, next_file_id, write_readings, write_unread
from analyzer.store.openings import Doors, Opening
from analyzer.store.paths import expand_paths, is_never_a_log, plain_path, shown_path, stored_bytes
from analyzer.store.projecting import Desk

_PROBE_RECORDS = 50
NOT_UNDERSTOOD = "not understood: no log format matches"
NOT_A_LOG = "not a log by its name"
EMPTY = "no records in this file"

_SMALL_BYTES = 4 << 20
_GROUP_CHARACTERS = 16 << 20
_GROUP_FILES = 1_000

Progress = Callable[[str, int, int, int], None]
Chunks = Callable[[], Iterable[Chunk]]


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
    assumed_us: int | None = None,
    strict: bool = False,
    only_into: str | None = None,
    progress: Progress | None = None,
    limits: Limits | None = None,
) -> IngestResult:
    """Read files, folders, globs, `-` and the URLs of databases and object stores into the audit.

    `progress` is told a path, and over all files the records and bytes read and the bytes there are (0 = not known).
    `assumed_us`: the start of records that have no time (UTC microseconds); without it they are rejected.
    `strict`: stop at the first file that is not understood or has a rejected record; what was read before stays.
    `only_into`: the table that all files must be for ("cost_lines" = invoices); another file is an error, and not read.
    Raises: UserError for a path that is not there or not readable, or when nothing was understood.
    """
    forced = _forced(format, mapping)
    names = expand_paths(paths)
    audit.connection.execute("set variable salt = ?", [audit.salt])
    audit.connection.execute("set variable assumed_us = ?", [assumed_us])
    audit.connection.execute(macros())
    size = sum(map(stored_bytes, names)) if progress else 0
    with Doors(names, limits or Limits(), audit) as doors:
        intake = Intake(
            audit,
            forced,
            doors,
            progress,
            is_strict=strict,
            only_into=only_into,
            with_time=assumed_us is not None,
            bytes_total=size,
        )
        try:
            for name in names:
                intake.take(name, named=name in paths)
            intake.flush()
        finally:
            intake.desk.clear()
    results = tuple(intake.results[shown_path(name)] for name in names)
    if not any(result.source for result in results):
        raise _nothing_understood(paths, results)
    return IngestResult(results)


def _nothing_understood(paths: Sequence[str], results: Sequence[FileResult]) -> UserError:
    found = f"no log among {len(results)} files was understood"
    if not results:
        found = "an empty folder"
    elif len(results) == 1:
        found = results[0].remarks[0][0]
    elif all((NOT_A_LOG, 1) in result.remarks for result in results):
        found = f"{len(results)} files, all left out by their names (pictures, documents, programs)"
    return UserError(
        ", ".join(map(shown_path, paths)),
        found,
        "one of the formats that `whowaits sources` lists",
        "or draft a mapping: whowaits sources --suggest FILE",
    )


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


@dataclass
class _Waiting:
    """Files of one format that are not yet projected; `size`: characters of them held in memory."""

    files: list[tuple[Opening, Chunks]]
    size: int = 0


class Intake:
    """Files as they are taken in. Small ones of one format are projected and written together, a large one alone unless
    records of its format hang on those of other files.
    """

    def __init__(
        self,
        audit: Audit,
        forced: SourceFormat | None,
        doors: Doors,
        progress: Progress | None,
        *,
        is_strict: bool,
        only_into: str | None = None,
        with_time: bool = False,
        bytes_total: int = 0,
    ) -> None:
        self.desk = Desk(audit)
        self.results: dict[str, FileResult] = {}
        self._audit = audit
        self._forced = forced
        self._doors = doors
        self._progress = progress
        self._is_strict = is_strict
        self._with_time = with_time
        self._only_into = only_into
        self._waiting: dict[SourceFormat, _Waiting] = {}
        self._file_id = next_file_id(audit)
        self._records = 0
        self._bytes_done = 0
        self._bytes_total = bytes_total

    def take(self, path: str, *, named: bool) -> None:
        """Read one file; `named`: the user named it, it was not found in a folder.

        Raises: UserError when a named file cannot be read, or at the first problem when strict.
        """
        if is_never_a_log(path) and not named:
            self._settle(FileResult(path=plain_path(path), source=None, remarks=((NOT_A_LOG, 1),)))
            return
        try:
            opening = self._doors.open(path)
        except UserError as error:
            if named:
                raise
            self._settle(FileResult(path=plain_path(path), source=None, remarks=((f"not read: {error.found}", 1),)))
            return
        if opening.digest is not None and self._is_known(opening):
            self._check_table(opening.path, formats().get(self.results[plain_path(opening.path)].source or ""))
            return
        first = next(opening.chunks, Chunk())
        source, remark = (self._forced, "") if self._forced else _recognised(first)
        if source is None:
            self._leave(opening, remark)
            return
        self._check_table(path, source)
        second = next(opening.chunks, None)
        is_small = second is None and opening.size <= _SMALL_BYTES
        if self._is_strict or opening.is_read_once:
            self._write(
                source, [(opening, lambda: itertools.chain([first], [second] if second else [], opening.chunks))]
            )
        elif is_small:
            self._let_wait(source, opening, lambda: [first], first.characters)
        elif source.whole_file:  # its records may hang on those of another file: read it together with the others
            self._let_wait(source, opening, lambda: self._doors.open(path).chunks, 0)
        else:
            self.flush(whole=False)  # so that they are kept when the reading of the large one is stopped
            self._write(
                source, [(opening, lambda: itertools.chain([first], [second] if second else [], opening.chunks))]
            )

    def _check_table(self, path: str, source: SourceFormat | None) -> None:
        if source is not None and self._only_into not in (None, source.into):
            raise UserError(path, f"a log ({source.name})", "an invoice or cost report", "read logs with ingest")

    def flush(self, *, whole: bool = True) -> None:
        """Write the files that wait, the smallest first; `whole`: also those that may hang on files not yet seen."""
        ready = [source for source in self._waiting if whole or not source.whole_file]
        for source in sorted(ready, key=lambda source: sum(opening.size for opening, _ in self._waiting[source].files)):
            self._write(source, self._waiting.pop(source).files)

    def _is_known(self, opening: Opening) -> bool:
        assert opening.digest is not None
        if any(opening.digest == other.digest for waiting in self._waiting.values() for other, _ in waiting.files):
            self.flush()
        path, digest = plain_path(opening.path), opening.digest
        known = known_content(self._audit, path, digest, self._forced, with_time=self._with_time)
        if known is not None:
            self._settle(known)
        return known is not None

    def _let_wait(self, source: SourceFormat, opening: Opening, chunks: Chunks, characters: int) -> None:
        waiting = self._waiting.setdefault(source, _Waiting([]))
        waiting.files.append((opening, chunks))
        waiting.size += characters
        if waiting.size > _GROUP_CHARACTERS or len(waiting.files) >= _GROUP_FILES:
            del self._waiting[source]
            self._write(source, waiting.files)

    def _write(self, source: SourceFormat, files: Sequence[tuple[Opening, Chunks]]) -> None:
        projection = self.desk.projection(source)
        readings = []
        for opening, chunks in files:
            unfold = source.open_unfold(opening.path)
            file_id = self._next_file_id()
            for chunk in chunks():
                self._tell(opening, projection.add(file_id, chunk, unfold))
            assert opening.digest is not None
            readings.append(Reading(file_id, plain_path(opening.path), opening.digest, opening.size))
        if files[0][0].is_read_once and self._is_known(files[0][0]):
            return
        for result in write_readings(self._audit, readings, projection):
            self._settle(result)

    def _leave(self, opening: Opening, remark: str) -> None:
        result = FileResult(path=plain_path(opening.path), source=None, remarks=((remark, 1),))
        if opening.digest is not None:
            write_unread(self._audit, Reading(self._next_file_id(), result.path, opening.digest, opening.size), result)
        self._settle(result)

    def _next_file_id(self) -> int:
        self._file_id += 1
        return self._file_id - 1

    def _tell(self, opening: Opening, records: int) -> None:
        self._records += records
        if self._progress is not None:
            self._progress(opening.path, self._records, self._bytes_done + opening.bytes_read, self._bytes_total)

    def _settle(self, result: FileResult) -> None:
        self.results[result.path] = result
        self._bytes_done += stored_bytes(result.path)
        if self._is_strict:
            _stop_at_problem(result)


def _recognised(first: Chunk) -> tuple[SourceFormat | None, str]:
    """The format, or why there is none."""
    if not first.texts and not first.rejects:
        return None, EMPTY
    if not first.texts and len(first.rejects) == 1:
        return None, f"not understood: {first.rejects[0][1]}"
    found = matching_formats(first.texts[:_PROBE_RECORDS])
    if len(found) > 1:
        which = f"say which, for instance --format {found[0].name}; one that holds both, once with each"
        return None, f"looks like {' and '.join(source.name for source in found)}: {which}"
    return (found[0], "") if found else (None, NOT_UNDERSTOOD)
