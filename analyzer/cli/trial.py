"""`whowaits trial waiting`: a second opinion on what cannot be told, through the Batch API, priced first."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from analyzer.cli._answers import questioned
from analyzer.cli._audits import open_audit_with_requests
from analyzer.cli._batch import NEEDS_A_PERSON, show_quote, show_remarks
from analyzer.cli._options import audit_option, config_option
from analyzer.cli._terminal import counted, printable
from analyzer.errors import UserError, nearest_name
from analyzer.money import dollars

if TYPE_CHECKING:
    from analyzer.batch import Job
    from analyzer.worksheet.opinion import OpinionRequest

_ANSWERS = "opinions.jsonl"
_JOB = """# Made by `whowaits trial waiting`; `whowaits batch status --job-file` shows where it stands.
[job]
name = "second-opinion-{model}"
models = ["{model}"]
poll = "1m"
destination = "{answers}"
[budget]
job_usd = "{most_usd}"
[estimate]
output_tokens = 120
high_output_tokens = 1000
"""


@click.group()
def command() -> None:
    """Try something out with Claude before you rely on it; says its price first."""


@command.command()
@click.option("--model", default=None, help="Who gives the opinion. [default: claude-sonnet-5-5]")
@click.option("--most", "limit", type=click.IntRange(1), default=100, show_default=True, help="The most questions.")
@click.option("--most-usd", metavar="USD", default="5.00", show_default=True, help="The most that it may cost.")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("trial-waiting"),
    show_default=True,
    help="Where requests and answers are kept.",
)
@click.option("--yes", is_flag=True, help="Send it. Without this nothing leaves this machine.")
@audit_option
@config_option
def waiting(
    model: str | None,
    limit: int,
    most_usd: str,
    folder: Path,
    yes: bool,
    audit_path: Path,
    config_path: Path | None,
) -> int:
    """Have Claude read the evidence of what cannot be told; its opinion stands beside the question to the owner.

    Sent are the names of workloads and their measured features, never a prompt or an answer. An opinion counts in no
    verdict and no sum. The same evidence is asked about once; stopped, the command goes on where it was.
    """
    from analyzer.worksheet.opinion import answered_keys, opinion_requests, undecided

    model = _known_model(model)
    with questioned(audit_path, config_path) as asked:
        plans = undecided(asked.assessment)
        requests = opinion_requests(asked.audit, plans[:limit], model)
    if not requests:
        click.echo("nothing is undecided")
        return 0
    if len(plans) > limit:
        click.echo(f"{len(plans) - limit:,} more are undecided (--most)")
    asking = tuple(request for request in requests if request.key not in answered_keys(folder / _ANSWERS))
    if asking and not _is_agreed(asking, model, _amount(most_usd), yes):
        return 0
    done = not asking or _run(asking, folder, model, _amount(most_usd))
    _tell(folder / _ANSWERS, audit_path, requests)
    return 0 if done else NEEDS_A_PERSON


def _is_agreed(asking: tuple[OpinionRequest, ...], model: str, most_usd: Decimal, yes: bool) -> bool:
    """Print the price; whether it may be sent. Nothing of it stays on the disk.

    Raises: UserError where it could cost more than it may.
    """
    from analyzer.batch import quote

    with TemporaryDirectory() as folder:
        priced = quote(_put_down(asking, Path(folder), model, most_usd))
    show_quote(priced)
    show_remarks(priced.remarks)
    if priced.high_usd > most_usd:
        raise UserError(
            "--most-usd", f"a price of up to {dollars(priced.high_usd)}", f"at most {dollars(most_usd)}", "ask less"
        )
    if not yes:
        click.echo("nothing was sent; --yes sends it")
    return yes


def _run(asking: tuple[OpinionRequest, ...], folder: Path, model: str, most_usd: Decimal) -> bool:
    """Send, wait and collect; whether every answer is there."""
    from analyzer.batch import run
    from analyzer.batch.messages_api import from_environment

    provider = from_environment()
    folder.mkdir(parents=True, exist_ok=True)
    job = _put_down(asking, folder, model, most_usd)
    status = run(job, provider, say=lambda line: click.echo(line, err=True))
    return status.done


def _known_model(name: str | None) -> str:
    """Raises: UserError."""
    from analyzer.pricing import models, resolve_model
    from analyzer.worksheet.opinion import MODEL

    model = MODEL if name is None else resolve_model(name, "anthropic").model
    if model is None:
        raise UserError("--model", repr(name), "a model of the price list", nearest_name(name or "", models()))
    return model


def _put_down(requests: tuple[OpinionRequest, ...], folder: Path, model: str, most_usd: Decimal) -> Job:
    """The job of a folder with the requests in its store; those that it has already are not put down again.

    Raises: UserError, UserErrors.
    """
    from analyzer.batch import NewItem, enqueue_many, load_job

    path = folder / "batch.toml"
    path.write_text(_JOB.format(model=model, answers=_ANSWERS, most_usd=f"{most_usd:f}"), encoding="utf-8")
    job = load_job(path)
    enqueue_many([NewItem(request.params, request.key, request.metadata) for request in requests], job=job)
    return job


def _amount(text: str) -> Decimal:
    """Raises: UserError."""
    try:
        amount = Decimal(text)
        if amount.is_finite() and amount >= 0:
            return amount
    except InvalidOperation:
        pass
    raise UserError("--most-usd", repr(text), "an amount in dollars such as 2.50")


def _tell(answers: Path, audit_path: Path, requests: tuple[OpinionRequest, ...]) -> None:
    from analyzer.worksheet import scope_name
    from analyzer.worksheet.opinion import read_opinions, remember

    opinions, useless = read_opinions(answers)
    about = {(request.metadata["workload"], request.metadata["component"]) for request in requests}
    opinions = tuple(opinion for opinion in opinions if (opinion.workload, opinion.component) in about)
    with open_audit_with_requests(audit_path) as audit:
        remember(audit, opinions)
    for opinion in opinions:
        click.echo(printable(f"{scope_name(opinion.workload, opinion.component)}: {opinion}", 0))
    if useless:
        click.echo(f"{counted(useless, 'answer')} without an opinion")
    if opinions:
        click.echo("They stand beside the questions of `whowaits worksheet export` and `whowaits review`.")
