from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from conftest import params
from fake_server import FakeServer, item_of

from analyzer.batch import Job, NewItem
from analyzer.batch.judge import Judged, judged
from analyzer.batch.messages_api import MessagesApi
from analyzer.batch.parity import Compared, Parity, carry_out, plan, sample
from analyzer.cli.parity import command
from analyzer.errors import UserError

KEYS = ("a", "b", "c")


def items(*keys: str, **more: Any) -> list[NewItem]:
    return [NewItem(params(key, **more), key, {"row": 1}, "2026-01-01T00:00:00+00:00") for key in keys]


def planned(job: Job, tmp_path: Path, *, twice: bool = False) -> Parity:
    return plan(job, items(*KEYS), tmp_path / "parity", twice=twice)


def go(parity: Parity, api: MessagesApi, **more: Any) -> Compared:
    return carry_out(parity, api, sleep=lambda seconds: None, **more)


def batch_says(server: FakeServer, change: Callable[[str, dict[str, Any]], None]) -> None:
    """Answers in batches differ from the synchronous ones."""
    usual = server.line

    def line(request: dict[str, Any], canceled: bool = False) -> dict[str, Any]:
        told = usual(request, canceled)
        change(item_of(request["params"]), told["result"]["message"])
        return told

    server.line = line  # type: ignore[method-assign]


def test_both_ways_get_the_same_requests_once(job: Job, tmp_path: Path, server: FakeServer, api: MessagesApi) -> None:
    found = go(planned(job, tmp_path), api)
    assert server.times_accepted() == server.times_called() == dict.fromkeys(KEYS, 1)
    assert (found.items, found.batch.pairs, found.batch.exact, found.again, found.unanswered) == (3, 3, 3, None, ())
    # 1,000 tokens in and 100 out at $5 and $25 a million: $0.0075 a request synchronously, half in a batch
    assert (found.synchronous_usd, found.batch_usd) == (Decimal("0.0225"), Decimal("0.01125"))
    assert not found.needs_a_person
    assert not job.store.exists()


def test_what_differs_is_counted(job: Job, tmp_path: Path, server: FakeServer, api: MessagesApi) -> None:
    server.plan.answers = {key: {"content": [{"type": "text", "text": '{"n": 1}'}]} for key in KEYS}

    def change(key: str, message: dict[str, Any]) -> None:
        if key == "b":
            message["content"] = [{"type": "text", "text": '{"n": 2}'}]
        if key == "c":
            message |= {"content": [{"type": "text", "text": '{"n":'}], "stop_reason": "max_tokens"}

    batch_says(server, change)
    found = go(planned(job, tmp_path, twice=True), api)
    assert (found.batch.exact, found.batch.json_equal, found.batch.json_same_fields) == (1, 1, 2)
    assert (found.batch.json_first_only, found.batch.stops) == (1, {("end_turn", "max_tokens"): 1})
    assert found.again is not None and (found.again.pairs, found.again.exact) == (3, 3)
    assert server.times_called() == dict.fromkeys(KEYS, 2)
    assert found.needs_a_person


def test_a_judge_sees_the_pairs_that_differ_blind(
    job: Job, tmp_path: Path, server: FakeServer, api: MessagesApi
) -> None:
    usual = server.message

    def answer(params: dict[str, Any]) -> dict[str, Any]:
        told = usual(params)
        asked = item_of(params)
        if params["model"] == "claude-haiku-4-5":
            # the judge likes whatever the batch said
            first, _ = asked.split("<answer_b>")
            told["content"] = [{"type": "text", "text": "A or B?\nA" if "other" in first else "B"}]
        return told

    server.message = answer  # type: ignore[method-assign]

    def change(key: str, message: dict[str, Any]) -> None:
        if key != "a":
            message["content"] = [{"type": "text", "text": f"other {key}"}]

    batch_says(server, change)
    parity = plan(job, items(*KEYS), tmp_path / "parity", judge="claude-haiku-4-5")
    found = go(parity, api)
    assert found.judged == Judged("claude-haiku-4-5", synchronous_better=0, batch_better=2, same=0, undecided=0)
    assert len(server.called) == 5
    assert go(parity, api).judged == found.judged and len(server.called) == 5
    assert parity.judge_high_usd > 0 and parity.most_usd == 3 * parity.batch_usd[2] + parity.judge_high_usd


def test_a_judge_without_a_price_is_refused(job: Job, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="a model with a price"):
        plan(job, items("a"), tmp_path / "parity", judge="nobody-1")


def test_the_last_word_of_the_judge_counts() -> None:
    def said(text: str) -> dict[str, Any]:
        return {"content": [{"type": "text", "text": text}]}

    answers = {"k1": said("A is longer.\nSAME"), "k2": said("hard to say")}
    assert judged("m", ["k1", "k2", "k3"], answers) == Judged("m", 0, 0, same=1, undecided=2)


