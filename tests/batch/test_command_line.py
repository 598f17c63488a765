from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from conftest import params
from fake_server import FakeServer

from analyzer.batch import load_job
from analyzer.cli.batch import command
from analyzer.errors import UserError, UserErrors

KIT = '[job]\nname = "w"\nmodels = ["claude-opus-4-8"]\npoll = "1s"\n[budget]\nday_usd = "1.00"\n'


@pytest.fixture
def kit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: FakeServer) -> Path:
    (tmp_path / "batch.toml").write_text(KIT)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ANTHROPIC_API_KEY", "for-tests")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
    return tmp_path


def call(*words: str, text: str | None = None) -> Result:
    return CliRunner().invoke(command, list(words), input=text, standalone_mode=False)


def test_a_kit_runs_from_enqueue_to_results(kit: Path) -> None:
    lines = [{"key": key, "params": params(key)} for key in ("a", "b", "a")]
    put = call("enqueue", "-", "--json", text="\n".join(json.dumps(line) for line in lines))
    assert json.loads(put.output) == {"added": 2, "known": 1, "rejected": 0, "rejects": []}
    assert call("run").return_value == 0
    status = call("status", "--json")
    document = json.loads(status.output)["jobs"][0]
    assert status.return_value == 0
    assert {k: document[k] for k in ("job", "delivered", "in_doubt", "dead", "done", "actual_usd")} == {
        "job": "w",
        "delivered": 2,
        "in_doubt": 0,
        "dead": 0,
        "done": True,
        "actual_usd": "0.0075",
    }
    assert len((kit / "results.jsonl").read_text().splitlines()) == 2


def test_doubt_exits_with_3(kit: Path, server: FakeServer) -> None:
    server.plan.creates = ["drop-before"]
    call("enqueue", "-", text=json.dumps({"key": "a", "params": params("a")}))
    assert call("submit").return_value == 3
    assert call("status").return_value == 3
    assert call("submit", "--assume-absent-after", "0s").return_value == 0


def test_bad_lines_are_told_by_number(kit: Path) -> None:
    good = json.dumps({"key": "a", "params": params("a")})
    put = call("enqueue", "-", "--json", text=f"{good}\nnot json\n[]\n{{}}\n")
    assert put.return_value == 1
    assert json.loads(put.output)["rejects"] == [
        {"line": 2, "reason": "not JSON"},
        {"line": 3, "reason": "no params"},
        {"line": 4, "reason": "no params"},
    ]


def test_no_key_is_told_in_one_line(kit: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    monkeypatch.delenv("ANTHROPIC_AUTH_TOKEN", raising=False)
    assert isinstance(call("submit").exception, UserError)


def test_every_problem_of_a_job_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "batch.toml"
    path.write_text('[job]\nname = "../x"\npol = "1m"\n[size]\nmax_items = 100001\n[budget]\nday_usd = 1.0\n[sizes]\n')
    with pytest.raises(UserErrors) as caught:
        load_job(path)
    told = str(caught.value)
    assert len(caught.value.errors) == 5
    for part in ("job.name", "did you mean 'poll'?", "size.max_items", "budget.day_usd", "did you mean 'size'?"):
        assert part in told
