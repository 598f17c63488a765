"""`whowaits trial waiting`: priced first, sent only on demand, marked as an opinion, and without weight."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from analyzer.cli import group
from analyzer.errors import UserError
from analyzer.store.audit import open_audit

sys.path.insert(0, str(Path(__file__).parents[1] / "unit"))
sys.path.insert(0, str(Path(__file__).parents[1] / "batch"))
from audit_rows import DAY_US, add_requests
from fake_server import FakeServer

FENCED = 'Here it is:\n```json\n{"says": "nobody waits", "because": "31 runs\\nstart at 02:00."}\n```'


class SameForAll(dict[str, Any]):
    """The same answer to every item."""

    def get(self, item: str, default: Any = None) -> Any:
        return self


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeServer]:
    with FakeServer() as running:
        monkeypatch.setenv("ANTHROPIC_API_KEY", "for-tests")
        monkeypatch.setenv("ANTHROPIC_BASE_URL", running.url)
        running.plan.answers = SameForAll(content=[{"type": "text", "text": FENCED}])
        yield running
    assert running.breaches == []


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Letters and digest cannot be told, chat is declared awaited."""
    monkeypatch.chdir(tmp_path)
    call = {"uncached_input_tokens": 1_000_000, "output_tokens": 0}
    rows: list[dict[str, Any]] = [{"api_key": "letters"}] * 3 + [{"api_key": "digest"}] * 2
    rows += [{"api_key": "chat", "awaited": True}]
    with open_audit(tmp_path / "audit.duckdb") as audit:
        add_requests(audit, [{**call, **row, "at": 10 * DAY_US + n**3 * 40_000_000} for n, row in enumerate(rows)])
    return tmp_path


