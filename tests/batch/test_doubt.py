from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from decimal import Decimal

import pytest
from anthropic import Anthropic
from conftest import delivered, fill, params
from fake_server import FakeServer

from analyzer.batch import Job, collect, dismiss, quote, run, status_of, submit
from analyzer.batch.messages_api import MessagesApi
from analyzer.batch.store import open_store


@pytest.mark.parametrize("fate", ["drop", "made-then-500"])
def test_a_batch_made_without_an_answer_is_adopted_not_sent_again(
    server: FakeServer, api: MessagesApi, job: Job, fate: str
) -> None:
    server.plan.creates = [fate]
    server.plan.is_ending = False
    fill(job, "a", "b")
    for stranger in range(5):
        server.make([{"custom_id": f"other-{stranger}-{n}", "params": params("x")} for n in range(2)])
    submit(job, api)
    for _ in range(3):
        submit(job, api, assume_absent_after_s=0)
        collect(job, api)
    status = status_of(job)
    assert status.in_doubt == 2 and status.needs_a_person and not status.done
    server.plan.is_ending = True
    for _ in range(3):
        submit(job, api)
        collect(job, api)
    assert delivered(job) == ["a", "b"]
    assert server.posts == 1
    assert {k: n for k, n in server.times_accepted().items() if k != "x"} == {"a": 1, "b": 1}


@pytest.mark.parametrize("fate", ["drop-before", "500", "529", "409"])
def test_a_batch_that_nobody_can_see_stays_in_doubt_until_a_person_says_so(
    server: FakeServer, api: MessagesApi, job: Job, fate: str
) -> None:
    server.plan.creates = [fate]
    fill(job, "a")
    submit(job, api)
    submit(job, api)
    assert server.posts == 1
    assert status_of(job).in_doubt == 1
    assert submit(job, api, assume_absent_after_s=3600).items == 0
    assert submit(job, api, assume_absent_after_s=0).items == 1
    collect(job, api)
    assert delivered(job) == ["a"] and status_of(job).done


def test_an_answer_that_comes_too_late_leaves_doubt(server: FakeServer, api: MessagesApi, job: Job) -> None:
    server.plan.creates = ["slow"]
    fill(job, "a")
    with Anthropic(api_key="for-tests", base_url=server.url, timeout=0.3) as client:
        assert "in doubt (APITimeoutError)" in submit(job, MessagesApi(client)).remarks[0]
    collect(job, api)
    collect(job, api)
    assert delivered(job) == ["a"] and server.posts == 1


@pytest.mark.parametrize("fate", ["400", "401", "413", "429"])
def test_a_refused_batch_leaves_its_items_queued(server: FakeServer, api: MessagesApi, job: Job, fate: str) -> None:
    server.plan.creates = [fate]
    fill(job, "a")
    done = submit(job, api)
    assert f"HTTP {fate}" in done.remarks[0] and server.posts == 1
    assert status_of(job).queued == 1
    with open_store(job.store) as store:
        assert store.connection.execute("select count(*) from sendings").fetchone()[0] == 0
    assert run(job, api, sleep=lambda s: None).delivered == 1


def test_retry_after_is_obeyed(server: FakeServer, api: MessagesApi, job: Job) -> None:
    server.plan.creates = ["429"]
    server.plan.headers = {"retry-after": "120"}
    fill(job, "a")
    assert not submit(job, api, clock=lambda: 1.8e9).is_stuck
    assert "asked to wait; 1 s are left" in submit(job, api, clock=lambda: 1.8e9 + 119).remarks[0]
    assert server.posts == 1
    assert submit(job, api, clock=lambda: 1.8e9 + 120).items == 1


def test_a_spend_limit_stops_with_what_remains_queued(server: FakeServer, api: MessagesApi, job: Job) -> None:
    from dataclasses import replace

    small = replace(job, max_items=2)
    server.plan.creates = ["ok", "spend", "ok"]
    fill(small, *"abcde")
    done = submit(small, api)
    assert (done.items, done.is_stuck, server.posts) == (2, True, 2)
    assert "spend limit (enforced_spend_limit_reached)" in done.remarks[0]
    status = status_of(small)
    assert status.queued == 3 and status.needs_a_person and "spend limit" in status.troubles[0]
    assert submit(small, api).items == 3
    assert not status_of(small).needs_a_person


def test_no_connection_is_no_doubt(job: Job) -> None:
    fill(job, "a")
    with Anthropic(api_key="for-tests", base_url="http://127.0.0.1:9", timeout=2.0) as client:
        assert "nothing was sent" in submit(job, MessagesApi(client)).remarks[0]
    assert status_of(job).queued == 1


def test_results_of_others_that_cannot_be_read_do_not_hide_ours(server: FakeServer, api: MessagesApi, job: Job) -> None:
    server.plan.creates = ["drop"]
    fill(job, "a")
    submit(job, api)
    server.make([{"custom_id": "other", "params": params("x")}])
    for batch in server.made:
        server.end(batch)
    # The newest is asked first: the stranger's results break off.
    server.plan.bodies = ["torn"]
    collect(job, api)
    assert delivered(job) == ["a"] and server.posts == 1


def test_batches_from_before_the_intent_and_of_another_size_are_not_asked(
    server: FakeServer, api: MessagesApi, job: Job
) -> None:
    server.plan.is_ending = False
    server.make([{"custom_id": "old", "params": params("x")}], offset_s=-7200)
    server.make([{"custom_id": f"two-{n}", "params": params("x")} for n in range(2)])
    server.plan.creates = ["drop-before"]
    fill(job, "a")
    submit(job, api)
    # Both still run; neither could be ours, so a person may decide.
    assert submit(job, api, assume_absent_after_s=0).items == 1


