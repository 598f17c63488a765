"""Cells of the worksheet: what people may type, and names that stay text."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.worksheet.columns import AWAITED, DEADLINES, as_read, exact_duration, read_cell, shown
from analyzer.worksheet.names import bare, no_escape, no_formula, row_key, unescaped, visible


@pytest.mark.parametrize(
    ("field", "typed", "meant"),
    [
        ("awaited", "Yes ", True),
        ("awaited", "no", False),
        ("awaited", False, False),
        ("awaited", "", None),
        ("needed_within_s", "within 1 hour", 3600),
        ("needed_within_s", "By the next  morning", 57_600),
        ("needed_within_s", "10 min", 600),
        ("needed_within_s", "within 2 days", 172_800),
        ("needed_within_s", "8h", 28_800),
        ("needed_within_s", None, None),
        ("route_to", "claude-haiku-4.5", "claude-haiku-4-5"),
        ("pass_rate", Decimal("0.97"), Decimal("0.97")),
        ("pass_rate", "97 %", Decimal("0.97")),
        ("pass_rate", "97,5%", Decimal("0.975")),
        ("output_share", "1", Decimal(1)),
        ("output_share", 0, Decimal(0)),
        ("on", "2026-11-03", date(2026, 11, 3)),
        ("on", datetime(2026, 11, 3, 0, 0), date(2026, 11, 3)),
        ("who", "  Ann\n Ives ", "Ann Ives"),
        ("note", "'=1+1", "=1+1"),
    ],
)
def test_what_people_type_is_understood(field: str, typed: object, meant: object) -> None:
    assert read_cell(field, typed) == meant


@pytest.mark.parametrize(
    ("field", "typed", "expected"),
    [
        ("awaited", "maybe", "yes or no"),
        ("awaited", 1, "yes or no"),
        ("needed_within_s", 10, "a time such as"),
        ("needed_within_s", "10", "a time such as"),
        ("needed_within_s", time(8, 0), "a time such as"),
        ("needed_within_s", "900000 weeks", "a time such as"),
        ("route_to", "claude-haiku-45", "did you mean"),
        ("pass_rate", "97", "a share such as"),
        ("pass_rate", "-1 %", "a share such as"),
        ("pass_rate", "nan", "a share such as"),
        ("pass_rate", True, "a share such as"),
        ("on", "3.11.2026", "a day such as"),
        ("who", "x" * 121, "at most 120"),
    ],
)
def test_what_could_mean_two_things_is_refused(field: str, typed: object, expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        read_cell(field, typed)


def test_what_a_drop_down_offers_is_read_back() -> None:
    assert [read_cell("awaited", text) for text in AWAITED] == [True, False]
    assert [read_cell("needed_within_s", text) for text in DEADLINES] == list(DEADLINES.values())


@given(st.integers(0, 10**8))
def test_a_duration_is_written_exactly(seconds: int) -> None:
    assert read_cell("needed_within_s", exact_duration(seconds)) == seconds
    assert as_read("needed_within_s", seconds) == seconds


@given(st.decimals(0, 1, places=6))
def test_a_share_comes_back_as_it_was(share: Decimal) -> None:
    assert as_read("pass_rate", share) == share


@given(st.text())
def test_a_name_is_one_visible_line_that_no_spreadsheet_calculates(name: str) -> None:
    shown_name = visible(name)
    cell = no_formula(shown_name)
    assert shown_name.isprintable()
    assert cell[:1] not in "=+-@\t\r" or not cell
    assert bare(cell) == bare(shown_name)


@given(st.text("_x05FfDd3", max_size=40))
def test_an_excel_escape_in_a_name_is_not_read_as_a_character(name: str) -> None:
    assert unescaped(no_escape(name)) == name


def test_an_excel_escape_is_escaped_itself() -> None:
    assert no_escape("_x003D_1+1") == "_x005F_x003D_1+1"


def test_a_row_has_the_same_mark_in_every_export_and_no_other_row_has_it() -> None:
    names = [("a", None), ("a", "b"), ("a, b", None), ("a", "all calls")]
    assert row_key("a", None) == row_key("a", None)
    assert len({row_key(*name) for name in names}) == 4
    assert shown("awaited", None) == ""
