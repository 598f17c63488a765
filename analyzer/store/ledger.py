"""What the audit keeps of each file: counts that add up, rejects, remarks."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from analyzer.sources.formats import SourceFormat
from analyzer.store.audit import Audit
from analyzer.store.projecting import Projection


@dataclass(frozen=True)
class FileResult:
    """One file. accepted + duplicates + rejected + context_lines = records read; `source` None = not understood."""

    path: str
    source: str | None
    accepted: int = 0
    duplicates: int = 0
    rejected: int = 0
    context_lines: int = 0
    rejects: tuple[tuple[int, str], ...] = ()
    remarks: tuple[tuple[str, int], ...] = ()

    @property
    def records(self) -> int:
        """All records of the file."""
        return self.accepted + self.duplicates + self.rejected + self.context_lines

    def document(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "path": self.path,
            "source": self.source,
            "accepted": self.accepted,
            "duplicates": self.duplicates,
            "rejected": self.rejected,
            "context_lines": self.context_lines,
            "rejects": [{"line": line, "reason": reason} for line, reason in self.rejects],
            "remarks": [{"remark": remark, "count": count} for remark, count in self.remarks],
        }


@dataclass(frozen=True)
class Reading:
    """One file that was projected and is not yet written."""

    file_id: int
    path: str
    digest: str
    size: int


def next_file_id(audit: Audit) -> int:
    """The first number that no file of the audit has."""
    row = audit.connection.execute("select coalesce(max(file_id), 0) + 1 from files").fetchone()
    assert row is not None
    return int(row[0])


def known_content(
    audit: Audit, path: str, digest: str, forced: SourceFormat | None, *, with_time: bool = False
) -> FileResult | None:
    """The same bytes were read before and gave calls: everything is a duplicate now. None = read the file.

    `with_time`: a time for calls without one is given now, so a file that lacked one is read again.
    """
    row = audit.connection.execute(
        "select file_id, source, accepted + duplicates, rejected, context_lines from files "
        "where content_hash = $digest and accepted + duplicates > 0 and ($source is null or source = $source) "
        "order by file_id desc",
        {"digest": digest, "source": forced.name if forced else None},
    ).fetchone()
    if row is None:
        return None
    file_id, source, duplicates, rejected, context_lines = row
    rejects = audit.connection.execute(
        "select line_no, reason from rejects where file_id = $file_id order by line_no", {"file_id": file_id}
    ).fetchall()
    if with_time and any("--at" in reason for _, reason in rejects):
        return None
    return FileResult(
        path=path,
        source=source,
        duplicates=duplicates,
        rejected=rejected,
        context_lines=context_lines,
        rejects=tuple((int(line), str(reason)) for line, reason in rejects),
        remarks=(("the same content was read before", 1),),
    )


def write_readings(audit: Audit, readings: Sequence[Reading], projection: Projection) -> list[FileResult]:
    """Write some files, their rows, rejects and remarks in one transaction; the results in order of `readings`."""
    projection.finish()
    counts, remarks = projection.counts(), projection.remarks()
    rejects: dict[int, list[tuple[int, str]]] = {}
    for file_id, line_no, reason in projection.rejects:
        rejects.setdefault(file_id, []).append((line_no, reason))
    results = []
    for reading in readings:
        accepted, duplicates, context_lines = counts.get(reading.file_id, (0, 0, 0))
        refused = tuple(rejects.get(reading.file_id, ()))
        results.append(
            FileResult(
                path=reading.path,
                source=projection.source.name,
                accepted=accepted,
                duplicates=duplicates,
                rejected=len(refused),
                context_lines=context_lines,
                rejects=refused,
                remarks=remarks.get(reading.file_id, ()),
            )
        )
    with _transaction(audit):
        _write_facts(audit, readings, results)
        projection.write_rows()
    return results


def write_unread(audit: Audit, reading: Reading, result: FileResult) -> None:
    """Write a file of which nothing was read, with its remark."""
    with _transaction(audit):
        _write_facts(audit, [reading], [result])


@contextmanager
def _transaction(audit: Audit) -> Iterator[None]:
    import duckdb

    audit.connection.execute("begin")
    try:
        yield
        audit.connection.execute("commit")
    except BaseException:
        with suppress(duckdb.TransactionException):  # an interrupted commit has ended the transaction by itself
            audit.connection.execute("rollback")
        raise


def _write_facts(audit: Audit, readings: Sequence[Reading], results: Sequence[FileResult]) -> None:
    _forget_fruitless(audit, readings, results[0].source)
    now = time.time_ns() // 1000
    audit.connection.executemany(
        "insert into files (file_id, path, content_hash, bytes, source, ingested_us, lines, accepted, duplicates, "
        "rejected, context_lines) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            [
                reading.file_id,
                reading.path,
                reading.digest,
                reading.size,
                result.source,
                now,
                result.records,
                result.accepted,
                result.duplicates,
                result.rejected,
                result.context_lines,
            ]
            for reading, result in zip(readings, results, strict=True)
        ],
    )
    pairs = list(zip(readings, results, strict=True))
    _insert(audit, "rejects", [(r.file_id, line, why) for r, result in pairs for line, why in result.rejects])
    _insert(audit, "remarks", [(r.file_id, text, count) for r, result in pairs for text, count in result.remarks])


def _forget_fruitless(audit: Audit, readings: Sequence[Reading], source: str | None) -> None:
    """Drop what an earlier reading of the same bytes could not use, so that its rejects are not counted twice.

    All of a reading that gave no call; of another only the rejects, where it was of the same format.
    """
    bound = {"digests": [reading.digest for reading in readings], "source": source}
    same = "select file_id from files where content_hash in (select unnest($digests))"
    old = f"{same} and (accepted + duplicates = 0 or source = $source)"
    for table in ("rejects", "remarks"):
        audit.connection.execute(f"delete from {table} where file_id in ({old})", bound)
    audit.connection.execute(f"update files set lines = lines - rejected, rejected = 0 where file_id in ({old})", bound)
    audit.connection.execute(
        f"delete from files where file_id in ({same} and accepted + duplicates = 0)", {"digests": bound["digests"]}
    )


def _insert(audit: Audit, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
    if not rows:
        return
    import numpy as np

    columns = list(zip(*rows, strict=True))
    incoming = {
        name: np.array(values, dtype=np.int64 if isinstance(values[0], int) else object)
        for name, values in zip("abc", columns, strict=True)
    }
    audit.connection.register("incoming", incoming)
    audit.connection.execute(f"insert into {table} select a, b, c from incoming")
    audit.connection.unregister("incoming")
