"""Records of some files through the projection of their format, a chunk at a time; no text is left after each."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from analyzer.sources.formats import SourceFormat, Unfold
from analyzer.sqlblocks import quoted, sql_blocks
from analyzer.store.audit import Audit
from analyzer.store.feed import CHUNK_BYTES, CHUNK_RECORDS, Chunk
from analyzer.tokens import SUM_COLUMNS

_SQL = sql_blocks(Path(__file__).parent / "ingest.sql")
_OWN = {
    "record_no": ("bigint", "null"),
    "part_no": ("integer", "0"),
    "is_context": ("boolean", "false"),
    "duplicate_key": ("varchar", "null"),
    "duplicate_rank": ("bigint", "0"),
    "reject_reason": ("varchar", "null"),
    "remarks": ("varchar[]", "null"),
}
NUMBERS = {"requests": "request_no", "usage_rollups": "rollup_no", "cost_lines": "cost_no"}
_SET_BY_INGEST = (*NUMBERS.values(), "source", "file_id", "line_no")
_NO_PERSON = ("raw_model", "duplicate_key", "prefix_hash", "prompt_hash", "user_hash")
NAME_LIMIT = 256

Reject = tuple[int, int, str]


class Desk:
    """Lays out the temporary tables of one format, and uses them again for the next files of that format."""

    def __init__(self, audit: Audit) -> None:
        self._audit = audit
        self._laid: Projection | None = None

    def projection(self, source: SourceFormat) -> Projection:
        """Empty tables for some files of this format."""
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
    """The temporary tables of one format. `rejects`: (file_id, line, reason)."""

    def __init__(self, audit: Audit, source: SourceFormat) -> None:
        self.source = source
        self.connection = audit.connection
        self.rejects: list[Reject] = []
        self._record_no = 0
        self._forget_texts()
        self.columns = [
            (str(name), str(kind))
            for name, kind, *_ in self.connection.execute(f"describe {source.into}").fetchall()
            if name not in _SET_BY_INGEST
        ]
        self._stage()
        self.select = self._select()
        self.connection.execute(f"create or replace temp table projected as {self.select} limit 0")

    def _sql(self, block: str) -> str:
        return _SQL[block].replace("$into$", self.source.into).replace("$number$", NUMBERS[self.source.into])

    def empty(self) -> None:
        """Begin anew."""
        self.rejects = []
        self._record_no = 0
        self._forget_texts()
        for table in ("staged", "places", "projected"):
            self.connection.execute(f"truncate {table}")

    def _stage(self) -> None:
        self.connection.execute(_SQL["staged"])
        self.connection.execute(_SQL["places"])
        shape = "'" + self.source.shape.replace("'", "''") + "'"
        self.connection.execute(_SQL["record"].replace("$shape$", shape))

    def _select(self) -> str:
        """The projection, its columns cast and completed; a name too long or not plain becomes NULL, with a remark."""
        described = self.connection.execute(f"describe {self.source.projection}").fetchall()
        given = {str(row[0]) for row in described}
        dropped: list[str] = []
        items = [self._item(name, kind, given, dropped) for name, kind in self.columns if name not in _OWN]
        for name, (kind, default) in _OWN.items():
            value = f"coalesce({quoted(name)}, {default})" if name in given else default
            if name == "remarks" and dropped:
                value = f"list_concat({value}, list_filter([{', '.join(dropped)}], lambda x: x is not null))"
            items.append(f"{value}::{kind} as {name}")
        items += [quoted(name) for name in sorted(given) if name.startswith("_")]
        return f"select {', '.join(items)} from ({self.source.projection})"

    def _item(self, name: str, kind: str, given: set[str], dropped: list[str]) -> str:
        """One column of the projection; what it leaves out is added to `dropped` as an SQL expression of its remark."""
        value = quoted(name) if name in given else "null"
        if name in SUM_COLUMNS:
            value = f"coalesce({value}, 0)"
        elif kind == "VARCHAR" and name in given:
            plain = f"length({value}) <= {NAME_LIMIT} and left({value}, 1) not in ('{{', '[')"
            dropped.append(
                f"case when not ({plain}) then '{name}: no plain name of up to {NAME_LIMIT} characters, left out' end"
            )
            value = f"case when {plain} then {value if name in _NO_PERSON else f'without_address({value})'} end"
        elif name == "tags" and name in given:
            kept = (
                f"map_from_entries(list_filter(list_transform(map_entries({value}), "
                "lambda e: struct_pack(key := without_address(e.key), value := tag_of(e.key, e.value))), "
                "lambda e: e.value is not null))"
            )
            dropped.append(
                f"case when cardinality({kept}) < cardinality({value}) then "
                "'tags: a value that is too long or may be text of a prompt by its name, left out' end"
            )
            value = f"case when cardinality({kept}) > 0 then {kept} end"
        return f"{value}::{kind} as {quoted(name)}"

    def add(self, file_id: int, chunk: Chunk, unfold: Unfold | None) -> int:
        """Take one chunk of one file; returns the records in it."""
        before = len(self.rejects) + len(self._texts)
        self.rejects += [(file_id, line, reason) for line, reason in chunk.rejects]
        for line_no, text in zip(chunk.line_nos, chunk.texts, strict=True):
            try:
                for inner in _inner_records(text, unfold) if unfold else (text,):
                    self._places.append((file_id, line_no))
                    self._texts.append(inner)
            except ValueError as error:
                self.rejects.append((file_id, line_no, str(error)))
        self._characters += chunk.characters
        records = len(self.rejects) + len(self._texts) - before
        if len(self._texts) >= CHUNK_RECORDS or self._characters >= CHUNK_BYTES:
            self._project()
        return records

    def _project(self) -> None:
        """Project the records that were taken, and forget their text."""
        places, texts = self._places, self._texts
        self._forget_texts()
        if texts:
            self._project_some(places, texts)

    def _project_some(self, places: list[tuple[int, int]], texts: list[str]) -> None:
        """Project records; where the SQL fails on one, the others go on: it is looked for by halves and rejected."""
        import duckdb

        first = self._record_no
        self._stage_records(places, texts)
        try:
            damaged = self._rows("damaged")
            self.connection.execute(f"insert into projected {self.select}")
        except (duckdb.InterruptException, duckdb.OutOfMemoryException):
            raise
        except duckdb.Error as error:
            self.connection.execute("truncate staged")
            self.connection.execute(f"delete from places where record_no >= {first:d}")
            if len(texts) == 1:
                file_id, line_no = places[0]
                self.rejects.append((file_id, line_no, f"a record that cannot be read ({type(error).__name__})"))
                return
            half = len(texts) // 2
            self._project_some(places[:half], texts[:half])
            self._project_some(places[half:], texts[half:])
            return
        self.rejects += damaged
        self.connection.execute("truncate staged")

    def _stage_records(self, places: list[tuple[int, int]], texts: list[str]) -> None:
        import numpy as np

        files, lines = zip(*places, strict=True)
        incoming = {
            "record_no": np.arange(self._record_no, self._record_no + len(texts), dtype=np.int64),
            "file_id": np.array(files, dtype=np.int64),
            "line_no": np.array(lines, dtype=np.int64),
            "text": np.array(texts, dtype=object),
        }
        self._record_no += len(texts)
        self.connection.register("incoming", incoming)
        self.connection.execute("insert into staged select record_no, text from incoming")
        self.connection.execute("insert into places select record_no, file_id, line_no from incoming")
        self.connection.unregister("incoming")

    def _forget_texts(self) -> None:
        self._places: list[tuple[int, int]] = []
        self._texts: list[str] = []
        self._characters = 0

    def _rows(self, block: str) -> list[Any]:
        return self.connection.execute(self._sql(block)).fetchall()

    def finish(self) -> None:
        """Rank the copies of each call, among these files and against the audit."""
        self._project()
        whole = self.source.whole_file or "select * from projected"
        self.connection.execute(_SQL["whole_files"].replace("$whole$", whole))
        self.connection.execute(self._sql("ranked"), {"source": self.source.name})
        self.rejects += self._rows("refused")
        self.rejects.sort()

    def counts(self) -> dict[int, tuple[int, int, int]]:
        """By file: accepted, duplicates, context lines."""
        return {file_id: (accepted, doubles, context) for file_id, accepted, doubles, context in self._rows("counts")}

    def remarks(self) -> dict[int, tuple[tuple[str, int], ...]]:
        """By file: what was dropped on purpose or understood with a caveat, and how often."""
        found: dict[int, tuple[tuple[str, int], ...]] = {}
        for file_id, remark, count in self._rows("remarks"):
            found[file_id] = (*found.get(file_id, ()), (remark, count))
        return found

    def write_rows(self) -> None:
        """Inside the caller's transaction."""
        names = ", ".join(["file_id", "line_no", *(quoted(name) for name, _ in self.columns)])
        self.connection.execute(self._sql("drop_outranked"))
        self.connection.execute(self._sql("add_rows").replace("$columns$", names), {"source": self.source.name})

    def drop(self) -> None:
        """Forget the temporary tables."""
        self.connection.execute("drop view if exists record")
        for table in ("staged", "places", "projected", "whole_files", "ranked"):
            self.connection.execute(f"drop table if exists {table}")


def _inner_records(text: str, unfold: Unfold) -> Iterator[str]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        yield text
        return
    if not isinstance(document, dict):
        yield text
        return
    yield from map(_json_text, unfold(document))


def _json_text(inner: dict[str, Any]) -> str:
    """As plain text, so that lengths are those of the text; half of a surrogate pair is no text and stays escaped."""
    text = json.dumps(inner, ensure_ascii=False)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return json.dumps(inner)
    return text
