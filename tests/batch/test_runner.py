from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import delivered, fill, params, results_file
from fake_server import FakeServer

from analyzer.batch import Job, NewItem, cancel, collect, enqueue, enqueue_many, prune, retry, run, status_of, submit
from analyzer.batch.messages_api import MessagesApi
from analyzer.batch.store import open_store
from analyzer.errors import UserError


def store_files(job: Job) -> list[Path]:
    """The store, and what SQLite puts beside it."""
    return [path for path in job.store.parent.glob("jobs.sqlite*") if path.is_file()]


def test_the_same_key_twice_is_one_item(job: Job) -> None:
    assert enqueue(params("a"), job=job, key="a")
    assert not enqueue(params("b"), job=job, key="a")
    assert enqueue_many([NewItem(params("x"), key) for key in ("a", "b", "b", "c")], job=job) == 2
    with open_store(job.store) as store:
        kept = [json.loads(row[0]) for row in store.connection.execute("select params from requests order by item_no")]
    assert [item["messages"][0]["content"] for item in kept] == ["a", "x", "x"]
    assert status_of(job).queued == 3


def test_a_job_goes_through_and_comes_back_by_key(server: FakeServer, api: MessagesApi, job: Job) -> None:
    server.plan.lines = ["order"]
    # What JSON allows inside a line and other readers take for its end: it must not break a result in two.
    server.plan.answers = {"b": {"content": [{"type": "text", "text": "one\u2028two\x85three\r\n"}]}}
    enqueue(params("a"), job=job, key="a", metadata={"row": 7})
    enqueue(params("b"), job=job, key="b")
    status = run(job, api, sleep=lambda s: None)
    assert status.done and not status.needs_a_person and status.delivered == 2
    lines = [json.loads(line) for line in results_file(job).read_text().splitlines()]
    assert [(line["key"], line["metadata"]) for line in lines] == [("a", {"row": 7}), ("b", None)]
    assert lines[0]["message"]["content"] == [{"type": "text", "text": "answer to a"}]
    assert lines[1]["message"]["content"][0]["text"] == "one\u2028two\x85three\r\n"


def test_batches_are_cut_by_count_and_by_bytes_as_sent(server: FakeServer, api: MessagesApi, job: Job) -> None:
    fill(job, "a", "b", "c", "d", "e")
    assert submit(dataclasses.replace(job, max_items=2), api).batches == 3
    assert [len(batch.requests) for batch in server.made] == [2, 2, 1]
    for key in "fgh":
        enqueue(params(key * 900), job=job, key=key)
    # A body with two of them, to the byte: compact JSON, as it goes over the wire.
    both = [{"custom_id": "w" * 33 + "-6", "params": params(key * 900)} for key in "fg"]
    exact = len(json.dumps({"requests": both}, separators=(",", ":")))
    assert submit(dataclasses.replace(job, max_bytes=exact), api).batches == 2
    assert [len(batch.requests) for batch in server.made[3:]] == [2, 1]
    for key in "ijk":
        enqueue(params(key * 900), job=job, key=key)
    assert submit(dataclasses.replace(job, max_bytes=exact - 1), api).batches == 3


def test_an_item_that_no_body_can_hold_dies_alone(api: MessagesApi, job: Job) -> None:
    fill(job, "a")
    enqueue(params("b" * 3000), job=job, key="b")
    assert submit(dataclasses.replace(job, max_bytes=2000), api).items == 1
    # {"model":"claude-opus-4-8","max_tokens":100,"messages":[{"role":"user","content":"…"}]}: 3,000 and 86 around it
    assert status_of(job).dead_items[0][1].startswith("3086 bytes are more than")


def test_an_item_that_no_longer_fits_is_told_not_left_in_silence(api: MessagesApi, job: Job) -> None:
    from analyzer.batch import quote

    enqueue(params("b" * 3000), job=job, key="b")
    assert quote(job).items == 1
    done = submit(dataclasses.replace(job, max_bytes=2000), api)
    assert done.items == 0 and "3086 bytes, more than size.max_bytes" in done.remarks[0]


