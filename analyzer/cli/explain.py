"""`whowaits explain WORKLOAD`: the evidence behind one verdict."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from analyzer.cli._options import audit_option, config_option, json_option, print_json
from analyzer.cli._terminal import counted, printable
from analyzer.cli._verdicts import CostedVerdict, costed_verdicts, rules_option, verdicts_document
from analyzer.errors import UserError, nearest_name
from analyzer.times import duration_text

if TYPE_CHECKING:
    from analyzer.waiting.verdicts import ComponentVerdict, Evidence

_URGENCY_BASES = {"deadline": "its deadline", "evidence": "the evidence", "assumed": "assumed, since nothing tells"}


@click.command()
@click.argument("workload")
@audit_option
@config_option
@rules_option
@json_option
def command(
    workload: str, audit_path: Path, config_path: Path | None, rules_folder: Path | None, as_json: bool
) -> None:
    """Print why WORKLOAD got its verdict, and the question that would settle it."""
    items = costed_verdicts(audit_path, config_path, rules_folder)
    chosen = [item for item in items if item.verdict.workload == workload]
    if not chosen:
        names = [printable(item.verdict.workload, 0) for item in items]
        hint = nearest_name(workload, names)
        raise UserError(
            str(audit_path), f"no workload {printable(workload, 0)!r}", "a name that `whowaits workloads` prints", hint
        )
    if as_json:
        print_json(verdicts_document(chosen))
        return
    _print_workload(chosen[0])


def _print_workload(item: CostedVerdict) -> None:
    from analyzer.workloads.spend import counted_usage

    verdict = item.verdict
    undecided = ", part of it undecided" if verdict.cannot_tell else ""
    click.echo(
        f"{printable(verdict.workload, 0)}: {verdict.verdict}{undecided} "
        f"({verdict.confidence} confidence, basis {verdict.basis}); list cost {item.shown}"
    )
    if item.unpriced_requests or item.unpriced_rows:
        click.echo(f"{counted_usage(item.unpriced_requests, item.unpriced_rows)} without a price, in no total")
    costs = item.shown_parts()
    for part in verdict.components:
        _print_component(part, costs[part.component_no])
    if verdict.question:
        click.echo(f"\nAsk: {printable(verdict.question, 0)}")


def _print_component(part: ComponentVerdict, cost: str) -> None:
    click.echo(
        f"\n{printable(part.component, 0)}: {part.outcome} -> {part.placement} "
        f"(probability that it is awaited {part.awaited_probability:.2f}); {counted(part.requests, 'request')}, {cost}"
    )
    if part.deadline_s is not None:
        chance = (
            "" if part.in_time_probability is None else f"; a batch is back by then in {part.in_time_probability:.0%}"
        )
        click.echo(f"  needed within {duration_text(part.deadline_s)}{chance}")
    click.echo(f"  needed {part.urgency.replace('-', ' ')} ({_URGENCY_BASES[part.urgency_basis]})")
    if part.timing == "insufficient":
        click.echo("  timing says nothing: fewer than 14 runs")
    if part.chain_length > 1:
        click.echo(f"  chains of {part.chain_length} calls, so {part.chain_length} batch windows")
    for evidence in part.evidence:
        click.echo(f"  {_weight(evidence):>8}  {printable(evidence.sentence, 0)} [{evidence.rule}]")
    if not part.evidence:
        click.echo("  no sign either way in the log")


def _weight(evidence: Evidence) -> str:
    if evidence.strength is None:
        return "decisive"
    return "deadline" if evidence.says == "window-does-not-fit" else f"{evidence.strength:+.1f}".replace("-", "−")
