"""`whowaits trial routing`: priced first, sent once, graded by the user's check, and worth what its lower end says."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from analyzer.cli import group
from analyzer.errors import UserError

sys.path.insert(0, str(Path(__file__).parents[1] / "batch"))
from fake_server import FakeServer

SMALL, BIG, JUDGE = "claude-haiku-4-5", "claude-opus-4-6", "claude-sonnet-4-6"
LOG = ("--from-bodies", "calls.jsonl")
ASK = ("trial", "routing", "digest", "--to", SMALL)


def text(words: str) -> list[dict[str, str]]:
    return [{"type": "text", "text": words}]


def call(number: int, job: str = "digest", **changes: Any) -> dict[str, Any]:
    """A call of Opus 4.6: 20,000 in and 400 out, 0.10 + 0.01 = 0.11 USD."""
    body = {
        "model": BIG,
        "max_tokens": 500,
        "messages": [{"role": "user", "content": f"{job} {number}"}],
        **changes.pop("body", {}),
    }
    return {
        "started_at": f"2026-10-{1 + number % 28:02d}T03:00:{number % 60:02d}Z",
        "awaited": job == "chat",
        "tags": {"workload": job},
        "request": body,
        "response": {
            "id": f"msg_{job}_{number}",
            "type": "message",
            "role": "assistant",
            "model": body["model"],
            "content": text(f"answer to {job} {number}"),
            "stop_reason": "end_turn",
            "usage": {"input_tokens": 20_000, "output_tokens": 400},
            **changes.pop("response", {}),
        },
        **changes,
    }


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeServer]:
    with FakeServer() as running:
        monkeypatch.setenv("ANTHROPIC_API_KEY", "for-tests")
        monkeypatch.setenv("ANTHROPIC_BASE_URL", running.url)
        yield running
    assert running.breaches == []


def ingest(folder: Path, calls: list[dict[str, Any]]) -> None:
    (folder / "calls.jsonl").write_text("".join(json.dumps(each) + "\n" for each in calls))
    result = CliRunner().invoke(group, ["ingest", "calls.jsonl"], catch_exceptions=False)
    assert result.exit_code == 0, result.output


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Ten calls of a digest and five of a chat."""
    monkeypatch.chdir(tmp_path)
    ingest(tmp_path, [call(number) for number in range(10)] + [call(number, "chat") for number in range(5)])
    return tmp_path


