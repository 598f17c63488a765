from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from conftest import delivered, fill
from fake_server import FakeBatch, FakeServer

from analyzer.batch import Guard, Job, cancel, collect, status_of, submit
from analyzer.batch.messages_api import MessagesApi
from analyzer.batch.store import open_store
from analyzer.batch.turnaround import turnaround

HOUR_S = 3600.0
# A batch may take 2 hours, 10 minutes are kept, and each synchronous call counts 15 seconds for one of four callers.
GUARD = Guard(tail_s=7200, reserve_s=600, concurrency=4)


@pytest.fixture
def guarded(job: Job) -> Job:
    return dataclasses.replace(job, guard=GUARD)


def at(server: FakeServer, hours: float) -> Callable[[], float]:
    """A clock that many hours after now."""
    now = datetime.now(UTC).timestamp()
    return lambda: now + hours * HOUR_S


def in_hours(hours: float) -> datetime:
    return datetime.fromtimestamp(datetime.now(UTC).timestamp() + hours * HOUR_S, UTC)


def only_canceled(batch: FakeBatch) -> bool:
    return batch.cancel_at is not None


def test_what_no_batch_would_bring_in_time_is_sent_alone(server: FakeServer, api: MessagesApi, guarded: Job) -> None:
    fill(guarded, "soon", needed_by=in_hours(2))
    fill(guarded, "later", needed_by=in_hours(5))
    assert submit(guarded, api).items == 1
    collect(guarded, api)
    assert server.times_called() == {"soon": 1} and server.times_accepted() == {"later": 1}
    status = status_of(guarded)
    assert sorted(delivered(guarded)) == ["later", "soon"] and status.done
    # 1,000 in and 100 out: 0.00375 in a batch, 0.0075 synchronously; the guard cost the difference.
    assert (status.guard_items, status.guard_usd) == (1, Decimal("0.00375"))
    assert (status.actual_usd, status.synchronous_usd) == (Decimal("0.01125"), Decimal("0.015"))


def test_a_late_batch_is_canceled_and_the_rest_sent_alone(server: FakeServer, api: MessagesApi, guarded: Job) -> None:
    server.plan.ends = only_canceled
    server.plan.kinds = {"a": ["succeeded"]}
    fill(guarded, "a", "b", "c", needed_by=in_hours(5))
    submit(guarded, api)
    # Four hours later one is left: less than the tail of two, and the batch is older than that.
    collect(guarded, api, clock=at(server, 2.9))
    assert server.cancels == 0
    collect(guarded, api, clock=at(server, 4))
    assert server.cancels == 1
    collect(guarded, api, clock=at(server, 4.1))
    assert server.times_called() == {"b": 1, "c": 1}
    assert sorted(delivered(guarded)) == ["a", "b", "c"] and status_of(guarded).done


def test_a_young_batch_is_given_its_time(server: FakeServer, api: MessagesApi, guarded: Job) -> None:
    server.plan.ends = only_canceled
    fill(guarded, "a", needed_by=in_hours(2.5))
    assert submit(guarded, api).items == 1
    # Two hours left are under the tail, but the batch is half an hour old: most come within the tail.
    collect(guarded, api, clock=at(server, 0.6))
    assert server.cancels == 0
    # 8 minutes left: under the reserve of 10 minutes and 15 seconds.
    collect(guarded, api, clock=at(server, 2.5 - 8 / 60))
    assert server.cancels == 1


def test_without_a_guard_nothing_is_canceled_and_lateness_is_told(
    server: FakeServer, api: MessagesApi, job: Job
) -> None:
    server.plan.is_ending = False
    fill(job, "a", needed_by=in_hours(1))
    submit(job, api)
    collect(job, api, clock=at(server, 2))
    assert server.cancels == 0 and server.called == []
    status = status_of(job, clock=at(server, 2))
    assert status.overdue == 1 and "needed by now" in status.troubles[0]


def test_the_measured_tail_takes_the_place_of_the_given_one(guarded: Job, api: MessagesApi) -> None:
    fill(guarded, "a", needed_by=in_hours(2))
    with open_store(guarded.store) as store:
        for number in range(1, 21):
            # 20 batches that took 1 to 20 minutes: p50 10, p90 18, p95 19 minutes by nearest rank.
            store.connection.execute(
                "insert into batches (job, kind, token, state, item_count, bytes, intended_us, created_us, ended_us)"
                " values ('other', 'batch', ?, 'collected', 1, 1, 0, 0, ?)",
                (f"w{number}", number * 60_000_000),
            )
        took = turnaround(store)
    assert (took.batches, took.p50_s, took.p90_s, took.p95_s) == (20, 600, 1080, 1140)
    assert submit(guarded, api).items == 1
    status = status_of(guarded)
    assert (status.turnaround_p50_s, status.turnaround_p90_s) == (600, 1080)


def test_the_caps_hold_for_the_guard_too(server: FakeServer, api: MessagesApi, guarded: Job) -> None:
    fill(guarded, *(f"item-{n}" for n in range(6)), needed_by=in_hours(1))
    submit(guarded, api)
    # Each may cost: 92 bytes / 3 × 1.35 = 41.4, so 42 tokens in at $5 and 100 out at $25 per MTok = 0.00271 USD.
    # Answers cost 0.0075 in fact, so the second one finds the cap passed when the first was counted.
    done = collect(
        dataclasses.replace(guarded, day_usd=Decimal("0.009"), guard=dataclasses.replace(GUARD, concurrency=1)), api
    )
    assert sum(server.times_called().values()) == 1
    assert any("the guard: the next item" in remark for remark in done.remarks)
    assert status_of(guarded).queued == 5


