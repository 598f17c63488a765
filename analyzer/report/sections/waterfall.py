"""From the bill as it is to the bill as it could be, lever by lever, to the cent."""

from __future__ import annotations

from typing import Any

from analyzer.report.display import LEVER_NAMES, percent
from analyzer.report.figures import Chart, Step, waterfall_figure
from analyzer.report.ledger import ledger_of
from analyzer.savings.assessment import LEVERS, Assessment

title = "Where the saving comes from"
order = 20


def build(assessment: Assessment) -> dict[str, Any]:
    """`rows` in order: baseline, one a lever, optimized; the amounts add up to the cent. `chart` None without money."""
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
            "percent": percent(step.shown_usd, ledger.baseline_usd).replace("-", "−"),
            "is_total": step.role in ("baseline", "optimized"),
        }
        for step in steps
    ]
    label = "Waterfall: list cost today, less what each lever saves, is the optimized list cost."
    chart = Chart("waterfall", label, waterfall_figure(steps)) if ledger.baseline_usd > 0 else None
    return {"rows": rows, "chart": chart}
