"""`whowaits batch`: the runner."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from analyzer.cli._batch import (
    NEEDS_A_PERSON,
    Lines,
    end,
    log_to_stderr,
    seconds,
    show_quote,
    show_remarks,
    show_status,
    status_document,
    turnaround_file,
)
from analyzer.cli._options import json_option, print_json

_job_file = click.option(
    "--job-file",
    type=click.Path(path_type=Path),
    default=Path("batch.toml"),
    show_default=True,
    help="The job file of the kit.",
)
_absent = click.option(
    "--assume-absent-after",
    metavar="TIME",
    default=None,
    help="Take a batch in doubt for never created when it is older (2h, 1d) and no listing shows it.",
)


@click.group()
@click.option("--log-json", is_flag=True, help="Log what happens as JSON lines on standard error.")
def command(log_json: bool) -> None:
    """Run a job through the Message Batches API: nothing lost, nothing paid twice.

    Exit code 3: a person has to look (a batch in doubt, a dead item, a lasting refusal, a missed deadline).
    """
    if log_json:
        log_to_stderr()


@command.command()
@click.argument("file", type=click.File("r", encoding="utf-8"))
@_job_file
@json_option
def enqueue(file: Any, job_file: Path, as_json: bool) -> int:
    """Put down a FILE of JSON lines with `key`, `params` and, if you like, `metadata` and `needed_by` (- = stdin)."""
    from analyzer.batch import enqueue_many, load_job

    job = load_job(job_file)
    lines = Lines(file)
    added = enqueue_many(lines, job=job, rejected=lines.reject)
    rejects = lines.rejects
    if as_json:
        counts = {"added": added, "known": lines.good - added, "rejected": len(rejects)}
        print_json({**counts, "rejects": rejects[:100]})
    else:
        click.echo(f"{added} added, {lines.good - added} known already, {len(rejects)} rejected")
        for reject in rejects[:20]:
            click.echo(f"line {reject['line']}: {reject['reason']}", err=True)
    return 1 if rejects else 0


@command.command()
@_job_file
@json_option
def estimate(job_file: Path, as_json: bool) -> int:
    """Check and price what is queued, and send nothing (where the job wants it, tokens are counted by the API)."""
    from analyzer.batch import load_job, quote
    from analyzer.batch.messages_api import from_environment

    job = load_job(job_file)
    found = quote(job, from_environment() if job.counts_tokens else None)
    if as_json:
        print_json({name: getattr(found, name) for name in found.__dataclass_fields__})
    else:
        show_quote(found)
        show_remarks(found.remarks)
    return 0


@command.command()
@_job_file
@_absent
def submit(job_file: Path, assume_absent_after: str | None) -> int:
    """Send what is queued, and look for batches in doubt first."""
    from analyzer.batch import load_job, quote, status_of
    from analyzer.batch import submit as send
    from analyzer.batch.messages_api import from_environment

    job, absent_s = load_job(job_file), seconds(assume_absent_after, "--assume-absent-after")
    provider = from_environment()
    priced = quote(job, provider)
    if priced.items:
        show_quote(priced)
    done = send(job, provider, assume_absent_after_s=absent_s)
    click.echo(f"{done.items} items sent in {done.batches} batches, {done.rejected + priced.rejected} rejected")
    show_remarks(done.remarks)
    return end(job, status_of(job)) or (NEEDS_A_PERSON if done.is_stuck else 0)


@command.command()
@_job_file
def collect(job_file: Path) -> int:
    """Fetch the results of batches that have ended, deliver them, and mind the deadlines."""
    from analyzer.batch import collect as fetch
    from analyzer.batch import load_job, status_of
    from analyzer.batch.messages_api import from_environment

    job = load_job(job_file)
    done = fetch(job, from_environment())
    click.echo(f"{done.results} results from {done.batches_ended} batches, {done.delivered} delivered")
    show_remarks(done.remarks)
    return end(job, status_of(job))


@command.command()
@_job_file
@_absent
def run(job_file: Path, assume_absent_after: str | None) -> int:
    """Submit and collect until the job is done."""
    from analyzer.batch import load_job
    from analyzer.batch import run as go
    from analyzer.batch.messages_api import from_environment

    job, absent_s = load_job(job_file), seconds(assume_absent_after, "--assume-absent-after")
    status = go(job, from_environment(), assume_absent_after_s=absent_s, say=lambda line: click.echo(line, err=True))
    show_status(status)
    return end(job, status) or (0 if status.done else NEEDS_A_PERSON)


@command.command()
@_job_file
@json_option
def status(job_file: Path, as_json: bool) -> int:
    """Where the job stands: items by state, age, turnaround, estimated and actual list cost."""
    from analyzer.batch import load_job, status_of

    job = load_job(job_file)
    found = status_of(job)
    if as_json:
        print_json({"jobs": [status_document(found)]})
    else:
        show_status(found)
    return end(job, found)


@command.command()
@_job_file
def turnaround(job_file: Path) -> int:
    """Print how soon batches were back, as `_turnaround.toml` for your own rules: verdicts and kits then go by it."""
    from datetime import UTC, datetime

    from analyzer.batch import load_job
    from analyzer.batch.turnaround import measured_turnaround

    click.echo(turnaround_file(measured_turnaround(load_job(job_file)), datetime.now(UTC).date()))
    return 0


@command.command()
@_job_file
def retry(job_file: Path) -> int:
    """Queue dead items again, after you have read why they died."""
    from analyzer.batch import load_job
    from analyzer.batch import retry as again

    click.echo(f"{again(load_job(job_file))} items queued again")
    return 0


@command.command()
@_job_file
def cancel(job_file: Path) -> int:
    """Give up what is queued, and have the next collect cancel what is under way."""
    from analyzer.batch import cancel as give_up
    from analyzer.batch import load_job

    done = give_up(load_job(job_file))
    click.echo(f"{done.items} queued items canceled; {done.batches} batches are canceled by the next collect")
    return 0


@command.command()
@_job_file
def dismiss(job_file: Path) -> int:
    """Give up dead items, and tell no more of odd results, after you have looked at them."""
    from analyzer.batch import dismiss as let_be
    from analyzer.batch import load_job

    click.echo(f"{let_be(load_job(job_file))} things dismissed")
    return 0


@command.command()
@_job_file
@click.option(
    "--older-than", metavar="TIME", default="30d", show_default=True, help="Only what was done that long ago."
)
def prune(job_file: Path, older_than: str) -> int:
    """Forget requests and answers of items that are done; their keys stay known."""
    from analyzer.batch import load_job
    from analyzer.batch import prune as forget

    older_s = seconds(older_than, "--older-than") or 0
    click.echo(f"{forget(load_job(job_file), older_than_s=older_s)} items forgotten")
    return 0
