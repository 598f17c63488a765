"""`whowaits ingest`: logs into the audit file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from analyzer.cli._options import audit_option, json_option, print_json

if TYPE_CHECKING:
    from analyzer.store.ingest import IngestResult

_SHOWN_REJECTS = 3


@click.command()
@click.argument("paths", nargs=-1, required=True)
@click.option("--format", "format_name", help="The log format, where recognition cannot decide (whowaits sources).")
@click.option("--mapping", type=click.Path(path_type=Path, dir_okay=False), help="Mapping file for a log of your own.")
@click.option("--strict", is_flag=True, help="Stop at the first file or record that cannot be used.")
@audit_option
@json_option
def command(
    paths: tuple[str, ...],
    format_name: str | None,
    mapping: Path | None,
    strict: bool,
    audit_path: Path,
    as_json: bool,
) -> None:
    """Read logs (files, folders, globs, .gz, .zst, or - for standard input) into the audit file."""
    from analyzer.store.audit import open_audit
    from analyzer.store.ingest import ingest_paths

    show = sys.stderr.isatty() and not as_json

    def progress(path: str, records: int) -> None:
        if show:
            click.echo(f"\r{records:>12,} records  {path}"[:100], nl=False, err=True)

    with open_audit(audit_path) as audit:
        result = ingest_paths(audit, paths, format=format_name, mapping=mapping, strict=strict, progress=progress)
    if show:
        click.echo("\r" + " " * 100 + "\r", nl=False, err=True)
    if as_json:
        print_json(result.document())
    else:
        _print_table(result)


def _print_table(result: IngestResult) -> None:
    click.echo(f"{'accepted':>10} {'duplicate':>10} {'rejected':>9} {'context':>9}  {'format':<26} file")
    for file in result.files:
        click.echo(
            f"{file.accepted:>10,} {file.duplicates:>10,} {file.rejected:>9,} {file.context_lines:>9,}  "
            f"{file.source or '-':<26} {file.path}"
        )
        for remark, count in file.remarks:
            click.echo(f"{'':>42}  {remark} ({count:,})")
        for line, reason in file.rejects[:_SHOWN_REJECTS]:
            click.echo(f"{'':>42}  line {line:,}: {reason}")
        if len(file.rejects) > _SHOWN_REJECTS:
            click.echo(f"{'':>42}  and {len(file.rejects) - _SHOWN_REJECTS:,} more (--json lists all)")
    click.echo(f"{result.accepted:>10,} {result.duplicates:>10,} {result.rejected:>9,}  in all")