def run(*words: str) -> str:
    result = CliRunner().invoke(group, list(words), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def found(*words: str) -> dict[str, Any]:
    document = json.loads(run(*ASK, *LOG, *words, "--json"))
    result: dict[str, Any] = document["found"]
    return result


def sent(server: FakeServer) -> list[dict[str, Any]]:
    return [request["params"] for batch in server.made for request in batch.requests]


def test_the_price_comes_first_and_nothing_leaves_or_stays(folder: Path, server: FakeServer) -> None:
    printed = run(*ASK, *LOG, "--exact")
    assert "10 requests: 10 to claude-haiku-4-5" in printed
    assert "list cost in batches" in printed
    assert "left out: 5: belongs to what is not tried" in printed
    assert "nothing was sent; --yes sends it" in printed
    assert server.posts == 0
    assert sorted(path.name for path in folder.iterdir()) == ["audit.duckdb", "calls.jsonl"]


def test_answers_like_those_of_the_log_pass_and_today_is_not_paid_again(folder: Path, server: FakeServer) -> None:
    told = found("--exact", "--yes")
    assert (told["tried"], told["passed"], told["failed"]) == (10, 10, {})
    assert {params["model"] for params in sent(server)} == {SMALL}
    # ten of ten: 10 / (10 + 3.841459) = 0.722467
    assert (told["pass_rate"], told["pass_rate_low"], told["pass_rate_high"]) == (1.0, 0.722467, 1.0)


def test_an_answer_that_counts_costs_both_models_where_it_failed(folder: Path, server: FakeServer) -> None:
    """Haiku 4.5: 1,000 in, 100 out: 0.001 + 0.0005 = 0.0015 each; two of ten fail and cost 0.11 again."""
    server.plan.answers = {f"digest {number}": {"content": text("something else")} for number in (3, 7)}
    told = found("--exact", "--yes")
    assert (told["passed"], told["failed"]) == (8, {"check": 2})
    costs = {name: Decimal(value) for name, value in told["costs"].items() if name != "costed"}
    assert costs == {
        "today_usd": Decimal("1.10"),
        "smaller_usd": Decimal("0.015"),
        "fallback_usd": Decimal("0.235"),
        "passed_answer_usd": Decimal("0.0235"),
    }
    assert Decimal(told["spent_usd"]) == Decimal("0.0075")  # half, in a batch


def test_refusals_errors_and_answers_cut_off_fail_and_are_told_apart(folder: Path, server: FakeServer) -> None:
    server.plan.answers = {
        "digest 0": {"stop_reason": "refusal"},
        "digest 1": {"stop_reason": "max_tokens"},
    }
    server.plan.kinds = {"digest 2": ["invalid_request_error"]}
    told = found("--regex", "answer", "--yes")
    assert (told["tried"], told["passed"]) == (10, 7)
    assert told["failed"] == {"no-answer": 1, "refused": 1, "cut-off": 1}
    assert sum(told["reasons"].values()) == 1
    assert (told["today_checked"], told["today_passed"]) == (10, 10)


def test_what_the_smaller_model_cannot_take_fails_unsent(tmp_path: Path, server: FakeServer, monkeypatch: Any) -> None:
    """Haiku 4.5 writes at most 64,000 tokens and reads 200,000; Opus 4.6 128,000 and a million."""
    monkeypatch.chdir(tmp_path)
    calls = [call(number) for number in range(4)]
    calls.append(call(4, body={"max_tokens": 100_000}))
    calls.append(call(5, body={"messages": [{"role": "user", "content": "x" * 1_200_000}]}))
    calls.append(call(6, body={"temperature": 0.5}))
    ingest(tmp_path, calls)
    told = found("--regex", "answer", "--yes")
    assert (told["tried"], told["passed"], told["failed"]) == (6, 4, {"unable": 2})
    assert any("64000" in reason for reason in told["reasons"])
    assert any("200,000 tokens" in reason for reason in told["reasons"])
    assert "left out: 1: batches do not take the parameter temperature" in run(*ASK, *LOG, "--regex", "answer")
    assert len(sent(server)) == 4


def test_a_trial_that_is_not_done_saves_nothing_and_says_so(folder: Path, server: FakeServer) -> None:
    with pytest.raises(UserError, match="a trial that is not done"):
        run(*ASK, *LOG, "--exact", "--save")
    assert sent(server) == [] and not (folder / "whowaits.toml").exists()


def test_a_second_run_pays_nothing_and_another_check_neither(folder: Path, server: FakeServer) -> None:
    first = found("--exact", "--yes")
    assert found("--exact") == first
    assert found("--regex", "nowhere")["passed"] == 0
    assert set(server.times_accepted().values()) == {1}


def test_a_run_that_was_stopped_is_taken_up(folder: Path, server: FakeServer) -> None:
    server.plan.creates = ["spend"]
    with pytest.raises(UserError, match=r"stuck with 10 calls not done.*enforced_spend_limit_reached"):
        run(*ASK, *LOG, "--exact", "--yes")
    assert found("--exact", "--yes")["passed"] == 10
    assert set(server.times_accepted().values()) == {1}


def test_an_answer_that_a_crash_tore_off_is_no_answer_yet(folder: Path, server: FakeServer) -> None:
    run(*ASK, *LOG, "--exact", "--yes", "--folder", "t")
    answers = folder / "t" / "answers.jsonl"
    answers.write_bytes(answers.read_bytes()[:-30])
    printed = run(*ASK, *LOG, "--exact", "--folder", "t")
    assert "9 calls of it answered already, not paid again" in printed
    assert "nothing was sent" in printed


def test_answers_that_somebody_took_away_are_missed_and_not_counted_as_failed(folder: Path, server: FakeServer) -> None:
    run(*ASK, *LOG, "--exact", "--yes", "--folder", "t")
    (folder / "t" / "answers.jsonl").unlink()
    with pytest.raises(UserError, match="answers that were delivered here are gone"):
        run(*ASK, *LOG, "--exact", "--yes", "--folder", "t")
    assert set(server.times_accepted().values()) == {1}


def test_a_trial_that_was_killed_while_it_waited_is_taken_up(folder: Path, server: FakeServer) -> None:
    server.plan.is_ending = False
    words = [sys.executable, "-m", "analyzer", *ASK, *LOG, "--exact", "--yes"]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 120
        while not server.made:
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.05)
        process.kill()
    server.plan.is_ending = True
    assert found("--exact", "--yes")["passed"] == 10
    assert set(server.times_accepted().values()) == {1}


