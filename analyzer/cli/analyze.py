"""`whowaits analyze`: logs in, report and kits out."""

from __future__ import annotations

from pathlib import Path
from typing import Unpack

import click

from analyzer.cli._options import HowToRead, config_option, owner_option, reading_options
from analyzer.cli._terms import terms_option


@click.command()
@click.argument("paths", nargs=-1, required=True)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("whowaits-out"),
    show_default=True,
    help="Folder for audit.duckdb, report.html, savings.json, whowaits.toml and migrations/.",
)
@config_option
@terms_option(required=False)
@reading_options
@owner_option
def command(
    paths: tuple[str, ...],
    output: Path,
    config_path: Path | None,
    terms_path: Path | None,
    owners: tuple[str, ...],
    **how: Unpack[HowToRead],
) -> None:
    """Read logs, sort workloads by who waits, price the savings, write the report and the kits.

    PATHS are files, folders, globs, - for standard input, or places that `whowaits ingest` names. No network,
    unless a path is an address (s3://, postgresql://).
    """
    from analyzer.cli._run import run

    run(paths, output, config_path, owners, terms_path, **how)
