"""`whowaits export`: the figures as files for spreadsheets and other tools."""

from __future__ import annotations

import json
from pathlib import Path

import click

from analyzer.cli._audits import open_audit_with_requests
from analyzer.cli._configuration import read_config
from analyzer.cli._options import audit_option, config_option
from analyzer.cli._terminal import counted, printable
from analyzer.errors import UserError

_FILE = click.argument("file", type=click.Path(path_type=Path, dir_okay=False))


@click.group()
def command() -> None:
    """Write the figures as a spreadsheet, as FOCUS rows, or as JSON."""


@command.command()
@_FILE
@audit_option
@config_option
def ledger(file: Path, audit_path: Path, config_path: Path | None) -> None:
    """Write the tokens and prices behind every figure (.csv, or .xlsx that recomputes itself)."""
    from analyzer.report.exports.ledger import write_ledger_csv, write_ledger_xlsx
    from analyzer.savings import assess

    writers = {".csv": write_ledger_csv, ".xlsx": write_ledger_xlsx}
    if file.suffix not in writers:
        raise UserError(str(file), f"the ending {file.suffix!r}", ".csv or .xlsx", "rename it")
    config = read_config(config_path, audit_path)
    with open_audit_with_requests(audit_path) as audit:
        assessment = assess(audit, config)
    _said(file, writers[file.suffix](assessment, file))


@command.command()
@_FILE
@audit_option
@config_option
def focus(file: Path, audit_path: Path, config_path: Path | None) -> None:
    """Write usage and list cost in the columns of FOCUS (.csv)."""
    from analyzer.report.exports.focus import write_focus_csv
    from analyzer.savings.analysis import list_prices, with_known_models
    from analyzer.savings.contract import Terms
    from analyzer.workloads import scan, usage

    config = with_known_models(read_config(config_path, audit_path))
    with open_audit_with_requests(audit_path) as audit:
        scan(audit, config)
        rows = usage(audit)
    _said(file, write_focus_csv(rows, Terms(config, list_prices()), file))


@command.command("json")
@_FILE
@audit_option
@config_option
def as_json(file: Path, audit_path: Path, config_path: Path | None) -> None:
    """Write what `whowaits savings --json` prints."""
    from analyzer.cli.savings import savings_document
    from analyzer.savings import assess

    config = read_config(config_path, audit_path)
    with open_audit_with_requests(audit_path) as audit:
        document = savings_document(assess(audit, config))
    file.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    click.echo(f"{printable(str(file), 0)}: written")


def _said(file: Path, rows: int) -> None:
    click.echo(f"{printable(str(file), 0)}: {counted(rows, 'row')}")
