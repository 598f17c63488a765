"""What `whowaits pull` asks for a range of days, and what it does not ask."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from click.testing import CliRunner

from analyzer.cli import group
from analyzer.errors import UserError
from analyzer.pull import COST_LEGACY, USAGE, Report, questions


def test_a_month_is_one_question_an_hour_report_has_weeks_and_minutes_have_days() -> None:
    def folders(width: str, to_on: date) -> list[str]:
        asked = questions(USAGE, date(2026, 9, 20), to_on, width=width)
        return [question.folder.removeprefix(f"usage-{width}/") for question in asked]

    assert folders("1d", date(2026, 11, 2)) == [
        "2026-09-20_2026-10-01",
        "2026-10-01_2026-11-01",
        "2026-11-01_2026-11-02",
    ]
    assert folders("1h", date(2026, 10, 2)) == [
        "2026-09-20_2026-09-22",
        "2026-09-22_2026-09-29",
        "2026-09-29_2026-10-01",
        "2026-10-01_2026-10-02",
    ]
    assert folders("1m", date(2026, 9, 22)) == ["2026-09-20_2026-09-21", "2026-09-21_2026-09-22"]


@pytest.mark.parametrize(
    ("report", "days", "how", "told"),
    [
        (USAGE, ("2026-10-02", "2026-10-02"), {}, "--to: 2026-10-02, not after --from 2026-10-02"),
        (USAGE, ("2025-12-31", "2026-10-02"), {}, "2026-01-01 or later; older days: --legacy"),
        (COST_LEGACY, ("2026-10-01", "2026-10-02"), {"width": "1h"}, "--bucket-width: 1h; expected 1d"),
        (USAGE, ("2026-10-01", "2026-10-02"), {"group_by": ["rbac_group_id"]}, "would count twice"),
        (USAGE, ("2026-10-01", "2026-10-02"), {"group_by": list("abcdef")}, "6 dimensions; expected at most 5"),
    ],
)
def test_a_question_the_report_cannot_answer_is_told_before_anything_is_asked(
    report: Report, days: tuple[str, str], how: dict[str, Any], told: str
) -> None:
    first, last = map(date.fromisoformat, days)
    with pytest.raises(UserError) as caught:
        list(questions(report, first, last, **how))
    assert told in str(caught.value)


@pytest.mark.parametrize(("option", "value"), [("--from", "October"), ("--to", "2026-02-30")])
def test_a_day_that_is_none_is_told(option: str, value: str) -> None:
    days = {"--from": "2026-10-01", "--to": "2026-10-02", option: value}
    words = [word for pair in days.items() for word in pair]
    done = CliRunner().invoke(group, ["pull", "cost", *words])
    assert done.exit_code == 2
    assert f"'{value}' is no date such as 2026-10-01" in done.output
