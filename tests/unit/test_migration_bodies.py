"""The first batch out of a log with bodies."""

from __future__ import annotations

import gzip
import json
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from migration_values import assessment, component, workload

from analyzer.batch import load_job
from analyzer.batch.parity import plan
from analyzer.cli._batch import Lines
from analyzer.cli.ingest import command as ingest
from analyzer.cli.migrate import command as migrate
from analyzer.migration import kits_of
from analyzer.migration.bodies import params_of

SECRET = "the merger with Larkfield"
ANSWER = "an answer that nobody may keep"


def exchange(number: int, job: str, trigger: str, **more: Any) -> dict[str, Any]:
    """A call in the wrapper of Whowaits, with its bodies."""
    body = {
        "model": "claude-opus-4-8",
        "max_tokens": 500,
        "stream": False,
        "system": [{"type": "text", "text": "brief", "cache_control": {"type": "ephemeral"}}],
        "messages": [{"role": "user", "content": f"{SECRET} {number}"}],
    }
    return {
        "started_at": f"2026-10-{1 + number % 28:02d}T03:00:{number % 60:02d}Z",
        "trigger": trigger,
        "awaited": trigger == "user",
        "tags": {"workload": job},
        "request": body,
        "response": {
            "id": f"msg_{job}_{number}",
            "type": "message",
            "role": "assistant",
            "model": "claude-opus-4-8",
            "content": [{"type": "text", "text": ANSWER}],
            "stop_reason": "end_turn",
            "usage": {"input_tokens": 20_000, "output_tokens": 400},
        },
        **more,
    }


