from __future__ import annotations

import dataclasses
import json
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_fixture import empty, larkfield

from analyzer.money import cents_that_add_up, dollars, to_cents
from analyzer.report import build_report
from analyzer.report.build import inline_json
from analyzer.report.display import (
    counted,
    percent,
    period_text,
    plain,
    share_text,
    shortened,
    unbroken,
)
from analyzer.report.figures import plotly_text, spend_bars_figure
from analyzer.savings.ledger import is_calendar_month, month_usd


def test_rounded_parts_add_up_to_the_rounded_total() -> None:
    parts = [Decimal("0.333")] * 3
    assert cents_that_add_up(parts, Decimal("0.999")) == [Decimal("0.34"), Decimal("0.33"), Decimal("0.33")]
    assert cents_that_add_up([], Decimal(0)) == []
    signed = cents_that_add_up([Decimal("-0.014"), Decimal("1.004")], Decimal("0.99"))
    assert signed == [Decimal("-0.01"), Decimal("1.00")]


def test_half_a_cent_is_rounded_away_from_zero() -> None:
    assert [to_cents(Decimal(text)) for text in ("0.125", "0.135", "-0.125", "0.1249")] == [
        Decimal("0.13"), Decimal("0.14"), Decimal("-0.13"), Decimal("0.12"),
    ]  # fmt: skip
    assert dollars(Decimal("2.665")) == "$2.67"
    assert dollars(Decimal("-1234.565")) == "−$1,234.57"


@given(st.lists(st.integers(-(10**12), 10**12), max_size=30))
def test_cents_always_add_up_and_no_figure_moves_by_more_than_a_cent(numbers: list[int]) -> None:
    parts = [Decimal(number) / 10**6 for number in numbers]
    total = sum(parts, Decimal(0))
    cents = cents_that_add_up(parts, total)
    assert sum(cents, Decimal(0)) == to_cents(total)
    assert all(abs(shown - exact) <= Decimal("0.01") for shown, exact in zip(cents, parts, strict=True))


def test_shares_are_whole_percents_and_never_round_to_none_or_all() -> None:
    assert [share_text(share) for share in (0.0, 0.0002, 0.372, 0.996, 0.9999, 1.0, None)] == [
        "0 %", "under 1 %", "37 %", "over 99 %", "over 99 %", "100 %", "n/a",
    ]  # fmt: skip
    assert percent(Decimal(1), Decimal(0)) == "n/a"
    assert percent(Decimal("-2.5"), Decimal(100)) == "−3 %"


def test_a_number_and_its_unit_stay_on_one_line() -> None:
    assert unbroken("89 % of 12 requests within 8 h, 2 days or 10 min") == (
        "89\xa0% of 12 requests within 8\xa0h, 2\xa0days or 10\xa0min"
    )
    assert unbroken("5 hosts, 3 some") == "5 hosts, 3 some"


def test_a_name_cannot_turn_its_letters_about() -> None:
    assert plain("gpj.exe \u202egnp") == "gpj.exe \ufffdgnp"
    assert plain("توقعات \U0001f469\u200d\U0001f52c") == "توقعات \U0001f469\u200d\U0001f52c"
    page = build_report(larkfield(), generated_on=date(2026, 11, 2))
    assert "\u202e" not in page and "\\u202e" not in page and "توقعات المخزون" in page


def test_a_guard_is_hatched_unlike_a_split() -> None:
    figure = spend_bars_figure(["a", "b"], [Decimal(1)] * 2, ["splittable", "batchable-with-guard"])
    shapes = [trace["marker"]["pattern"]["shape"] for trace in figure["data"]]
    assert len(set(shapes)) == 2


def test_one_is_not_many() -> None:
    assert [counted(number, "line") for number in (0, 1, 1234)] == ["0 lines", "1 line", "1,234 lines"]


@pytest.mark.parametrize(
    ("first", "last", "text"),
    [
        (date(2026, 10, 1), date(2026, 10, 31), "1–31 October 2026"),
        (date(2026, 9, 28), date(2026, 10, 4), "28 September – 4 October 2026"),
        (date(2025, 12, 30), date(2026, 1, 2), "30 December 2025 – 2 January 2026"),
        (date(2026, 10, 3), date(2026, 10, 3), "3 October 2026"),
        (None, None, "no dated requests"),
    ],
)
def test_a_period_is_told_briefly(first: date | None, last: date | None, text: str) -> None:
    assert period_text(first, last) == text


def test_only_a_whole_month_is_a_month() -> None:
    assert is_calendar_month(date(2028, 2, 1), date(2028, 2, 29))
    assert not is_calendar_month(date(2028, 2, 1), date(2028, 2, 28))
    assert not is_calendar_month(None, None)


def test_a_month_is_the_calendar_month_read_or_thirty_days_of_it() -> None:
    days = dataclasses.replace(larkfield().coverage, days=7, first_day=date(2026, 10, 1), last_day=date(2026, 10, 7))
    assert month_usd(Decimal("70.00"), days) == Decimal("300.00")
    whole = dataclasses.replace(days, days=31, last_day=date(2026, 10, 31))
    assert month_usd(Decimal("70.00"), whole) == Decimal("70.00")
    assert month_usd(Decimal("70.00"), dataclasses.replace(days, days=0)) is None


def test_json_in_a_script_element_cannot_end_it() -> None:
    value = {"name": "</script><!-- & \u2028"}
    text = str(inline_json(value))
    assert not set("<>&\u2028") & set(text)
    assert json.loads(text) == value


def test_a_long_name_is_cut_and_markup_is_escaped_for_plotly() -> None:
    assert shortened("x" * 50, 10) == "x" * 9 + "…"
    assert shortened(" \n ", 10) == "(no name)"
    assert plotly_text("<b>&amp;") == "&lt;b&gt;&amp;amp;"


def test_the_same_assessment_gives_the_same_page() -> None:
    on = date(2026, 11, 2)
    page = build_report(larkfield(), generated_on=on)
    assert page == build_report(larkfield(), generated_on=on)
    assert "default-src 'none'" in page and "list cost" in page.lower()
    assert "2 November 2026" in page


def test_an_empty_audit_says_so() -> None:
    page = build_report(empty(), generated_on=date(2026, 11, 2))
    assert "No requests were read" in page
