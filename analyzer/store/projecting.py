"""One file's records through its format's projection, a chunk at a time; only hashes and counts are left after each."""

from __future__ import annotations

from pathlib import Path

from analyzer.sources.formats import SourceFormat
from analyzer.sqlblocks import quoted, sql_blocks
from analyzer.store.audit import Audit
from analyzer.store.feed import Chunk

_SQL = sql_blocks(Path(__file__).parent / "ingest.sql")
_OWN = {
    "line_no": ("bigint", "null"),
    "part_no": ("integer", "0"),
    "is_context": ("boolean", "false"),
    "duplicate_key": ("varchar", "null"),
    "duplicate_rank": ("bigint", "0"),
    "reject_reason": ("varchar", "null"),
    "remarks": ("varchar[]", "null"),
}
_SET_BY_INGEST = ("request_no", "source", "file_id")
_COUNTS = (
    "uncached_input_tokens",
    "cache_write_5m_tokens",
    "cache_write_1h_tokens",
    "cache_read_tokens",
    "output_tokens",
    "web_searches",
)
NAME_LIMIT = 256


class Desk:
    """Lays out the temporary tables of one format, and uses them again for the next file of that format."""

    def __init__(self, audit: Audit) -> None:
        self._audit = audit
        self._laid: Projection | None = None

    def projection(self, source: SourceFormat) -> Projection:
        """Empty tables for one file of this format."""
        if self._laid is None or self._laid.source != source:
            self.clear()
            self._laid = Projection(self._audit, source)
        self._laid.empty()
        return self._laid

    def clear(self) -> None:
        """Forget the temporary tables."""
        if self._laid is not None:
            self._laid.drop()
        self._laid = None


class Projection:
    """The temporary tables of one format, for one file at a time."""

    def __init__(self, audit: Audit, source: SourceFormat) -> None:
        self.source = source
        self.connection = audit.connection
        self.rejects: list[tuple[int, str]] = []
        self.records = 0
        self.columns = [
            (str(name), str(kind))
            for name, kind, *_ in self.connection.execute("describe requests").fetchall()
            if name not in _SET_BY_INGEST
        ]
        self._stage()
        self.select = self._select()
        self.connection.execute(f"create or replace temp table projected as {self.select} limit 0")

    def empty(self) -> None:
        """Begin a file."""
        self.rejects = []
        self.records = 0
        self.connection.execute("truncate staged")
        self.connection.execute("truncate projected")

    def _stage(self) -> None:
        self.connection.execute(_SQL["staged"])
        shape = "'" + self.source.shape.replace("'", "''") + "'"
        self.connection.execute(_SQL["record"].replace("$shape$", shape))

    def _select(self) -> str:
        """The projection, its columns cast and completed; a name too long or not plain becomes NULL."""
        described = self.connection.execute(f"describe {self.source.projection}").fetchall()
        given = {str(row[0]) for row in described}
        items = [
            f"coalesce({quoted(name)}, {default})::{kind} as {name}"
            if name in given
            else f"{default}::{kind} as {name}"
            for name, (kind, default) in _OWN.items()
        ]
        for name, kind in self.columns:
            if name in _OWN:
                continue
            value = quoted(name) if name in given else "null"
            if name in _COUNTS:
                value = f"coalesce({value}, 0)"
            elif kind == "VARCHAR" and name in given:
                plain = f"length({value}) <= {NAME_LIMIT} and left({value}, 1) not in ('{{', '[')"
                value = f"case when {plain} then {value} end"
            elif name == "tags" and name in given:
                value = (
                    f"case when cardinality({value}) > 0 then map_from_entries(list_filter(map_entries({value}), "
                    f"lambda e: length(e.key) <= {NAME_LIMIT} and length(e.value) <= {NAME_LIMIT} "
                    "and left(e.value, 1) not in ('{', '['))) end"
                )
            items.append(f"{value}::{kind} as {quoted(name)}")
        items += [quoted(name) for name in sorted(given) if name.startswith("_")]
        return f"select {', '.join(items)} from ({self.source.projection})"

    def add(self, chunk: Chunk) -> None:
        """Project one chunk."""
        import numpy as np

        self.rejects += chunk.rejects
        self.records += len(chunk.texts) + len(chunk.rejects)
        if not chunk.texts:
            return
        incoming = {
            "line_no": np.array(chunk.line_nos, dtype=np.int64),
            "text": np.array(chunk.texts, dtype=object),
        }
        self.connection.register("incoming", incoming)
        self.connection.execute("insert into staged select line_no, text from incoming")
        self.connection.unregister("incoming")
        self.rejects += [(int(line), str(reason)) for line, reason in self._rows("damaged")]
        self.connection.execute(f"insert into projected {self.select}")
        self.connection.execute("truncate staged")

    def _rows(self, block: str) -> list[tuple[int, str]]:
        return self.connection.execute(_SQL[block]).fetchall()

    def finish(self) -> None:
        """Rank the copies of each call, in the file and against the audit."""
        whole = self.source.whole_file or "select * from projected"
        self.connection.execute(f"create or replace temp table whole_file as {whole}")
        self.connection.execute(_SQL["ranked"], {"source": self.source.name})
        self.rejects += [(int(line), str(reason)) for line, reason in self._rows("refused")]
        self.rejects.sort()

    def counts(self) -> tuple[int, int, int]:
        """Accepted, duplicates, context lines."""
        row = self.connection.execute(_SQL["counts"]).fetchone()
        assert row is not None
        return int(row[0]), int(row[1]), int(row[2])

    def remarks(self) -> tuple[tuple[str, int], ...]:
        """What was dropped on purpose or understood with a caveat, and how often."""
        return tuple((str(remark), int(count)) for remark, count in self.connection.execute(_SQL["remarks"]).fetchall())

    def write_requests(self, file_id: int) -> None:
        """Inside the caller's transaction."""
        names = ", ".join(quoted(name) for name, _ in self.columns)
        self.connection.execute(_SQL["drop_outranked"])
        self.connection.execute(
            _SQL["add_requests"].replace("$columns$", names), {"source": self.source.name, "file_id": file_id}
        )

    def drop(self) -> None:
        """Forget the file's temporary tables."""
        self.connection.execute("drop view if exists record")
        for table in ("staged", "projected", "whole_file", "ranked"):
            self.connection.execute(f"drop table if exists {table}")
