"""Sending a trial through the Batch API: stopped halfway it is taken up again, and no answer is paid for twice."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from analyzer.batch import JobStatus, NewItem, enqueue_many, run, status_of
from analyzer.batch.cost import to_usd
from analyzer.batch.job import Job
from analyzer.batch.lease import sole_user
from analyzer.batch.likeness import are_equal
from analyzer.batch.provider import Provider
from analyzer.batch.store import open_store
from analyzer.errors import UserError
from analyzer.money import dollars
from analyzer.sqlblocks import sql_blocks
from analyzer.trial.checks import Check
from analyzer.trial.judging import ORDERS, judge_params
from analyzer.trial.outcomes import outcome_before_judge
from analyzer.trial.plan import SMALLER, TODAY, Price, Trial, item_key, judging_price, new_item, price_of
from analyzer.trial.requests import Request

_PLAN = "plan.json"
_BLOCKS = sql_blocks(Path(__file__).with_name("folder.sql"))

Messages = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Run:
    """Answers by the key of their item, and why others have none.

    `spent_usd`: list cost by usage of all that the folder ever sent, also to earlier judges; None = not known.
    """

    messages: Messages
    dead: Mapping[str, str]
    spent_usd: Decimal | None

    def today(self, request: Request) -> Mapping[str, Any] | None:
        """Today's message: as logged where it is known."""
        return request.today or self.messages.get(item_key(TODAY, request, request.params))

    def smaller(self, request: Request, target: str) -> Mapping[str, Any] | None:
        """The smaller model's."""
        return self.messages.get(item_key(SMALLER, request, request.to(target)))

    def judged(self, request: Request, target: str, judge: str) -> tuple[Mapping[str, Any] | None, ...]:
        """What the judge said of these two answers, one for each of ORDERS; an earlier verdict on others is none."""
        today, smaller = self.today(request), self.smaller(request, target)
        if today is None or smaller is None:
            return (None,) * len(ORDERS)
        asked = zip(ORDERS, judge_params(judge, request, today, smaller), strict=True)
        return tuple(self.messages.get(item_key(way, request, params)) for way, params in asked)

    def lacks(self, items: Sequence[NewItem]) -> bool:
        """Some item has neither an answer nor a reason why not."""
        return any(item.key not in self.messages and item.key not in self.dead for item in items)


def answers_so_far(trial: Trial) -> Run:
    """What the folder holds; empty where there was no run. Nothing is sent.

    Raises: UserError when the folder holds a trial of another model.
    """
    _check_plan(trial)
    if not trial.job.store.exists():
        return Run({}, {}, Decimal(0))
    return _read(trial, [status_of(job, dead_shown=1_000_000) for job in _jobs(trial)])


def _jobs(trial: Trial) -> list[Job]:
    """Every job of the folder, also those of earlier judges."""
    if not trial.job.store.exists():
        return []
    with open_store(trial.job.store) as store:
        names = [row["job"] for row in store.connection.execute(_BLOCKS["jobs"])]
    mine = {job.name: job for job in (trial.job, trial.judge_job)}
    return [mine.get(name) or replace(trial.judge_job, name=name) for name in names]


def _known(job: Job) -> dict[str, bool]:
    """Key of each item that was put down to whether it is still to be sent."""
    if not job.store.exists():
        return {}
    with open_store(job.store) as store:
        rows = store.connection.execute(_BLOCKS["items"], {"job": job.name})
        return {row["key"]: bool(row["is_queued"]) for row in rows}


@dataclass(frozen=True)
class Left:
    """What is still to be sent, and what it costs; `spent_usd`: what the folder's calls cost, by job.

    What is under way counts at its high case. The high case of all this is what the folder may cost in the end.
    """

    models: Price
    judge: Price
    spent_usd: Mapping[str, Decimal]

    @property
    def price(self) -> Price:
        """Of everything that is still to be sent."""
        return self.models.plus(self.judge)

    @property
    def most_usd(self) -> Decimal:
        """The cap of the folder: what it has spent, and the high case of what is still to be sent."""
        return sum(self.spent_usd.values(), self.price.high_usd)


def what_is_left(trial: Trial, checks: Sequence[Check], so_far: Run) -> Left:
    """Price what has not been sent yet: as it is where the pair is known, else as if every pair differed.

    Raises: UserError when a function of the user's fails.
    """
    known, judged = _known(trial.job), _known(trial.judge_job)
    models = price_of(trial.job, [item for item in trial.items if known.get(item.key, True)], trial.on)
    judge = judging_price(trial.judge, _unanswered(trial, so_far), trial.job.output_tokens, trial.on)
    pairs = [item for item in pending_judging(trial, checks, so_far) if judged.get(item.key, True)]
    return Left(models, judge.plus(price_of(trial.judge_job, pairs, trial.on)), _spent(trial))


def _unanswered(trial: Trial, so_far: Run) -> list[Request]:
    """Requests of which an answer is still to come, so that the judge may be asked of them."""
    open_keys = {item.key for item in trial.items if so_far.lacks([item])}
    return [
        request
        for request in trial.requests
        if request.unable is None
        and not open_keys.isdisjoint(
            (item_key(SMALLER, request, request.to(trial.target)), item_key(TODAY, request, request.params))
        )
    ]


def _spent(trial: Trial) -> dict[str, Decimal]:
    """By job, as its cap counts it: by usage where an answer is here, else the high case."""
    jobs = _jobs(trial)
    if not jobs:
        return {}
    with open_store(trial.job.store) as store:
        return {job.name: to_usd(store.row("spend", job=job.name, since_us=0)["pico"]) for job in jobs}


