"""`whowaits ingest`: logs into the audit file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Unpack

import click

from analyzer.cli._audits import audit_to_fill
from analyzer.cli._options import HowToRead, audit_option, json_option, owner_option, print_json, reading_options
from analyzer.cli._reading import read_logs, skipped_files, skipped_line
from analyzer.cli._terminal import printable

if TYPE_CHECKING:
    from analyzer.store.ingest import IngestResult
    from analyzer.store.ledger import FileResult

_SHOWN_REJECTS = 3


@click.command()
@click.argument("paths", nargs=-1, required=True)
@reading_options
@owner_option
@audit_option
@json_option
def command(
    paths: tuple[str, ...], owners: tuple[str, ...], audit_path: Path, as_json: bool, **how: Unpack[HowToRead]
) -> None:
    """Read logs into the audit file: files, folders, globs, .gz, .zst, - for standard input, s3://bucket/prefix, or
    postgresql://user@host/database (the spend log of a LiteLLM proxy).
    """
    with audit_to_fill(audit_path) as audit:
        result = read_logs(audit, paths, quiet=as_json, owners=owners, **how)
    if as_json:
        print_json(result.document())
    else:
        _print_table(result)


def _print_table(result: IngestResult) -> None:
    skipped = set(skipped_files(result))
    click.echo(f"{'accepted':>10} {'duplicate':>10} {'rejected':>9} {'context':>9}  {'format':<32} file")
    for file in result.files:
        if file not in skipped:
            _print_file(file)
    click.echo(f"{result.accepted:>10,} {result.duplicates:>10,} {result.rejected:>9,}  in all")
    if skipped:
        click.echo(skipped_line(len(skipped)))


def _print_file(file: FileResult) -> None:
    click.echo(
        f"{file.accepted:>10,} {file.duplicates:>10,} {file.rejected:>9,} {file.context_lines:>9,}  "
        f"{file.source or '-':<32} {printable(file.path, 0)}"
    )
    for remark, count in file.remarks:
        click.echo(f"{'':>42}  {printable(remark, 0)} ({count:,})")
    for line, reason in file.rejects[:_SHOWN_REJECTS]:
        click.echo(f"{'':>42}  line {line:,}: {printable(reason, 0)}")
    if len(file.rejects) > _SHOWN_REJECTS:
        click.echo(f"{'':>42}  and {len(file.rejects) - _SHOWN_REJECTS:,} more (--json lists all)")