def test_what_no_batch_takes_dies_before_money_is_spent(server: FakeServer, api: MessagesApi, job: Job) -> None:
    fill(job, "fast", speed="fast")
    fill(job, "streamed", stream=True)
    fill(job, "empty", max_tokens=0)
    fill(job, "long", max_tokens=10_000_000)
    fill(job, "good", stream=False)
    done = submit(job, api)
    assert (done.items, done.rejected) == (1, 4)
    status = status_of(job)
    assert status.dead == 4 and status.needs_a_person
    assert ("fast", "batches do not take the parameter speed") in status.dead_items
    assert retry(job) == 4


@pytest.mark.parametrize(
    ("model", "choice", "reason"),
    [
        ("claude-sonnet-5-5", {"tool_choice": {"type": "any"}}, "tool_choice.type=any"),
        ("claude-fable-5-2", {"tool_choice": {"type": "tool", "name": "x"}}, "tool_choice.type=tool"),
        ("claude-haiku-4-5", {"temperature": 0.5}, "the parameter temperature"),
        ("claude-of-tomorrow", {"store": True}, "the parameter store"),
        ("claude-haiku-5-5", {"fallbacks": ["claude-haiku-4-5"]}, "the parameter fallbacks"),
    ],
)
def test_each_model_is_held_to_what_batches_refuse_of_it(
    server: FakeServer, api: MessagesApi, job: Job, model: str, choice: dict[str, Any], reason: str
) -> None:
    fill(job, "a", **{"model": model, **choice})
    assert submit(job, api).rejected == 1 and server.posts == 0
    assert reason in status_of(job).dead_items[0][1]


@pytest.mark.parametrize("bad", [{}, {"model": "claude-opus-4-8"}, {"model": "m", "messages": [], "max_tokens": 1}])
def test_what_is_no_request_is_refused_at_once(job: Job, bad: dict[str, Any]) -> None:
    with pytest.raises(UserError):
        enqueue(bad, job=job, key="k")
    with pytest.raises(UserError, match="one of claude-haiku-4-5"):
        enqueue(params("a"), job=dataclasses.replace(job, models=("claude-haiku-4-5",)), key="k")


@pytest.mark.parametrize("key", ["", "x" * 513, "nul\0", "half\ud800", 7])
def test_a_key_that_cannot_be_kept_is_refused(job: Job, key: Any) -> None:
    with pytest.raises(UserError, match="not a usable key"):
        enqueue(params("a"), job=job, key=key)


@pytest.mark.parametrize("needed_by", ["2026-11-20T08:00:00", "tomorrow", 7])
def test_an_instant_without_an_offset_is_refused(job: Job, needed_by: Any) -> None:
    with pytest.raises(UserError, match="needed_by"):
        enqueue(params("a"), job=job, key="a", needed_by=needed_by)


def test_a_dated_name_of_an_allowed_model_is_allowed(job: Job) -> None:
    haiku = dataclasses.replace(job, models=("claude-haiku-4-5",))
    assert enqueue({**params("a"), "model": "claude-haiku-4-5-20251001"}, job=haiku, key="a")


def test_the_urgent_go_first_and_in_smaller_batches(server: FakeServer, api: MessagesApi, job: Job) -> None:
    now = 1.8e9
    fill(job, *(f"late-{n}" for n in range(300)))
    fill(job, *(f"soon-{n}" for n in range(150)), needed_by="2027-01-15T09:00:00+00:00")
    # 1.8e9 s is 2027-01-15 08:00 UTC: one hour is left, so a batch of up to 1,200 has at most 1,200 × 1 h / 12 h = 100.
    submit(dataclasses.replace(job, max_items=1200), api, clock=lambda: now)
    assert [len(batch.requests) for batch in server.made] == [100, 100, 250]
    first = [request["params"]["messages"][0]["content"] for request in server.made[0].requests]
    assert set(first) == {f"soon-{n}" for n in range(100)}


