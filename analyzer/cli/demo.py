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
    help="Folder for audit.duckdb, report.html, savings.json, whowaits.toml and migrations/.",
)
def command(output: Path) -> None:
    """Analyse the sample data that ships with whowaits, and say where the report lies."""
    from analyzer.cli._run import run
    from analyzer.resources import shipped

    sample = shipped("sample_data").resolve()
    _remove_earlier_demo(output / "audit.duckdb", sample)
    logs = sorted(str(path) for path in sample.iterdir() if path.is_dir() and not path.name.startswith((".", "_")))
    run(logs, output, sample / "whowaits.toml")


def _remove_earlier_demo(audit_path: Path, sample: Path) -> None:
    """The demo begins anew, but never at the cost of an audit of somebody's own logs.

    Raises: UserError.
    """
    from analyzer.cli._run import files_read
    from analyzer.errors import UserError
    from analyzer.store.audit import open_audit

    if not audit_path.exists():
        return
    with open_audit(audit_path) as audit:
        others = [path for path in files_read(audit) if not path.is_relative_to(sample)]
    if others:
        raise UserError(str(audit_path), "holds logs of your own", "a folder for the demo", "choose another -o")
    audit_path.unlink()
