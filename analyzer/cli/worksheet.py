"""`whowaits worksheet`: the open questions as a spreadsheet for the owners, and their answers back."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from analyzer.cli._answers import questioned, signature
from analyzer.cli._options import audit_option, config_option
from analyzer.cli._terminal import counted, printable
from analyzer.errors import UserError
from analyzer.money import add, dollars

if TYPE_CHECKING:
    from analyzer.worksheet import Row

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.group()
def command() -> None:
    """Ask the owners: export the open questions as a spreadsheet, import their answers."""


@command.command()
@click.argument("file", type=_FILE)
@click.option("--all", "answered_too", is_flag=True, help="Every component, also where nothing is open.")
@click.option("--rows", "limit", type=click.IntRange(1), default=200, show_default=True, help="The most rows.")
@click.option("--replace", is_flag=True, help="Write over a file that is there.")
@audit_option
@config_option
def export(
    file: Path, answered_too: bool, limit: int, replace: bool, audit_path: Path, config_path: Path | None
) -> None:
    """Write the open questions to FILE (.xlsx or .csv), one row a workload or component, most money first."""
    from analyzer.worksheet import worksheet_rows, write_csv, write_xlsx

    write = {".xlsx": write_xlsx, ".csv": write_csv}.get(file.suffix.lower())
    if write is None:
        raise UserError(str(file), f"a {file.suffix or 'file without ending'}", "a file named .xlsx or .csv", "")
    if file.exists() and not replace:
        raise UserError(str(file), "is there already", "a new file", "it may hold answers: import it, or say --replace")
    with questioned(audit_path, config_path) as asked:
        rows = worksheet_rows(asked.assessment, asked.config, asked.assess, asked.opinions, answered_too=answered_too)
    write(file, rows[:limit])
    click.echo(f"{printable(str(file), 0)}: {_told(rows[:limit])}")
    if len(rows) > limit:
        click.echo(f"left out: {_told(rows[limit:])} (--rows for more)")


def _told(rows: tuple[Row, ...]) -> str:
    waiting = [row for row in rows if row.asks_who_waits]
    return (
        f"{counted(len(rows), 'row')}; {len(waiting):,} ask who waits, "
        f"and {dollars(add(row.hangs_usd for row in waiting))} hangs on them"
    )


@command.command("import")
@click.argument("file", type=_FILE)
@click.option("--who", metavar="NAME", help="Who answered, for rows whose owner is empty.")
@click.option("--dry-run", is_flag=True, help="Say what would change and write nothing.")
@audit_option
@config_option
def import_(file: Path, who: str | None, dry_run: bool, audit_path: Path, config_path: Path | None) -> None:
    """Check every cell of FILE, merge its answers into whowaits.toml, and print what they change in dollars.

    With one problem in it nothing is written; all are listed. Empty cells are not answered. The same file again
    changes nothing.
    """
    from analyzer.worksheet import (
        Scopes,
        against_the_log,
        changes,
        effect_lines,
        merged_config,
        read_worksheet,
        write_answers,
    )

    today = datetime.now(UTC).astimezone().date()
    with questioned(audit_path, config_path) as asked:
        given, remarks = read_worksheet(file, Scopes.of(asked.assessment), today)
        made, against = changes(given, asked.config, today, signature(who))
        for line in (*remarks, *map(str, against), *against_the_log(made, asked.assessment)):
            click.echo(printable(line, 0))
        same = f"{counted(len(given), 'row')} answered, {len(made):,} of them new or different"
        target = asked.answers_path
        if not made:
            click.echo(f"{same}; {printable(str(target), 0)} stays as it is")
            return
        after = asked.assess(merged_config(target, made))
        if not dry_run:
            write_answers(target, made)
        click.echo(f"{same}; {'would be ' if dry_run else ''}written to {printable(str(target), 0)}")
        for line in effect_lines(asked.assessment, after):
            click.echo(line)