def test_the_providers_queue_is_not_overfilled(server: FakeServer, api: MessagesApi, job: Job) -> None:
    server.plan.is_ending = False
    small = dataclasses.replace(job, max_items=2, max_queued=5)
    fill(small, *"abcdefgh")
    done = submit(small, api)
    assert [len(batch.requests) for batch in server.made] == [2, 2, 1] and "max_queued" in done.remarks[0]
    assert submit(small, api).items == 0
    server.plan.is_ending = True
    collect(small, api)
    assert submit(small, api).items == 3


WARM = [{"type": "text", "text": "shared", "cache_control": {"type": "ephemeral", "ttl": "1h"}}]


def test_the_cache_is_warmed_by_one_item_first(server: FakeServer, api: MessagesApi, job: Job) -> None:
    primed = dataclasses.replace(job, primes_cache=True)
    server.plan.answers = {
        "a": {"usage": {"input_tokens": 10, "output_tokens": 5, "cache_creation_input_tokens": 4000}},
        "b": {"usage": {"input_tokens": 10, "output_tokens": 5, "cache_read_input_tokens": 4000}},
        "c": {"usage": {"input_tokens": 10, "output_tokens": 5, "cache_read_input_tokens": 4000}},
    }
    fill(primed, "a", "b", "c", system=WARM)
    first = submit(primed, api)
    assert (first.items, first.remarks) == (1, ["waiting for the batch that warms the cache"])
    assert submit(primed, api).items == 0
    collect(primed, api)
    assert submit(primed, api).items == 2
    assert [len(batch.requests) for batch in server.made] == [1, 2]
    collect(primed, api)
    status = status_of(primed)
    assert (status.cache_write_tokens, status.cache_read_tokens) == (4000, 8000)


def test_warming_without_a_mark_for_an_hour_is_told(server: FakeServer, api: MessagesApi, job: Job) -> None:
    primed = dataclasses.replace(job, primes_cache=True)
    fill(primed, "a", system=WARM)
    fill(primed, "b", "c", system=[{"type": "text", "text": "shared", "cache_control": {"type": "ephemeral"}}])
    assert "2 items mark no prefix for an hour" in submit(primed, api).remarks[0]


def test_a_cache_that_has_cooled_does_not_send_one_item_for_ever(
    server: FakeServer, api: MessagesApi, job: Job
) -> None:
    import time

    now = time.time()
    primed = dataclasses.replace(job, primes_cache=True, max_items=3)
    fill(primed, *"abcdefgh", system=WARM)
    submit(primed, api)
    collect(primed, api)
    done = submit(primed, api, clock=lambda: now + 3600)
    assert "warmed more than 30 minutes ago" in done.remarks[0] and done.items == 7
    assert [len(batch.requests) for batch in server.made] == [1, 3, 3, 1]
    # The next day it is warmed anew.
    collect(primed, api)
    fill(primed, *"ij")
    assert submit(primed, api, clock=lambda: now + 86400).items == 1


def test_objects_of_the_client_are_taken_as_messages_create_takes_them(
    server: FakeServer, api: MessagesApi, job: Job
) -> None:
    from anthropic.types import TextBlock

    turns = [{"role": "user", "content": "a"}, {"role": "assistant", "content": [TextBlock(type="text", text="b")]}]
    enqueue(params("x", messages=turns), job=job, key="a")
    submit(job, api)
    assert server.made[0].requests[0]["params"]["messages"][1]["content"] == [{"type": "text", "text": "b"}]
    with pytest.raises(UserError, match="not JSON"):
        enqueue(params("x", metadata={"user_id": object()}), job=job, key="b")


def test_the_store_is_for_its_owner_alone(job: Job) -> None:
    fill(job, "a")
    with open_store(job.store):
        modes = {path.name: path.stat().st_mode & 0o077 for path in store_files(job)}
    assert modes == dict.fromkeys(["jobs.sqlite", "jobs.sqlite-shm", "jobs.sqlite-wal"], 0)


