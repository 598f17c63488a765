"""`whowaits pull`: the provider's own reports into files that `ingest` reads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from analyzer.cli._options import json_option, print_json
from analyzer.cli._terminal import counted, printable
from analyzer.errors import UserError

if TYPE_CHECKING:
    from analyzer.pull import Report

F = TypeVar("F", bound=Callable[..., Any])
# The provider's figures of the last days may still change.
_SETTLED_DAYS = 2


def _day(context: click.Context, parameter: click.Parameter, text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is no date such as 2026-10-01") from None


def _common(function: F) -> F:
    for option in (
        json_option,
        click.option("--base-url", metavar="URL", default=None, help="Another address of the API; the key goes there."),
        click.option(
            "--into",
            type=click.Path(path_type=Path, file_okay=False),
            default=Path("anthropic-reports"),
            show_default=True,
            help="Where the pages are saved; what is there already is not asked again.",
        ),
        click.option("--to", "to_on", metavar="DATE", callback=_day, help="The first day not wanted. [default: today]"),
        click.option("--from", "from_on", metavar="DATE", callback=_day, required=True, help="The first day (UTC)."),
    ):
        function = option(function)
    return function


def _grouped(function: F) -> F:
    for option in (
        click.option("--legacy", is_flag=True, help="The older report, for organisations or days the newer has not."),
        click.option(
            "--group-by", multiple=True, metavar="NAME", help="Dimensions in place of the usual ones; repeat it."
        ),
        click.option("--bucket-width", type=click.Choice(["1d", "1h", "1m"]), default="1d", show_default=True),
    ):
        function = option(function)
    return function


@click.group()
def command() -> None:
    """Fetch the provider's own usage and cost reports with the Admin key in ANTHROPIC_ADMIN_KEY.

    Saves each page as it came, in plain files; run it again after a stop and it goes on. Then: whowaits ingest FOLDER.
    """


@command.command()
@_common
@_grouped
def usage(legacy: bool, **how: Any) -> None:
    """Tokens by day, key, model, tier, speed and geography."""
    from analyzer.pull import USAGE, USAGE_LEGACY

    _pull(USAGE_LEGACY if legacy else USAGE, **how)


@command.command()
@_common
@_grouped
def cost(legacy: bool, **how: Any) -> None:
    """Money by day, key, model and kind of token."""
    from analyzer.pull import COST, COST_LEGACY

    _pull(COST_LEGACY if legacy else COST, **how)


@command.command()
@_common
def claude_code(**how: Any) -> None:
    """Claude Code's tokens by day, person and model."""
    from analyzer.pull import CLAUDE_CODE

    _pull(CLAUDE_CODE, **how)


def _pull(
    report: Report,
    *,
    from_on: date,
    to_on: date | None,
    into: Path,
    base_url: str | None,
    as_json: bool,
    bucket_width: str = "1d",
    group_by: Sequence[str] = (),
) -> None:
    from analyzer.pull import from_environment, pull, questions
    from analyzer.pull.api import BASE_URL, KEY_NAME

    today = datetime.now(UTC).date()
    to_on = to_on or today
    if to_on > today:
        raise UserError("--to", f"{to_on}, days that are not over", f"{today} or earlier (UTC)")
    asked = list(questions(report, from_on, to_on, width=bucket_width, group_by=group_by))
    api = from_environment(base_url or BASE_URL)

    def say(line: str) -> None:
        click.echo(printable(line, 0), err=True)

    say(f"asks {api.base_url}{report.path} from {from_on} up to {to_on} with the key in {KEY_NAME}, saves into {into}")
    done = pull(api, asked, into, say=say)
    if as_json:
        print_json(
            {
                "report": report.name,
                "from": from_on,
                "to": to_on,
                "folder": str(into),
                "pages_fetched": done.fetched,
                "pages_known": done.known,
            }
        )
        return
    click.echo(f"{counted(done.fetched, 'page')} fetched, {done.known:,} there before, in {printable(str(into), 0)}")
    if (today - to_on).days < _SETTLED_DAYS:
        click.echo("figures of the last days may still change: pull them again later, into another folder")
    click.echo(f"next: whowaits ingest {printable(str(into), 0)}")
