"""From the bill as it is to the bill as it could be, lever by lever, to the cent."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from analyzer.money import ZERO
from analyzer.report.display import FINDING_NAMES, LEVER_NAMES, percent
from analyzer.report.figures import Chart, Step, waterfall_figure
from analyzer.savings.assessment import LEVERS, Assessment
from analyzer.savings.ledger import Ledger, ledger_of

title = "Where the saving comes from"
order = 20


def build(assessment: Assessment) -> dict[str, Any]:
    """`rows` in order: baseline, one a lever, optimized; the amounts add up to the cent. `chart`
    is None where no bar but today's would be seen: without money, and without a saving in cents.
    """
    ledger = ledger_of(assessment)
    steps = [Step("List cost today", "baseline", ledger.baseline_usd * 0, ledger.baseline_usd, ledger.baseline_usd)]
    left = ledger.baseline_usd
    for lever in LEVERS:
        saved = ledger.levers_usd[lever]
        steps.append(Step(LEVER_NAMES[lever], "saving" if saved >= 0 else "cost", left, -saved, -saved))
        left -= saved
    steps.append(Step("Optimized", "optimized", left * 0, left, left))
    rows = [
        {
            "label": step.label,
            "amount_usd": step.shown_usd,
            "percent": percent(step.shown_usd, ledger.baseline_usd),
            "is_total": step.role in ("baseline", "optimized"),
            "basis": "measured" if step.role == "baseline" else "modeled",
        }
        for step in steps
    ]
    label = "Waterfall: list cost today, less what each lever saves, is the optimized list cost."
    chart = Chart("waterfall", label, waterfall_figure(steps)) if any(ledger.levers_usd.values()) else None
    return {
        "rows": rows,
        "chart": chart,
        "baseline_usd": ledger.baseline_usd,
        "priced_requests": assessment.coverage.priced_requests,
        "findings": _why_nothing(ledger) if chart is None else [],
    }


def _why_nothing(ledger: Ledger) -> list[tuple[str, str, Decimal]]:
    """(lever, finding, list cost of the components with it), for a page without a saving; largest cost first."""
    found: dict[tuple[str, str], Decimal] = {}
    for cell in (cell for row in ledger.rows for cell in row.cells):
        for finding in cell.plan.findings:
            key = LEVER_NAMES[finding.lever], FINDING_NAMES[finding.status]
            found[key] = found.get(key, ZERO) + cell.baseline_usd
    order = list(LEVER_NAMES.values())
    return sorted(((*key, cost) for key, cost in found.items()), key=lambda item: (order.index(item[0]), -item[2]))
