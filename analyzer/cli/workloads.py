"""`whowaits workloads`: who waits, workload by workload."""

from __future__ import annotations

from pathlib import Path

import click

from analyzer.cli._options import audit_option, config_option, json_option, print_json
from analyzer.cli._terminal import printable, table
from analyzer.cli._verdicts import costed_verdicts, rules_option, verdict_text, verdicts_document


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
            f"{sum(part.requests for part in item.verdict.components):,}",
            item.shown,
            f"{item.unpriced_requests:,}" if item.unpriced_requests else "",
        )
        for item in items
    ]
    heads = ("workload", "verdict", "confidence", "basis", "requests", "list cost", "unpriced requests")
    click.echo(table(heads, rows, right=(4, 5, 6)))
    asking = [item for item in items if item.verdict.cannot_tell]
    if asking:
        click.echo("\nWhat would settle the undecided (largest cost first):")
        for item in asking:
            click.echo(f"- {printable(item.verdict.question, 0)}")
