"""Parquet through an engine of its own, so that the audit's connection never touches files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from analyzer.errors import UserError
from analyzer.store.feed import CHUNK_RECORDS, Chunk


def parquet_chunks(path: str) -> Iterator[Chunk]:
    """Rows as JSON; `line_no` is the row number from 1.

    Raises: UserError for Parquet on standard input.
    """
    import duckdb

    if path == "-":
        raise UserError("standard input", "Parquet", "a file", "Parquet needs a file that can be read twice")
    engine = duckdb.connect(config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"})
    line_no = 1
    try:
        engine.execute("set TimeZone = 'UTC'")
        with _plain_name(path) as name:
            rows = engine.execute(
                "select to_json(whowaits_row)::varchar from read_parquet($path) whowaits_row", {"path": name}
            )
            while batch := rows.fetchmany(CHUNK_RECORDS // 4):
                chunk = Chunk()
                for (text,) in batch:
                    chunk.add(line_no, text)
                    line_no += 1
                yield chunk
    except duckdb.Error:
        yield Chunk(rejects=[(line_no, "the Parquet file is damaged from here on")])
    finally:
        engine.close()


@contextmanager
def _plain_name(path: str) -> Iterator[str]:
    """A name for the file in which the engine sees no pattern (`*`, `[`), no partition (`year=2026/`), only UTF-8."""
    with TemporaryDirectory(prefix="whowaits-") as folder:
        link = Path(folder) / "log.parquet"
        link.symlink_to(Path(path).resolve())
        yield str(link)
