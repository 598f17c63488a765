from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from conftest import params
from fake_server import FakeServer

from analyzer.batch import Job, collect, enqueue, enqueue_many, retry, run, status_of, submit
from analyzer.batch.cost import Estimate, estimate, to_pico
from analyzer.batch.messages_api import MessagesApi
from analyzer.errors import UserError


def fill(job: Job, *keys: str, **more: Any) -> None:
    assert enqueue_many([(params(key, **more), key, None) for key in keys], job=job) == len(keys)


def delivered(job: Job) -> list[str]:
    if not job.destination.exists():
        return []
    return [json.loads(line)["key"] for line in job.destination.read_text().splitlines()]


def test_the_same_key_twice_is_one_item(job: Job) -> None:
    assert enqueue(params("a"), job=job, key="a")
    assert not enqueue(params("b"), job=job, key="a")
    assert status_of(job).queued == 1


def test_a_job_goes_through_and_comes_back_by_key(server: FakeServer, api: MessagesApi, job: Job) -> None:
    server.plan.lines = ["order"]
    enqueue(params("a"), job=job, key="a", metadata={"row": 7})
    enqueue(params("b"), job=job, key="b")
    status = run(job, api, sleep=lambda s: None)
    assert status.done and not status.needs_a_person and status.delivered == 2
    lines = [json.loads(line) for line in job.destination.read_text().splitlines()]
    assert [(line["key"], line["metadata"]) for line in lines] == [("a", {"row": 7}), ("b", None)]
    assert lines[0]["message"]["content"] == [{"type": "text", "text": "answer to a"}]
    # two results of 1,000 tokens in at $2.50 and 100 out at $12.50 per MTok: 2 × (0.0025 + 0.00125)
    assert status.actual_usd == Decimal("0.0075")


def test_batches_are_cut_by_count_and_by_bytes(server: FakeServer, api: MessagesApi, job: Job) -> None:
    fill(job, "a", "b", "c", "d", "e")
    assert submit(dataclasses.replace(job, max_items=2), api).batches == 3
    assert [len(batch.requests) for batch in server.made] == [2, 2, 1]
    for key in "fgh":
        enqueue(params(key * 900), job=job, key=key)
    assert submit(dataclasses.replace(job, max_bytes=2500), api).batches == 2
    assert [len(batch.requests) for batch in server.made[3:]] == [2, 1]


def test_what_no_batch_takes_dies_before_money_is_spent(server: FakeServer, api: MessagesApi, job: Job) -> None:
    fill(job, "fast", speed="fast")
    fill(job, "streamed", stream=True)
    fill(job, "empty", max_tokens=0)
    fill(job, "good", stream=False)
    done = submit(job, api)
    assert (done.items, done.rejected) == (1, 3)
    status = status_of(job)
    assert status.dead == 3 and status.needs_a_person
    assert ("fast", "batches do not take the parameter speed") in status.dead_items
    assert retry(job) == 3


@pytest.mark.parametrize("bad", [{}, {"model": "claude-opus-4-8"}, {"model": "m", "messages": [], "max_tokens": 1}])
def test_what_is_no_request_is_refused_at_once(job: Job, bad: dict[str, Any]) -> None:
    with pytest.raises(UserError):
        enqueue(bad, job=job, key="k")
    with pytest.raises(UserError, match="one of claude-haiku-4-5"):
        enqueue(params("a"), job=dataclasses.replace(job, models=("claude-haiku-4-5",)), key="k")


def test_the_estimate_is_a_range_by_hand() -> None:
    from datetime import date

    # Opus 4.8 in a batch: $2.50 in, $12.50 out per MTok; tokenizer factor 1 / 1.3 / 1.35.
    found = estimate({"model": "claude-opus-4-8", "max_tokens": 1000}, 4000, 50, date(2026, 11, 20))
    assert found == Estimate(
        low_pico=800 * 2_500_000 + 25 * 12_500_000,
        base_pico=1300 * 2_500_000 + 50 * 12_500_000,
        high_pico=1800 * 2_500_000 + 1000 * 12_500_000,
    )


