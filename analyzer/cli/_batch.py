"""What `whowaits batch` reads and prints."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from datetime import date

    from analyzer.batch import Job, JobStatus, NewItem, Quote
    from analyzer.batch.turnaround import MeasuredTurnaround
    from analyzer.errors import UserError

NEEDS_A_PERSON = 3


class Lines:
    """Items out of JSON lines; `rejects` says which lines were none and why, `good` how many were one."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines, self._number = lines, 0
        self.rejects: list[dict[str, Any]] = []
        self.good = 0

    def __iter__(self) -> Iterator[NewItem]:
        """Each line that is one, so far."""
        from analyzer.batch import NewItem

        for self._number, line in enumerate(self._lines, 1):  # noqa: B020
            if not line.strip():
                continue
            try:
                item = json.loads(line)
                found = NewItem(item["params"], item["key"], item.get("metadata"), item.get("needed_by"))
            except (ValueError, KeyError, TypeError, AttributeError):
                self._reject("no JSON object with key and params")
            else:
                self.good += 1
                yield found

    def reject(self, error: UserError) -> None:
        """The item of the line just read is one that no batch could take."""
        self.good -= 1
        self._reject(f"{error.found}; expected {error.expected}")

    def _reject(self, reason: str) -> None:
        self.rejects.append({"line": self._number, "reason": reason})


def status_document(status: JobStatus) -> dict[str, Any]:
    """A job of `batch status --json`."""
    fields = {name: getattr(status, name) for name in status.__dataclass_fields__}
    dead = [{"key": key, "reason": reason} for key, reason in fields.pop("dead_items")]
    troubles = list(fields.pop("troubles"))
    return {**fields, "done": status.done, "dead_items": dead, "troubles": troubles}


def show_status(status: JobStatus) -> None:
    """For people."""
    from analyzer.times import duration_text

    click.echo(f"{status.job}: {'done' if status.done else 'under way'}")
    states = ("queued", "submitted", "in_doubt", "succeeded", "delivered", "canceled", "dead", "overdue")
    counts = [(state, getattr(status, state)) for state in states]
    click.echo("  items       " + ", ".join(f"{count:,} {state.replace('_', ' ')}" for state, count in counts if count))
    span = " to ".join(_money(usd) for usd in (status.estimate_low_usd, status.estimate_high_usd))
    click.echo(f"  estimate    {_money(status.estimate_usd)} ({span})")
    click.echo(f"  actual      {_money(status.actual_usd)}; synchronous {_money(status.synchronous_usd)}")
    if status.guard_items or status.lost_calls:
        lost = f"; {status.lost_calls} calls without an answer, up to {_money(status.lost_usd)}"
        click.echo(f"  guard       {status.guard_items} items, {_money(status.guard_usd)} more than a batch{lost}")
    if status.cache_read_tokens or status.cache_write_tokens:
        click.echo(f"  cache       {status.cache_read_tokens:,} tokens read, {status.cache_write_tokens:,} written")
    for name, age_s in (("item", status.oldest_queued_s), ("batch", status.oldest_batch_s)):
        if age_s is not None:
            click.echo(f"  oldest      {'queued item' if name == 'item' else 'batch'}: {duration_text(age_s)}")
    if status.turnaround_p50_s is not None and status.turnaround_p90_s is not None:
        half, most = duration_text(status.turnaround_p50_s), duration_text(status.turnaround_p90_s)
        click.echo(f"  turnaround  half within {half}, 90 % within {most} ({status.turnaround_batches} batches)")
    for trouble in status.troubles:
        click.echo(f"  ! {trouble}")
    for key, reason in status.dead_items:
        click.echo(f"  dead: {key!r}: {reason}")


def show_quote(quote: Quote) -> None:
    """For people."""
    click.echo(f"{quote.items:,} items, {quote.bytes:,} bytes, {quote.rejected} rejected")
    low, base, high = (_money(usd) for usd in (quote.low_usd, quote.base_usd, quote.high_usd))
    click.echo(f"in batches {base} ({low} to {high}); synchronously up to {_money(quote.synchronous_high_usd)}")
    if quote.unpriced:
        click.echo(f"{quote.unpriced} items have no price and are in no sum")
    if quote.budget_left_usd is not None:
        click.echo(f"the caps leave {_money(quote.budget_left_usd)}")


def _money(usd: Any) -> str:
    from analyzer.money import dollars

    return "not known" if usd is None else dollars(usd)


def show_remarks(remarks: Iterable[str]) -> None:
    """On standard error."""
    for remark in remarks:
        click.echo(remark, err=True)
    sys.stderr.flush()


def turnaround_file(found: MeasuredTurnaround, on: date) -> str:
    """`_turnaround.toml` for a folder of one's own rules, as the analysis reads it."""
    lines = [
        f"# Measured by the batch runner: {found.batches} batches, {found.not_back} not back (expired or given up).",
        "# In the folder of your own rules, as _turnaround.toml, it takes the place of the published turnaround.",
        'basis = "MEASURED"',
        f"checked = {on.isoformat()}",
    ]
    for seconds, share in found.points:
        lines += ["", "[[point]]", f'within = "{seconds}s"', f"share = {share:.4f}"]
    return "\n".join(lines)


def seconds(text: str | None, option: str) -> int | None:
    """A duration of an option. Raises: click.BadParameter."""
    from analyzer.times import duration_s

    try:
        return None if text is None else duration_s(text)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint=option) from None


def log_to_stderr() -> None:
    """What happens, as JSON lines on standard error."""
    from analyzer.batch.journal import JsonLines

    told = logging.StreamHandler()
    told.setFormatter(JsonLines())
    logger = logging.getLogger("whowaits.batch")
    logger.handlers = [told]
    logger.setLevel(logging.INFO)


def end(job: Job, status: JobStatus) -> int:
    """Write the metrics where the job asks for them; the exit code."""
    if job.prometheus is not None:
        from analyzer.batch.metrics import write_metrics

        write_metrics(job.prometheus, status)
    return NEEDS_A_PERSON if status.needs_a_person else 0