def test_cancel_gives_up_what_waits_and_asks_the_provider_for_the_rest(
    server: FakeServer, api: MessagesApi, job: Job
) -> None:
    server.plan.is_ending = False
    fill(job, "a", "b")
    submit(job, api)
    fill(job, "c")
    asked = cancel(job)
    assert (asked.items, asked.batches) == (1, 1)
    collect(job, api)
    collect(job, api)
    assert server.cancels == 1 and status_of(job).submitted == 2
    server.plan.is_ending = True
    # What was being worked on finishes nevertheless: it is billed, so it is delivered.
    server.plan.kinds = {"a": ["succeeded"]}
    collect(job, api)
    status = status_of(job)
    assert (status.canceled, status.delivered, status.done, status.needs_a_person) == (2, 1, True, False)
    assert delivered(job) == ["a"]


def test_a_batch_in_doubt_is_canceled_when_it_is_found(server: FakeServer, api: MessagesApi, job: Job) -> None:
    server.plan.creates = ["drop"]
    fill(job, "a")
    submit(job, api)
    assert cancel(job).batches == 1
    server.plan.kinds = {"a": ["canceled"]}
    server.end(server.made[0])
    collect(job, api)
    assert status_of(job).canceled == 1 and server.posts == 1


@pytest.mark.parametrize("kind", ["expired", "overloaded_error"])
def test_what_would_be_sent_again_is_not_when_it_was_canceled(
    server: FakeServer, api: MessagesApi, job: Job, kind: str
) -> None:
    server.plan.kinds = {"a": [kind]}
    fill(job, "a")
    submit(job, api)
    cancel(job)
    collect(job, api)
    assert status_of(job).canceled == 1 and status_of(job).done


def test_a_canceled_batch_that_was_never_made_is_not_queued_again(
    server: FakeServer, api: MessagesApi, job: Job
) -> None:
    server.plan.creates = ["drop-before"]
    fill(job, "a")
    submit(job, api)
    cancel(job)
    submit(job, api, assume_absent_after_s=0)
    assert status_of(job).canceled == 1 and server.posts == 1


def test_prune_forgets_what_is_done_and_keeps_the_keys(api: MessagesApi, job: Job) -> None:
    enqueue(params("secret-question"), job=job, key="a")
    fill(job, "b")
    run(job, api, sleep=lambda s: None)
    fill(job, "c")
    assert prune(job, older_than_s=3600) == 0
    assert prune(job, older_than_s=0, clock=lambda: 4e9) == 2
    assert all(b"secret-question" not in path.read_bytes() for path in store_files(job))
    assert not enqueue(params("again"), job=job, key="b")
    assert status_of(job).delivered == 2 and status_of(job).queued == 1


def test_the_runner_starts_light() -> None:
    heavy = "'anthropic', 'duckdb', 'pandas', 'plotly', 'genai_prices', 'httpx2', 'urllib.request', 'psycopg'"
    code = (
        "import sys, time; t = time.process_time(); import analyzer.batch; s = time.process_time() - t\n"
        f"print(s, [m for m in ({heavy}) if m in sys.modules])"
    )
    spent = []
    for _ in range(3):
        out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        seconds, loaded = out.split(maxsplit=1)
        assert loaded.strip() == "[]"
        spent.append(float(seconds))
    assert min(spent) < 0.15


def test_a_loop_ends_when_the_provider_refuses_for_good(server: FakeServer, api: MessagesApi, job: Job) -> None:
    server.plan.creates = ["401"]
    fill(job, "a")
    said: list[str] = []
    status = run(job, api, sleep=lambda s: None, say=said.append)
    assert status.queued == 1 and not status.done and server.posts == 1
    assert len(said) == 1 and "HTTP 401" in said[0]
    assert status.needs_a_person and "refuses what is queued: HTTP 401" in status.troubles[0]


def test_the_key_is_in_no_file_and_no_error(
    server: FakeServer, api: MessagesApi, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "for-tests")
    server.plan.creates = ["401"]
    fill(job, "a")
    remarks = submit(job, api).remarks
    run(job, api, sleep=lambda s: None)
    assert server.keys == {"Bearer for-tests"}
    files = [path for path in job.store.parent.rglob("*") if path.is_file()]
    assert len(files) >= 2
    assert all(b"for-tests" not in path.read_bytes() for path in files)
    assert "for-tests" not in repr(remarks)