def test_the_budget_stops_before_the_post(server: FakeServer, api: MessagesApi, job: Job) -> None:
    fill(job, "a", "b", "c")
    size = len(json.dumps(params("a"), separators=(",", ":")))
    tokens = -(-size * 13 // 40)
    # each item: its characters / 4 × 1.3 tokens in, max_tokens = 100 out
    item_pico = tokens * 2_500_000 + 100 * 12_500_000
    cap = Decimal(2 * item_pico) / 10**12
    done = submit(dataclasses.replace(job, day_usd=cap), api)
    assert done.items == 2 and server.posts == 1
    assert len(done.remarks) == 1 and "budget.day_usd" in done.remarks[0]
    assert submit(dataclasses.replace(job, day_usd=cap), api).items == 0
    assert to_pico(cap) == 2 * item_pico and server.posts == 1
    assert status_of(job).queued == 1


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


@pytest.mark.parametrize("fate", ["400", "401", "413", "429"])
def test_a_refused_batch_leaves_its_items_queued(server: FakeServer, api: MessagesApi, job: Job, fate: str) -> None:
    server.plan.creates = [fate]
    fill(job, "a")
    done = submit(job, api)
    assert f"HTTP {fate}" in done.remarks[0] and server.posts == 1
    assert status_of(job).queued == 1
    assert run(job, api, sleep=lambda s: None).delivered == 1


def test_no_connection_is_no_doubt(job: Job) -> None:
    from anthropic import Anthropic

    fill(job, "a")
    with Anthropic(api_key="for-tests", base_url="http://127.0.0.1:9", timeout=2.0) as client:
        assert "nothing was sent" in submit(job, MessagesApi(client)).remarks[0]
    assert status_of(job).queued == 1


def test_each_kind_of_result_goes_its_way(server: FakeServer, api: MessagesApi, job: Job) -> None:
    server.plan.kinds = {
        "wrong": ["invalid_request_error"],
        "busy": ["overloaded_error"],
        "late": ["expired"],
        "stopped": ["canceled"],
        "odd": ["a-type-of-tomorrow"],
    }
    server.plan.lines = ["duplicate", "stranger"]
    fill(job, "good", "wrong", "busy", "late", "stopped", "odd")
    submit(job, api, clock=lambda: 1.8e9)
    collect(job, api, clock=lambda: 1.8e9)
    status = status_of(job)
    assert (status.delivered, status.dead, status.queued, status.strange_results) == (1, 3, 2, 1)
    assert {key for key, _ in status.dead_items} == {"wrong", "stopped", "odd"}
    # The expired one goes at once, the busy one two minutes later.
    assert submit(job, api, clock=lambda: 1.8e9).items == 1
    assert submit(job, api, clock=lambda: 1.8e9 + 121).items == 1
    collect(job, api, clock=lambda: 1.8e9 + 121)
    assert delivered(job) == ["good", "busy", "late"]


def test_an_item_that_always_expires_dies_after_five_attempts(server: FakeServer, api: MessagesApi, job: Job) -> None:
    server.plan.kinds = {"late": ["expired"] * 9}
    fill(job, "late")
    status = run(job, api, sleep=lambda s: None)
    assert server.posts == 5
    assert status.dead_items == (("late", "given up after 5 attempts: the batch expired before it was its turn"),)


def test_a_missing_result_is_looked_for_three_times_then_told(server: FakeServer, api: MessagesApi, job: Job) -> None:
    server.plan.lines = ["missing"]
    fill(job, "a", "b")
    submit(job, api)
    for _ in range(2):
        collect(job, api)
        assert status_of(job).submitted == 1
    collect(job, api)
    status = status_of(job)
    assert delivered(job) == ["a"] and status.dead == 1 and server.posts == 1
    assert "may have been billed" in status.dead_items[0][1]


def test_the_cache_is_warmed_by_one_item_first(server: FakeServer, api: MessagesApi, job: Job) -> None:
    primed = dataclasses.replace(job, primes_cache=True)
    fill(primed, "a", "b", "c")
    assert submit(primed, api).items == 1
    assert submit(primed, api).items == 0
    collect(primed, api)
    assert submit(primed, api).items == 2
    assert [len(batch.requests) for batch in server.made] == [1, 2]


def test_results_are_appended_after_what_the_file_holds(api: MessagesApi, job: Job) -> None:
    job.destination.write_text("earlier line without an end")
    fill(job, "a")
    run(job, api, sleep=lambda s: None)
    lines = job.destination.read_text().splitlines()
    assert lines[0] == "earlier line without an end" and json.loads(lines[1])["key"] == "a"


def test_two_submits_and_two_collects_at_once_send_and_deliver_once(
    server: FakeServer, api: MessagesApi, job: Job
) -> None:
    fill(job, *(f"item-{n}" for n in range(200)))
    small = dataclasses.replace(job, max_items=20)
    with ThreadPoolExecutor(4) as pool:
        for _ in range(2):
            list(pool.map(lambda step: step(small, api), [submit, submit, collect, collect]))
    run(small, api, sleep=lambda s: None)
    assert sorted(delivered(job)) == sorted(f"item-{n}" for n in range(200))
    assert set(server.times_accepted().values()) == {1}


def test_the_key_is_in_no_file(api: MessagesApi, job: Job) -> None:
    fill(job, "a")
    run(job, api, sleep=lambda s: None)
    for path in job.store.parent.iterdir():
        assert b"for-tests" not in path.read_bytes()


def test_the_runner_starts_light() -> None:
    code = (
        "import sys, time; t = time.process_time(); import analyzer.batch; s = time.process_time() - t\n"
        "print(s, [m for m in ('anthropic', 'duckdb', 'pandas', 'plotly', 'genai_prices') if m in sys.modules])"
    )
    spent = []
    for _ in range(3):
        out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        seconds, loaded = out.split(maxsplit=1)
        assert loaded.strip() == "[]"
        spent.append(float(seconds))
    assert min(spent) < 0.15


def test_a_file_that_is_no_store_is_told(job: Job) -> None:
    job.store.write_bytes(b"not a database, but long enough to be taken for one" * 100)
    with pytest.raises(UserError, match="not a sound job store"):
        status_of(job)


def test_another_writer_during_a_delivery_is_told(api: MessagesApi, job: Job) -> None:
    from analyzer.batch import deliver as module
    from analyzer.batch.store import open_store

    fill(job, "a")
    submit(job, api)
    job.destination.write_text("x\n")
    with open_store(job.store) as store:
        store.connection.execute("update items set state = 'succeeded', result = '{}'")
        assert module._intend(store, job)
        with job.destination.open("a") as file:
            file.write("somebody else\n")
        with pytest.raises(UserError, match="changed by somebody else"):
            module.deliver(store, job)
        job.destination.write_text("x\n")
        assert module.deliver(store, job) == 1


@pytest.mark.parametrize("fault", ["torn", "cut"])
def test_results_that_break_off_are_read_again(server: FakeServer, api: MessagesApi, job: Job, fault: str) -> None:
    server.plan.bodies = [fault]
    fill(job, "a", "b", "c")
    submit(job, api)
    assert "could not be read" in collect(job, api).remarks[0]
    assert not status_of(job).done
    collect(job, api)
    assert sorted(delivered(job)) == ["a", "b", "c"] and status_of(job).done
    assert server.posts == 1


def test_a_loop_ends_when_the_provider_refuses_for_good(server: FakeServer, api: MessagesApi, job: Job) -> None:
    server.plan.creates = ["401"]
    fill(job, "a")
    said: list[str] = []
    status = run(job, api, sleep=lambda s: None, say=said.append)
    assert status.queued == 1 and not status.done and server.posts == 1
    assert len(said) == 1 and "HTTP 401" in said[0]


def test_results_of_others_that_cannot_be_read_do_not_hide_ours(server: FakeServer, api: MessagesApi, job: Job) -> None:
    server.plan.creates = ["drop"]
    fill(job, "a")
    submit(job, api)
    server.make([{"custom_id": "other", "params": params("x")}])
    for batch in server.made:
        batch.ended = True
    # The newest is asked first: the stranger's results break off.
    server.plan.bodies = ["torn"]
    collect(job, api)
    assert delivered(job) == ["a"] and server.posts == 1


def test_a_dated_name_of_an_allowed_model_is_allowed(job: Job) -> None:
    haiku = dataclasses.replace(job, models=("claude-haiku-4-5",))
    assert enqueue({**params("a"), "model": "claude-haiku-4-5-20251001"}, job=haiku, key="a")
