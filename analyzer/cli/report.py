"""`whowaits report`: the page."""

from __future__ import annotations

from pathlib import Path

import click

from analyzer.cli._audits import open_audit_with_requests
from analyzer.cli._configuration import read_config
from analyzer.cli._options import audit_option, config_option
from analyzer.cli._terminal import printable
from analyzer.cli._terms import commitment_sections, read_terms, terms_option


@click.command()
@audit_option
@config_option
@terms_option(required=False)
@click.option(
    "--before",
    "before_path",
    type=click.Path(path_type=Path, dir_okay=False),
    help="An audit of earlier days: adds what became of the bill since, beside what its plan had said.",
)
@click.option(
    "-o",
    "--output",
    "output",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("report.html"),
    show_default=True,
    help="The page to write.",
)
def command(
    audit_path: Path, config_path: Path | None, terms_path: Path | None, before_path: Path | None, output: Path
) -> None:
    """Write the report: one HTML file that opens offline."""
    from datetime import UTC, datetime

    from analyzer.report import build_report
    from analyzer.savings import assess

    config = read_config(config_path, audit_path)
    terms = read_terms(terms_path, config)
    with open_audit_with_requests(audit_path) as audit:
        assessment = assess(audit, config)
        more = commitment_sections(assessment, terms)
        if before_path is not None:
            from analyzer.report.realized_page import realized_section
            from analyzer.savings.realized import realized

            with open_audit_with_requests(before_path) as before:
                more += (realized_section(realized(before, audit, config)),)
    page = build_report(assessment, generated_on=datetime.now(UTC).date(), more=more)
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(page, encoding="utf-8")
    click.echo(f"report: {printable(str(output), 0)}")
