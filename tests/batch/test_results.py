from __future__ import annotations

import dataclasses
import json
from decimal import Decimal
from pathlib import Path

import pytest
from conftest import delivered, fill
from fake_server import FakeServer

from analyzer.batch import Job, collect, dismiss, quote, retry, run, status_of, submit
from analyzer.batch.messages_api import MessagesApi
from analyzer.batch.store import open_store
from analyzer.errors import UserError


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
    remarks = collect(job, api, clock=lambda: 1.8e9).remarks
    assert [remark.split(" of ")[0] for remark in remarks] == ["1 results", "1 results"]
    status = status_of(job)
    assert (status.delivered, status.dead, status.queued) == (1, 3, 2)
    assert (status.strange_results, status.duplicate_results) == (1, 1)
    assert {key for key, _ in status.dead_items} == {"wrong", "stopped", "odd"}
    with open_store(job.store) as store:
        kept = store.connection.execute("select message from answers").fetchall()
    assert [json.loads(row[0])["result"] for row in kept] == [{"type": "a-type-of-tomorrow"}]
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


def test_what_expired_goes_again_in_batches_half_as_large(server: FakeServer, api: MessagesApi, job: Job) -> None:
    keys = [f"item-{n}" for n in range(8)]
    server.plan.kinds = {key: ["expired", "expired"] for key in keys}
    fill(job, *keys)
    eight = dataclasses.replace(job, max_items=8)
    for _ in range(3):
        submit(eight, api)
        collect(eight, api)
    assert [len(batch.requests) for batch in server.made] == [8, 4, 4, 2, 2, 2, 2]
    assert sorted(delivered(job)) == keys and status_of(job).done


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
    # The same results read three times are not duplicates.
    assert status.duplicate_results == 0


@pytest.mark.parametrize("fault", ["torn", "cut"])
def test_results_that_break_off_are_read_again(server: FakeServer, api: MessagesApi, job: Job, fault: str) -> None:
    server.plan.bodies = [fault]
    fill(job, "a", "b", "c")
    submit(job, api)
    assert len(collect(job, api).remarks) >= 1
    assert not status_of(job).done
    collect(job, api)
    assert sorted(delivered(job)) == ["a", "b", "c"]
    status = status_of(job)
    assert status.done and not status.needs_a_person and server.posts == 1


def test_results_that_are_no_longer_kept_are_told(server: FakeServer, api: MessagesApi, job: Job) -> None:
    fill(job, "a")
    submit(job, api)
    server.made[0].is_archived = True
    collect(job, api)
    # Perhaps billed: 40 tokens in at $2.50 and 100 out at $12.50 per MTok count against the caps.
    assert quote(dataclasses.replace(job, job_usd=Decimal(1))).budget_left_usd == 1 - Decimal("0.00135")
    assert "no longer kept by the provider" in status_of(job).dead_items[0][1]


def test_results_about_to_be_gone_are_warned_of(server: FakeServer, api: MessagesApi, job: Job) -> None:
    server.plan.is_ending = False
    fill(job, "a")
    submit(job, api)
    made = server.made[0].created_at.timestamp()
    assert status_of(job, clock=lambda: made + 24.9 * 86400).troubles == ()
    told = status_of(job, clock=lambda: made + 25.1 * 86400).troubles
    assert len(told) == 1 and "will soon be gone" in told[0]


def test_refusals_and_cut_answers_count_as_failures_where_the_job_says_so(
    server: FakeServer, api: MessagesApi, job: Job
) -> None:
    server.plan.answers = {"no": {"stop_reason": "refusal"}, "cut": {"stop_reason": "max_tokens"}}
    fill(job, "no", "cut", "good")
    strict = dataclasses.replace(job, fail_on=("refusal", "max_tokens"))
    submit(strict, api)
    collect(strict, api)
    status = status_of(strict)
    assert delivered(job) == ["good"] and status.dead == 2
    assert {reason.split(" counts")[0] for _, reason in status.dead_items} == {
        "stop_reason refusal",
        "stop_reason max_tokens",
    }
    # They were answered, so they cost: three answers of 1,000 in at $2.50 and 100 out at $12.50 per MTok.
    assert str(status.actual_usd) == "0.011250000000"


