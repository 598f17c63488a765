"""What does not come right by itself ends the loop, is told by status, and exits with 3."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from conftest import delivered, fill, params
from fake_server import FakeServer

from analyzer.batch import Guard, Job, cancel, collect, run, status_of, submit
from analyzer.batch.messages_api import MessagesApi
from analyzer.cli.batch import command

DAY_S = 86_400.0


class Rounds:
    """A pause that gives up after a few rounds, and moves the clock."""

    def __init__(self, poll_s: float = 600.0) -> None:
        self.slept, self.poll_s = 0, poll_s
        self.begun = datetime.now(UTC).timestamp()

    def sleep(self, seconds: float) -> None:
        self.slept += 1
        assert self.slept < 400, "it never ends"

    def clock(self) -> float:
        return self.begun + self.slept * self.poll_s


@pytest.mark.parametrize(
    ("caps", "model", "told"),
    [
        # 87 bytes / 3 × 1.35 = 39.15, so 40 tokens in at $2.50 and 100 out at $12.50 per MTok = 0.00135 USD at most.
        ({"job_usd": Decimal("0.001")}, "claude-opus-4-8", "could pass budget.job_usd = 0.001"),
        ({"day_usd": Decimal("0.001")}, "claude-opus-4-8", "could pass budget.day_usd = 0.001"),
        ({"day_usd": Decimal("100")}, "claude-of-tomorrow", "has no price"),
    ],
)
def test_a_loop_ends_when_no_tomorrow_would_send_the_rest(
    server: FakeServer, api: MessagesApi, job: Job, caps: dict[str, Any], model: str, told: str
) -> None:
    capped = dataclasses.replace(job, **caps)
    fill(capped, "a", model=model)
    rounds = Rounds()
    status = run(capped, api, clock=rounds.clock, sleep=rounds.sleep)
    assert (status.queued, status.stuck, status.done, rounds.slept, server.posts) == (1, True, False, 0, 0)
    assert len(status.troubles) == 1 and told in status.troubles[0]


def test_a_cap_of_the_day_is_waited_for(server: FakeServer, api: MessagesApi, job: Job) -> None:
    server.plan.answers = {key: {"usage": {"input_tokens": 1000, "output_tokens": 100}} for key in "ab"}
    # Each answer costs 0.00375, more than the estimate of 0.00135: the second finds the day's cap passed.
    capped = dataclasses.replace(job, day_usd=Decimal("0.004"), max_items=1)
    fill(capped, "a", "b")
    rounds = Rounds()
    status = run(capped, api, clock=rounds.clock, sleep=rounds.sleep)
    assert status.done and delivered(job) == ["a", "b"] and rounds.slept <= 145


def test_what_is_under_way_may_leave_more_of_a_cap(server: FakeServer, api: MessagesApi, job: Job) -> None:
    server.plan.answers = {key: {"usage": {"input_tokens": 10, "output_tokens": 1}} for key in "ab"}
    server.plan.is_ending = False
    capped = dataclasses.replace(job, job_usd=Decimal("0.0015"))
    fill(capped, "a", "b")
    assert submit(capped, api).items == 1
    assert (status_of(capped).stuck, status_of(capped).troubles) == (False, ())
    server.plan.is_ending = True
    rounds = Rounds()
    assert run(capped, api, sleep=rounds.sleep).done and delivered(job) == ["a", "b"]


def test_a_guard_that_is_refused_for_good_ends_the_loop(server: FakeServer, api: MessagesApi, job: Job) -> None:
    server.plan.calls = ["401"] * 9
    guarded = dataclasses.replace(job, guard=Guard(concurrency=1))
    fill(guarded, "a", needed_by=datetime.now(UTC))
    status = run(guarded, api, sleep=Rounds().sleep)
    assert status.stuck and server.called == [] and "HTTP 401" in status.troubles[-1]


def test_what_a_guard_took_out_goes_into_a_batch_when_the_guard_is_off(
    server: FakeServer, api: MessagesApi, job: Job
) -> None:
    server.plan.calls = ["429"]
    guarded = dataclasses.replace(job, guard=Guard(concurrency=1))
    fill(guarded, "a", needed_by=datetime.now(UTC))
    submit(guarded, api)
    collect(guarded, api)
    assert server.called == [] and status_of(job).queued == 1
    status = run(job, api, sleep=Rounds().sleep)
    assert status.done and server.called == [] and server.times_accepted() == {"a": 1}


@pytest.fixture
def kit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: FakeServer) -> Path:
    (tmp_path / "batch.toml").write_text('[job]\nname = "w"\npoll = "1s"\n[preflight]\ncount_tokens = true\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ANTHROPIC_API_KEY", "for-tests")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
    return tmp_path


def call(*words: str, text: str | None = None) -> int:
    ran = CliRunner().invoke(command, list(words), input=text, standalone_mode=False)
    assert ran.exception is None, ran.exception
    return int(ran.return_value)


def test_a_key_that_may_not_count_tokens_asks_for_a_person(kit: Path, server: FakeServer) -> None:
    server.plan.counts = ["401"] * 20
    call("enqueue", "-", text=json.dumps({"key": "a", "params": params("a")}))
    assert call("submit") == 3
    assert call("run") == 3
    assert server.posts == 0


def test_a_key_that_may_not_fetch_asks_for_a_person_until_it_may(kit: Path, server: FakeServer) -> None:
    call("enqueue", "-", text=json.dumps({"key": "a", "params": params("a")}))
    assert call("submit") == 0
    server.plan.gets = ["403"]
    assert call("collect") == 3
    assert call("status") == 3
    assert call("collect") == 0
    assert call("status") == 0
    # A connection that breaks is no matter for a person: the next round will see.
    call("enqueue", "-", text=json.dumps({"key": "b", "params": params("b")}))
    assert call("submit") == 0
    server.plan.gets = ["500"] * 3
    assert call("collect") == 0
    assert call("collect") == 0


@pytest.mark.parametrize("is_canceled", [True, False])
def test_a_batch_that_the_provider_does_not_know_comes_to_an_end(
    server: FakeServer, api: MessagesApi, job: Job, is_canceled: bool
) -> None:
    server.plan.is_ending = False
    fill(job, "a")
    submit(job, api)
    server.plan.gets = ["404"] * 4
    collect(job, api)
    assert "cannot be fetched: HTTP 404" in status_of(job).troubles[0]
    clock = Rounds(30 * DAY_S)
    if is_canceled:
        cancel(job)
    else:
        clock.slept = 1
    collect(job, api, clock=clock.clock)
    status = status_of(job)
    assert status.done and status.dead == 1 and "may have been billed" in status.dead_items[0][1]


def test_a_cancel_that_comes_too_late_loses_no_result(server: FakeServer, api: MessagesApi, job: Job) -> None:
    server.plan.is_ending = False
    fill(job, "a")
    submit(job, api)
    cancel(job)
    real = api._client.messages.batches.cancel

    def ended_meanwhile(batch_id: str) -> Any:
        server.end(server.made[0])
        return real("msgbatch_that_is_not")

    api._client.messages.batches.cancel = ended_meanwhile  # type: ignore[method-assign]
    done = collect(job, api)
    assert "could not be canceled (HTTP 404" in done.remarks[0] and status_of(job).troubles == ()
    collect(job, api)
    assert delivered(job) == ["a"] and status_of(job).dead == 0