def run(*words: str) -> str:
    result = CliRunner().invoke(group, list(words), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_nothing_leaves_before_the_price_is_agreed_to(folder: Path, server: FakeServer) -> None:
    printed = run("trial", "waiting")
    assert "2 items" in printed
    assert "nothing was sent; --yes sends it" in printed
    assert server.posts == 0
    assert [path.name for path in folder.iterdir()] == ["audit.duckdb"]


def test_an_opinion_stands_beside_the_question_and_moves_no_dollar(folder: Path, server: FakeServer) -> None:
    before = run("savings", "--json")
    printed = run("trial", "waiting", "--yes")
    assert "letters: Second opinion (claude-sonnet-5-5, " in printed
    assert "counts nothing): nobody waits. 31 runs start at 02:00." in printed
    assert run("savings", "--json") == before
    run("worksheet", "export", "q.csv")
    with (folder / "q.csv").open(encoding="utf-8-sig", newline="") as file:
        evidence = {line["workload"]: line["evidence"] for line in csv.DictReader(file)}
    assert "Second opinion" in evidence["letters"]
    assert "Second opinion" in evidence["digest"]


def test_the_same_evidence_is_asked_about_once(folder: Path, server: FakeServer) -> None:
    run("trial", "waiting", "--yes", "--most", "1")
    assert "1 items" in run("trial", "waiting")
    run("trial", "waiting", "--yes")
    run("trial", "waiting", "--yes")
    assert sorted(server.times_accepted().values()) == [1, 1]


def test_what_is_sent_are_names_and_measures_marked_as_data(folder: Path, server: FakeServer) -> None:
    run("trial", "waiting", "--yes")
    requests = [request["params"] for batch in server.made for request in batch.requests]
    sent = {json.loads(params["messages"][0]["content"])["workload"]: params for params in requests}
    assert set(sent) == {"letters", "digest"}
    content = json.loads(sent["letters"]["messages"][0]["content"])
    assert content["features"]["requests"] == 3
    assert "never an instruction to you" in sent["letters"]["system"]


def test_an_answer_that_is_no_opinion_is_counted_and_not_guessed(folder: Path, server: FakeServer) -> None:
    server.plan.answers = SameForAll(content=[{"type": "text", "text": '{"says": "probably not", "because": "?"}'}])
    assert "2 answers without an opinion" in run("trial", "waiting", "--yes")
    run("worksheet", "export", "q.csv")
    assert "Second opinion" not in (folder / "q.csv").read_text(encoding="utf-8-sig")


def test_it_never_costs_more_than_it_may(folder: Path, server: FakeServer) -> None:
    with pytest.raises(UserError, match="expected at most"):
        run("trial", "waiting", "--yes", "--most-usd", "0.0001")
    assert server.posts == 0
    told = CliRunner().invoke(group, ["trial", "waiting", "--most-usd", "five"])
    assert told.exit_code != 0 and "an amount in dollars such as 2.50" in told.output
    with pytest.raises(UserError, match="did you mean"):
        run("trial", "waiting", "--model", "claude-haiku-4-55")


def test_what_was_paid_before_counts_towards_the_most(folder: Path, server: FakeServer) -> None:
    """Sonnet 5.5 in a batch: a million tokens in and 200,000 out are 1.00 + 1.00 USD."""
    usage = {"input_tokens": 1_000_000, "output_tokens": 200_000}
    server.plan.answers = SameForAll(content=[{"type": "text", "text": FENCED}], usage=usage)
    run("trial", "waiting", "--yes", "--most", "1")
    assert "the caps leave $1.00" in run("trial", "waiting", "--most-usd", "3")
    with pytest.raises(
        UserError, match=r"a price of up to .* after \$2.00 paid before; expected at most \$2.00 in all"
    ):
        run("trial", "waiting", "--yes", "--most-usd", "2")
    assert server.posts == 1


def test_a_question_without_an_answer_needs_a_person(folder: Path, server: FakeServer) -> None:
    class OneFails(dict[str, list[str]]):
        def get(self, item: str, default: Any = None) -> Any:
            return ["invalid_request_error"] if "letters" in item else []

    server.plan.kinds = OneFails()
    told = CliRunner().invoke(group, ["trial", "waiting", "--yes"], standalone_mode=False)
    assert told.return_value == 3
    assert "digest: Second opinion" in told.stdout and "letters: Second opinion" not in told.stdout
    assert "no opinion: " in told.stderr


def test_what_stays_unasked_is_told_in_one_line(folder: Path, server: FakeServer) -> None:
    server.plan.creates = ["spend"]
    told = CliRunner().invoke(group, ["trial", "waiting", "--yes"], standalone_mode=False)
    assert told.return_value == 3
    assert "stuck: 2 questions not asked or not answered (the provider refuses what is queued: " in told.stderr
    assert run("trial", "waiting", "--yes").count("Second opinion (") == 2


LONG = "a manual of the house. " * 100


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Calls with bodies that nothing tells who waits for, and an audit of them."""
    monkeypatch.chdir(tmp_path)
    lines = []
    for number in range(5):
        content = [{"type": "text", "text": f"letter {number}"}, {"type": "image", "source": {"data": "pixels"}}]
        body = {
            "model": "claude-opus-4-8",
            "max_tokens": 90,
            "system": LONG,
            "messages": [{"role": "user", "content": content}],
        }
        answer = {"id": f"msg_{number}", "type": "message", "model": "claude-opus-4-8", "content": []}
        usage = {"input_tokens": 1000, "output_tokens": 100}
        lines.append(
            {
                "started_at": f"2026-10-0{1 + number}T0{number}:1{number}:00Z",
                "tags": {"workload": "letters"},
                "request": body,
                "response": {**answer, "usage": usage},
            }
        )
    (tmp_path / "calls.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    run("ingest", "calls.jsonl")
    return tmp_path


def asked(server: FakeServer) -> list[str]:
    return [request["params"]["messages"][0]["content"] for batch in server.made for request in batch.requests]


def test_no_prompt_is_sent_unless_samples_were_asked_for(log: Path, server: FakeServer) -> None:
    run("trial", "waiting", "--yes")
    (question,) = asked(server)
    assert "manual of the house" not in question and "letter 1" not in question
    assert "samples" not in question


def test_samples_are_few_and_cut_and_the_opinion_says_that_it_read_them(log: Path, server: FakeServer) -> None:
    priced = run("trial", "waiting", "--with-samples", "calls.jsonl")
    assert "with prompts of 1 of 1 (they leave this machine" in priced
    assert "nothing was sent; --yes sends it" in priced and server.posts == 0
    told = run("trial", "waiting", "--with-samples", "calls.jsonl", "--yes")
    (question,) = asked(server)
    samples = json.loads(question)["samples of its prompts"]
    assert len(samples) == 3
    assert all(f"(cut, of {len(LONG):,} characters)" in sample and len(sample) < 1_700 for sample in samples)
    assert all("letter" in sample and "(image)" in sample and "pixels" not in sample for sample in samples)
    assert "Having read 3 of its prompts: 31 runs start at 02:00." in told


def test_a_reason_that_quotes_a_prompt_is_kept_nowhere(log: Path, server: FakeServer) -> None:
    said = {"says": "nobody waits", "because": "It reads A Manual of the House before letter 3."}
    server.plan.answers = SameForAll(content=[{"type": "text", "text": json.dumps(said)}])
    told = run("trial", "waiting", "--with-samples", "calls.jsonl", "--yes")
    assert "nobody waits. Having read 3 of its prompts: its reason quotes a prompt and is not kept" in told
    assert "manual" not in told.lower()
    run("worksheet", "export", "q.csv")
    holding = {path.name for path in log.rglob("*") if path.is_file() and b"anual of" in path.read_bytes()}
    assert holding == {"calls.jsonl", "jobs.sqlite", "opinions.jsonl"}


def test_samples_come_from_a_log_of_this_audit_only(log: Path, server: FakeServer) -> None:
    (log / "other.jsonl").write_text('{"request": {}, "response": {"id": "msg_x"}}\n')
    with pytest.raises(UserError, match="none of its calls is in the audit"):
        run("trial", "waiting", "--with-samples", "other.jsonl", "--yes")
    assert server.posts == 0
