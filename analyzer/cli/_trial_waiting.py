"""`whowaits trial waiting`: a second opinion on what cannot be told, through the Batch API, priced first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from analyzer.cli._answers import questioned
from analyzer.cli._audits import open_audit_with_requests
from analyzer.cli._batch import NEEDS_A_PERSON, show_quote, show_remarks
from analyzer.cli._options import audit_option, config_option
from analyzer.cli._terminal import counted, printable
from analyzer.cli._trial import amount_option
from analyzer.errors import UserError, nearest_name
from analyzer.money import dollars

if TYPE_CHECKING:
    from analyzer.batch import Job, JobStatus
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


@click.command()
@click.option("--model", default=None, help="Who gives the opinion.  [default: claude-sonnet-5-5]")
@click.option("--most", "limit", type=click.IntRange(1), default=100, show_default=True, help="The most questions.")
@amount_option("--most-usd", "5.00", "The most that it may cost in this folder, what was paid before included.")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("trial-waiting"),
    show_default=True,
    help="Where requests and answers are kept.",
)
@click.option(
    "--with-samples",
    "log",
    metavar="LOG",
    help="Send three prompts of each, each cut to 1,500 characters, out of this log with bodies.",
)
@click.option("--yes", is_flag=True, help="Send it. Without this nothing leaves this machine.")
@audit_option
@config_option
def waiting(
    model: str | None,
    limit: int,
    most_usd: Decimal,
    folder: Path,
    log: str | None,
    yes: bool,
    audit_path: Path,
    config_path: Path | None,
) -> int:
    """Have Claude read the evidence of what cannot be told; its opinion stands beside the question to the owner.

    Sent are the names of workloads and their measured features, never a prompt or an answer, unless --with-samples
    says so. An opinion counts in no verdict and no sum. The same evidence is asked about once; stopped, the command
    goes on where it was.
    """
    from analyzer.worksheet.opinion import answered_keys, opinion_requests, prompt_samples, undecided

    model = _known_model(model)
    with questioned(audit_path, config_path) as asked:
        plans = undecided(asked.assessment)
        numbers = frozenset(plan.verdict.component_no for plan in plans[:limit])
        samples = prompt_samples(asked.audit, log, numbers) if log is not None and numbers else {}
        requests = opinion_requests(asked.audit, plans[:limit], model, samples)
    if not requests:
        click.echo("nothing is undecided")
        return 0
    if len(plans) > limit:
        click.echo(f"{len(plans) - limit:,} more are undecided (--most)")
    if log is not None:
        click.echo(
            f"with prompts of {len(samples):,} of {len(requests):,} (they leave this machine, and stay in {folder})"
        )
    asking = tuple(request for request in requests if request.key not in answered_keys(folder / _ANSWERS))
    if asking and not _is_agreed(asking, folder, model, most_usd, yes):
        return 0
    status = _run(asking, folder, model, most_usd) if asking else None
    _tell(folder / _ANSWERS, audit_path, requests)
    return 0 if status is None or _is_whole(status) else NEEDS_A_PERSON


def _is_agreed(asking: Sequence[OpinionRequest], folder: Path, model: str, most_usd: Decimal, yes: bool) -> bool:
    """Print the price; whether it may be sent. Nothing of it stays on the disk.

    Raises: UserError where it could cost more than it may, with what the folder's earlier questions cost.
    """
    from analyzer.batch import quote, status_of

    with TemporaryDirectory() as away:
        job = _put_down(asking, Path(away), model, most_usd)
        priced = quote(job)
    real = replace(job, store=folder / "jobs.sqlite")
    spent = (status_of(real).actual_usd or Decimal(0)) if real.store.exists() else Decimal(0)
    show_quote(replace(priced, budget_left_usd=max(most_usd - spent, Decimal(0))))
    show_remarks(priced.remarks)
    if priced.high_usd + spent > most_usd:
        before = f" after {dollars(spent)} paid before" if spent else ""
        found = f"a price of up to {dollars(priced.high_usd)}{before}"
        raise UserError("--most-usd", found, f"at most {dollars(most_usd)} in all", "ask less, or allow more")
    if not yes:
        click.echo("nothing was sent; --yes sends it")
    return yes


def _run(asking: Sequence[OpinionRequest], folder: Path, model: str, most_usd: Decimal) -> JobStatus:
    """Send, wait and collect."""
    from analyzer.batch import run
    from analyzer.batch.messages_api import from_environment

    provider = from_environment()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    job = _put_down(asking, folder, model, most_usd)
    return run(job, provider, say=lambda line: click.echo(line, err=True))


def _is_whole(status: JobStatus) -> bool:
    """Every question has an answer; what has none is told."""
    if not status.done:
        left = status.queued + status.submitted + status.in_doubt + status.succeeded
        why = "; ".join(status.troubles) or "what is left could pass the cap"
        click.echo(f"stuck: {counted(left, 'question')} not asked or not answered ({printable(why, 0)})", err=True)
    for _, reason in status.dead_items:
        click.echo(f"no opinion: {printable(reason, 0)}", err=True)
    return status.done and not status.dead


def _known_model(name: str | None) -> str:
    """Raises: UserError."""
    from analyzer.pricing import models, resolve_model
    from analyzer.worksheet.opinion import MODEL

    model = MODEL if name is None else resolve_model(name, "anthropic").model
    if model is None:
        raise UserError("--model", repr(name), "a model of the price list", nearest_name(name or "", models()))
    return model


def _put_down(requests: Sequence[OpinionRequest], folder: Path, model: str, most_usd: Decimal) -> Job:
    """The job of a folder with the requests in its store; those that it has already are not put down again.

    Raises: UserError, UserErrors.
    """
    from analyzer.batch import NewItem, enqueue_many, load_job

    path = folder / "batch.toml"
    path.write_text(_JOB.format(model=model, answers=_ANSWERS, most_usd=f"{most_usd:f}"), encoding="utf-8")
    job = load_job(path)
    enqueue_many([NewItem(request.params, request.key, request.metadata) for request in requests], job=job)
    return job


def _tell(answers: Path, audit_path: Path, requests: Sequence[OpinionRequest]) -> None:
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
