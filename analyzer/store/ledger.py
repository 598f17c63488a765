"""What the audit keeps of each file: counts that add up, rejects, remarks."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
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


def known_content(audit: Audit, path: str, digest: str, forced: SourceFormat | None) -> FileResult | None:
    """The same bytes were read before and gave calls: everything is a duplicate now. None = read the file."""
    row = audit.connection.execute(
        "select file_id, source, accepted + duplicates, rejected, context_lines from files "
        "where content_hash = $digest and accepted + duplicates > 0",
        {"digest": digest},
    ).fetchone()
    if row is None or (forced is not None and forced.name != row[1]):
        return None
    file_id, source, duplicates, rejected, context_lines = row
    rejects = audit.connection.execute(
        "select line_no, reason from rejects where file_id = $file_id order by line_no", {"file_id": file_id}
    ).fetchall()
    return FileResult(
        path=path,
        source=source,
        duplicates=duplicates,
        rejected=rejected,
        context_lines=context_lines,
        rejects=tuple((int(line), str(reason)) for line, reason in rejects),
        remarks=(("the same content was read before", 1),),
    )


def write_file(audit: Audit, result: FileResult, digest: str, size: int, projection: Projection | None) -> FileResult:
    """Write the file, its requests, rejects and remarks in one transaction; returns the result with its counts."""
    connection = audit.connection
    if projection is not None:
        projection.finish()
        accepted, duplicates, context_lines = projection.counts()
        result = replace(
            result,
            accepted=accepted,
            duplicates=duplicates,
            context_lines=context_lines,
            rejected=len(projection.rejects),
            rejects=tuple(projection.rejects),
            remarks=projection.remarks(),
        )
    connection.execute("begin")
    try:
        _forget_fruitless(audit, digest)
        file_id = _write_facts(audit, result, digest, size)
        if projection is not None:
            projection.write_requests(file_id)
        connection.execute("commit")
    except BaseException:
        connection.execute("rollback")
        raise
    return result


def _forget_fruitless(audit: Audit, digest: str) -> None:
    """Drop an earlier reading of the same bytes that gave no call, so that its rejects are not counted twice."""
    old = "select file_id from files where content_hash = $digest and accepted + duplicates = 0"
    for table in ("rejects", "remarks"):
        audit.connection.execute(f"delete from {table} where file_id in ({old})", {"digest": digest})
    audit.connection.execute(f"delete from files where file_id in ({old})", {"digest": digest})


def _write_facts(audit: Audit, result: FileResult, digest: str, size: int) -> int:
    connection = audit.connection
    row = connection.execute("select nextval('file_numbers')").fetchone()
    assert row is not None
    file_id = int(row[0])
    connection.execute(
        "insert into files (file_id, path, content_hash, bytes, source, ingested_us, lines, accepted, duplicates, "
        "rejected, context_lines) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            file_id,
            result.path,
            digest,
            size,
            result.source,
            time.time_ns() // 1000,
            result.records,
            result.accepted,
            result.duplicates,
            result.rejected,
            result.context_lines,
        ],
    )
    _insert_pairs(audit, "rejects", file_id, result.rejects)
    _insert_pairs(audit, "remarks", file_id, result.remarks)
    return file_id


def _insert_pairs(audit: Audit, table: str, file_id: int, pairs: tuple[tuple[Any, Any], ...]) -> None:
    if not pairs:
        return
    import numpy as np

    first, second = zip(*pairs, strict=True)
    is_line = isinstance(first[0], int)
    incoming = {
        "a": np.array(first, dtype=np.int64 if is_line else object),
        "b": np.array(second, dtype=object if is_line else np.int64),
    }
    audit.connection.register("incoming", incoming)
    audit.connection.execute(f"insert into {table} select $file_id, a, b from incoming", {"file_id": file_id})
    audit.connection.unregister("incoming")
