"""What it comes to, in one screen: the saving one can count on, its range, and the one next step."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from analyzer.money import add
from analyzer.report.display import VERDICT_NAMES, percent, period_text, shown_verdict, to_cents
from analyzer.report.staying import stays
from analyzer.savings.assessment import Assessment, Coverage
from analyzer.savings.ledger import (
    Ledger,
    Row,
    is_calendar_month,
    ledger_of,
    migration_rows,
    month_usd,
    moving_saving_usd,
)
from analyzer.workloads.spend import counted_usage

title = "What it comes to"
order = 10


def build(assessment: Assessment) -> dict[str, Any]:
    """Money in whole cents. `a_month`, `a_year` and `pilot` are None where there is nothing to say; `stays` says why
    there is no pilot.
    """
    coverage, ledger = assessment.coverage, ledger_of(assessment)
    moves = migration_rows(ledger)
    undecided = [row for row in ledger.rows if row.plan.verdict.cannot_tell]
    untold = [cell for row in undecided for cell in row.cells if cell.plan.verdict.outcome == "cannot-tell"]
    return {
        "company": assessment.company,
        "period": period_text(coverage.first_day, coverage.last_day),
        "days": coverage.days,
        "requests": coverage.requests,
        "files": len(coverage.files),
        "rejected": sum(file.rejected for file in coverage.files),
        "priced_requests": coverage.priced_requests,
        "unpriced": counted_usage(coverage.requests - coverage.priced_requests, coverage.unpriced_rows),
        "reconciled": _reconciled(assessment),
        "report_rows": coverage.report_rows,
        "has_money": ledger.baseline_usd > 0,
        "costs_nothing": not assessment.baseline_usd,
        "baseline_usd": ledger.baseline_usd,
        "optimized_usd": ledger.optimized_usd,
        "saving_usd": ledger.saving_usd,
        "saving_percent": percent(ledger.saving_usd, ledger.baseline_usd),
        "base_usd": to_cents(assessment.saving_usd["base"]),
        "base_percent": percent(assessment.saving_usd["base"], ledger.baseline_usd),
        "high_usd": to_cents(assessment.saving_usd["high"]),
        "high_percent": percent(assessment.saving_usd["high"], ledger.baseline_usd),
        "a_month": _a_month(ledger, coverage),
        "a_year": _scaled(ledger.saving_usd, 365, coverage.days),
        "upside_usd": ledger.upside_usd,
        "undecided": len(undecided),
        "undecided_usd": add(cell.baseline_usd for cell in untold),
        "moves": len(moves),
        "pilot": _pilot(moves[0]) if moves else None,
        "stays": stays(ledger),
        "kinds": _kinds(ledger),
    }


def _reconciled(assessment: Assessment) -> dict[str, Any] | None:
    """What the invoice says of the logs; None = there is no invoice."""
    found = assessment.reconciliation
    if found is None:
        return None
    return {
        "coverage": None if found.coverage_share is None else percent(found.coverage_share, 1),
        "invoiced_usd": found.invoiced_usd,
        "unexplained_usd": found.unexplained_usd,
        "period": period_text(found.first_day, found.last_day),
    }


def _a_month(ledger: Ledger, coverage: Coverage) -> dict[str, Any] | None:
    """The month before and after: the period itself where it is one calendar month, else scaled to 30 days."""
    before, saved = month_usd(ledger.baseline_usd, coverage), month_usd(ledger.saving_usd, coverage)
    if before is None or saved is None:
        return None
    scaled = not is_calendar_month(coverage.first_day, coverage.last_day)
    return {"before_usd": before, "after_usd": before - saved, "scaled": scaled}


def _scaled(amount: Decimal, to_days: int, days: int) -> Decimal | None:
    return to_cents(amount * to_days / days) if days > 0 else None


def _pilot(row: Row) -> dict[str, Any]:
    verdict = row.plan.verdict
    return {
        "no": row.no,
        "workload": verdict.workload,
        "kind": shown_verdict(row.plan),
        "confidence": verdict.confidence,
        "saving_usd": moving_saving_usd(row),
    }


def _kinds(ledger: Ledger) -> list[dict[str, Any]]:
    """Spend by badge, in the order in which badges are always told."""
    kinds = []
    for kind, name in VERDICT_NAMES.items():
        rows = [row for row in ledger.rows if shown_verdict(row.plan) == kind]
        spent = add(row.baseline_usd for row in rows)
        kinds.append(
            {
                "kind": kind,
                "name": name,
                "workloads": len(rows),
                "spent_usd": spent,
                "percent": percent(spent, ledger.baseline_usd),
                "share": float(spent / ledger.baseline_usd) if ledger.baseline_usd else 0.0,
            }
        )
    return kinds
