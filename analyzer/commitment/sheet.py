"""The negotiation sheet: one HTML page with the figures, the curve and the terms, that opens offline."""

from __future__ import annotations

from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from analyzer.commitment.advice import Advice
from analyzer.commitment.curve import round_step
from analyzer.commitment.document import sentences, share_text, shown_curve, usd_text
from analyzer.resources import shipped

WIDTH, HEIGHT, LEFT, BELOW = 720, 300, 80, 30
TICKS = 6
TABLE_POINTS = 12


def build_sheet(advice: Advice, company: str | None) -> str:
    """The page as text; the same advice gives the same bytes. Names are escaped."""
    css = (shipped("reports") / "report.css").read_text(encoding="utf-8")
    return (
        _environment()
        .get_template("commitment.html.j2")
        .render(company=company, advice=advice, commitment=commitment_html(advice, level=2), css=Markup(css))
    )


def commitment_html(advice: Advice, *, level: int) -> Markup:
    """The sheet's content, for this page or as a part of the report; `level` of its headings, 2 = h2."""
    template = _environment().get_template("_commitment.html.j2")
    return Markup(
        template.render(
            advice=advice,
            sentences=sentences(advice),
            chart=chart(advice),
            curve=shown_curve(advice, TABLE_POINTS),
            level=level,
        )
    )


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(shipped("reports")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(usd=usd_text, share=share_text)
    return environment


def chart(advice: Advice) -> dict[str, Any]:
    """The curve as points of an SVG of 720 × 300: expected cost as `line`, P10 to P90 as `band`, two marks, ticks."""
    levels = shown_curve(advice)
    most = max(float(level.commit_usd) for level in levels) or 1.0
    top = max(level.p90_usd for level in levels) * 1.05 or 1.0

    def x(usd: float) -> float:
        return round(LEFT + usd / most * (WIDTH - LEFT - 10), 1)

    def y(usd: float) -> float:
        return round((HEIGHT - BELOW) * (1 - usd / top) + 5, 1)

    def points(pairs: list[tuple[float, float]]) -> str:
        return " ".join(f"{x(commit)},{y(cost)}" for commit, cost in pairs)

    commits = [float(level.commit_usd) for level in levels]
    upper = list(zip(commits, (level.p90_usd for level in levels), strict=True))
    lower = list(zip(commits, (level.p10_usd for level in levels), strict=True))
    marks = (("best", advice.best), ("on today's usage", advice.unoptimized))
    return {
        "line": points([(float(level.commit_usd), level.expected_cost_usd) for level in levels]),
        "band": points(upper + lower[::-1]),
        "marks": [
            {"name": name, "x": x(float(level.commit_usd)), "y": y(level.expected_cost_usd)} for name, level in marks
        ],
        "x_ticks": [{"at": x(usd), "text": usd_text(usd)} for usd in _ticks(most)],
        "y_ticks": [{"at": y(usd), "text": usd_text(usd)} for usd in _ticks(top)],
    }


def _ticks(most: float) -> list[float]:
    step = float(round_step(most / TICKS))
    return [step * number for number in range(int(most / step) + 1)]