SCHEMA = {
    "type": "object",
    "required": ["score"],
    "additionalProperties": False,
    "properties": {"score": {"$ref": "#/$defs/share"}, "tags": {"type": "array", "items": {"enum": ["a", "b"]}}},
    "$defs": {"share": {"type": "number", "minimum": 0, "maximum": 1}},
}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"score": 0.5, "tags": ["a"]}', None),
        ('{"score": 1.5}', "answer.score breaks maximum"),
        ('{"score": true}', "answer.score is not of type number"),
        ('{"tags": []}', "answer breaks required"),
        ('{"score": 1, "more": 1}', "answer.more may not be there"),
        ('{"score": 1, "tags": ["a", "c"]}', "answer.tags[1] breaks enum"),
        ("score 1", "the answer is no JSON"),
    ],
)
def test_answers_are_held_to_the_schema(
    server: FakeServer, api: MessagesApi, job: Job, text: str, problem: str | None
) -> None:
    path = job.store.with_name("schema.json")
    path.write_text(json.dumps(SCHEMA))
    server.plan.answers = {"a": {"content": [{"type": "text", "text": text}]}}
    held = dataclasses.replace(job, schema=path)
    fill(held, "a")
    submit(held, api)
    collect(held, api)
    found = status_of(held).dead_items
    assert delivered(job) == ([] if problem else ["a"])
    assert (problem or "") in (found[0][1] if found else "") and bool(found) == bool(problem)


@pytest.mark.parametrize(
    ("text", "problem"), [("[" * 200_000, "nested too deep"), (json.dumps({"\ud800": 1}), r"answer.\ud800 may not")]
)
def test_an_answer_that_nobody_could_expect_dies_alone(
    server: FakeServer, api: MessagesApi, job: Job, text: str, problem: str
) -> None:
    path = job.store.with_name("schema.json")
    path.write_text('{"additionalProperties": false}')
    server.plan.answers = {
        "odd": {"content": [{"type": "text", "text": text}]},
        "good": {"content": [{"type": "text", "text": "{}"}]},
    }
    held = dataclasses.replace(job, schema=path)
    fill(held, "odd", "good")
    submit(held, api)
    collect(held, api)
    assert delivered(job) == ["good"]
    ((key, reason),) = status_of(held).dead_items
    assert key == "odd" and problem in reason and server.posts == 1


@pytest.mark.parametrize(
    "schema",
    [
        {"minimum": "3"},
        {"type": "strng"},
        {"pattern": "("},
        {"$ref": "#/$defs/nobody"},
        {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}},
        {"properties": []},
        {"anyOf": {}},
        {"required": "score"},
        {"items": [{"type": "string"}]},
    ],
)
def test_a_rule_of_a_schema_that_cannot_be_read_is_told_before_anything_is_paid(
    api: MessagesApi, job: Job, tmp_path: Path, schema: object
) -> None:
    path = tmp_path / "odd.json"
    path.write_text(json.dumps({"properties": {"score": schema}, "$defs": {"a": {"$ref": "#/$defs/a"}}}))
    with pytest.raises(UserError, match="not checked"):
        collect(dataclasses.replace(job, schema=path), api)


def test_a_schema_that_cannot_be_checked_is_told_before_anything_is_read(api: MessagesApi, job: Job) -> None:
    path = job.store.with_name("odd.json")
    path.write_text('{"type": "object", "patternProperties": {}}')
    with pytest.raises(UserError, match="not checked: patternProperties"):
        collect(dataclasses.replace(job, schema=path), api)


def test_what_a_person_has_looked_at_is_told_no_more(server: FakeServer, api: MessagesApi, job: Job) -> None:
    server.plan.kinds = {"a": ["invalid_request_error"]}
    server.plan.lines = ["duplicate", "stranger"]
    fill(job, "a", "b")
    status = run(job, api, sleep=lambda s: None)
    assert (status.dead, status.strange_results, status.duplicate_results) == (1, 1, 1)
    assert len(status.troubles) == 2
    assert dismiss(job) == 2
    status = status_of(job)
    assert (status.canceled, status.delivered, status.troubles, status.done) == (1, 1, (), True)
    assert retry(job) == 0


def test_dead_items_are_retried_with_their_attempts_forgotten(
    server: FakeServer, api: MessagesApi, job: Job, tmp_path: Path
) -> None:
    server.plan.kinds = {"a": ["invalid_request_error"]}
    fill(job, "a")
    assert run(job, api, sleep=lambda s: None).dead == 1
    assert retry(job) == 1
    assert run(job, api, sleep=lambda s: None).delivered == 1