def check_most(left: Left, most_usd: Decimal) -> None:
    """Raises: UserError when the folder could cost more than this in all."""
    if left.most_usd > most_usd:
        spent = sum(left.spent_usd.values(), Decimal(0))
        before = f" after {dollars(spent)} before" if spent else ""
        found = f"a price of up to {dollars(left.price.high_usd)}{before}"
        raise UserError("--most-usd", found, f"at most {dollars(most_usd)} in all", "try fewer (-n)")


def _read(trial: Trial, statuses: Sequence[JobStatus]) -> Run:
    messages = {
        line["key"]: line["message"]
        for job in (trial.job, trial.judge_job)
        if job.destination.path is not None
        for line in _delivered(job.destination.path)
    }
    spent = [status.actual_usd for status in statuses]
    known = [usd for usd in spent if usd is not None]
    return Run(
        messages,
        {key: reason for status in statuses for key, reason in status.dead_items},
        sum(known, Decimal(0)) if len(known) == len(spent) else None,
    )


def _delivered(path: Path) -> Iterator[dict[str, Any]]:
    """The lines of a file of answers; one that a crash tore off in the middle is no answer yet: it is written again."""
    if path.exists():
        with path.open(encoding="utf-8") as file:
            yield from (json.loads(line) for line in file if line.endswith("\n"))


def pending_judging(trial: Trial, checks: Sequence[Check], so_far: Run) -> list[NewItem]:
    """What the judge is still to be asked: pairs that pass every check and are not the same anyway."""
    if trial.judge is None:
        return []
    found = []
    for request in trial.requests:
        today, smaller = so_far.today(request), so_far.smaller(request, trial.target)
        if outcome_before_judge(request, smaller, today, checks, is_judged=True) is not None:
            continue
        if today is not None and smaller is not None and not are_equal(today, smaller):
            asked = zip(ORDERS, judge_params(trial.judge, request, today, smaller), strict=True)
            found += [new_item(way, request, params) for way, params in asked]
    return [item for item in found if so_far.lacks([item])]


def carry_out(
    trial: Trial,
    checks: Sequence[Check],
    provider: Provider,
    *,
    clock: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
    say: Callable[[str], None] = lambda line: None,
) -> Run:
    """Send what has no answer yet, wait and collect; then have the judge asked in the same way.

    Together the folder costs at most what `what_is_left` says before (`Left.most_usd`).
    Raises: UserError when the folder holds a trial of another model or unsent calls of another sample, another process
    works in it, a check cannot be carried out, or something stays unsent (a cap, a lasting refusal): what has an answer
    stays.
    """
    with sole_user(trial.folder):
        _keep_plan(trial)
        so_far = answers_so_far(trial)
        left = what_is_left(trial, checks, so_far)

        def send(job: Job, items: Sequence[NewItem]) -> None:
            if items:
                _check_unsent(job, items)
                spent = _spent(trial)
                others = sum((usd for name, usd in spent.items() if name != job.name), Decimal(0))
                # What the judge is still to cost is kept for it.
                kept = left.judge.high_usd if job is trial.job else Decimal(0)
                capped = replace(job, job_usd=left.most_usd - others - kept)
                enqueue_many(items, job=capped, clock=clock)
                _whole(run(capped, provider, clock=clock, sleep=sleep, say=say))

        if so_far.lacks(trial.items):
            send(trial.job, trial.items)
        send(trial.judge_job, pending_judging(trial, checks, answers_so_far(trial)))
        found = answers_so_far(trial)
    if found.lacks(trial.items) or pending_judging(trial, checks, found):
        wanted = "the folder as the run left it"
        raise UserError(
            str(trial.folder), "answers that were delivered here are gone", wanted, "choose another --folder"
        )
    return found


def _whole(status: JobStatus) -> None:
    if status.done:
        return
    left = status.queued + status.submitted + status.in_doubt + status.succeeded
    reason = "; ".join(status.troubles) or "what is left could pass the cap"
    raise UserError(
        "trial",
        f"stuck with {left:,} calls not done ({reason})",
        "an API key and limits that allow them",
        "repeat it then: what has an answer is not paid for again",
    )


def _check_unsent(job: Job, items: Sequence[NewItem]) -> None:
    """What an earlier run left unsent would be sent, and paid, with these."""
    asked = {item.key for item in items}
    unsent = sum(is_queued and key not in asked for key, is_queued in _known(job).items())
    if unsent:
        found = f"{unsent:,} calls that an earlier run put down and did not send"
        todo = "repeat that one first, or choose another folder with --folder"
        raise UserError(str(job.store.parent), found, "the same requests, -n, checks and judge", todo)


def _digest(trial: Trial) -> dict[str, Any]:
    """What a folder is for: this model. Each call is known by what was sent, so requests, checks and judge may change.

    `calls` names how: a folder of an earlier version knew them by their keys alone.
    """
    return {"to": trial.target, "calls": "by key and params"}


def _check_plan(trial: Trial) -> None:
    path = trial.folder / _PLAN
    if path.exists() and json.loads(path.read_text(encoding="utf-8")) != _digest(trial):
        todo = "choose another folder with --folder"
        raise UserError(str(trial.folder), "a trial of another model or version", f"one of {trial.target}", todo)


def _keep_plan(trial: Trial) -> None:
    _check_plan(trial)
    path: Path = trial.folder / _PLAN
    half = path.with_suffix(".half")
    half.write_text(json.dumps(_digest(trial)) + "\n", encoding="utf-8")
    half.replace(path)
