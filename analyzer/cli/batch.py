"""`whowaits batch`: the runner."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from analyzer.cli._options import json_option, print_json

if TYPE_CHECKING:
    from analyzer.batch import JobStatus

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
NEEDS_A_PERSON = 3


@click.group()
def command() -> None:
    """Run a job through the Message Batches API: nothing lost, nothing paid twice.

    Exit code 3: a batch is in doubt or an item is dead, and a person has to look.
    """


@command.command()
@click.argument("file", type=click.File("r", encoding="utf-8"))
@_job_file
@json_option
def enqueue(file: Any, job_file: Path, as_json: bool) -> int:
    """Put down a FILE of JSON lines with `key`, `params` and, if you like, `metadata` (- reads standard input)."""
    from analyzer.batch import enqueue_many, load_job

    job, rejects = load_job(job_file), []
    total = 0

    def items() -> Iterator[tuple[dict[str, Any], str, dict[str, Any] | None]]:
        nonlocal total
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            reason = _reject(line)
            if reason:
                rejects.append({"line": number, "reason": reason})
                continue
            total += 1
            item = json.loads(line)
            yield item["params"], item["key"], item.get("metadata")

    added = enqueue_many(items(), job=job)
    if as_json:
        print_json({"added": added, "known": total - added, "rejected": len(rejects), "rejects": rejects[:100]})
    else:
        click.echo(f"{added} added, {total - added} known already, {len(rejects)} rejected")
        for reject in rejects[:20]:
            click.echo(f"line {reject['line']}: {reject['reason']}", err=True)
    return 1 if rejects else 0


def _reject(line: str) -> str | None:
    try:
        item = json.loads(line)
    except ValueError:
        return "not JSON"
    if not isinstance(item, dict) or not isinstance(item.get("params"), dict):
        return "no params"
    if not isinstance(item.get("key"), str):
        return "no key"
    return None if isinstance(item.get("metadata"), dict | None) else "metadata is no table"


@command.command()
@_job_file
@_absent
def submit(job_file: Path, assume_absent_after: str | None) -> int:
    """Send what is queued, and look for batches in doubt first."""
    from analyzer.batch import load_job, status_of
    from analyzer.batch import submit as send
    from analyzer.batch.messages_api import from_environment

    job = load_job(job_file)
    done = send(job, from_environment(), assume_absent_after_s=_seconds(assume_absent_after))
    click.echo(f"{done.items} items sent in {done.batches} batches, {done.rejected} rejected")
    _remark(done.remarks)
    return _code(status_of(job))


@command.command()
@_job_file
def collect(job_file: Path) -> int:
    """Fetch the results of batches that have ended and deliver them."""
    from analyzer.batch import collect as fetch
    from analyzer.batch import load_job, status_of
    from analyzer.batch.messages_api import from_environment

    job = load_job(job_file)
    done = fetch(job, from_environment())
    click.echo(f"{done.results} results from {done.batches_ended} batches, {done.delivered} delivered")
    _remark(done.remarks)
    return _code(status_of(job))


@command.command()
@_job_file
@_absent
def run(job_file: Path, assume_absent_after: str | None) -> int:
    """Submit and collect until the job is done."""
    from analyzer.batch import load_job
    from analyzer.batch import run as go
    from analyzer.batch.messages_api import from_environment

    status = go(
        load_job(job_file),
        from_environment(),
        assume_absent_after_s=_seconds(assume_absent_after),
        say=lambda line: click.echo(line, err=True),
    )
    _show(status)
    return _code(status) or (0 if status.done else NEEDS_A_PERSON)


@command.command()
@_job_file
@json_option
def status(job_file: Path, as_json: bool) -> int:
    """Where the job stands: items by state, estimated and actual list cost."""
    from analyzer.batch import load_job, status_of

    found = status_of(load_job(job_file))
    if as_json:
        print_json({"jobs": [_document(found)]})
    else:
        _show(found)
    return _code(found)


@command.command()
@_job_file
def retry(job_file: Path) -> int:
    """Queue dead items again, after you have read why they died."""
    from analyzer.batch import load_job
    from analyzer.batch import retry as again

    click.echo(f"{again(load_job(job_file))} items queued again")
    return 0


def _document(status: JobStatus) -> dict[str, Any]:
    states = ("queued", "submitted", "in_doubt", "succeeded", "delivered", "dead")
    return {
        "job": status.job,
        **{state: getattr(status, state) for state in states},
        "done": status.done,
        "estimate_usd": status.estimate_usd,
        "actual_usd": status.actual_usd,
        "strange_results": status.strange_results,
        "dead_items": [{"key": key, "reason": reason} for key, reason in status.dead_items],
    }


def _show(status: JobStatus) -> None:
    from analyzer.money import dollars

    for name, value in _document(status).items():
        if name == "dead_items":
            for item in value:
                click.echo(f"  dead: {item['key']!r}: {item['reason']}")
        elif name.endswith("_usd"):
            click.echo(f"{name[:-4]:>16}  {'not known' if value is None else dollars(value)}")
        else:
            click.echo(f"{name.replace('_', ' '):>16}  {value}")


def _remark(remarks: list[str]) -> None:
    for remark in remarks:
        click.echo(remark, err=True)
    sys.stderr.flush()


def _seconds(text: str | None) -> int | None:
    from analyzer.times import duration_s

    try:
        return None if text is None else duration_s(text)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--assume-absent-after") from None


def _code(status: JobStatus) -> int:
    return NEEDS_A_PERSON if status.needs_a_person else 0
