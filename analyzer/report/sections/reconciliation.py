"""Does it tie to the invoice: the walk from list cost to what was billed, and the share of it that the logs hold."""

from __future__ import annotations

from typing import Any

from analyzer.report.display import percent, period_text
from analyzer.savings.assessment import Assessment

title = "Does it tie to the invoice?"
order = 75


def build(assessment: Assessment) -> dict[str, Any]:
    """Money in USD as reconciled; `found` False = the audit holds no invoice."""
    found = assessment.reconciliation
    if found is None:
        return {"found": False}
    return {
        "found": True,
        "source": found.source,
        "period": period_text(found.first_day, found.last_day),
        "list_cost_usd": found.list_cost_usd,
        "steps": found.differences,
        "unexplained_usd": found.unexplained_usd,
        "invoiced_usd": found.invoiced_usd,
        "coverage_percent": None if found.coverage_share is None else percent(found.coverage_share, 1),
        "discount_percent": None if found.discount_share is None else f"{found.discount_share * 100:.1f} %",
        "discount_basis": found.discount_basis,
        "outside_usd": found.outside_usd,
        "unpriced_requests": found.unpriced_requests,
        "others": found.other_invoices,
    }
