"""What one process has in hand, no other takes: sending, reading, delivering."""

from __future__ import annotations

import dataclasses
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from conftest import delivered, fill
from fake_server import FakeServer

from analyzer.batch import Destination, Job, collect, status_of, submit
from analyzer.batch.messages_api import MessagesApi


class Gate:
    """Something that waits in the middle until it is let go."""

    def __init__(self) -> None:
        self.reached, self.go_on = threading.Event(), threading.Event()
        self.passed = 0

    def wait(self) -> None:
        self.passed += 1
        self.reached.set()
        assert self.go_on.wait(30)


class Slow:
    """A provider that waits at one of its calls."""

    def __init__(self, api: MessagesApi, call: str, gate: Gate) -> None:
        self._api, self._call, self._gate = api, call, gate

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._api, name)
        if name != self._call:
            return value

        def called(*args: Any) -> Any:
            self._gate.wait()
            return value(*args)

        return called


@pytest.fixture
def meanwhile() -> Iterator[Callable[..., Any]]:
    """Run a step until it is in the middle, then another one, then let the first go on; its value."""

    def both(gate: Gate, step: Callable[[], Any], other: Callable[[], Any]) -> Any:
        with ThreadPoolExecutor(1) as pool:
            first = pool.submit(step)
            assert gate.reached.wait(30)
            try:
                other()
            finally:
                gate.go_on.set()
            return first.result()

    yield both


def test_a_slow_create_is_not_taken_for_a_dead_one(
    server: FakeServer, api: MessagesApi, job: Job, meanwhile: Callable[..., Any]
) -> None:
    fill(job, "a")
    gate = Gate()
    slow: Any = Slow(api, "create", gate)

    def others() -> None:
        # Hours later by the clock, others come by: the batch is still in its sender's hand.
        for _ in range(2):
            assert submit(job, api, clock=lambda: 4e9, assume_absent_after_s=0).items == 0
            collect(job, api, clock=lambda: 4e9)
        assert status_of(job).in_doubt == 0 and status_of(job).submitted == 1

    assert meanwhile(gate, lambda: submit(job, slow), others).items == 1
    assert server.posts == 1


def test_results_that_one_process_reads_no_other_reads(
    server: FakeServer, api: MessagesApi, job: Job, meanwhile: Callable[..., Any]
) -> None:
    fill(job, "a", "b")
    submit(job, api)
    gate = Gate()
    slow: Any = Slow(api, "results", gate)

    def other() -> None:
        assert collect(job, slow).results == 0

    done = meanwhile(gate, lambda: collect(job, slow), other)
    assert (done.results, done.delivered, gate.passed) == (2, 2, 1)


def test_a_delivery_that_one_process_makes_no_other_makes(
    server: FakeServer, api: MessagesApi, job: Job, tmp_path: Path, meanwhile: Callable[..., Any]
) -> None:
    (tmp_path / "slow_hook.py").write_text("def take(answers, delivery_no):\n    gate.wait()\n")
    python = dataclasses.replace(job, destination=Destination("python", tmp_path, function="slow_hook:take"))
    fill(python, "a", "b")
    submit(python, api)
    sys.path.insert(0, str(tmp_path))
    import slow_hook  # type: ignore[import-not-found]

    gate = slow_hook.gate = Gate()

    def other() -> None:
        assert collect(python, api).delivered == 0
        # Not even to another destination, as long as it is under way to this one.
        assert collect(job, api).delivered == 0

    try:
        assert meanwhile(gate, lambda: collect(python, api), other).delivered == 2
    finally:
        sys.path.remove(str(tmp_path))
    assert gate.passed == 1 and delivered(job) == [] and status_of(job).done
