"""`whowaits spend`: requests, tokens and list cost."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from analyzer.cli._audits import open_audit_with_requests
from analyzer.cli._configuration import read_config
from analyzer.cli._options import audit_option, config_option, json_option, print_json
from analyzer.cli._terminal import counted, printable, table
from analyzer.money import dollars
from analyzer.tokens import TOKEN_COLUMNS

if TYPE_CHECKING:
    from analyzer.workloads import Spend, SpendKey, SpendRow


@click.command()
@audit_option
@config_option
@click.option(
    "--by",
    type=click.Choice(["model", "source", "workload", "api_key", "day"]),
    default="model",
    show_default=True,
    help="What the rows stand for.",
)
@json_option
def command(audit_path: Path, config_path: Path | None, by: str, as_json: bool) -> None:
    """Print requests, tokens and list cost; requests without a price have their own row."""
    from analyzer.workloads import spend_by
    from analyzer.workloads.spend import counted_usage

    config = read_config(config_path, audit_path)
    with open_audit_with_requests(audit_path) as audit:
        spend = spend_by(audit, config, cast("SpendKey", by))
    if as_json:
        print_json(spend_document(spend))
        return
    rows = [_cells(row) for row in spend.rows]
    if spend.unpriced.requests or spend.unpriced.uncounted:
        rows.append(_cells(spend.unpriced, "unpriced requests"))
    rows.append(_cells(spend.total))
    heads = (by, "requests", "uncached in", "written 5 min", "written 1 h", "cache read", "output", "list cost")
    click.echo(table(heads, rows, right=range(1, 8)))
    for model in spend.unpriced_models:
        some = counted_usage(model.requests, model.uncounted)
        click.echo(f"unpriced: {some}, {printable(model.reason, 0)}")
    if spend.two_readings:
        both = spend.two_readings
        click.echo(
            f"{counted(both.requests, 'request')}: the log does not tell whether input holds the cache tokens; counted "
            f"as if it does, {dollars(both.list_cost_usd)}; if it does not, {dollars(both.other_cost_usd)}"
        )
    if spend.total.uncounted:
        click.echo(f"{counted(spend.total.uncounted, 'row')} of usage reports do not say how many requests they hold")


def _cells(row: SpendRow, name: str = "") -> tuple[str, ...]:
    from analyzer.workloads.spend import requests_text

    return (
        name or printable(row.key, 40),
        requests_text(row.requests, row.uncounted),
        *(f"{getattr(row.tokens, column):,}" for column in TOKEN_COLUMNS),
        "not known" if row.list_cost_usd is None else dollars(row.list_cost_usd),
    )


def spend_document(spend: Spend) -> dict[str, Any]:
    """The JSON: `rows` and `unpriced` share no request; `total` counts both."""
    return {
        "by": spend.by,
        "rows": [{spend.by: row.key, **_sums(row)} for row in spend.rows],
        "total": _sums(spend.total),
        "unpriced": {
            **_sums(spend.unpriced),
            "models": [
                {
                    "raw_model": model.raw_model,
                    "reason": model.reason,
                    "requests": model.requests,
                    "uncounted_report_rows": model.uncounted,
                }
                for model in spend.unpriced_models
            ],
        },
        "two_readings": None
        if spend.two_readings is None
        else {
            "requests": spend.two_readings.requests,
            "list_cost_usd": spend.two_readings.list_cost_usd,
            "other_cost_usd": spend.two_readings.other_cost_usd,
        },
    }


def _sums(row: SpendRow) -> dict[str, Any]:
    return {
        "requests": row.requests,
        "uncounted_report_rows": row.uncounted,
        **{column: getattr(row.tokens, column) for column in TOKEN_COLUMNS},
        "web_searches": row.tokens.web_searches,
        "list_cost_usd": row.list_cost_usd,
    }
