"""`whowaits migrate`: a kit for each workload that should move to batch."""

from __future__ import annotations

from pathlib import Path

import click

from analyzer.cli._audits import open_audit_with_requests
from analyzer.cli._configuration import read_config
from analyzer.cli._options import audit_option, config_option, json_option, print_json
from analyzer.cli._terminal import counted, printable


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
@audit_option
@config_option
@json_option
def command(folder: Path, force: bool, audit_path: Path, config_path: Path | None, as_json: bool) -> None:
    """Write migration kits: job file, runbook, cron lines and the code change, the pilot first."""
    from analyzer.migration import write_kits
    from analyzer.savings import assess

    config = read_config(config_path, audit_path)
    with open_audit_with_requests(audit_path) as audit:
        assessment = assess(audit, config)
    paths = write_kits(assessment, folder, force=force)
    if as_json:
        print_json({"files": [str(path) for path in paths]})
    elif paths:
        kits = sum(path.name == "batch.toml" for path in paths)
        click.echo(f"{counted(kits, 'kit')}; start with {printable(str(paths[0]), 0)}")
    else:
        click.echo("no kits: no workload gains from batch on the evidence at hand")
