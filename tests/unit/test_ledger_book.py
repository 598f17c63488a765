"""The workbook, worked out cell by cell as a spreadsheet would: it arrives at the figures of the report."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from audit_rows import DAY_US, add_requests
from migration_values import assessment, workload
from savings_values import VERDICT, context, part, usd

from analyzer.config import Answer, Config
from analyzer.errors import UserError
from analyzer.report.exports import ledger_book
from analyzer.report.exports.ledger import COLUMNS, ledger_rows, write_ledger_xlsx
from analyzer.savings import Assessment, assess
from analyzer.savings.assessment import ComponentPlan
from analyzer.savings.plans import plan_component
from analyzer.savings.stack import best_plan
from analyzer.store.audit import Audit, open_audit

HOSTILE = '=HYPERLINK("http://x","y")'
_REFERENCE = re.compile(r"(?:'([^']+)'!|(\w+)!)?\$?([A-Z])\$?(\d+)(?::\$?([A-Z])\$?(\d+))?")


@pytest.fixture
def audit() -> Iterator[Audit]:
    with open_audit(None) as opened:
        yield opened


class Worked:
    """A workbook whose formulas (+ - * / SUM MIN) are worked out exactly."""

    def __init__(self, found: Assessment, path: Path) -> None:
        write_ledger_xlsx(found, path)
        self.book: Any = openpyxl.load_workbook(path)

    def value(self, sheet: str, cell: str) -> Any:
        found = self.book[sheet][cell]
        if found.data_type != "f":
            return found.value if isinstance(found.value, str) else Fraction(str(found.value))

        def worked(match: re.Match[str]) -> str:
            there, column, first = match[1] or match[2] or sheet, match[3], int(match[4])
            columns = range(ord(column), ord(match[5] or column) + 1)
            lines = range(first, int(match[6] or first) + 1)
            return ", ".join(f"cell({there!r}, '{chr(c)}{line}')" for c in columns for line in lines)

        text = _REFERENCE.sub(worked, found.value.removeprefix("="))
        return eval(text, {"SUM": lambda *parts: sum(parts), "MIN": lambda *parts: min(parts), "cell": self.value})

    def lines(self, sheet: str) -> range:
        return range(2, self.book[sheet].max_row + 1)


def two_workloads(audit: Audit) -> Config:
    """Haiku 4.5 ($1 in, $5 out a million): one workload that may move to batch, one that waits."""
    million = {"uncached_input_tokens": 1_000_000, "output_tokens": 200_000}
    add_requests(audit, [{**million, "api_key": HOSTILE}, {**million, "api_key": "chat", "at": DAY_US}])
    return Config(answers=(Answer(HOSTILE, awaited=False, needed_within_s=86_400), Answer("chat", awaited=True)))


def test_the_workbook_comes_to_the_report_and_names_stay_text(audit: Audit, tmp_path: Path) -> None:
    """$2 of each. In batch, low: $2 × (1 − 0.95 / 2) = $1.05."""
    found = assess(audit, two_workloads(audit))
    worked = Worked(found, tmp_path / "l.xlsx")
    assert [cell.value for cell in worked.book["Ledger"][1]] == list(COLUMNS)
    assert worked.book["Ledger"].max_row - 1 == len(list(ledger_rows(found)))
    names = {worked.value("Components", f"A{n}"): n for n in (2, 3)}
    assert set(names) == {HOSTILE, "chat"}
    assert {worked.book["Components"][f"A{n}"].data_type for n in (2, 3)} == {"s"}
    moved = [worked.value("Components", f"{letter}{names[HOSTILE]}") for letter in "DEFGHIJK"]
    assert moved == [2, Fraction("1.05"), Fraction("0.95"), 0, 0, 0, Fraction("0.95"), 0]
    assert [worked.value("Components", f"{letter}4") for letter in "DEF"] == [4, Fraction("3.05"), Fraction("0.95")]


def test_names_that_differ_in_case_or_look_like_a_pattern_are_summed_apart(audit: Audit, tmp_path: Path) -> None:
    """SUMIFS takes `chat` for `Chat` and anything for `*`: $1, $2 and $3 of Haiku 4.5 would be $3, $3 and $6."""
    names = {"Chat": 1, "chat": 2, "*": 3, "~c?at": 4}
    for name, millions in names.items():
        add_requests(audit, [{"api_key": name, "uncached_input_tokens": millions * 1_000_000, "output_tokens": 0}])
    add_requests(audit, [{"api_key": "new", "raw_model": "nobody-knows-1"}])
    found = assess(audit, Config())
    worked = Worked(found, tmp_path / "l.xlsx")
    costs = {worked.value("Components", f"A{n}"): worked.value("Components", f"D{n}") for n in range(2, 7)}
    assert costs == {**names, "new": 0}


def kept(component: ComponentPlan, **answers: Any) -> ComponentPlan:
    """The same with the parts of every set of levers."""
    allowed = component.set_costs_usd[-1][0]
    states = best_plan(component.today, context(**answers), allowed).states
    return replace(component, set_parts=tuple(states[frozenset(levers)] for levers, _ in component.set_costs_usd))


def test_every_set_of_levers_and_every_credit_follows_from_tokens_and_prices(tmp_path: Path) -> None:
    """Sonnet 4.6: 1M in at $3 and 0.5M out at $15 = $10.50. Low case, by hand:

    output: 0.6 is enough, 0.8 of the cut is reached: 0.34M out = 3 + 5.10 = $8.10.
    batch: 0.95 at half price: 10.50 × 0.525 = $5.5125; both: 8.10 × 0.525 = $4.2525.
    Credit of output (2.40 + 1.26) / 2 = 1.83, of batch (4.9875 + 3.8475) / 2 = 4.4175; together 6.2475.
    """
    answers = {"output_share": usd("0.6")}
    state = (part(1_000_000, 500_000),)
    component = kept(plan_component(VERDICT, (), state, context(**answers)), **answers)
    worked = Worked(assessment(workload("digest", component)), tmp_path / "l.xlsx")
    lines = worked.lines("Lever sets")
    costs = {worked.value("Lever sets", f"C{n}"): worked.value("Lever sets", f"D{n}") for n in lines}
    by_hand = {"(none)": "10.5", "output": "8.1", "batch": "5.5125", "output + batch": "4.2525"}
    assert {name: costs[name] for name in by_hand} == {name: Fraction(text) for name, text in by_hand.items()}
    assert all(worked.book["Lever sets"][f"D{n}"].data_type == "f" for n in lines)
    credits = [worked.value("Components", f"{letter}2") for letter in "GHIJK"]
    assert credits == [Fraction("1.83"), 0, 0, Fraction("4.4175"), 0]


def test_three_levers_share_what_they_save_as_the_report_says(tmp_path: Path) -> None:
    answers = {"output_share": usd("0.6"), "route_to": "claude-haiku-4-5", "pass_rate": usd("0.9")}
    component = kept(plan_component(VERDICT, (), (part(1_000_001, 500_003),), context(**answers)), **answers)
    assert component.levers == ("output", "routing", "batch")
    worked = Worked(assessment(workload("digest", component)), tmp_path / "l.xlsx")
    for letter, lever in zip("GHIJ", ("output", "routing", "caching", "batch"), strict=True):
        shown = worked.value("Components", f"{letter}2")
        assert abs(shown - Fraction(component.credit_usd[lever])) < Fraction(1, 10**11)
    assert worked.value("Components", "F2") == Fraction(component.saving_usd)
    assert worked.value("Components", "K2") == 0


def test_more_rows_than_a_sheet_holds_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    component = plan_component(VERDICT, (), (part(1_000_000),), context())
    monkeypatch.setattr(ledger_book, "_SHEET_ROWS", 3)
    with pytest.raises(UserError, match=r"3 rows.*write a \.csv"):
        write_ledger_xlsx(assessment(workload("digest", component)), tmp_path / "l.xlsx")
