"""Every workload by who waits and by its money."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from analyzer.money import add
from analyzer.report.display import URGENCY_NAMES, percent, shown_verdict, unpriced_text
from analyzer.report.figures import Chart, spend_bars_figure
from analyzer.savings.assessment import Assessment
from analyzer.savings.ledger import Ledger, ledger_of

title = "Spend by workload and verdict"
order = 30

_BARS = 20


def build(assessment: Assessment) -> dict[str, Any]:
    """`tiers` most urgent first, their list cost is all of it. `rows` largest cost first; the chart shows the first 20
    and the rest as one bar, None without money.
    """
    ledger = ledger_of(assessment)
    rows = [
        {
            "no": row.no,
            "workload": row.plan.verdict.workload,
            "kind": shown_verdict(row.plan),
            "undecided_part": row.plan.verdict.cannot_tell and shown_verdict(row.plan) != "cannot-tell",
            "confidence": row.plan.verdict.confidence,
            "requests": sum(component.requests for component in row.plan.components),
            "unpriced": unpriced_text(row.plan.components),
            "cost": row.cost_text,
            "baseline_usd": row.baseline_usd,
            "percent": percent(row.baseline_usd, ledger.baseline_usd),
            "saving_usd": row.saving_usd,
            "optimized_usd": row.optimized_usd,
        }
        for row in ledger.rows
    ]
    return {
        "tiers": _tiers(ledger),
        "rows": rows,
        "total": {
            "requests": sum(row["requests"] for row in rows),
            "baseline_usd": ledger.baseline_usd,
            "saving_usd": ledger.saving_usd,
            "optimized_usd": ledger.optimized_usd,
        },
        "chart": _chart(ledger) if ledger.baseline_usd > 0 else None,
    }


def _tiers(ledger: Ledger) -> list[dict[str, Any]]:
    """How soon results are needed, by component; `assumed_usd`: the part of it that is only taken to be so."""
    cells = [cell for row in ledger.rows for cell in row.cells]
    tiers = []
    for urgency, name in URGENCY_NAMES.items():
        mine = [cell for cell in cells if cell.plan.verdict.urgency == urgency]
        cost = add(cell.baseline_usd for cell in mine)
        assumed = add(cell.baseline_usd for cell in mine if cell.plan.verdict.urgency_basis == "assumed")
        tiers.append(
            {
                "name": name,
                "components": len(mine),
                "requests": sum(cell.plan.requests for cell in mine),
                "baseline_usd": cost,
                "percent": percent(cost, ledger.baseline_usd),
                "assumed_usd": assumed,
            }
        )
    return tiers


def _chart(ledger: Ledger) -> Chart:
    shown, rest = ledger.rows[:_BARS], ledger.rows[_BARS:]
    names = [row.plan.verdict.workload for row in shown]
    amounts = [row.baseline_usd for row in shown]
    roles = [shown_verdict(row.plan) for row in shown]
    if rest:
        names.append(f"{len(rest)} smaller workloads")
        amounts.append(sum((row.baseline_usd for row in rest), Decimal(0)))
        roles.append("rest")
    label = "Bars: list cost of each workload, largest first, coloured and patterned by verdict."
    return Chart("verdicts", label, spend_bars_figure(names, amounts, roles))
