from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

import pytest
from report_fixture import empty, larkfield

from analyzer.report import build_report
from analyzer.report.build import inline_json
from analyzer.report.display import cents_that_add_up, is_calendar_month, percent, period_text, share_text, shortened
from analyzer.report.figures import plotly_text


def test_rounded_parts_add_up_to_the_rounded_total() -> None:
    parts = [Decimal("0.333")] * 3
    assert cents_that_add_up(parts, Decimal("0.999")) == [Decimal("0.34"), Decimal("0.33"), Decimal("0.33")]
    assert cents_that_add_up([], Decimal(0)) == []
    signed = cents_that_add_up([Decimal("-0.014"), Decimal("1.004")], Decimal("0.99"))
    assert signed == [Decimal("-0.01"), Decimal("1.00")]


def test_shares_never_round_to_none_or_all() -> None:
    assert [share_text(share) for share in (0.0, 0.0002, 0.372, 0.9999, 1.0, None)] == [
        "0%", "<0.1%", "37.2%", ">99.9%", "100%", "n/a",
    ]  # fmt: skip
    assert percent(Decimal(1), Decimal(0)) == "n/a"


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
