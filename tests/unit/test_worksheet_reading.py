"""A worksheet that comes back in any shape is read, or refused in lines for people; never a traceback."""

from __future__ import annotations

import csv
import tempfile
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.errors import UserError, UserErrors
from analyzer.worksheet.columns import COLUMNS
from analyzer.worksheet.names import row_key
from analyzer.worksheet.reading import Given, Scopes, read_worksheet

TODAY = date(2026, 11, 21)
NAMES = ["letters", "a\nb", "a<U+000A>b", "=1+1"]
SCOPES = Scopes(
    {row_key(name, None): (name, None) for name in NAMES},
    {
        ("letters", "all calls"): [("letters", None)],
        ("letters", "step one"): [("letters", "step one")],
        ("a<U+000A>b", "all calls"): [("a\nb", None), ("a<U+000A>b", None)],
        ("=1+1", "all calls"): [("=1+1", None)],
    },
)
WAITS = next(column.title for column in COLUMNS if column.field == "awaited")


def read(*lines: list[str]) -> tuple[Given, ...]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "q.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(lines)
        return read_worksheet(path, SCOPES, TODAY)[0]


@given(st.binary(max_size=300))
@settings(max_examples=60)
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name in ("q.csv", "q.xlsx"):
            path = Path(folder) / name
            path.write_bytes(content)
            with pytest.raises((UserError, UserErrors)):
                read_worksheet(path, SCOPES, TODAY)


CELLS = st.one_of(st.sampled_from(["", "yes", "no", "letters", "97 %", "8 h", "2026-11-20"]), st.text(max_size=12))


@given(st.lists(st.lists(CELLS, max_size=len(COLUMNS) + 1), max_size=4))
@settings(max_examples=100)
def test_any_cells_are_read_or_told_by_row(lines: list[list[str]]) -> None:
    try:
        rows = read([column.title for column in COLUMNS], *lines)
    except UserErrors as errors:
        assert all(str(error).startswith("q.csv row ") for error in errors.errors)
    else:
        assert all(row.answers and row.workload in NAMES for row in rows)


def test_two_names_that_look_the_same_are_told_apart_by_the_mark_of_the_row() -> None:
    with pytest.raises(UserErrors, match="the name of several"):
        read(["workload", WAITS], ["a<U+000A>b", "no"])
    (row,) = read(["workload", WAITS, "row"], ["a<U+000A>b", "no", row_key("a\nb", None)])
    assert row.workload == "a\nb"


def test_a_name_with_or_without_its_apostrophe_is_the_same() -> None:
    for name in ("=1+1", "'=1+1"):
        (row,) = read(["Workload ", WAITS.upper()], [name, "no"])
        assert (row.workload, row.answers) == ("=1+1", {"awaited": False})


def test_a_kind_of_call_that_is_not_there_is_refused_with_the_nearest() -> None:
    with pytest.raises(UserErrors, match=r"no kind of call 'step two' in it; .*did you mean 'step one'"):
        read(["workload", "kind of call", WAITS], ["letters", "step two", "no"])


def test_the_same_answer_twice_is_one_and_two_answers_for_one_thing_are_refused() -> None:
    assert len(read(["workload", WAITS], ["letters", "no"], ["letters", "No"])) == 1
    with pytest.raises(UserErrors, match=r"row 3: another answer for letters than q\.csv row 2"):
        read(["workload", WAITS], ["letters", "no"], ["letters", "yes"])


def test_a_day_to_come_and_half_a_trial_are_refused() -> None:
    titles = [column.title for column in COLUMNS if column.field in ("awaited", "on", "route_to", "pass_rate")]
    with pytest.raises(UserErrors) as raised:
        read(["workload", *titles], ["letters", "no", "claude-haiku-5-5", "", "2026-11-22"])
    assert len(raised.value.errors) == 2