def test_a_wrong_assumption_does_not_stay_silent(server: FakeServer, api: MessagesApi, job: Job) -> None:
    server.plan.creates = ["drop"]
    fill(job, "a")
    submit(job, api)
    # The listing lags behind: the batch is made, and nobody sees it yet.
    server.made[0].workspace = "hidden"
    assert submit(job, api, assume_absent_after_s=0).items == 1
    server.made[0].workspace = None
    collect(job, api)
    told = collect(job, api).remarks
    assert told == ["msgbatch_00000 was assumed absent and exists: its items were sent twice"]
    status = status_of(job)
    assert delivered(job) == ["a"] and status.needs_a_person
    # 87 bytes / 3 × 1.35 = 39.15, so 40 tokens in at $2.50 and 100 out at $12.50 per MTok: less than a cent
    assert status.troubles == ("msgbatch_00000 was assumed absent and exists; items sent twice: 1, for up to <$0.01",)
    assert collect(job, api).remarks == []
    assert dismiss(job) == 1 and status_of(job).troubles == ()


HOUR_S = 3600.0


def later(hours: float) -> Callable[[], float]:
    now = time.time()
    return lambda: now + hours * HOUR_S


def test_what_was_assumed_absent_is_watched_from_the_assumption_on(
    server: FakeServer, api: MessagesApi, job: Job
) -> None:
    server.plan.creates = ["drop"]
    fill(job, "a")
    submit(job, api)
    server.made[0].workspace = "hidden"
    server.offset_s = 26 * HOUR_S
    assert submit(job, api, clock=later(26), assume_absent_after_s=25 * 3600).items == 1
    server.end(server.made[0])
    server.made[0].workspace = None
    found = collect(job, api, clock=later(26 + 24.9)).remarks
    assert "msgbatch_00000 was assumed absent and exists: its items were sent twice" in found


def test_a_batch_that_was_not_absent_counts_against_the_caps(server: FakeServer, api: MessagesApi, job: Job) -> None:
    server.plan.creates = ["drop"]
    server.plan.answers = {key: {"usage": {"input_tokens": 10, "output_tokens": 1}} for key in "ab"}
    # An item is 0.00135 USD at most, an answer 10 × 2.50e-6 + 1 × 12.50e-6 = 0.0000375.
    capped = dataclasses.replace(job, job_usd=Decimal("0.0027"))
    fill(capped, "a")
    submit(capped, api)
    server.made[0].workspace = "hidden"
    assert submit(capped, api, assume_absent_after_s=0).items == 1
    collect(capped, api)
    assert quote(capped).budget_left_usd == Decimal("0.0027") - Decimal("0.0000375")
    server.made[0].workspace = None
    server.end(server.made[0])
    collect(capped, api)
    assert quote(capped).budget_left_usd == Decimal("0.0027") - Decimal("0.0000375") - Decimal("0.00135")
    dismiss(capped)
    fill(capped, "b")
    assert submit(capped, api).items == 0


def test_an_archived_batch_of_somebody_else_holds_up_nothing_when_it_was_told_before(
    server: FakeServer, api: MessagesApi, job: Job
) -> None:
    server.plan.creates = ["drop-before"]
    fill(job, "a")
    submit(job, api)
    other = server.make([{"custom_id": "other", "params": params("x")}])
    server.end(other)
    assert "no listing shows it" in collect(job, api).remarks[0]
    other.is_archived = True
    assert submit(job, api, clock=later(40 * 24), assume_absent_after_s=3600).items == 1
    collect(job, api)
    assert delivered(job) == ["a"] and status_of(job).troubles == ()


def test_an_archived_batch_that_may_be_ours_gives_way_to_a_person_and_is_told_as_perhaps_paid_twice(
    server: FakeServer, api: MessagesApi, job: Job
) -> None:
    server.plan.creates = ["drop-before"]
    capped = dataclasses.replace(job, job_usd=Decimal("0.01"))
    fill(capped, "a")
    submit(capped, api)
    other = server.make([{"custom_id": "other", "params": params("x")}])
    server.end(other)
    other.is_archived = True
    told = collect(capped, api, clock=later(40 * 24)).remarks
    assert "could be it, and its results are gone" in told[0] and status_of(capped).in_doubt == 1
    done = submit(capped, api, clock=later(40 * 24), assume_absent_after_s=3600)
    assert done.items == 1 and "may have been it: then they are paid twice" in done.remarks[0]
    collect(capped, api)
    status = status_of(capped)
    assert delivered(job) == ["a"] and status.needs_a_person
    assert "items perhaps sent twice: 1" in status.troubles[0]
    # The one that may have been it at its high estimate, the second one by what came back: 1,000 in and 100 out.
    assert quote(capped).budget_left_usd == Decimal("0.01") - Decimal("0.00135") - Decimal("0.00375")
    assert dismiss(capped) == 1 and status_of(capped).troubles == ()


def test_results_whose_first_line_is_torn_prove_nothing(server: FakeServer, api: MessagesApi, job: Job) -> None:
    server.plan.creates = ["drop"]
    fill(job, "a")
    submit(job, api)
    server.end(server.made[0])
    server.plan.bodies = ["torn"]
    assert submit(job, api, assume_absent_after_s=0).items == 0
    collect(job, api)
    assert delivered(job) == ["a"] and server.posts == 1


def test_a_listing_that_fails_decides_nothing(server: FakeServer, api: MessagesApi, job: Job) -> None:
    server.plan.creates = ["drop-before"]
    fill(job, "a")
    submit(job, api)
    server.plan.gets = ["500"] * 3
    done = submit(job, api, assume_absent_after_s=0)
    assert done.items == 0 and "could not be asked" in done.remarks[0]
    assert status_of(job).in_doubt == 1
