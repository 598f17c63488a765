"""Sending a trial through the Batch API: stopped halfway it is taken up again, and no answer is paid for twice."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from analyzer.batch import JobStatus, NewItem, enqueue_many, run, status_of
from analyzer.batch.job import Job
from analyzer.batch.lease import sole_user
from analyzer.batch.likeness import are_equal
from analyzer.batch.provider import Provider
from analyzer.errors import UserError
from analyzer.trial.checks import Check
from analyzer.trial.judging import ORDERS, judge_params
from analyzer.trial.outcomes import outcome_before_judge
from analyzer.trial.plan import SMALLER, TODAY, Trial, item_key, new_item
from analyzer.trial.requests import Request

_PLAN = "plan.json"

Messages = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Run:
    """Answers by the key of their item, and why others have none. `spent_usd`: list cost by usage; None = not known."""

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

    Raises: UserError when the folder holds a run of other requests.
    """
    _check_plan(trial)
    if not trial.job.store.exists():
        return Run({}, {}, Decimal(0))
    return _read(trial, [status_of(job, dead_shown=1_000_000) for job in (trial.job, trial.judge_job)])


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

    Raises: UserError when the folder holds a run of other requests or another process works in it, a check cannot be
    carried out, or something stays unsent (a cap, a lasting refusal): what has an answer stays.
    """
    with sole_user(trial.folder):
        _keep_plan(trial)

        def send(job: Job, items: Sequence[NewItem]) -> None:
            if items:
                enqueue_many(items, job=job, clock=clock)
                _whole(run(job, provider, clock=clock, sleep=sleep, say=say))

        if answers_so_far(trial).lacks(trial.items):
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


def _digest(trial: Trial) -> dict[str, Any]:
    """What a folder is for: these requests to this model. Checks and judge may change: the answers stay the same."""
    digest = hashlib.sha256()
    for request in trial.requests:
        digest.update(json.dumps([request.key, request.params], sort_keys=True).encode())
    return {"requests": digest.hexdigest(), "count": len(trial.requests), "to": trial.target}


def _check_plan(trial: Trial) -> None:
    path = trial.folder / _PLAN
    if path.exists() and json.loads(path.read_text(encoding="utf-8")) != _digest(trial):
        todo = "choose another folder with --folder"
        raise UserError(str(trial.folder), "a trial of other requests", "the same requests, -n and --to", todo)


def _keep_plan(trial: Trial) -> None:
    _check_plan(trial)
    path: Path = trial.folder / _PLAN
    half = path.with_suffix(".half")
    half.write_text(json.dumps(_digest(trial)) + "\n", encoding="utf-8")
    half.replace(path)
