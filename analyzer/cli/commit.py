"""`whowaits commit`: how much spend to commit to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from analyzer.cli._audits import open_audit_with_requests
from analyzer.cli._configuration import read_config
from analyzer.cli._options import audit_option, config_option, json_option, print_json
from analyzer.cli._terminal import printable, table
from analyzer.cli._terms import terms_option

if TYPE_CHECKING:
    from analyzer.commitment import Advice


@click.command(short_help="How much spend to commit to, after savings.")
@terms_option(required=True)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the negotiation sheet, one HTML page, to this file.",
)
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Of the demand paths.")
@audit_option
@config_option
@json_option
def command(
    terms_path: Path, output: Path | None, seed: int, audit_path: Path, config_path: Path | None, as_json: bool
) -> None:
    """Find the commitment with the lowest expected cost, on the demand that is left after the plan's savings.

    Demand paths come from the days of the audit, growth from the scenarios of the terms file, savings set in workload
    by workload. Says too what it costs to commit on today's usage instead, and how far off such a forecast would have
    been on the audit's own past.
    """
    from analyzer.commitment import advise, load_terms
    from analyzer.commitment.document import advice_document
    from analyzer.commitment.sheet import build_sheet
    from analyzer.savings import assess

    config = read_config(config_path, audit_path)
    terms = load_terms(terms_path, config.discount_share)
    with open_audit_with_requests(audit_path) as audit:
        assessment = assess(audit, config)
    advice = advise(assessment, terms, seed=seed)
    if output is not None:
        output.write_text(build_sheet(advice, assessment.company), encoding="utf-8")
    if as_json:
        print_json(advice_document(advice))
        return
    click.echo(_text(advice))
    if output is not None:
        click.echo(f"negotiation sheet: {printable(str(output.resolve()), 0)}")


def _text(advice: Advice) -> str:
    from analyzer.commitment.document import sentences, share_text, usd_text

    lines = [*sentences(advice), ""]
    rows = [
        (name, usd_text(level.commit_usd), usd_text(level.expected_cost_usd), usd_text(level.p10_usd),
         usd_text(level.p90_usd), share_text(level.coverage_share), share_text(level.utilization_share))
        for name, level in (
            ("best", advice.best),
            ("on today's usage", advice.unoptimized),
            ("no commitment", advice.uncommitted),
        )
    ]  # fmt: skip
    heads = ("modeled", "commit", "expected cost", "P10", "P90", "coverage", "utilization")
    lines += [table(heads, rows, right=range(1, 7)), ""]
    moves = [
        (printable(move.workload, 40), str(move.on), usd_text(move.saving_usd[0]), usd_text(move.baseline_usd))
        for move in advice.moves
    ]
    if moves:
        names = ("saving sets in", "on", "saves (low, modeled)", "of, in the audit (measured)")
        lines.append(table(names, moves, right=(2, 3)))
    return "\n".join(lines).rstrip()
