"""`whowaits review`: the worksheet's questions in the terminal, one by one."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from analyzer.cli._answers import questioned, signature
from analyzer.cli._options import audit_option, config_option
from analyzer.cli._terminal import counted, printable
from analyzer.money import dollars

if TYPE_CHECKING:
    from analyzer.config import Config
    from analyzer.worksheet import Row

_HOW = "Enter: not known, s: next one, q: stop"


class _Skip(Exception):
    """The person goes on to the next row."""


class _Quit(Exception):
    """The person stops."""


@click.command()
@click.option("--who", metavar="NAME", help="Who answers; asked for where it is not given.")
@audit_option
@config_option
def command(who: str | None, audit_path: Path, config_path: Path | None) -> None:
    """Ask the open questions here, most money first; each answer is written to whowaits.toml at once.

    Any question may be left out, and the review stopped and taken up again, at any time.
    """
    from analyzer.worksheet import effect_lines, worksheet_rows

    with questioned(audit_path, config_path) as asked:
        rows = worksheet_rows(asked.assessment, asked.config, asked.assess, asked.opinions)
    before, target = asked.assessment, asked.answers_path
    if not rows:
        click.echo("nothing is open")
        return
    click.echo(f"{counted(len(rows), 'question')}; answers go to {printable(str(target), 0)}. {_HOW}.")
    written = 0
    try:
        name = signature(who) or _name()
        config = asked.config
        for number, row in enumerate(rows, 1):
            click.echo(f"\n[{number}/{len(rows)}] {_card(row)}")
            try:
                values = _values(row)
            except _Skip:
                continue
            if values:
                config, is_new = _write(row, values, config, target, name)
                written += is_new
    except (_Quit, click.Abort):
        click.echo()
    click.echo(f"\n{counted(written, 'answer')} written")
    if written:
        with questioned(audit_path, config_path) as asked:
            for line in effect_lines(before, asked.assessment):
                click.echo(line)


def _name() -> str:
    """Raises: _Quit where none is given."""
    name: str | None = _ask("Your name", "who")
    if name is None:
        raise _Quit
    return name


def _card(row: Row) -> str:
    from analyzer.worksheet import evidence_lines, guess, scope_name, shown

    about = f"{scope_name(row.workload, row.component)}: list cost {dollars(row.plan.baseline_usd)}"
    lines = [about, row.question, f"Our guess: {guess(row)}.", *(f"  {line}" for line in evidence_lines(row))]
    if row.answer.awaited is not None:
        by = f" ({row.answer.who})" if row.answer.who else ""
        lines.append(f"So far: somebody waits? {shown('awaited', row.answer.awaited)}{by}")
    if row.model_usd is not None:
        lines.append(f"A smaller model that passes every answer is worth {dollars(row.model_usd)}.")
    return "\n".join(printable(line, 0) if not line.startswith("  ") else f"  {printable(line, 0)}" for line in lines)


def _values(row: Row) -> dict[str, Any]:
    """The fields that the person answers. Raises: _Skip, _Quit."""
    from analyzer.worksheet import column_of

    values: dict[str, Any] = {}
    if row.asks_who_waits:
        values["awaited"] = _ask(f"{column_of('awaited').title} (yes, no)", "awaited")
        values["needed_within_s"] = _ask(
            f"{column_of('needed_within_s').title} (such as 10 min, 8 h)", "needed_within_s"
        )
    if row.model_usd is not None:
        models = ", ".join(row.smaller_models)
        values["route_to"] = _ask(f"{column_of('route_to').title} ({models})", "route_to")
        if values["route_to"] is not None:
            values["pass_rate"] = _ask(f"{column_of('pass_rate').title} (such as 97 %)", "pass_rate")
            if values["pass_rate"] is None:
                del values["route_to"]
    return {name: value for name, value in values.items() if value is not None}


def _ask(text: str, field: str) -> Any:
    """The value of a field, None = not known; asked again until it can be read. Raises: _Skip, _Quit."""
    from analyzer.worksheet import read_cell

    while True:
        typed = click.prompt(f"  {text}", default="", show_default=False)
        if typed.strip().lower() in ("q", "quit"):
            raise _Quit
        if typed.strip().lower() in ("s", "skip"):
            raise _Skip
        try:
            return read_cell(field, typed)
        except ValueError as error:
            click.echo(f"  expected {printable(str(error), 0)}")


def _write(row: Row, values: dict[str, Any], config: Config, target: Path, who: str) -> tuple[Config, bool]:
    """The configuration with the answers in it, and whether they said anything new."""
    from analyzer.worksheet import Given, changes, write_answers

    given = Given("review", row.workload, row.component, values)
    made, against = changes([given], config, datetime.now(UTC).astimezone().date(), who)
    for contradiction in against:
        click.echo(f"  {printable(str(contradiction), 0)}")
    return (write_answers(target, made), True) if made else (config, False)
