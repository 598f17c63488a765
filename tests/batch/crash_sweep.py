"""Run by test_crashes: for each step of a job, a process that dies at that step and one that comes after it.

A step is an SQL statement, a call to the provider (before and after it), or a flush to the disk (before and after it).
"""

from __future__ import annotations

import json
import os
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from anthropic import Anthropic
from conftest import params

from analyzer.batch import Job, collect, enqueue_many, status_of, submit
from analyzer.batch.messages_api import MessagesApi

ITEMS = ("a", "b", "c")
MOST_STEPS = 400


def job_of(folder: Path, number: int) -> Job:
    return Job(f"n{number}", folder / f"{number}.sqlite", folder / f"{number}.jsonl", max_items=2)


def die_at(number: int) -> None:
    """The process ends at once, as by kill -9, at its step `number`."""
    steps = 0

    def step(*anything: Any) -> None:
        nonlocal steps
        steps += 1
        if steps == number:
            os._exit(9)

    def around(function: Callable[..., Any]) -> Callable[..., Any]:
        def stepped(*args: Any, **named: Any) -> Any:
            step()
            value = function(*args, **named)
            step()
            return value

        return stepped

    connect = sqlite3.connect

    def traced(*args: Any, **named: Any) -> sqlite3.Connection:
        connection = connect(*args, **named)
        connection.set_trace_callback(step)
        return connection

    sqlite3.connect = traced
    for name in ("create", "retrieve", "results"):
        setattr(MessagesApi, name, around(getattr(MessagesApi, name)))
    os.fsync = around(os.fsync)


def work(api: MessagesApi, job: Job) -> None:
    enqueue_many([(params(f"{job.name}-{item}"), item, None) for item in ITEMS], job=job)
    submit(job, api)
    collect(job, api)


def come_after(api: MessagesApi, job: Job) -> None:
    """What cron would do; a person steps in only where status says in doubt and looking did not help."""
    for _ in range(2):
        work(api, job)
    doubted = status_of(job).in_doubt
    if doubted:
        submit(job, api, assume_absent_after_s=0)
        work(api, job)
    state = status_of(job)
    keys = [json.loads(line)["key"] for line in job.destination.read_text().splitlines()]
    print(json.dumps({"job": job.name, "doubted": doubted, "done": state.done, "dead": state.dead, "keys": keys}))
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


def main(url: str, folder: Path) -> int:
    # Whatever is imported and read once is so before the forks; the client that they share has no connection yet.
    with Anthropic(api_key="for-tests", base_url=url, timeout=20.0) as client:
        work(MessagesApi(client), Job("warm-up", folder / "warm-up.sqlite", folder / "warm-up.jsonl", max_items=2))
    api = MessagesApi(Anthropic(api_key="for-tests", base_url=url, timeout=20.0))
    for number in range(1, MOST_STEPS):
        job = job_of(folder, number)

        def dying(number: int = number, job: Job = job) -> None:
            die_at(number)
            work(api, job)

        code = in_child(dying)
        if code not in (0, 9):
            return 1
        if in_child(lambda job=job: come_after(api, job)) != 0:  # type: ignore[misc]
            return 1
        if code == 0:
            return 0
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2])))