def test_a_folder_is_for_one_smaller_model(folder: Path, server: FakeServer) -> None:
    run(*ASK, *LOG, "--exact", "--yes", "--folder", "t")
    with pytest.raises(UserError, match="a trial of another model"):
        run("trial", "routing", "digest", "--to", "claude-sonnet-4-6", *LOG, "--exact", "--folder", "t")


def test_a_larger_sample_pays_for_what_is_new_and_a_smaller_one_for_nothing(folder: Path, server: FakeServer) -> None:
    """Each answer costs 0.00075 in a batch: 1,000 in at 0.50 and 100 out at 2.50 USD a million."""
    assert Decimal(found("--exact", "-n", "4", "--yes")["spent_usd"]) == Decimal("0.003")
    assert "4 calls of it answered already, not paid again" in run(*ASK, *LOG, "--exact", "-n", "10")
    ten = found("--exact", "-n", "10", "--yes")
    assert (ten["tried"], ten["passed"], Decimal(ten["spent_usd"])) == (10, 10, Decimal("0.0075"))
    assert found("--exact", "-n", "4")["tried"] == 4
    assert len(sent(server)) == 10 and set(server.times_accepted().values()) == {1}


def test_what_an_earlier_run_left_unsent_is_not_sent_with_another_sample(folder: Path, server: FakeServer) -> None:
    server.plan.creates = ["spend"]
    with pytest.raises(UserError, match="stuck with 10 calls not done"):
        run(*ASK, *LOG, "--exact", "--yes")
    with pytest.raises(UserError, match="6 calls that an earlier run put down and did not send"):
        run(*ASK, *LOG, "--exact", "--yes", "-n", "4")
    assert sent(server) == []
    assert found("--exact", "--yes")["passed"] == 10


def test_another_request_of_the_same_key_is_sent_by_itself(folder: Path, server: FakeServer) -> None:
    for question in ("one", "two"):
        body = {"model": BIG, "max_tokens": 50, "messages": [{"role": "user", "content": question}]}
        line = {"key": "k", "params": body, "answer": f"answer to {question}"}
        (folder / "mine.jsonl").write_text(json.dumps(line) + "\n")
        assert "passed       1 of 1" in run(*ASK, "--requests", "mine.jsonl", "--exact", "--yes")
    assert [params["messages"][0]["content"] for params in sent(server)] == ["one", "two"]


@pytest.mark.parametrize(("check", "asked"), [(("--regex", "word"), 0), (("--judge", JUDGE), 20)])
def test_answers_longer_than_todays_ever_were_stay_under_the_price_that_was_told(
    tmp_path: Path, server: FakeServer, monkeypatch: pytest.MonkeyPatch, check: tuple[str, str], asked: int
) -> None:
    """Today's answers have 5 tokens, the smaller model's 450 of the 500 that they may have."""
    monkeypatch.chdir(tmp_path)
    short = {"content": text("label"), "usage": {"input_tokens": 30, "output_tokens": 5}}
    ingest(tmp_path, [call(number, response=short) for number in range(10)])
    long = {"content": text("lengthened wordings " * 130), "usage": {"input_tokens": 30, "output_tokens": 450}}
    server.plan.answers = {f"digest {number}": long for number in range(10)}
    words = (*check, "--folder", "t")
    most = Decimal(json.loads(run(*ASK, *LOG, *words, "--json"))["plan"]["high_usd"])
    with pytest.raises(UserError, match="--most-usd: a price of up to"):
        run(*ASK, *LOG, *words, "--yes", "--most-usd", str(most - Decimal("0.0001")))
    assert server.posts == 0
    told = json.loads(run(*ASK, *LOG, *words, "--yes", "--most-usd", str(most), "--json"))["found"]
    # Ten answers of 30 in and 450 out, in a batch: 10 * (30 * 0.50 + 450 * 2.50) / 1,000,000; the judge's besides
    assert told["tried"] == 10 and Decimal("0.0114") <= Decimal(told["spent_usd"]) < most
    assert len(judged(server)) == asked