def test_a_run_that_was_stopped_is_taken_up_and_pays_nothing_twice(
    job: Job, tmp_path: Path, server: FakeServer, api: MessagesApi
) -> None:
    server.plan.calls = ["ok", "401", "401", "401", "401"]
    with pytest.raises(UserError, match="401"):
        go(planned(job, tmp_path), api)
    answered = set(server.times_called())
    calls = tmp_path / "parity" / "synchronous.jsonl"
    calls.write_text(calls.read_text() + '{"way": "synchronous", "key": "torn')
    server.plan.calls = []
    found = go(planned(job, tmp_path), api)
    assert answered < set(KEYS)
    assert found.batch.pairs == 3
    assert server.times_called() == server.times_accepted() == dict.fromkeys(KEYS, 1)


def test_a_busy_server_is_asked_again_and_a_lost_answer_is_told(
    job: Job, tmp_path: Path, server: FakeServer, api: MessagesApi
) -> None:
    server.plan.calls = ["529", "429", "529"]
    assert go(planned(job, tmp_path), api).batch.pairs == 3
    server.plan.calls = ["drop"]
    found = go(plan(job, items("d"), tmp_path / "other"), api)
    ((way, key, reason),) = found.unanswered
    assert (way, key) == ("synchronous", "d") and "may have been billed" in reason
    assert found.needs_a_person and found.batch.pairs == 0


def test_a_refused_batch_stops_before_any_call(job: Job, tmp_path: Path, server: FakeServer, api: MessagesApi) -> None:
    server.plan.creates = ["401"]
    with pytest.raises(UserError, match=r"refused .*401"):
        go(planned(job, tmp_path), api)
    assert server.called == []


def test_an_item_that_dies_one_way_is_named(job: Job, tmp_path: Path, server: FakeServer, api: MessagesApi) -> None:
    server.plan.kinds = {"b": ["invalid_request_error"]}
    found = go(planned(job, tmp_path), api)
    assert [(way, key) for way, key, _ in found.unanswered] == [("batch", "b")]
    assert found.batch.pairs == 2 and found.needs_a_person


def test_a_folder_holds_one_run(job: Job, tmp_path: Path, server: FakeServer, api: MessagesApi) -> None:
    go(planned(job, tmp_path), api)
    with pytest.raises(UserError, match="other requests"):
        go(plan(job, items("x"), tmp_path / "parity"), api)
    assert set(server.times_called()) == set(KEYS)


def test_what_no_batch_takes_goes_neither_way(job: Job, tmp_path: Path) -> None:
    found = plan(job, [*items("a"), *items("b", stream=True), NewItem({"model": "m"}, "c")], tmp_path / "parity")
    assert [item.key for item in found.items] == ["a"]
    assert [key for key, _ in found.rejected] == ["b", "c"] and "stream" in found.rejected[0][1]
    assert not (tmp_path / "parity").exists()


def test_the_price_counts_each_way(job: Job, tmp_path: Path) -> None:
    once, twice = planned(job, tmp_path), planned(job, tmp_path, twice=True)
    # the high case of a batch is half the synchronous one
    assert once.synchronous_high_usd == 2 * once.batch_usd[2] and once.most_usd == 3 * once.batch_usd[2]
    assert twice.most_usd == 5 * once.batch_usd[2]


def test_a_sample_is_the_same_each_time_and_in_order() -> None:
    many = [NewItem({}, f"{number:04d}") for number in range(1000)]
    chosen = [item.key for item in sample([*many, *many], 50)]
    assert chosen == [item.key for item in sample(many, 50)]
    assert len(set(chosen)) == 50 and chosen == sorted(chosen) and chosen[-1] > "0900" and chosen[0] < "0100"
    assert [item.key for item in sample(many[:3], 50)] == ["0000", "0001", "0002"]


@pytest.fixture
def kit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: FakeServer) -> Path:
    (tmp_path / "batch.toml").write_text('[job]\nname = "w"\npoll = "1s"\n[budget]\nday_usd = "0.00"\n')
    lines = [json.dumps({"key": key, "params": params(key)}) for key in KEYS]
    (tmp_path / "requests.jsonl").write_text("\n".join([*lines, "no json"]) + "\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ANTHROPIC_API_KEY", "for-tests")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
    return tmp_path


def call(*words: str) -> Result:
    return CliRunner().invoke(command, ["requests.jsonl", *words], standalone_mode=False)


def test_the_cost_is_shown_and_nothing_is_sent_without_yes(kit: Path, server: FakeServer) -> None:
    told = call("-n", "2")
    assert told.return_value == 0 and "2 requests: in a batch" in told.output and "nothing was sent" in told.output
    assert (server.posts, server.called) == (0, [])
    assert not (kit / "parity").exists()


def test_the_command_sends_compares_and_keeps_the_answers_out_of_its_output(kit: Path, server: FakeServer) -> None:
    told = call("--yes", "--json")
    assert told.return_value == 0, told.output
    document = json.loads(told.stdout)
    assert document["plan"]["rejected"] == 1
    assert (document["compared"]["batch"]["pairs"], document["compared"]["batch"]["exact"]) == (3, 3)
    assert document["compared"]["batch_usd"] == "0.01125"
    assert "answer to" not in told.output
    again = call("--yes")
    assert again.return_value == 0 and "same content" in again.output and server.posts == 1
