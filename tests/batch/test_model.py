"""Store and server together, held to a model: whatever happens in whatever order, each item ends once."""

from __future__ import annotations

import json
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from anthropic import Anthropic
from conftest import delivered, job_in, params
from fake_server import FakeServer
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from analyzer.batch import Guard, Job, NewItem, cancel, collect, enqueue_many, prune, retry, status_of, submit
from analyzer.batch.messages_api import MessagesApi
from analyzer.batch.store import Store

KEYS = tuple("abcdefgh")
HOUR_S = 3600.0


class Killed(BaseException):
    """Stands for the death of the process: nothing of ours catches it."""


class Runner(RuleBasedStateMachine):
    """`server.made` is the truth: what was billed is what it answered with a success."""

    server: FakeServer

    @initialize(guarded=st.booleans())
    def begin(self, guarded: bool) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.server.reset()
        self.server.plan.page_size = 100
        self.job: Job = job_in(Path(self.folder.name), max_items=2, guard=Guard(concurrency=1) if guarded else None)
        self.client = Anthropic(api_key="for-tests", base_url=self.server.url, timeout=20.0, max_retries=0)
        self.api = MessagesApi(self.client)
        self.ahead_s = 0.0
        self.known: set[str] = set()
        self.put(list(KEYS[:5]), None)

    def clock(self) -> float:
        return time.time() + self.ahead_s

    @rule(keys=st.lists(st.sampled_from(KEYS), min_size=1, max_size=4), needed_in_h=st.none() | st.integers(1, 6))
    def put(self, keys: list[str], needed_in_h: int | None) -> None:
        needed = None
        if needed_in_h is not None:
            needed = datetime.fromtimestamp(self.clock() + needed_in_h * HOUR_S, UTC)
        new = set(keys) - self.known
        items = [NewItem(params(key), key, None, needed) for key in keys]
        assert enqueue_many(items, job=self.job, clock=self.clock) == len(new)
        self.known |= new

    @rule(fates=st.lists(st.sampled_from(["ok", "drop", "made-then-500", "drop-before", "500", "429"]), max_size=3))
    def send(self, fates: list[str]) -> None:
        self.server.plan.creates = fates
        submit(self.job, self.api, clock=self.clock)

    @rule(
        ending=st.booleans(),
        body=st.sampled_from(["whole", "whole", "torn", "cut"]),
        lines=st.lists(st.sampled_from(["order", "duplicate", "stranger"]), max_size=2),
        call=st.sampled_from(["ok", "drop", "drop-before", "429", "529"]),
    )
    def fetch(self, ending: bool, body: str, lines: list[str], call: str) -> None:
        plan = self.server.plan
        plan.is_ending, plan.bodies, plan.lines, plan.calls = ending, [body], lines, [call]
        collect(self.job, self.api, clock=self.clock)

    @rule(key=st.sampled_from(KEYS), kind=st.sampled_from(["expired", "overloaded_error", "invalid_request_error"]))
    def spoil(self, key: str, kind: str) -> None:
        self.server.plan.kinds = {key: [kind]}

    @rule(hours=st.sampled_from([0.1, 1.0, 3.0]))
    def wait(self, hours: float) -> None:
        self.ahead_s += hours * HOUR_S
        self.server.offset_s = self.ahead_s

    @rule(step=st.sampled_from([submit, collect]), number=st.integers(1, 40))
    def die(self, step: Callable[..., Any], number: int) -> None:
        count = 0
        run_one = Store.run

        def killed(store: Store, block: str, **values: Any) -> Any:
            nonlocal count
            count += 1
            if count == number:
                raise Killed
            return run_one(store, block, **values)

        Store.run = killed  # type: ignore[method-assign]
        try:
            step(self.job, self.api, clock=self.clock)
        except Killed:
            pass
        finally:
            Store.run = run_one  # type: ignore[method-assign]

    @rule()
    def again(self) -> None:
        retry(self.job)

    @rule(really=st.integers(0, 9))
    def give_up(self, really: int) -> None:
        if really == 9:
            cancel(self.job, clock=self.clock)

    @rule()
    def forget(self) -> None:
        prune(self.job, older_than_s=0, clock=self.clock)

    @invariant()
    def nothing_is_sent_or_delivered_twice(self) -> None:
        if not hasattr(self, "job"):
            return
        assert max(self.billed().values(), default=0) <= 1, self.billed()
        assert max(Counter(delivered(self.job)).values(), default=0) <= 1

    def billed(self) -> Counter[str]:
        """Successes by key; a direct call is one too, but those whose answer was lost are made again and told."""
        found: Counter[str] = Counter()
        for batch in self.server.made:
            texts = {request["custom_id"]: request["params"]["messages"][0]["content"] for request in batch.requests}
            for line in batch.lines or []:
                if line["result"]["type"] == "succeeded":
                    found[texts[line["custom_id"]]] += 1
        return found

    def teardown(self) -> None:
        if hasattr(self, "job"):
            with self.client, self.folder:
                self.finish()

    def finish(self) -> None:
        """Let all come to an end, and settle the accounts."""
        plan = self.server.plan
        plan.creates, plan.kinds, plan.bodies, plan.lines, plan.calls, plan.is_ending = [], {}, [], [], [], True
        for round_no in range(12):
            if status_of(self.job, clock=self.clock).done:
                break
            absent_s = 0 if round_no > 2 else None
            submit(self.job, self.api, clock=self.clock, assume_absent_after_s=absent_s)
            collect(self.job, self.api, clock=self.clock)
            self.wait(3.0)
        for batch in self.server.made:
            # What nobody ever asked about is worked on, and billed, all the same.
            self.server.end(batch)
        self.nothing_is_sent_or_delivered_twice()
        state = status_of(self.job, clock=self.clock)
        assert state.done and state.delivered + state.dead + state.canceled == len(self.known), state
        came = delivered(self.job)
        assert len(came) == state.delivered and set(came) <= self.known
        called = self.server.times_called()
        answered = self.billed() + Counter(dict.fromkeys(called, 1))
        # What was billed was delivered, once; only a call whose answer was lost can leave a bill without a delivery.
        lost = state.lost_calls
        assert len(set(answered) - set(came)) <= lost, (answered, came)
        assert sum(called.values()) <= len(called) + lost
        assert self.server.breaches == []
        lines = results_lines(self.job)
        assert all(line["message"]["content"][0]["text"] == f"answer to {line['key']}" for line in lines)


def results_lines(job: Job) -> list[dict[str, Any]]:
    assert job.destination.path is not None
    if not job.destination.path.exists():
        return []
    return [json.loads(line) for line in job.destination.path.read_text().splitlines()]


def test_whatever_happens_each_item_ends_once(server: FakeServer) -> None:
    class OnServer(Runner):
        pass

    OnServer.server = server
    few = settings(
        max_examples=40,
        stateful_step_count=20,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(OnServer, settings=few)
