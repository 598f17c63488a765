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
