"""Run by test_crashes: for each step of a job, a process that is killed at that step and one that comes after it.

A step is an SQL statement that writes or commits, a call to the provider, a rename, or a flush to the disk (before and
after). Usage: URL FOLDER SCENARIO FIRST EVERY; one line of JSON for each kill.
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from anthropic import Anthropic
from conftest import params

from analyzer.batch import (
    Destination,
    Guard,
    Job,
    NewItem,
    cancel,
    collect,
    enqueue_many,
    prune,
    status_of,
    submit,
)
from analyzer.batch.messages_api import MessagesApi

ITEMS = ("a", "b", "c")
MOST_STEPS = 2_000
# Dying before a read is dying after the write before it.
_READS = ("select", "pragma", "SELECT", "PRAGMA", "--")
HOUR_S = 3600.0


def at(api: MessagesApi, job: Job, offset_s: float) -> MessagesApi:
    """The same API, its clock ahead like ours, in a workspace of the job's own."""
    return MessagesApi(api._client.with_options(api_key=job.name, default_headers={"x-fake-offset-s": str(offset_s)}))


def clock_at(offset_s: float) -> Callable[[], float]:
    return lambda: time.time() + offset_s


@dataclass(frozen=True)
class Scenario:
    """What the process that dies does, and where answers go. Rounds: hours on the clock of each submit and collect."""

    kind: str
    rounds: tuple[float, ...]
    guard: Guard | None = None
    needed_in_h: float | None = None
    is_canceled: bool = False

    def job(self, folder: Path, name: str) -> Job:
        place = Destination(self.kind, folder / f"{name}.out", table="results")
        return Job(name, folder / f"{name}.sqlite", place, max_items=2, guard=self.guard)

    def work(self, api: MessagesApi, job: Job, **more: Any) -> None:
        needed = None
        if self.needed_in_h is not None:
            needed = datetime.fromtimestamp(time.time() + self.needed_in_h * HOUR_S, UTC)
        enqueue_many([NewItem(params(f"{job.name}-{item}"), item, None, needed) for item in ITEMS], job=job)
        for hours in self.rounds:
            if self.is_canceled and hours:
                cancel(job)
            submit(job, at(api, job, hours * HOUR_S), clock=clock_at(hours * HOUR_S), **more)
            collect(job, at(api, job, hours * HOUR_S), clock=clock_at(hours * HOUR_S))
        prune(job, older_than_s=0)


SCENARIOS = {
    # Two batches, answers appended to a file.
    "plain": Scenario("jsonl", (0.0,)),
    # One item expires, one meets an overloaded API; the connection breaks after the first batch was made.
    "rough": Scenario("sqlite", (0.0, 0.0, 1.0)),
    # Nothing ends in time: batches are canceled, what was not finished is sent synchronously.
    "late": Scenario("directory", (0.0, 2.9, 2.95), guard=Guard(concurrency=1), needed_in_h=3.0),
    # A person cancels; what is finished nevertheless is delivered.
    "canceled": Scenario("jsonl", (0.0, 0.5), is_canceled=True),
}


def die_at(number: int) -> None:
    """The process is killed at its step `number`."""
    steps = 0

    def step(*anything: Any) -> None:
        nonlocal steps
        steps += 1
        if steps == number:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(owner: Any, name: str) -> None:
        function = getattr(owner, name)

        def stepped(*args: Any, **named: Any) -> Any:
            step()
            value = function(*args, **named)
            step()
            return value

        setattr(owner, name, stepped)

    connect = sqlite3.connect

    def traced(*args: Any, **named: Any) -> sqlite3.Connection:
        connection = connect(*args, **named)
        connection.set_trace_callback(lambda statement: None if statement.startswith(_READS) else step())
        return connection

    sqlite3.connect = traced  # type: ignore[assignment]
    for name in ("create", "retrieve", "batches", "results", "cancel", "answer", "count_tokens"):
        around(MessagesApi, name)
    around(os, "fsync")
    around(Path, "replace")


def keys_of(job: Job) -> list[str]:
    """What is at the destination."""
    place = job.destination.path
    assert place is not None
    if not place.exists():
        return []
    if job.destination.kind == "jsonl":
        return [json.loads(line)["key"] for line in place.read_text().splitlines()]
    if job.destination.kind == "directory":
        return [json.loads(path.read_text())["key"] for path in place.glob("*/*.json")]
    connection = sqlite3.connect(place)
    try:
        return [row[0] for row in connection.execute("select key from results")]
    finally:
        connection.close()


def come_after(scenario: Scenario, api: MessagesApi, job: Job) -> None:
    """What cron would do; a person steps in only where status says in doubt and looking did not help."""
    scenario.work(api, job)
    for hours in (3.0, 4.0):
        if not status_of(job).done:
            submit(job, at(api, job, hours * HOUR_S), clock=clock_at(hours * HOUR_S))
            collect(job, at(api, job, hours * HOUR_S), clock=clock_at(hours * HOUR_S))
    doubted = status_of(job).in_doubt
    if doubted:
        scenario.work(api, job, assume_absent_after_s=0)
        for hours in (5.0, 6.0):
            submit(job, at(api, job, hours * HOUR_S), clock=clock_at(hours * HOUR_S))
            collect(job, at(api, job, hours * HOUR_S), clock=clock_at(hours * HOUR_S))
    state = status_of(job)
    end = {
        "job": job.name,
        "doubted": doubted,
        "done": state.done,
        "dead": state.dead,
        "canceled": state.canceled,
        "lost_calls": state.lost_calls,
        "actual_usd": str(state.actual_usd),
        "keys": sorted(keys_of(job)),
    }
    print(json.dumps(end))
    sys.stdout.flush()


def in_child(task: Callable[[], None]) -> int:
    child = os.fork()
    if child == 0:
        try:
            task()
            os._exit(0)
        except BaseException:
            sys.excepthook(*sys.exc_info())
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def main(url: str, folder: Path, name: str, first: int, every: int) -> int:
    scenario = SCENARIOS[name]
    # Whatever is imported and read once is so before the forks; the client that they share has no connection yet.
    with Anthropic(api_key="for-tests", base_url=url, timeout=20.0) as client:
        scenario.work(MessagesApi(client), scenario.job(folder, f"warm-up-{name}-{first}"))
    api = MessagesApi(Anthropic(api_key="for-tests", base_url=url, timeout=20.0))
    for number in range(first, MOST_STEPS, every):
        job = scenario.job(folder, f"{name}-{number}")

        def dying(number: int = number, job: Job = job) -> None:
            die_at(number)
            scenario.work(api, job)

        code = in_child(dying)
        if code not in (0, -signal.SIGKILL):
            return 1
        if in_child(lambda job=job: come_after(scenario, api, job)) != 0:  # type: ignore[misc]
            return 1
        if code == 0:
            return 0
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]), int(sys.argv[5])))
