"""Every amount of money on the page has a word beside it, its column or its table: measured, modeled or assumed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from html.parser import HTMLParser

import pytest
from report_fixture import larkfield

from analyzer.report import build_report
from analyzer.savings.assessment import LeverFinding

WORDS = {"measured", "modeled", "assumed"}


@dataclass
class Cell:
    tag: str
    text: str = ""
    bases: list[str] = field(default_factory=list)


@dataclass
class Block:
    """A table (rows of cells, with its caption) or a pair of a dl (dt and dd as one row)."""

    caption: Cell = field(default_factory=lambda: Cell("caption"))
    rows: list[list[Cell]] = field(default_factory=list)


class Blocks(HTMLParser):
    """The tables and the pairs of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tables: list[Block] = []
        self.pairs: list[list[Cell]] = []
        self._cell: Cell | None = None
        self._is_basis = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self.tables.append(Block())
        elif tag == "tr":
            self.tables[-1].rows.append([])
        elif tag in ("th", "td"):
            self._cell = Cell(tag)
            self.tables[-1].rows[-1].append(self._cell)
        elif tag == "caption":
            self._cell = self.tables[-1].caption
        elif tag in ("dt", "dd"):
            self._cell = Cell(tag)
            if tag == "dt":
                self.pairs.append([])
            self.pairs[-1].append(self._cell)
        elif ("class", "figure-basis") in attrs:
            self._is_basis = True

    def handle_endtag(self, tag: str) -> None:
        if tag in ("th", "td", "caption", "dt", "dd"):
            self._cell = None
        elif tag == "span":
            self._is_basis = False

    def handle_data(self, data: str) -> None:
        if self._cell is None:
            return
        if self._is_basis:
            self._cell.bases.append(data)
        else:
            self._cell.text += data


def is_money(cell: Cell) -> bool:
    return cell.text.strip().lstrip("−-").startswith("$")


@pytest.fixture(scope="module")
def page() -> Blocks:
    return Blocks(build_report(larkfield(), generated_on=date(2026, 11, 2)))


def test_every_amount_in_a_table_has_its_basis(page: Blocks) -> None:
    amounts = 0
    for table in page.tables:
        heads = table.rows[0]
        for row in table.rows[1:]:
            for place, cell in enumerate(row):
                if is_money(cell):
                    amounts += 1
                    found = [*table.caption.bases, *heads[place].bases, *row[0].bases, *cell.bases]
                    assert found and set(found) <= WORDS, (table.caption.text, heads[place].text, cell.text)
    assert amounts > 100


def test_every_amount_that_stands_alone_has_its_basis(page: Blocks) -> None:
    alone = [pair for pair in page.pairs if is_money(pair[1])]
    assert len(alone) > 10
    assert all(set(pair[0].bases) <= WORDS and pair[0].bases for pair in alone), [p[0].text for p in alone]


def test_a_what_if_is_assumed_and_a_lever_that_was_reckoned_is_modeled() -> None:
    assert LeverFinding("output", "needs-evidence", None, "").basis == "ASSUMED"
    assert LeverFinding("batch", "applied", None, "").basis == "MODELED"
