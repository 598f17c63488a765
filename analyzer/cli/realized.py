"""`whowaits realized`: what became of the bill after the migration."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from analyzer.cli._audits import open_audit_with_requests
from analyzer.cli._configuration import read_config
from analyzer.cli._options import config_option, json_option, print_json
from analyzer.cli._terminal import printable, table
from analyzer.money import as_text, dollars

if TYPE_CHECKING:
    from analyzer.savings.realized import Effects, Period, Realized, WorkloadRealized


_AUDIT = click.Path(path_type=Path, dir_okay=False)


@click.command(short_help="What changed after the migration, and what was forecast.")
@click.option("--before", "before_path", type=_AUDIT, required=True, help="The audit that the plan was made from.")
@click.option("--after", "after_path", type=_AUDIT, required=True, help="An audit of later days.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write it as one HTML page to this file."
)
@config_option
@json_option
def command(before_path: Path, after_path: Path, output: Path | None, config_path: Path | None, as_json: bool) -> None:
    """Split the change of each workload's list cost into length of the period, volume, mix, price and levers.

    The parts add up exactly. Beside what the levers took off stands what the plan of the first audit had said of the
    work that was done since.
    """
    from analyzer.savings.realized import realized

    config = read_config(config_path, before_path)
    with open_audit_with_requests(before_path) as before, open_audit_with_requests(after_path) as after:
        found = realized(before, after, config)
    if output is not None:
        from analyzer.report.realized_page import build_realized

        output.write_text(build_realized(found, config.company), encoding="utf-8")
    if as_json:
        print_json(realized_document(found))
        return
    click.echo(_text(found))
    if output is not None:
        click.echo(f"page: {printable(str(output.resolve()), 0)}")


def realized_document(found: Realized) -> dict[str, Any]:
    """What `--json` prints (docs/realized.md); money as exact decimal strings."""
    return {
        "before": _period(found.before),
        "after": _period(found.after),
        "change_usd": as_text(found.effects.change_usd),
        "effects": _effects(found.effects),
        "saved_usd": as_text(found.effects.saved_usd),
        "forecast": {f"{case}_usd": as_text(usd) for case, usd in found.forecast_usd.items()},
        "forecast_levers": {lever: as_text(usd) for lever, usd in found.credit_usd.items()},
        "workloads": [_workload(workload) for workload in found.workloads],
    }


def _workload(found: WorkloadRealized) -> dict[str, Any]:
    forecast, credit = found.forecast_usd, found.credit_usd
    return {
        "workload": found.workload,
        "status": found.status,
        "volume_in": found.volume_in,
        "before_usd": as_text(found.before_usd),
        "after_usd": as_text(found.after_usd),
        "change_usd": as_text(found.effects.change_usd),
        "effects": _effects(found.effects),
        "saved_usd": as_text(found.effects.saved_usd),
        "forecast": None if forecast is None else {f"{case}_usd": as_text(usd) for case, usd in forecast.items()},
        "forecast_levers": None if credit is None else {lever: as_text(usd) for lever, usd in credit.items()},
    }


def _period(period: Period) -> dict[str, Any]:
    return {
        "first_day": str(period.first_day),
        "last_day": str(period.last_day),
        "days": period.days,
        "list_cost_usd": as_text(period.list_cost_usd),
        "unpriced_requests": period.unpriced_requests,
        "unpriced_report_rows": period.unpriced_rows,
    }


def _effects(effects: Effects) -> dict[str, Any]:
    return {
        "length_usd": as_text(effects.length_usd),
        "volume_usd": as_text(effects.volume_usd),
        "mix_usd": as_text(effects.mix_usd),
        "price_usd": as_text(effects.price_usd),
        "levers": {lever: as_text(usd) for lever, usd in effects.levers_usd.items()},
    }


def _text(found: Realized) -> str:
    from analyzer.report.realized_page import (
        cents_along,
        forecast_sentence,
        levers_sentence,
        planned_range,
        saved_shown,
        unpriced_text,
    )

    before, after, forecast = found.before, found.after, found.forecast_usd
    saved = saved_shown(found)
    lines = [
        f"before: {before.first_day} to {before.last_day}, {dollars(before.list_cost_usd)} of list cost",
        f"after:  {after.first_day} to {after.last_day}, {dollars(after.list_cost_usd)}",
        f"{levers_sentence(saved)} {dollars(abs(saved))}. {forecast_sentence(forecast)}.",
    ]
    unpriced = unpriced_text(found)
    if unpriced:
        lines.append(f"Not counted: {unpriced} without a price.")
    lines_of = [(_name(w), w.before_usd, w.effects, w.forecast_usd) for w in found.workloads]
    lines_of.append(("total", before.list_cost_usd, found.effects, forecast))
    rows = [
        (name, *map(dollars, cents_along(before_usd, effects)), planned_range(planned))
        for name, before_usd, effects, planned in lines_of
    ]
    heads = ("workload", "before", "length", "volume", "mix", "price", "levers", "after", "levers as planned")
    return "\n".join([*lines, "", table(heads, rows, right=range(1, 9)), "", _by_lever(found)])


def _name(found: WorkloadRealized) -> str:
    return printable(found.workload, 40) + ("" if found.status == "both" else f" ({found.status})")


def _by_lever(found: Realized) -> str:
    from analyzer.report.realized_page import effects_in_cents

    shown = effects_in_cents(found.before.list_cost_usd, found.effects).levers_usd
    rows = [
        (lever, dollars(-(shown[lever] or usd)), dollars(found.credit_usd[lever]))
        for lever, usd in found.effects.levers_usd.items()
    ]
    return table(("lever", "took off", "planned (low)"), rows, right=(1, 2))
