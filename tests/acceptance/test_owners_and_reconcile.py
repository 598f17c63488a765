"""A log and a report of the same month, and its invoice, at the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from analyzer.cli import group
from analyzer.errors import UserError

INVOICE = """usage_date_utc,model,workspace,api_key,usage_type,token_type,cost_usd
2026-10-01,Claude Haiku 4.5,Default,web,message,input_no_cache,1.00
2026-10-01,Claude Haiku 4.5,Default,web,message,output,0.50
2026-10-02,Claude Haiku 4.5,Default,web,message,input_no_cache,0.50
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Haiku 4.5 on 1 October: a call of 1,000,000 tokens in ($1) and 100,000 out ($0.50), as a log and as a report."""
    monkeypatch.chdir(tmp_path)
    usage = {"input_tokens": 1_000_000, "output_tokens": 100_000}
    answer = {"id": "msg_1", "model": "claude-haiku-4-5", "usage": usage}
    call = {"started_at": "2026-10-01T10:00:00Z", "api_key": "web", "response": answer}
    (tmp_path / "log.jsonl").write_text(json.dumps(call) + "\n")
    row = {"uncached_input_tokens": 1_000_000, "output_tokens": 100_000, "model": "claude-haiku-4-5"}
    bucket = {"starting_at": "2026-10-01T00:00:00Z", "ending_at": "2026-10-02T00:00:00Z", "results": [row]}
    (tmp_path / "usage.json").write_text(json.dumps({"data": [bucket], "has_more": False, "next_page": None}))
    (tmp_path / "invoice.csv").write_text(INVOICE)
    return tmp_path


def run(*words: str) -> Result:
    return CliRunner().invoke(group, words, catch_exceptions=False)


def test_a_log_and_a_report_of_the_same_day_are_counted_once(folder: Path) -> None:
    assert run("ingest", "log.jsonl", "usage.json").exit_code == 0
    with pytest.raises(UserError, match="anthropic_usage_report and whowaits_jsonl both count 2026-10-01"):
        CliRunner().invoke(group, ["spend"], standalone_mode=False, catch_exceptions=False)
    owned = run("owners", "--owner", "whowaits_jsonl")
    assert "1 record of other streams left out: whowaits_jsonl counts them" in owned.output
    total = json.loads(run("spend", "--json").output)["total"]
    assert (total["requests"], total["uncounted_report_rows"], total["list_cost_usd"]) == (1, 0, "1.50")


def test_the_owner_can_be_told_with_the_logs(folder: Path) -> None:
    analysed = run("analyze", "log.jsonl", "usage.json", "-o", "out", "--owner", "whowaits_jsonl")
    assert analysed.exit_code == 0
    assert "list cost $1.50" in analysed.output


def test_an_invoice_is_walked_to_and_its_coverage_told(folder: Path) -> None:
    run("ingest", "log.jsonl")
    told = run("reconcile", "invoice.csv")
    assert told.exit_code == 0
    # 1.50 of 2.00 is in the log; the second day is not.
    assert told.output.startswith("console_cost_csv, 2026-10-01 to 2026-10-02\n")
    assert "coverage: 75.0 % of the invoice at list price" in told.output
    found = json.loads(run("reconcile", "--json").output)
    assert (found["invoiced_usd"], found["list_cost_usd"], found["unexplained_usd"]) == ("2.00", "1.50", "0.00")
    assert [(step["name"], step["usd"]) for step in found["differences"]] == [
        ("days and models that no log has", "0.50")
    ]


def test_a_log_is_no_invoice(folder: Path) -> None:
    run("ingest", "log.jsonl")
    with pytest.raises(UserError, match="expected an invoice"):
        CliRunner().invoke(group, ["reconcile", "log.jsonl"], standalone_mode=False, catch_exceptions=False)
    with pytest.raises(UserError, match="expected an invoice"):
        CliRunner().invoke(group, ["reconcile", "usage.json"], standalone_mode=False, catch_exceptions=False)
    assert json.loads(run("spend", "--json").output)["total"]["uncounted_report_rows"] == 0


def test_rows_of_reports_and_invoices_are_not_called_calls(folder: Path) -> None:
    told = run("analyze", "log.jsonl", "usage.json", "invoice.csv", "-o", "out", "--owner", "whowaits_jsonl").output
    first = "read 3 files: 1 call, 1 row of usage reports, 3 lines of invoices, 0 duplicates dropped, 0 lines rejected"
    assert told.startswith(first)