def test_a_call_without_an_answer_is_made_again_and_counted(server: FakeServer, api: MessagesApi, guarded: Job) -> None:
    server.plan.calls = ["drop"]
    fill(guarded, "a", needed_by=in_hours(1))
    submit(guarded, api)
    collect(guarded, api)
    status = status_of(guarded)
    assert delivered(guarded) == ["a"] and server.times_called() == {"a": 2}
    # 87 bytes / 3 × 1.35 = 39.15, so 40 tokens in at $5 and 100 out at $25 per MTok
    assert (status.lost_calls, status.lost_usd) == (1, Decimal("0.0027"))
    assert status.actual_usd == Decimal("0.0075")


@pytest.mark.parametrize("fate", ["429", "529", "500", "spend"])
def test_a_refused_call_leaves_the_item_queued(server: FakeServer, api: MessagesApi, guarded: Job, fate: str) -> None:
    one = dataclasses.replace(guarded, guard=dataclasses.replace(GUARD, concurrency=1))
    server.plan.calls = [fate]
    fill(one, "a", "b", needed_by=in_hours(1))
    submit(one, api)
    done = collect(one, api)
    assert any("was refused" in remark for remark in done.remarks)
    assert (status_of(one).queued, status_of(one).lost_calls, server.called) == (2, 0, [])
    collect(one, api)
    assert sorted(delivered(one)) == ["a", "b"]


def test_a_wrong_request_dies_with_the_providers_message(server: FakeServer, api: MessagesApi, guarded: Job) -> None:
    server.plan.calls = ["400"]
    fill(guarded, "a", needed_by=in_hours(1))
    submit(guarded, api)
    collect(guarded, api)
    assert status_of(guarded).dead_items == (("a", "invalid_request_error: HTTP 400: told"),)


def test_a_store_that_fails_stops_all_callers(server: FakeServer, api: MessagesApi, guarded: Job) -> None:
    import sqlite3

    from analyzer.batch.store import Store
    from analyzer.errors import UserError

    fill(guarded, *(f"item-{n}" for n in range(40)), needed_by=in_hours(1))
    submit(guarded, api)
    run = Store.run

    def full(store: Store, block: str, **values: object) -> sqlite3.Cursor:
        if block == "end_direct":
            raise sqlite3.OperationalError("database or disk is full")
        return run(store, block, **values)

    Store.run = full  # type: ignore[method-assign]
    try:
        with pytest.raises(UserError, match="disk is full"):
            collect(guarded, api)
    finally:
        Store.run = run  # type: ignore[method-assign]
    # Four callers were at it; each may have had one answer, and none asked for a second.
    first = len(server.called)
    assert 1 <= first <= 4
    collect(guarded, api)
    status = status_of(guarded)
    assert status.done and sorted(delivered(guarded)) == sorted(f"item-{n}" for n in range(40))
    assert status.lost_calls == first and sum(server.times_called().values()) == 40 + first


def test_calls_are_bounded(server: FakeServer, api: MessagesApi, guarded: Job) -> None:
    import threading

    running, most = 0, 0
    lock = threading.Lock()
    answer = api.answer

    def counted(params: str) -> dict[str, object]:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        try:
            return answer(params)
        finally:
            with lock:
                running -= 1

    api.answer = counted  # type: ignore[method-assign]
    fill(guarded, *(f"item-{n}" for n in range(12)), needed_by=in_hours(1))
    submit(guarded, api)
    collect(guarded, api)
    assert len(delivered(guarded)) == 12 and 1 <= most <= 4


def test_the_guard_sends_nothing_that_a_person_has_canceled(server: FakeServer, api: MessagesApi, guarded: Job) -> None:
    server.plan.ends = lambda batch: False
    fill(guarded, "a", "b", needed_by=in_hours(5))
    submit(guarded, api)
    collect(guarded, api, clock=at(server, 4))
    assert server.cancels == 1
    # The guard asked first; then a person gives the job up, and only then the batch ends.
    cancel(guarded)
    server.plan.ends = only_canceled
    collect(guarded, api, clock=at(server, 4.1))
    assert server.called == []
    status = status_of(guarded)
    assert (status.canceled, status.done, status.troubles) == (2, True, ())


@pytest.mark.parametrize("fate", ["drop", "429"])
def test_a_call_under_way_is_not_made_again_after_a_cancel(
    server: FakeServer, api: MessagesApi, guarded: Job, fate: str
) -> None:
    server.plan.calls = [fate]
    answer = api.answer

    def canceled_meanwhile(params: str) -> dict[str, object]:
        cancel(guarded)
        return answer(params)

    api.answer = canceled_meanwhile  # type: ignore[method-assign]
    fill(guarded, "a", needed_by=in_hours(1))
    submit(guarded, api)
    collect(guarded, api)
    collect(guarded, api)
    status = status_of(guarded)
    assert (status.canceled, status.queued, status.done) == (1, 0, True)
    assert server.times_called() == ({"a": 1} if fate == "drop" else {})
    with open_store(guarded.store) as store:
        assert store.connection.execute("select done_us is not null from items").fetchone()[0] == 1