def test_the_most_counts_what_is_still_to_be_sent_and_what_earlier_judges_cost(
    folder: Path, server: FakeServer
) -> None:
    server.plan.answers = ByPosition()
    spent = Decimal(found("--judge", JUDGE, "--yes")["spent_usd"])
    assert spent > Decimal("0.0075")
    assert found("--judge", JUDGE, "--most-usd", "0.000001")["passed"] == 10  # nothing is left to send
    with pytest.raises(UserError, match=r"--most-usd: a price of up to .* after \$0\.\d+ before; expected at most"):
        found("--judge", "claude-opus-4-5", "--yes", "--most-usd", str(spent))
    assert len(sent(server)) == 30
    assert Decimal(found("--judge", "claude-opus-4-5", "--yes", "--most-usd", "99")["spent_usd"]) > spent
    assert len(sent(server)) == 50


def test_a_sample_is_the_same_in_every_run_and_part_of_the_larger_one(folder: Path, server: FakeServer) -> None:
    run(*ASK, *LOG, "--exact", "--yes", "-n", "4", "--folder", "four")
    four = {params["messages"][0]["content"] for params in sent(server)}
    run(*ASK, *LOG, "--exact", "--yes", "-n", "6", "--folder", "six")
    six = [params["messages"][0]["content"] for params in sent(server)][4:]
    assert len(four) == 4 and four < set(six) and len(six) == 6


def test_a_schema_and_a_function_of_the_users_own(folder: Path, server: FakeServer) -> None:
    schema = {"type": "object", "required": ["mood"], "properties": {"mood": {"enum": ["good", "bad"]}}}
    (folder / "mood.json").write_text(json.dumps(schema))
    (folder / "my_trial_checks.py").write_text(
        "def is_long(text, item):\n    return len(text) > 15 and item['today'] is not None and 'params' in item\n"
        "def broken(text, item):\n    raise KeyError('x')\n"
    )
    server.plan.answers = {f"digest {number}": {"content": text('{"mood": "good"}')} for number in range(6)}
    server.plan.answers["digest 6"] = {"content": text('{"mood": "so so"}')}
    told = found("--json-schema", "mood.json", "--yes")
    assert (told["passed"], told["today_passed"]) == (6, 0)
    assert found("--check", "my_trial_checks:is_long")["passed"] == 10
    assert found("--check", "my_trial_checks:is_long", "--json-schema", "mood.json")["passed"] == 6
    with pytest.raises(UserError, match=r"my_trial_checks:broken raised KeyError.*no answer is paid for again"):
        found("--check", "my_trial_checks:broken")
    with pytest.raises(UserError, match="cannot be found"):
        found("--check", "my_trial_checks:gone")


class ByPosition(dict[str, Any]):
    """A judge that takes the answer that does not say `worse`, or has a favourite position."""

    def __init__(self, favourite: str | None = None) -> None:
        self.favourite = favourite

    def get(self, item: str, default: Any = None) -> Any:
        if "<answer_a>" not in item:
            return {"content": text(f"small answer to {item}")}
        if self.favourite:
            return {"content": text(self.favourite)}
        a, b = item.split("<answer_b>")
        word = {(True, False): "A", (False, True): "B"}.get(("worse" not in a, "worse" not in b), "SAME")
        return {"content": text(f"I looked.\n{word}")}


def judged(server: FakeServer) -> list[str]:
    return [str(p["messages"][0]["content"]) for p in sent(server) if p["model"] == JUDGE]


def test_the_judge_is_blind_and_sees_each_pair_both_ways_round(folder: Path, server: FakeServer) -> None:
    server.plan.answers = ByPosition()
    told = found("--judge", JUDGE, "--yes")
    assert (told["tried"], told["passed"], told["failed"]) == (10, 10, {})
    asked = judged(server)
    assert len(asked) == 20
    first = [
        question.index("small answer to digest 3") < question.index('"answer to digest 3')
        for question in asked
        if "digest 3" in question
    ]
    assert sorted(first) == [False, True]
    assert not any(name in question for question in asked for name in (SMALL, BIG, "msg_"))


def test_a_judge_that_prefers_a_position_fails_the_answer_and_that_is_told(folder: Path, server: FakeServer) -> None:
    server.plan.answers = ByPosition(favourite="A")
    told = found("--judge", JUDGE, "--yes")
    assert (told["passed"], told["failed"]) == (0, {"split": 10})
    assert "10: the judge changed its mind when the positions were swapped" in run(*ASK, *LOG, "--judge", JUDGE)


