"""`whowaits demo`: the main job on the sample month of a made-up company."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("whowaits-demo"),
    show_default=True,
    help="Folder for audit.duckdb, report.html, savings.json and migrations/.",
)
def command(output: Path) -> None:
    """Analyse the sample data that ships with whowaits, and say where the report lies."""
    from analyzer.cli._run import run
    from analyzer.resources import shipped

    sample = shipped("sample_data")
    logs = sorted(str(path) for path in sample.iterdir() if path.is_dir() and not path.name.startswith((".", "_")))
    run(logs, output, sample / "whowaits.toml", fresh=True)
