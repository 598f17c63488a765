"""Exports: a calculator arrives at the same cent, and a hostile name stays text."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from audit_rows import DAY_US, add_requests, add_rollups

from analyzer.cells import csv_cell, plain_cell
from analyzer.config import Answer, Config
from analyzer.money import add
from analyzer.report.exports.focus import focus_rows, write_focus_csv
from analyzer.report.exports.ledger import ledger_rows, write_ledger_csv
from analyzer.savings import assess
from analyzer.savings.analysis import list_prices
from analyzer.savings.contract import Terms
from analyzer.store.audit import Audit, open_audit
from analyzer.workloads import scan, usage

HOSTILE = '=HYPERLINK("http://x","y")'


@pytest.fixture
def audit() -> Iterator[Audit]:
    with open_audit(None) as opened:
        yield opened


def agreed(**terms: Any) -> Terms:
    return Terms(Config(**terms), list_prices())


def two_workloads(audit: Audit) -> Config:
    """Haiku 4.5 ($1 in, $5 out a million): one workload that may move to batch, one that waits."""
    million = {"uncached_input_tokens": 1_000_000, "output_tokens": 200_000}
    add_requests(audit, [{**million, "api_key": HOSTILE}, {**million, "api_key": "chat", "at": DAY_US}])
    return Config(answers=(Answer(HOSTILE, awaited=False, needed_within_s=86_400), Answer("chat", awaited=True)))


def test_todays_rows_are_the_baseline_and_the_plans_rows_the_optimized_cost(audit: Audit) -> None:
    assessment = assess(audit, two_workloads(audit))
    rows = list(ledger_rows(assessment))
    assert all(row.quantity * row.unit_price_usd == row.cost_usd for row in rows)
    today = add(row.cost_usd for row in rows if row.stage == "today")
    plan = add(row.cost_usd for row in rows if row.stage == "plan")
    assert (today, plan) == (assessment.baseline_usd, assessment.optimized_usd)
    assert today == 2 * (1 + Decimal(200_000) * 5 / 1_000_000)
    # 0.95 of one workload at half price: $2 × (1 − 0.95 / 2) + $2
    assert plan == 2 * (1 - Decimal("0.475")) + 2


def test_the_csv_holds_every_row_and_no_formula(audit: Audit, tmp_path: Path) -> None:
    assessment = assess(audit, two_workloads(audit))
    assert write_ledger_csv(assessment, tmp_path / "l.csv") == len(list(ledger_rows(assessment)))
    with (tmp_path / "l.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert add(Decimal(row["cost_usd"]) for row in rows if row["stage"] == "today") == assessment.baseline_usd
    assert {row["workload"] for row in rows} == {"'" + HOSTILE, "chat"}


def test_focus_rows_add_up_to_list_and_contracted_cost(audit: Audit, tmp_path: Path) -> None:
    config = two_workloads(audit)
    add_requests(audit, [{"api_key": "chat", "raw_model": "nobody-knows-1"}])
    add_rollups(audit, [{"raw_model": "claude-sonnet-4-6", "api_key": "chat", "web_searches": 3}])
    scan(audit, config)
    rows = list(focus_rows(usage(audit), agreed(discount_share=Decimal("0.1"))))
    listed = add(Decimal(row["ListCost"]) for row in rows if row["ListCost"])
    # Two calls of $2; Sonnet 4.6 1000 in at $3 and 100 out at $15 a million; 3 searches at $10 a thousand.
    assert listed == 4 + Decimal("0.003") + Decimal("0.0015") + Decimal("0.03")
    contracted = add(Decimal(row["ContractedCost"]) for row in rows if row["ContractedCost"])
    assert contracted == listed * Decimal("0.9")
    unknown = [row for row in rows if "nobody-knows-1" in row["SkuId"]]
    assert len(unknown) == 2
    assert {(row["ListCost"], row["ContractedCost"], row["BilledCost"]) for row in unknown} == {("", "", "")}
    assert write_focus_csv(usage(audit), agreed(), tmp_path / "f.csv") == len(rows)
    with (tmp_path / "f.csv").open(newline="") as stream:
        tags = [json.loads(row["Tags"])["workload"] for row in csv.DictReader(stream)]
    assert HOSTILE in tags


def test_focus_takes_the_discount_of_the_model_before_the_one_of_all(audit: Audit) -> None:
    add_requests(audit, [{"output_tokens": 0}, {"raw_model": "claude-sonnet-4-6", "output_tokens": 0}])
    scan(audit, Config())
    terms = agreed(discount_share=Decimal("0.1"), model_discounts=(("claude-haiku-4-5", Decimal("0.5")),))
    costs = {row["SkuId"].split("/")[0]: Decimal(row["ContractedCost"]) for row in focus_rows(usage(audit), terms)}
    # 1,000 tokens of Haiku 4.5 at $1 a million less a half, of Sonnet 4.6 at $3 less a tenth.
    assert costs == {"claude-haiku-4-5": Decimal("0.0005"), "claude-sonnet-4-6": Decimal("0.0027")}


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", " =1", "＝1"])
def test_a_cell_that_looks_like_a_formula_is_text(text: str) -> None:
    assert csv_cell(text).startswith("'")


def test_control_characters_leave_a_cell() -> None:
    assert plain_cell("a\x00b\nc\ud800d") == "a b c d"
    assert len(plain_cell("x" * 40_000)) == 32_767


def test_a_week_of_a_report_is_one_charge_of_a_week_and_its_sizes_are_not_told(audit: Audit) -> None:
    """Haiku 5.5 has no list price without the size of its calls; Sonnet 4.6 costs $3 a million."""
    week = {"ended_at": 7 * DAY_US, "output_tokens": 0, "uncached_input_tokens": 1_000_000}
    add_rollups(audit, [{**week, "raw_model": model} for model in ("claude-haiku-5-5", "claude-sonnet-4-6")])
    scan(audit, Config())
    rows = {row["SkuId"]: row for row in focus_rows(usage(audit), agreed())}
    assert set(rows) == {
        "claude-haiku-5-5/standard/global/not told/uncached_input",
        "claude-sonnet-4-6/standard/global/0/uncached_input",
    }
    assert {row["ListCost"] for row in rows.values()} == {"", "3.00"}
    for row in rows.values():
        assert (row["ChargePeriodStart"][:10], row["ChargePeriodEnd"][:10]) == ("2026-09-28", "2026-10-05")
        assert (row["BillingPeriodStart"][:10], row["BillingPeriodEnd"][:10]) == ("2026-09-01", "2026-11-01")