def test_another_judge_is_paid_alone(folder: Path, server: FakeServer) -> None:
    server.plan.answers = ByPosition()
    assert found("--judge", JUDGE, "--yes")["passed"] == 10
    assert found("--judge", "claude-opus-4-5", "--yes")["passed"] == 10
    models = [params["model"] for params in sent(server)]
    assert {name: models.count(name) for name in set(models)} == {SMALL: 10, JUDGE: 20, "claude-opus-4-5": 20}


def test_a_verdict_on_an_earlier_answer_of_today_is_none_on_a_later_one(folder: Path, server: FakeServer) -> None:
    def told(answer: str) -> dict[str, Any]:
        body = {"model": BIG, "max_tokens": 50, "messages": [{"role": "user", "content": "q"}]}
        (folder / "mine.jsonl").write_text(json.dumps({"key": "k", "params": body, "answer": answer}) + "\n")
        words = (*ASK, "--requests", "mine.jsonl", "--judge", JUDGE, "--yes", "--json")
        result: dict[str, Any] = json.loads(run(*words))["found"]
        return result

    server.plan.answers = ByPosition(favourite="SAME")
    assert told("worse")["passed"] == 1
    server.plan.answers = ByPosition(favourite="hard to say")
    assert told("far better")["failed"] == {"unjudged": 1}
    assert told("worse")["passed"] == 1
    models = [params["model"] for params in sent(server)]
    assert (models.count(SMALL), models.count(JUDGE)) == (1, 4)


def test_a_judge_without_a_verdict_fails_the_answer(folder: Path, server: FakeServer) -> None:
    server.plan.answers = ByPosition(favourite="hard to say")
    assert found("--judge", JUDGE, "--yes")["failed"] == {"unjudged": 10}


def test_what_is_worse_both_ways_round_fails(folder: Path, server: FakeServer) -> None:
    class Worse(ByPosition):
        def get(self, item: str, default: Any = None) -> Any:
            return super().get(item) if "<answer_a>" in item else {"content": text("worse")}

    server.plan.answers = Worse()
    assert found("--judge", JUDGE, "--yes")["failed"] == {"worse": 10}


def test_the_judge_is_not_asked_about_answers_that_are_the_same(folder: Path, server: FakeServer) -> None:
    assert found("--judge", JUDGE, "--yes")["passed"] == 10
    assert judged(server) == []


def test_today_is_asked_where_its_answer_is_not_known(folder: Path, server: FakeServer) -> None:
    lines = [
        {
            "key": f"k{n}",
            "params": {"model": BIG, "max_tokens": 50, "messages": [{"role": "user", "content": f"q {n}"}]},
        }
        for n in range(4)
    ]
    lines[0]["answer"] = "answer to q 0"
    lines[1]["answer"] = {"content": text("another answer"), "stop_reason": "end_turn"}
    text_lines = "".join(json.dumps(line) + "\n" for line in lines) + "no json\n"
    (folder / "mine.jsonl").write_text(text_lines)
    printed = run(*ASK, "--requests", "mine.jsonl", "--exact")
    assert "4 requests: 4 to claude-haiku-4-5, 2 to today's model, whose answer is not known" in printed
    assert "left out: 1: no JSON object with key and params" in printed
    printed = run(*ASK, "--requests", "mine.jsonl", "--exact", "--yes")
    assert "passed       3 of 4 (75.0%" in printed
    assert sorted(params["model"] for params in sent(server)) == [SMALL] * 4 + [BIG] * 2
    assert "(of the 2 whose usage is known)" in printed


