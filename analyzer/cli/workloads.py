"""`whowaits workloads`: who waits, workload by workload."""

from __future__ import annotations

from pathlib import Path

import click

from analyzer.cli._options import audit_option, config_option, json_option, print_json
from analyzer.cli._terminal import printable, table
from analyzer.cli._verdicts import CostedVerdict, costed_verdicts, rules_option, tiers, verdict_text, verdicts_document
from analyzer.money import add, dollars


@click.command()
@audit_option
@config_option
@rules_option
@json_option
def command(audit_path: Path, config_path: Path | None, rules_folder: Path | None, as_json: bool) -> None:
    """Print each workload's verdict: real-time, batchable or splittable."""
    items = costed_verdicts(audit_path, config_path, rules_folder)
    if as_json:
        print_json(verdicts_document(items))
        return
    rows = [
        (
            printable(item.verdict.workload, 40),
            verdict_text(item.verdict),
            item.verdict.confidence,
            item.verdict.basis,
            item.verdict.urgency.replace("-", " "),
            f"{sum(part.requests for part in item.verdict.components):,}",
            item.shown,
            _unpriced(item),
        )
        for item in items
    ]
    heads = ("workload", "verdict", "confidence", "basis", "needed", "requests", "list cost", "unpriced requests")
    click.echo(table(heads, rows, right=(5, 6, 7)))
    _print_tiers(items)
    asking = [item for item in items if item.verdict.cannot_tell]
    if asking:
        click.echo("\nWhat would settle the undecided (largest cost first):")
        for item in asking:
            click.echo(f"- {printable(item.verdict.question, 0)}")


def _unpriced(item: CostedVerdict) -> str:
    from analyzer.workloads.spend import requests_text

    shown = requests_text(item.unpriced_requests, item.unpriced_rows)
    return "" if shown == "0" else shown


def _print_tiers(items: tuple[CostedVerdict, ...]) -> None:
    """How soon the results are needed, with what is assumed to be needed now for want of signs."""
    parts = [(part, item.part_cents()[part.component_no]) for item in items for part in item.verdict.components]
    rows = [
        (
            tier.urgency.replace("-", " "),
            f"{tier.components:,}",
            f"{tier.requests:,}",
            dollars(add(cents for part, cents in parts if part.urgency == tier.urgency)),
        )
        for tier in tiers(items)
        if tier.components
    ]
    click.echo("\n" + table(("needed", "components", "requests", "list cost"), rows, right=(1, 2, 3)))
    assumed = [cents for part, cents in parts if part.urgency_basis == "assumed"]
    if assumed:
        click.echo(f"{dollars(add(assumed))} of it is taken as needed now because nothing tells how soon it is needed")
