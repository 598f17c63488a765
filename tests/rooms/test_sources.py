"""Each log format has its proof in tests/sources/<name>/: an input, the rows expected of it, the lines refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from analyzer.sources.formats import formats, matching_formats
from analyzer.sources.pages import pages
from analyzer.store.audit import Audit, open_audit
from analyzer.store.feed import Limits
from analyzer.store.ingest import ingest_paths
from analyzer.store.openings import open_path
from analyzer.store.projecting import NUMBERS

ROOT = Path(__file__).parents[2]
PROOFS = ROOT / "tests" / "sources"
ROOMS = [*formats(), "generic"]


@pytest.fixture
def audit() -> Iterator[Audit]:
    with open_audit(None) as opened:
        yield opened


def read(audit: Audit, name: str) -> Any:
    source = next(PROOFS.joinpath(name).glob("input.*"))
    mapping = source.with_name("mapping.toml")
    return ingest_paths(audit, [str(source)], mapping=mapping if mapping.exists() else None).files[0]


def table_of(name: str) -> str:
    return formats()[name].into if name in formats() else "requests"


def rows_of(audit: Audit, table: str) -> list[dict[str, Any]]:
    result = audit.connection.execute(f"select * from {table} order by line_no, {NUMBERS[table]}")
    names = [column[0] for column in result.description]
    return [
        {name: str(value) if isinstance(value, Decimal) else value for name, value in zip(names, row, strict=True)}
        for row in result.fetchall()
    ]


@pytest.mark.parametrize("name", ROOMS)
def test_a_format_reads_its_example_as_written_down_by_hand(name: str, audit: Audit) -> None:
    expected = json.loads((PROOFS / name / "expected.json").read_text())
    result = read(audit, name)
    assert result.source == name
    assert [list(pair) for pair in result.rejects] == expected["rejects"]
    assert (result.records, result.context_lines, result.duplicates) == (
        expected["records"],
        expected["context_lines"],
        expected["duplicates"],
    )
    rows = rows_of(audit, table_of(name))
    assert [{key: row[key] for key in want} for row, want in zip(rows, expected["rows"], strict=True)] == expected[
        "rows"
    ]


@pytest.mark.parametrize("name", ROOMS)
def test_a_format_says_what_its_totals_are_by_hand(name: str) -> None:
    assert (PROOFS / name / "README.md").read_text().strip()


@pytest.mark.parametrize("name", ROOMS)
def test_reading_a_file_twice_adds_nothing(name: str, audit: Audit) -> None:
    first = read(audit, name)
    before = rows_of(audit, table_of(name))
    second = read(audit, name)
    assert second.accepted == 0
    assert second.duplicates == first.accepted + first.duplicates
    assert rows_of(audit, table_of(name)) == before


def test_the_pages_of_formats_are_fresh_and_no_other_page_is_there() -> None:
    made = pages()
    docs = ROOT / "docs"
    assert {name: (docs / name).read_text() for name in made} == made
    assert {f"sources/{path.name}" for path in docs.glob("sources/*")} == made.keys() - {"sources.md"}


@pytest.mark.parametrize("name", formats())
def test_an_example_is_recognised_as_its_own_format_and_no_other(name: str) -> None:
    example = next(PROOFS.joinpath(name).glob("input.*"))
    chunk = next(open_path(str(example), Limits()).chunks)
    assert [source.name for source in matching_formats(chunk.texts[:50])] == [name]