def test_without_a_whole_answer_of_today_nothing_can_be_compared(
    tmp_path: Path, server: FakeServer, monkeypatch: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    ingest(tmp_path, [call(n, response={"stop_reason": "max_tokens"} if n < 3 else {}) for n in range(10)])
    told = found("--exact", "--yes")
    assert (told["tried"], told["passed"], told["ungraded"]) == (7, 7, 3)


def test_the_evidence_makes_routing_count_at_the_lower_end(folder: Path, server: FakeServer) -> None:
    """Ten calls of 200,000 in, 4,000 out in all: 1.00 + 0.10 = 1.10 USD. Nine of ten pass: at least 0.595849."""
    (folder / "whowaits.toml").write_text("# ours\n[constraints]\nallow_1h_cache = false\n")
    server.plan.answers = {"digest 3": {"content": text("something else")}}
    before = json.loads(run("savings", "--json"))
    told = found("--exact", "--yes", "--save", "--who", "Ann")
    saved = tomllib.loads((folder / "whowaits.toml").read_text())
    (answer,) = saved["answer"]
    assert {name: answer[name] for name in ("workload", "route_to", "pass_rate", "tried", "who")} == {
        "workload": "digest",
        "route_to": SMALL,
        "pass_rate": "0.9",
        "tried": 10,
        "who": "Ann",
    }
    assert answer["note"] == "9 of 10 passed the same as today's."
    after = json.loads(run("savings", "--json"))
    assert before["levers"]["routing"] == "0.00" and Decimal(after["levers"]["routing"]) > 0
    gained = Decimal(after["savings_usd"]) - Decimal(before["savings_usd"])
    assert gained == Decimal(told["saving"]["low_usd"]) > 0
    assert Decimal(told["saving"]["base_usd"]) > gained
    assert run(*ASK, *LOG, "--exact", "--save", "--who", "Ann")
    assert tomllib.loads((folder / "whowaits.toml").read_text()) == saved
    assert (folder / "whowaits.toml").read_text().startswith("# ours")


def test_a_later_trial_takes_the_place_of_an_earlier_and_tells_it(folder: Path, server: FakeServer) -> None:
    run(*ASK, *LOG, "--exact", "--yes", "--save")
    run(*ASK, *LOG, "--regex", "digest [0-4]", "--save")
    written = (folder / "whowaits.toml").read_text()
    (answer,) = tomllib.loads(written)["answer"]
    assert (answer["pass_rate"], answer["tried"]) == ("0.5", 10)
    assert "pass_rate was" in written


def test_long_requests_that_fail_more_often_are_told(
    tmp_path: Path, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nine of ten pass, and the one that fails costs 9.90 of 10.89 USD: 90.9 %, where 1 − 0.595849 is allowed for."""
    monkeypatch.chdir(tmp_path)
    long = {"usage": {"input_tokens": 1_800_000, "output_tokens": 36_000}}
    ingest(tmp_path, [call(number, response=long if number == 3 else {}) for number in range(10)])
    server.plan.answers = {"digest 3": {"content": text("something else")}}
    printed = run(*ASK, *LOG, "--exact", "--yes")
    assert "careful: what failed is 90.9% of today's cost, more than the lower end allows for" in printed
    server.plan.answers = {}
    assert "careful" not in run(*ASK, *LOG, "--regex", "answer|else")


def test_what_would_make_the_result_worthless_is_said_before_it_is_paid_for(folder: Path, server: FakeServer) -> None:
    (folder / "whowaits.toml").write_text('[constraints]\nallowed_models = ["claude-opus-4-6"]\n')
    printed = run(*ASK, *LOG, "--judge", BIG)
    assert "the judge claude-opus-4-6 answers itself here: it may favour its own answers" in printed
    assert "claude-haiku-4-5 is not among the allowed models of the configuration" in printed
    assert "up to 20 to the judge claude-opus-4-6" in printed


def test_a_trial_that_would_cost_too_much_is_not_begun(folder: Path, server: FakeServer) -> None:
    with pytest.raises(UserError, match=r"--most-usd: a price of up to .*; expected at most"):
        run(*ASK, *LOG, "--exact", "--yes", "--most-usd", "0.0001")
    assert server.posts == 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((*ASK, *LOG), "no check"),
        ((*ASK, "--exact"), "not one source of requests"),
        (("trial", "routing", "digst", "--to", SMALL, *LOG, "--exact"), "did you mean 'digest'"),
        (("trial", "routing", "digest", "--to", "claude-haiku-45", *LOG, "--exact"), "did you mean 'claude-haiku-4-5'"),
        (("trial", "routing", "digest", "--to", BIG, *LOG, "--exact"), "is on claude-opus-4-6 already: 10"),
        ((*ASK, *LOG, "--exact", "--component", "none"), "no kind of call 'none'"),
        ((*ASK, *LOG, "--regex", "("), "a regular expression"),
    ],
)
def test_what_cannot_be_tried_says_so_in_one_line(
    folder: Path, server: FakeServer, words: tuple[str, ...], told: str
) -> None:
    with pytest.raises(UserError) as error:
        run(*words)
    assert told in str(error.value)
    assert "\n" not in str(error.value)
    assert server.posts == 0
