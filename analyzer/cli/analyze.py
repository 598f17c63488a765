"""`whowaits analyze`: logs in, report and kits out."""

from __future__ import annotations

from pathlib import Path

import click

from analyzer.cli._options import config_option, config_path_or_default


@click.command()
@click.argument("paths", nargs=-1, required=True)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("whowaits-out"),
    show_default=True,
    help="Folder for audit.duckdb, report.html, savings.json and migrations/.",
)
@config_option
@click.option("--format", "format_name", default=None, help="Read every file as this log format (whowaits sources).")
@click.option("--mapping", type=click.Path(path_type=Path, dir_okay=False), default=None, help="Mapping of a format.")
@click.option("--strict", is_flag=True, help="Stop at the first file that is not understood or has a rejected line.")
def command(
    paths: tuple[str, ...],
    output: Path,
    config_path: Path | None,
    format_name: str | None,
    mapping: Path | None,
    strict: bool,
) -> None:
    """Read logs, sort workloads by who waits, price the savings, write the report and the kits.

    PATHS are files, folders, globs, or - for standard input. Nothing leaves this machine.
    """
    from analyzer.cli._run import run

    run(
        paths,
        output,
        config_path_or_default(config_path),
        format_name=format_name,
        mapping=mapping,
        strict=strict,
    )
