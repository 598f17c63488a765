"""Reads small logs written by a test; its place beside the tests makes it importable from them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from analyzer.store.audit import Audit, open_audit
from analyzer.store.ingest import IngestResult, ingest_paths


@pytest.fixture
def audit() -> Iterator[Audit]:
    """An empty audit in memory."""
    with open_audit(None) as opened:
        yield opened


def read(audit: Audit, folder: Path, files: dict[str, str], **options: Any) -> IngestResult:
    """What an audit makes of a folder with these files: name to text."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return ingest_paths(audit, [str(folder)], **options)


def lines(*documents: Any) -> str:
    """JSON lines."""
    return "".join(json.dumps(document) + "\n" for document in documents)


def buckets(audit: Audit) -> list[tuple[int, int, int, int, int]]:
    """Uncached, written for 5 minutes, for an hour, read, output: one a call, in order of their keys."""
    return audit.connection.execute(
        "select uncached_input_tokens, cache_write_5m_tokens, cache_write_1h_tokens, cache_read_tokens, output_tokens "
        "from requests order by duplicate_key"
    ).fetchall()


def one(audit: Audit, column: str) -> Any:
    """An expression over the only call there is."""
    found = audit.connection.execute(f"select {column} from requests").fetchall()
    assert len(found) == 1
    return found[0][0]


def remarks(result: IngestResult) -> list[str]:
    """The remarks of all files."""
    return [remark for file in result.files for remark, _ in file.remarks]
