"""How sure the saving is: the quantiles of the simulation, and which assumption moves it most."""

from __future__ import annotations

from typing import Any

from analyzer.report.display import to_cents
from analyzer.savings.assessment import Assessment

title = "How sure it is"
order = 78


def build(assessment: Assessment) -> dict[str, Any]:
    """Savings in whole cents. `swings`: what matters most first; `left`, `width`: percent of the bar's room."""
    found = assessment.uncertainty
    if found is None or not found.swings:
        return {"found": False}
    titles = {row.id: row for row in assessment.assumptions}
    least = min(min(swing.low_usd, swing.high_usd) for swing in found.swings)
    most = max(max(swing.low_usd, swing.high_usd) for swing in found.swings)
    span = most - least
    return {
        "found": True,
        "draws": found.draws,
        "p10_usd": to_cents(found.saving.p10_usd),
        "p50_usd": to_cents(found.saving.p50_usd),
        "p90_usd": to_cents(found.saving.p90_usd),
        "low_usd": to_cents(assessment.saving_usd["low"]),
        "swings": [
            {
                "title": titles[swing.assumption].title,
                "basis": titles[swing.assumption].basis,
                "ends": f"{titles[swing.assumption].low} to {titles[swing.assumption].high}",
                "low_usd": to_cents(swing.low_usd),
                "high_usd": to_cents(swing.high_usd),
                "left": float((min(swing.low_usd, swing.high_usd) - least) / span * 100) if span else 0.0,
                "width": float(abs(swing.high_usd - swing.low_usd) / span * 100) if span else 0.0,
            }
            for swing in found.swings
        ],
        "workloads": [
            {"no": number, "workload": plan.verdict.workload, "percentiles": found.workloads[plan.verdict.workload]}
            for number, plan in enumerate(assessment.workloads, 1)
            if plan.verdict.workload in found.workloads
        ],
    }
