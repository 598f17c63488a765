"""Plotly figures as plain dictionaries, checked against Plotly's own schema; colours are roles the page resolves.

A trace's `meta.role` names its colour; the script of the page turns roles into the colours of the theme.
Text that Plotly would read as markup is escaped, so names stay text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from analyzer.money import dollars
from analyzer.report.display import shortened

_PATTERNS = {"cannot-tell": "/", "splittable": "\\", "batchable-with-guard": ".", "unpriced": "x"}


@dataclass(frozen=True)
class Chart:
    """A figure with its id in the page and the sentence that says what it shows."""

    id: str
    label: str
    figure: dict[str, Any]


@dataclass(frozen=True)
class Step:
    """One bar of a waterfall: it starts at `start_usd` and is `size_usd` long; `shown_usd` is its label."""

    label: str
    role: str
    start_usd: Decimal
    size_usd: Decimal
    shown_usd: Decimal


def plotly_text(text: str) -> str:
    """Text that Plotly shows letter for letter (it reads a subset of HTML otherwise)."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def waterfall_figure(steps: Sequence[Step]) -> dict[str, Any]:
    """Horizontal floating bars, first step on top."""
    bars = [
        _Bar(step.role, min(step.start_usd, step.start_usd + step.size_usd), abs(step.size_usd), step.shown_usd)
        for step in steps
    ]
    return _horizontal(bars, [step.label for step in steps], row_px=46)


def spend_bars_figure(names: Sequence[str], amounts: Sequence[Decimal], roles: Sequence[str]) -> dict[str, Any]:
    """One horizontal bar a name, coloured and patterned by role."""
    bars = [_Bar(role, Decimal(0), amount, amount) for role, amount in zip(roles, amounts, strict=True)]
    return _horizontal(bars, names, row_px=30)


def day_bars_figure(days: Sequence[date], series: Sequence[tuple[str, str, Sequence[Decimal]]]) -> dict[str, Any]:
    """Stacked bars by day; `series` is (name, role, one amount a day)."""
    traces = [
        {
            "type": "bar",
            "name": name,
            "x": [day.isoformat() for day in days],
            "y": [float(amount) for amount in amounts],
            "hovertemplate": "%{x|%-d %b %Y}<br>%{y:$,.2f}<extra>" + plotly_text(name) + "</extra>",
            "marker": {"pattern": _pattern(role)},
            "meta": {"role": role},
        }
        for name, role, amounts in series
    ]
    layout = {
        "barmode": "stack",
        "bargap": 0.22,
        "height": 340,
        "margin": {"l": 64, "r": 12, "t": 34, "b": 40},
        "showlegend": True,
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "traceorder": "normal"},
        "xaxis": {
            "type": "date",
            "fixedrange": True,
            "tickformat": "%-d %b",
            "hoverformat": "%-d %b %Y",
            **_day_ticks(days),
        },
        "yaxis": {"fixedrange": True, "tickprefix": "$", "tickformat": ",~r", "rangemode": "tozero", "nticks": 6},
    }
    return _checked({"data": traces, "layout": layout})


def _day_ticks(days: Sequence[date]) -> dict[str, Any]:
    """Every day of a week or less (Plotly would put hours between them); else about eight ticks."""
    if len(days) > 8:
        return {"nticks": 8}
    return {"tickmode": "array", "tickvals": [day.isoformat() for day in days]}


@dataclass(frozen=True)
class _Bar:
    role: str
    start_usd: Decimal
    length_usd: Decimal
    shown_usd: Decimal


def _traces(bars: Sequence[_Bar]) -> list[dict[str, Any]]:
    """One trace a role (a trace has one colour); y is the row of the bar."""
    traces = []
    for role in dict.fromkeys(bar.role for bar in bars):
        rows = [row for row, bar in enumerate(bars) if bar.role == role]
        traces.append(
            {
                "type": "bar",
                "orientation": "h",
                "x": [float(bars[row].length_usd) for row in rows],
                "y": rows,
                "base": [float(bars[row].start_usd) for row in rows],
                "text": [dollars(bars[row].shown_usd) for row in rows],
                "textposition": "outside",
                "cliponaxis": False,
                "width": 0.66,
                "constraintext": "none",
                "hoverinfo": "skip",
                "marker": {"pattern": _pattern(role)},
                "meta": {"role": role},
            }
        )
    return traces


def _pattern(role: str) -> dict[str, Any]:
    return {"shape": _PATTERNS.get(role, ""), "size": 6, "solidity": 0.25}


def _horizontal(bars: Sequence[_Bar], names: Sequence[str], row_px: int) -> dict[str, Any]:
    """Rows from top to bottom; `meta.labels` holds the row labels for a wide and for a narrow page."""
    rows = list(range(len(names)))
    wide = [plotly_text(shortened(name, 30)) for name in names]
    narrow = [plotly_text(shortened(name, 17)) for name in names]
    layout = {
        "barmode": "overlay",
        "height": row_px * max(len(rows), 1) + 44,
        "margin": {"l": 240, "r": 84, "t": 6, "b": 34},
        "showlegend": False,
        "xaxis": {"fixedrange": True, "tickprefix": "$", "tickformat": ",~r", "rangemode": "tozero", "nticks": 6},
        "yaxis": {
            "fixedrange": True,
            "range": [len(rows) - 0.4, -0.6],
            "tickmode": "array",
            "tickvals": rows,
            "ticktext": wide,
            "showgrid": False,
            "zeroline": False,
        },
        "meta": {"labels": {"wide": wide, "narrow": narrow}},
    }
    return _checked({"data": _traces(bars), "layout": layout})


def _checked(figure: dict[str, Any]) -> dict[str, Any]:
    """The figure as given, once Plotly's schema accepts it (it raises ValueError otherwise)."""
    import plotly.graph_objects as go

    go.Figure(figure)
    return figure