def call(command: Any, *words: str) -> Result:
    return CliRunner().invoke(command, list(words), standalone_mode=False)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An audit of a digest that nobody waits for and a chat that people wait for."""
    calls = [exchange(number, "digest", "schedule") for number in range(40)]
    calls += [exchange(number, "chat", "user") for number in range(20)]
    calls.append(exchange(900, "digest", "schedule", status="error"))
    log = tmp_path / "calls.jsonl.gz"
    log.write_bytes(gzip.compress("".join(json.dumps(each) + "\n" for each in calls).encode()))
    monkeypatch.chdir(tmp_path)
    assert call(ingest, "calls.jsonl.gz").exception is None
    yield tmp_path


def test_the_calls_that_move_become_the_first_batch(folder: Path) -> None:
    told = call(migrate, "--from-bodies", "calls.jsonl.gz", "-o", "kits", "--json")
    assert told.exception is None, told.exception
    document = json.loads(told.output)
    path = folder / "kits" / "01-digest" / "requests.jsonl"
    assert document["requests"] == [{"path": "kits/01-digest/requests.jsonl", "requests": 40}]
    assert document["passed_over"] == {
        "belongs to what does not move": 20,
        "not a call of this audit that was answered": 1,
    }
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    items = list(Lines(path.read_text().splitlines()))
    assert [item.key for item in items] == [f"msg_digest_{number}" for number in range(40)]
    assert items[0].params["messages"] == [{"role": "user", "content": f"{SECRET} 0"}]
    assert items[0].metadata is not None and items[0].metadata["workload"] == "digest"
    parity = plan(load_job(path.with_name("batch.toml")), items, folder / "parity")
    assert (len(parity.items), parity.rejected) == (40, ())


def test_bodies_are_in_no_other_file(folder: Path) -> None:
    assert call(migrate, "--from-bodies", "calls.jsonl.gz", "-o", "kits").exception is None
    holding = {path.name for path in folder.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()}
    assert holding == {"requests.jsonl"}
    assert not [path for path in folder.rglob("*") if path.is_file() and ANSWER.encode() in path.read_bytes()]


def test_bodies_need_a_folder_that_was_named(folder: Path) -> None:
    told = call(migrate, "--from-bodies", "calls.jsonl.gz")
    assert "no -o" in str(told.exception)
    assert not (folder / "migrations").exists()


def test_the_same_run_again_makes_the_same_items_and_an_edited_file_stays(folder: Path) -> None:
    path = folder / "kits" / "01-digest" / "requests.jsonl"
    for _ in range(2):
        assert call(migrate, "--from-bodies", "calls.jsonl.gz", "-o", "kits").exception is None
        assert len(path.read_text().splitlines()) == 40
    path.write_text("mine\n")
    assert "edited" in str(call(migrate, "--from-bodies", "calls.jsonl.gz", "-o", "kits").exception)
    assert path.read_text() == "mine\n"


def test_a_run_without_the_log_leaves_the_first_batch_where_it_is(folder: Path) -> None:
    path = folder / "kits" / "01-digest" / "requests.jsonl"
    assert call(migrate, "--from-bodies", "calls.jsonl.gz", "-o", "kits").exception is None
    first = path.read_bytes()
    for _ in range(2):  # it stays ours: a second run takes it for untouched as well
        assert call(migrate, "-o", "kits").exception is None
        assert path.read_bytes() == first and stat.S_IMODE(path.stat().st_mode) == 0o600
    assert call(migrate, "--from-bodies", "calls.jsonl.gz", "-o", "kits").exception is None
    assert path.read_bytes() != b""


def test_a_log_that_the_audit_has_not_read_says_so(folder: Path) -> None:
    (folder / "other.jsonl").write_text(json.dumps(exchange(5, "other", "schedule")) + "\n")
    told = call(migrate, "--from-bodies", "other.jsonl", "-o", "kits")
    assert "none of its calls is in the audit" in str(told.exception)


def test_a_log_without_bodies_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = [exchange(number, "digest", "schedule") for number in range(3)]
    (tmp_path / "calls.jsonl").write_text("".join(json.dumps({**each, "request": None}) + "\n" for each in calls))
    monkeypatch.chdir(tmp_path)
    assert call(ingest, "calls.jsonl").exception is None
    assert "no request bodies" in str(call(migrate, "--from-bodies", "calls.jsonl", "-o", "kits").exception)


def test_an_http_exchange_without_any_id_is_told_by_its_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = []
    for number in range(30):
        whole = exchange(number, "digest", "schedule")
        body, answer = whole["request"], whole["response"]
        del answer["id"]
        wrapper = {"timestamp": whole["started_at"], "tags": whole["tags"], "user_agent": "x"}
        lines.append(
            {
                **wrapper,
                "request": {"url": "https://api.anthropic.com/v1/messages", "headers": {}, "body": json.dumps(body)},
                "response": {"status": 200, "headers": {}, "body": answer},
            }
        )
    (tmp_path / "http.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (tmp_path / "whowaits.toml").write_text('[[answer]]\nworkload = "digest"\nawaited = false\n')
    monkeypatch.chdir(tmp_path)
    assert call(ingest, "http.jsonl").exception is None
    told = call(migrate, "--from-bodies", "http.jsonl", "-o", "kits")
    assert told.exception is None, told.exception
    items = list(Lines((tmp_path / "kits" / "01-digest" / "requests.jsonl").read_text().splitlines()))
    assert [str(item.key).rsplit("-", 1)[1] for item in items] == [str(number) for number in range(1, 31)]
    assert len({item.key for item in items}) == 30


def kit_with(*levers: Any) -> Any:
    return kits_of(assessment(workload("w", component("c", levers=levers))))[0]


BODY = {"model": "m", "max_tokens": 1, "messages": [{"role": "user", "content": "x"}]}
MARK = {"type": "ephemeral"}
HOUR = {"type": "ephemeral", "ttl": "1h"}


def test_cache_marks_go_where_the_plan_does_not_cache() -> None:
    tool = {"name": "t", "input_schema": {"properties": {"cache_control": {"type": "string"}}}}
    body = {**BODY, "tools": [{**tool, "cache_control": MARK}], "stream": True, "thinking": None}
    assert params_of(body, kit_with("batch")) == {**BODY, "tools": [tool]}


def test_cache_marks_live_an_hour_where_it_does() -> None:
    kit = kit_with("caching", "batch")
    marked = [{"type": "text", "text": "s", "cache_control": HOUR}]
    assert params_of({**BODY, "system": "s"}, kit) == {**BODY, "system": marked}
    once = {**BODY, "system": [{"type": "text", "text": "s", "cache_control": MARK}, {"type": "text", "text": "t"}]}
    assert params_of(once, kit) == {**BODY, "system": [*marked, {"type": "text", "text": "t"}]}
    assert params_of({**BODY, "system": marked}, kit) == {**BODY, "system": marked}
    assert params_of(BODY, kit) == BODY


def test_half_a_request_is_none() -> None:
    for name in BODY:
        assert params_of({key: value for key, value in BODY.items() if key != name}, kit_with("batch")) is None
