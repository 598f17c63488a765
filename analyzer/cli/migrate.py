"""`whowaits migrate`: a kit for each workload that should move to batch."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from analyzer.cli._audits import open_audit_with_requests
from analyzer.cli._configuration import read_config
from analyzer.cli._options import audit_option, config_option, json_option, print_json
from analyzer.cli._terminal import counted, printable
from analyzer.errors import UserError

if TYPE_CHECKING:
    from analyzer.migration import Bodies


@click.command()
@click.option(
    "-o",
    "--output",
    "folder",
    type=click.Path(path_type=Path),
    default=Path("migrations"),
    show_default=True,
    help="The folder for the kits; new or empty.",
)
@click.option("--force", is_flag=True, help="Replace kit files that are already in the folder.")
@click.option(
    "--from-bodies",
    "log",
    metavar="FILE",
    help="Write the requests that move out of this log into each kit, as its first batch (needs -o).",
)
@audit_option
@config_option
@json_option
@click.pass_context
def command(
    context: click.Context,
    folder: Path,
    force: bool,
    log: str | None,
    audit_path: Path,
    config_path: Path | None,
    as_json: bool,
) -> None:
    """Write migration kits: job file, runbook, schedules and the code change, the pilot first.

    With --from-bodies each kit also gets requests.jsonl, for `whowaits parity` and `whowaits batch enqueue`: the
    bodies of its calls in a log of Messages calls that the audit has read. Bodies are written there and nowhere else.
    """
    from analyzer.migration import kits_of, write_kits, write_requests
    from analyzer.savings import assess
    from analyzer.waiting.window import load_turnaround

    if log is not None and context.get_parameter_source("folder") is not ParameterSource.COMMANDLINE:
        raise UserError("--from-bodies", "no -o", "the folder that request bodies may be written to", "name it with -o")
    config = read_config(config_path, audit_path)
    with open_audit_with_requests(audit_path) as audit:
        assessment, turnaround = assess(audit, config), load_turnaround(config.rules_folder)
        paths = write_kits(assessment, folder, force=force, turnaround=turnaround)
        bodies = None
        if log is not None and paths:
            bodies = write_requests(audit, kits_of(assessment, turnaround), log, folder, now=datetime.now(UTC))
    if as_json:
        print_json(_document(paths, bodies))
    elif paths:
        kits = sum(path.name == "RUNBOOK.md" for path in paths)
        click.echo(f"{counted(kits, 'kit')}; start with {printable(str(paths[0]), 0)}")
        _show_bodies(bodies)
    else:
        click.echo("no kits: no workload gains from batch on the evidence at hand")


def _document(paths: tuple[Path, ...], bodies: Bodies | None) -> dict[str, Any]:
    """What `--json` prints (docs/json.md); `requests` only with --from-bodies."""
    document: dict[str, Any] = {"files": [str(path) for path in paths]}
    if bodies is not None:
        document["requests"] = [{"path": str(path), "requests": count} for path, count in bodies.written]
        document["passed_over"] = dict(bodies.passed_over)
    return document


def _show_bodies(bodies: Bodies | None) -> None:
    if bodies is None:
        return
    for path, count in bodies.written:
        click.echo(f"{counted(count, 'request')} in {printable(str(path), 0)}")
    for reason, count in bodies.passed_over.items():
        click.echo(f"{counted(count, 'call')} passed over: {reason}")
