"""List cost of every day, by whether the work could wait."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from analyzer.money import ZERO, add, cents_that_add_up
from analyzer.report.display import PLACEMENT_NAMES
from analyzer.report.figures import Chart, day_bars_figure
from analyzer.savings.assessment import Assessment

title = "Spend by day"
order = 40


def build(assessment: Assessment) -> dict[str, Any]:
    """`days` without gaps from the first to the last; one column a placement that occurs. `chart` may be None.

    The cells add up to the list cost of the whole period, in cents. `long_rows`: rows of reports that cover several
    days each, over which their cost is spread evenly.
    """
    amounts: dict[tuple[date, str], Decimal] = {}
    for day, placement, cost in assessment.by_day:
        amounts[day, placement] = amounts.get((day, placement), Decimal(0)) + cost
    days = _every_day({day for day, _ in amounts})
    placements = [name for name in PLACEMENT_NAMES if any(amounts.get((day, name)) for day in days)]
    exact = [amounts.get((day, placement), ZERO) for placement in placements for day in days]
    cents = cents_that_add_up(exact, add(exact))
    columns = [cents[start : start + len(days)] for start in range(0, len(cents), max(len(days), 1))]
    rows = [
        {"day": day, "amounts": [column[index] for column in columns], "total_usd": add(c[index] for c in columns)}
        for index, day in enumerate(days)
    ]
    series = [(PLACEMENT_NAMES[name], name, column) for name, column in zip(placements, columns, strict=True)]
    label = "Stacked bars: list cost of each day, by whether the work stays real-time or could go to batch."
    return {
        "rows": rows,
        "columns": [PLACEMENT_NAMES[name] for name in placements],
        "totals": [add(column) for column in columns],
        "total_usd": add(cents),
        "long_rows": assessment.coverage.long_rows,
        "chart": Chart("by-day", label, day_bars_figure(days, series)) if any(cents) and len(days) > 1 else None,
    }


def _every_day(days: set[date]) -> list[date]:
    if not days:
        return []
    first, last = min(days), max(days)
    return [first + timedelta(days=offset) for offset in range((last - first).days + 1)]
