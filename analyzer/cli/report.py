"""`whowaits report`: the page."""

from __future__ import annotations

from pathlib import Path

import click

from analyzer.cli._options import audit_option, config_option, config_path_or_default


@click.command()
@audit_option
@config_option
@click.option(
    "-o",
    "--output",
    "output",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("report.html"),
    show_default=True,
    help="The page to write.",
)
def command(audit_path: Path, config_path: Path | None, output: Path) -> None:
    """Write the report: one HTML file that opens offline."""
    from datetime import UTC, datetime

    from analyzer.config import load_config
    from analyzer.report import build_report
    from analyzer.savings import assess
    from analyzer.store.audit import open_audit

    config = load_config(config_path_or_default(config_path))
    with open_audit(audit_path, must_exist=True) as audit:
        assessment = assess(audit, config)
    page = build_report(assessment, generated_on=datetime.now(UTC).date())
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(page, encoding="utf-8")
    click.echo(f"report: {output}")
