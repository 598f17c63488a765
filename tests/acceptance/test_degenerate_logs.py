"""Logs at the edge, through everything that makes figures: the figures by hand, and nothing breaks.

Sonnet 4.6 a million tokens: $3 in, $15 out, $0.30 read from the cache; in batch half of each, and nothing is read.
"""

from __future__ import annotations

import json
import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from analyzer.cli import group
from analyzer.cli._run import headline_lines
from analyzer.cli.savings import savings_document
from analyzer.commitment import advise
from analyzer.commitment.terms import parse_terms
from analyzer.config import Config
from analyzer.errors import UserError
from analyzer.migration.write import write_kits
from analyzer.money import add
from analyzer.report.build import build_report
from analyzer.report.exports.focus import focus_rows
from analyzer.report.exports.ledger import ledger_rows, write_ledger_xlsx
from analyzer.savings import Assessment, assess
from analyzer.savings.analysis import list_prices
from analyzer.savings.contract import Terms
from analyzer.store.audit import Audit, open_audit
from analyzer.workloads import spend_by, usage

TERMS = parse_terms({"months": 12, "tier": [{"commit_usd": 1000, "discount_share": 0.1}]}, "terms")
BATCHABLE = {"application": "digest", "awaited": False, "trigger": "schedule"}


def ingest(calls: int, usage: dict[str, int], **row: Any) -> None:
    """Into ./audit.duckdb: a call an hour."""
    lines = [
        {
            "started_at": f"2026-10-{1 + number // 24:02}T{number % 24:02}:00:00Z",
            **BATCHABLE,
            "response": {"id": f"msg_{number}", "model": "claude-sonnet-4-6", "usage": usage},
            **row,
        }
        for number in range(calls)
    ]
    Path("log.jsonl").write_text("\n".join(map(json.dumps, lines)) + "\n")
    run("ingest", "log.jsonl")


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(*words: str) -> str:
    return CliRunner().invoke(group, words, catch_exceptions=False).output


def figures() -> tuple[Assessment, dict[str, Any], str]:
    """The assessment, its JSON and the text of its page; spend, ledger, FOCUS and levers agree with it."""
    with open_audit(Path("audit.duckdb")) as audit:
        found = assess(audit, Config())
        _agree(audit, found)
    document = savings_document(found)
    page = build_report(found, generated_on=date(2026, 11, 21))
    write_kits(found, Path("kits"))
    return found, document, re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page))


def _agree(audit: Audit, found: Assessment) -> None:
    rows = list(ledger_rows(found))
    assert write_ledger_xlsx(found, Path("l.xlsx")) == len(rows)
    assert add(row.cost_usd for row in rows if row.stage == "today") == found.baseline_usd
    assert add(row.cost_usd for row in rows if row.stage == "plan") == found.optimized_usd
    focus = focus_rows(usage(audit), Terms(Config(), list_prices()))
    assert add(Decimal(row["ListCost"]) for row in focus) == found.baseline_usd
    assert add((found.baseline_usd, -add(found.lever_credit_usd.values()))) == found.optimized_usd
    assert spend_by(audit, Config()).total.list_cost_usd == found.baseline_usd


def finding(document: dict[str, Any], lever: str) -> dict[str, Any]:
    (found,) = (f for f in document["workloads"][0]["components"][0]["findings"] if f["lever"] == lever)
    return dict(found)


def test_calls_that_cost_nothing() -> None:
    ingest(5, {"input_tokens": 0, "output_tokens": 0})
    found, document, page = figures()
    assert (document["baseline_usd"], document["savings_usd"]) == ("0.00", "0.00")
    assert "Nothing here has a list cost, so there is nothing to save." in run("savings")
    assert next(headline_lines(found)) == "list cost $0.00, so there is nothing to save"
    assert "5 requests were priced and together cost nothing at list price" in page
    with pytest.raises(UserError, match="no priced spend on any day"):
        advise(found, TERMS)


def test_one_request() -> None:
    """1,000 in and 100 out: 0.003 + 0.0015. In batch 950 and 95 of them: saved 950 × 1.5 + 95 × 7.5 a million."""
    ingest(1, {"input_tokens": 1000, "output_tokens": 100})
    found, document, page = figures()
    assert (document["baseline_usd"], document["savings_usd"]) == ("0.0045", "0.0021375")
    shown = run("savings")
    assert "Saves at least <$0.01 (48 %), expected <$0.01, at best <$0.01." in shown
    assert re.search(r"^digest +batchable +<\$0.01 +<\$0.01 +\$0.00 +batch$", shown, re.MULTILINE)
    assert next(headline_lines(found)) == "list cost <$0.01; saves at least <$0.01 (48 %), up to <$0.01"
    assert "1 request was priced and cost less than a cent at list price" in page
    assert advise(found, TERMS).best.commit_usd == 0


def test_all_of_it_is_in_batch_already() -> None:
    """48 calls of 1M in and 10,000 out, at half price: 48 × (1.50 + 0.075)."""
    ingest(48, {"input_tokens": 1_000_000, "output_tokens": 10_000}, is_batch=True)
    found, document, page = figures()
    assert (document["baseline_usd"], document["savings_usd"]) == ("75.60", "0.00")
    assert finding(document, "batch")["status"] == "nothing-to-do"
    assert "It is in batch already." in page
    assert advise(found, TERMS).moves == ()


def test_a_lever_that_would_cost_money_is_left_out_and_its_price_told() -> None:
    """48 calls of 1,000,000 read from the cache and 100 out: 14.40 + 0.072. A batch reads nothing: of 0.95 of them
    45.6M in at $1.50 = 68.40 and 4,560 out = 0.0342; the rest uncached too, 7.20 + 0.0036. Together 75.6378.
    """
    ingest(48, {"input_tokens": 0, "output_tokens": 100, "cache_read_input_tokens": 1_000_000})
    _, document, page = figures()
    assert (document["baseline_usd"], document["savings_usd"]) == ("14.472", "0.00")
    batch = finding(document, "batch")
    assert (batch["status"], batch["alone_usd"]) == ("does-not-pay", "-61.1658")
    assert "Batch API would cost $61.17 more." in page


def test_ten_to_the_fifteen_tokens() -> None:
    """100,000 calls of 10¹⁰ in and 10¹⁰ out: 3 + 15 thousand million dollars; in batch 0.95 of it at half price."""
    ingest(1, {"input_tokens": 1, "output_tokens": 1})
    with open_audit(Path("audit.duckdb")) as audit:
        audit.connection.execute("create temp table one as select * from requests")
        audit.connection.execute("delete from requests")
        audit.connection.execute(
            "insert into requests by name select one.* replace (t.i + 1 as request_no, t.i::varchar as duplicate_key,"
            " started_us + t.i * 20000000 as started_us, 10000000000 as uncached_input_tokens,"
            " 10000000000 as output_tokens) from one, range(100000) t(i)"
        )
    found, document, page = figures()
    assert found.workloads[0].components[0].tokens.input_tokens == 10**15
    assert (document["baseline_usd"], document["optimized_usd"]) == ("18000000000.00", "9450000000.00")
    assert "$8,550,000,000.00" in page
    assert advise(found, TERMS).best.commit_usd > 10**9
