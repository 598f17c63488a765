"""Forecast beside fact: a page that opens offline, and a section of the report."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from markupsafe import Markup

from analyzer.money import add, cents_that_add_up, dollars, to_cents
from analyzer.report.build import Section, report_environment
from analyzer.report.display import LEVER_NAMES, counted
from analyzer.resources import shipped
from analyzer.savings.assessment import CASES, LEVERS, Case
from analyzer.savings.realized import Effects, Realized, WorkloadRealized
from analyzer.workloads.spend import counted_usage

TITLE = "What became of the bill"
_ORDER = 15  # after what it comes to


def build_realized(found: Realized, company: str | None) -> str:
    """The page as text; the same comparison gives the same bytes. Names are escaped."""
    css = (shipped("reports") / "report.css").read_text(encoding="utf-8")
    return (
        report_environment()
        .get_template("realized.html.j2")
        .render(
            company=company,
            css=Markup(css),
            before=found.before,
            after=found.after,
            realized=_html(found, level=2),
        )
    )


def realized_section(found: Realized) -> Section:
    """The same as a section of the report on the later audit."""
    return Section("realized", TITLE, _html(found, level=3), _ORDER)


def _html(found: Realized, *, level: int) -> Markup:
    """The content; `level` of its headings, 2 = h2."""
    template = report_environment().get_template("_realized.html.j2")
    return Markup(
        template.render(
            before=found.before,
            after=found.after,
            after_usd=found.after.list_cost_usd,
            fact=levers_sentence(found.effects.saved_usd),
            fact_usd=abs(saved_shown(found)),
            forecast=forecast_sentence(found.forecast_usd),
            against_forecast=against_forecast(found.effects.saved_usd, found.forecast_usd)
            if any(found.forecast_usd.values())
            else None,
            unpriced=unpriced_text(found),
            steps=_steps(found),
            rows=[_row(workload) for workload in found.workloads],
            level=level,
        )
    )


def levers_sentence(saved_usd: Decimal) -> str:
    """What the levers did, before the amount: they may have made it dearer."""
    return "The levers added" if saved_usd < 0 else "The levers took off"


def forecast_sentence(forecast_usd: dict[Case, Decimal]) -> str:
    """What the plan had said of the work done since, without a full stop."""
    if not any(forecast_usd.values()):
        return "Of the work done since, nothing had been planned to be cheaper"
    low, base, high = (dollars(forecast_usd[case]) for case in CASES)
    return f"Of the work done since, the plan had said {low} at least, {base} expected and {high} at most"


def unpriced_text(found: Realized) -> str:
    """What of both periods has no price and is in no figure, counted for people; "" for nothing."""
    requests = found.before.unpriced_requests + found.after.unpriced_requests
    rows = found.before.unpriced_rows + found.after.unpriced_rows
    return counted_usage(requests, rows) if requests or rows else ""


def cents_along(before_usd: Decimal, effects: Effects) -> tuple[Decimal, ...]:
    """Before, length, volume, mix, price, levers, after: in cents that add up along the line."""
    shown, start = effects_in_cents(before_usd, effects), to_cents(before_usd)
    steps = (shown.length_usd, shown.volume_usd, shown.mix_usd, shown.price_usd, -shown.saved_usd)
    return (start, *steps, add((start, *steps)))


def effects_in_cents(before_usd: Decimal, effects: Effects) -> Effects:
    """The effects in cents that lead from before to after, each of these rounded by itself."""
    parts = (effects.length_usd, effects.volume_usd, effects.mix_usd, effects.price_usd, *effects.levers_usd.values())
    change = to_cents(add((before_usd, effects.change_usd))) - to_cents(before_usd)
    length, volume, mix, price, *levers = cents_that_add_up(parts, change)
    return Effects(length, volume, mix, price, dict(zip(effects.levers_usd, levers, strict=True)))


def saved_shown(found: Realized) -> Decimal:
    """What the levers took off, as the tables have it; what is under a cent is left as it is."""
    return effects_in_cents(found.before.list_cost_usd, found.effects).saved_usd or found.effects.saved_usd


def against_forecast(saved_usd: Decimal, forecast_usd: dict[Case, Decimal] | None) -> str:
    """`under the plan`, `as planned` (low to high, to the cent) or `over the plan`; `no plan`, `nothing planned`."""
    if forecast_usd is None or not any(forecast_usd.values()):
        return planned_range(forecast_usd)
    saved, low, high = to_cents(saved_usd), to_cents(forecast_usd["low"]), to_cents(forecast_usd["high"])
    return "under the plan" if saved < low else "over the plan" if saved > high else "as planned"


def planned_range(forecast_usd: dict[Case, Decimal] | None) -> str:
    """`−$14.25 to −$15.00`: what the plan would have changed; `no plan` without one, `nothing planned`."""
    if forecast_usd is None:
        return "no plan"
    if not any(forecast_usd.values()):
        return "nothing planned"
    return f"{dollars(-forecast_usd['low'])} to {dollars(-forecast_usd['high'])}"


def _row(found: WorkloadRealized) -> dict[str, Any]:
    return {
        "workload": found.workload,
        "status": found.status,
        "cells": cents_along(found.before_usd, found.effects),
        "planned": planned_range(found.forecast_usd),
        "fact": against_forecast(found.effects.saved_usd, found.forecast_usd),
    }


def _steps(found: Realized) -> list[dict[str, Any]]:
    """In cents that add up from before to after."""
    before = found.before
    shown = effects_in_cents(before.list_cost_usd, found.effects)
    named = [
        ("Before", to_cents(before.list_cost_usd), None, counted(before.days, "day")),
        ("Length of the period", shown.length_usd, None, f"from {before.days} to {counted(found.after.days, 'day')}"),
        ("Volume", shown.volume_usd, None, "more or fewer requests a day"),
        ("Mix", shown.mix_usd, None, "larger or smaller requests"),
        ("Price", shown.price_usd, None, "list prices that changed"),
        *(
            (LEVER_NAMES[lever], shown.levers_usd[lever], -found.credit_usd[lever], "lever")
            for lever in LEVERS
            if found.effects.levers_usd[lever] or found.credit_usd[lever]
        ),
    ]
    return [dict(zip(("name", "usd", "planned_usd", "detail"), row, strict=True)) for row in named]
