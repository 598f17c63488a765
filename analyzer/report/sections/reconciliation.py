"""Does it tie to the invoice: the walk from list cost to what was billed, and the share of it that the logs hold."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from analyzer.money import cents_that_add_up, to_cents
from analyzer.report.display import percent, period_text
from analyzer.savings.assessment import Assessment
from analyzer.workloads.reconcile_steps import Difference
from analyzer.workloads.spend import counted_usage

title = "Does it tie to the invoice?"
order = 75


def build(assessment: Assessment) -> dict[str, Any]:
    """Steps in whole cents that lead from the one total to the other; `found` False = the audit holds no invoice."""
    found = assessment.reconciliation
    if found is None:
        return {"found": False}
    steps = [*found.differences, Difference("not explained", found.unexplained_usd, "")]
    gap = to_cents(found.invoiced_usd) - to_cents(found.list_cost_usd)
    cents = cents_that_add_up([step.usd for step in steps], gap)
    return {
        "found": True,
        "source": found.source,
        "period": period_text(found.first_day, found.last_day),
        "list_cost_usd": found.list_cost_usd,
        "steps": [replace(step, usd=usd) for step, usd in zip(steps, cents, strict=True)],
        "invoiced_usd": found.invoiced_usd,
        "coverage_percent": None if found.coverage_share is None else percent(found.coverage_share, 1),
        "discount_percent": None if found.discount_share is None else f"{found.discount_share * 100:.1f} %",
        "discount_basis": found.discount_basis,
        "outside_usd": found.outside_usd,
        "unpriced": counted_usage(found.unpriced_requests, found.unpriced_rows)
        if found.unpriced_requests or found.unpriced_rows
        else None,
        "others": found.other_invoices,
    }
