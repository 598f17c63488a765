"""Rows of reports that count no requests and have no price: every place that names what is left out names them."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path

import pytest
from audit_rows import DAY_US, add_cost_lines, add_requests, add_rollups
from click.testing import CliRunner

from analyzer.cli import group
from analyzer.cli._run import headline_lines
from analyzer.config import Config
from analyzer.report.build import build_report
from analyzer.savings import assess
from analyzer.store.audit import open_audit

TOLD = "1 row of usage reports"
# A report of sums has no list price for Haiku 5.5, which is priced by the size of each request.
ROW = {"raw_model": "claude-haiku-5-5", "application": "digest", "requests": None}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, at in (("audit.duckdb", 0), ("after.duckdb", DAY_US)):
        with open_audit(tmp_path / name) as audit:
            add_requests(audit, [{"application": "digest", "at": at, "uncached_input_tokens": 1_000_000}])
            add_rollups(audit, [{**ROW, "at": at}])
            add_cost_lines(audit, [{"amount_usd": 1, "at": at}])
    return tmp_path


def run(*words: str) -> str:
    return CliRunner().invoke(group, words, catch_exceptions=False).output


@pytest.mark.parametrize("words", [["savings"], ["spend"], ["explain", "digest"], ["reconcile"]])
def test_a_command_that_names_what_has_no_price_names_rows_too(folder: Path, words: list[str]) -> None:
    shown = run(*words)
    assert TOLD in shown
    assert "0 requests" not in shown


def test_the_comparison_of_two_audits_names_the_rows_of_both(folder: Path) -> None:
    shown = run("realized", "--before", "audit.duckdb", "--after", "after.duckdb", "-o", "page.html")
    assert "Not counted: 2 rows of usage reports without a price." in shown
    assert "Without a price, and in no figure: 2 rows of usage reports." in (folder / "page.html").read_text()


def test_the_table_of_workloads_does_not_leave_them_blank(folder: Path) -> None:
    assert re.search(r"^digest .* not counted$", run("workloads"), re.MULTILINE)


def test_the_report_names_them_on_its_first_screen_and_in_its_sections(folder: Path) -> None:
    with open_audit(folder / "audit.duckdb") as audit:
        found = assess(audit, Config())
    assert (found.coverage.unpriced_rows, found.workloads[0].components[0].unpriced_rows) == (1, 1)
    assert f"{TOLD} without a price, in no total (whowaits spend names the models)" in list(headline_lines(found))
    page = build_report(found, generated_on=date(2026, 11, 21))
    assert f"{TOLD} without a price, left out of every total" in page
    assert f"{TOLD}, which do not count requests, has none" in page
    assert f"Of its days without a price, and in no figure of the logs: {TOLD}." in page


def test_the_json_counts_them_apart(folder: Path) -> None:
    for words in (["savings"], ["reconcile"]):
        document = json.loads(run(*words, "--json"))
        assert (document["unpriced_requests"], document["unpriced_report_rows"]) == (0, 1)
    (workload,) = json.loads(run("workloads", "--json"))["workloads"]
    assert workload["unpriced_report_rows"] == 1
    (model,) = json.loads(run("spend", "--json"))["unpriced"]["models"]
    assert model["uncounted_report_rows"] == 1
