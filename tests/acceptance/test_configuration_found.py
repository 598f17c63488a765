"""Which whowaits.toml counts: the one that is named, the one in the folder, the copy beside the audit."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from analyzer.cli import group
from analyzer.errors import UserError

ANSWER = '[[answer]]\nworkload = "letters"\nawaited = {awaited}\nwho = "post room"\n'
COPY_USED = "configuration: out/whowaits.toml, the copy beside the audit (--config FILE for another)\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a log of 20 calls of 1,000 tokens in and 100 out by Haiku 4.5: $0.03 in all."""
    monkeypatch.chdir(tmp_path)
    calls = [
        {
            "started_at": f"2026-10-{1 + number:02d}T{number**3 % 23:02d}:{number**2 % 59:02d}:00Z",
            "tags": {"workload": "letters"},
            "response": {
                "id": f"msg_{number}",
                "model": "claude-haiku-4-5",
                "usage": {"input_tokens": 1000, "output_tokens": 100},
            },
        }
        for number in range(20)
    ]
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(call) + "\n" for call in calls))
    return tmp_path


def run(*words: str) -> Result:
    result = CliRunner().invoke(group, list(words), catch_exceptions=False)
    assert result.exit_code == 0
    return result


def verdict(*words: str) -> tuple[str, str]:
    """(verdict, what was said on standard error)."""
    result = run("workloads", "--audit", "out/audit.duckdb", "--json", *words)
    (workload,) = json.loads(result.stdout)["workloads"]
    return workload["verdict"], result.stderr


def test_analyze_keeps_its_configuration_beside_the_audit_and_later_commands_find_it(folder: Path) -> None:
    (folder / "mine.toml").write_text(ANSWER.format(awaited="false"))
    run("analyze", "log.jsonl", "--config", "mine.toml", "-o", "out")
    assert (folder / "out" / "whowaits.toml").read_bytes() == (folder / "mine.toml").read_bytes()
    assert verdict() == ("batchable", COPY_USED)
    document = json.loads(run("savings", "--audit", "out/audit.duckdb", "--json").stdout)
    assert document == json.loads((folder / "out" / "savings.json").read_text())


def test_the_file_a_person_edits_comes_before_the_copy(folder: Path) -> None:
    mine = folder / "whowaits.toml"
    mine.write_text(ANSWER.format(awaited="false"))
    run("analyze", "log.jsonl", "-o", "out")
    assert verdict() == ("batchable", "")
    mine.write_text(ANSWER.format(awaited="true"))
    said = "configuration: ./whowaits.toml, which differs from out/whowaits.toml of the last analyze\n"
    assert verdict() == ("real-time", said)
    assert verdict("--config", "out/whowaits.toml") == ("batchable", "")


RULE = """
id = "letters-by-post"
title = "Letters"
question = "Are these letters?"
when = "workload = 'letters'"
says = "nobody-waits"
basis = "inferred"
family = "name"
strength = -2.0
sentence = "Letters go by post."
source = "the post room"
checked = 2026-11-21
[[example]]
expects = "match"
given = { workload = "letters" }
[[example]]
expects = "no-match"
given = { workload = "chat" }
[[example]]
expects = "unknown"
given = { requests = 3 }
"""


def test_the_rules_that_a_configuration_names_are_kept_with_it(folder: Path) -> None:
    (folder / "ours" / "pack").mkdir(parents=True)
    (folder / "ours" / "pack" / "letters-by-post.toml").write_text(RULE)
    (folder / "ours" / "mine.toml").write_text('[rules]\nfolder = "pack"\n')
    run("analyze", "log.jsonl", "-o", "out")
    assert verdict()[0] == "real-time"
    run("analyze", "log.jsonl", "--config", "ours/mine.toml", "-o", "out")
    assert verdict() == ("batchable", COPY_USED)
    assert [path.name for path in (folder / "out" / "whowaits.rules").iterdir()] == ["letters-by-post.toml"]


def test_the_copy_is_there_even_when_the_analysis_fails(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "mine.toml").write_text(ANSWER.format(awaited="false"))

    def broken(audit: object, config: object) -> None:
        raise ZeroDivisionError("a bug")

    with monkeypatch.context() as patched, pytest.raises(ZeroDivisionError):
        patched.setattr("analyzer.savings.assess", broken)
        run("analyze", "log.jsonl", "--config", "mine.toml", "-o", "out")
    assert verdict() == ("batchable", COPY_USED)


def test_without_any_configuration_none_is_made(folder: Path) -> None:
    run("analyze", "log.jsonl", "-o", "out")
    assert not (folder / "out" / "whowaits.toml").exists()
    assert verdict() == ("real-time", "")


def test_what_was_edited_beside_the_audit_is_not_lost(folder: Path) -> None:
    (folder / "mine.toml").write_text(ANSWER.format(awaited="false"))
    run("analyze", "log.jsonl", "--config", "mine.toml", "-o", "out")
    edited = ANSWER.format(awaited="true")
    (folder / "out" / "whowaits.toml").write_text(edited)
    assert verdict() == ("real-time", COPY_USED)
    assert run("analyze", "log.jsonl", "-o", "out").stderr == COPY_USED
    again = run("analyze", "log.jsonl", "--config", "mine.toml", "-o", "out")
    assert again.stderr == "out/whowaits.toml is replaced by mine.toml; what it said is in out/whowaits.toml.before\n"
    assert (folder / "out" / "whowaits.toml.before").read_text() == edited
    assert verdict() == ("batchable", COPY_USED)


def test_the_working_folder_may_be_the_output_folder(folder: Path) -> None:
    (folder / "whowaits.toml").write_text(ANSWER.format(awaited="false"))
    assert run("analyze", "log.jsonl", "-o", ".").stderr == ""
    assert not (folder / "whowaits.toml.before").exists()


def test_a_negotiated_discount_is_in_the_json_of_analyze_too(folder: Path) -> None:
    (folder / "whowaits.toml").write_text("[prices]\ndiscount_share = 0.10\n")
    run("analyze", "log.jsonl", "-o", "out")
    # $0.03 less 10 %
    assert json.loads((folder / "out" / "savings.json").read_text())["contracted"]["baseline_usd"] == "0.027"


@pytest.fixture
def small_sample(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A demo whose sample month is one small log with an answer."""
    sample = folder / "sample"
    (sample / "logs").mkdir(parents=True)
    (folder / "log.jsonl").rename(sample / "logs" / "log.jsonl")
    (sample / "whowaits.toml").write_text(ANSWER.format(awaited="false"))
    from analyzer import resources

    real = resources.shipped
    for module in ("analyzer.resources.shipped", "analyzer.cli._run.shipped"):
        monkeypatch.setattr(module, lambda name: sample if name == "sample_data" else real(name))
    return sample


def test_the_figures_of_the_demo_are_found_again_by_savings(small_sample: Path) -> None:
    for _ in range(2):
        assert "20 calls, 0 duplicates" in run("demo", "-o", "out").stdout
    assert verdict() == ("batchable", COPY_USED)


def test_the_demo_never_removes_an_audit_of_ones_own_logs(folder: Path, small_sample: Path) -> None:
    (folder / "mine.jsonl").write_text((small_sample / "logs" / "log.jsonl").read_text())
    run("analyze", "mine.jsonl", "-o", "out")
    with pytest.raises(UserError, match="holds logs of your own"):
        run("demo", "-o", "out")
    assert "20" in run("spend", "--audit", "out/audit.duckdb").stdout


def test_logs_of_ones_own_never_mix_with_the_sample_month(folder: Path, small_sample: Path) -> None:
    run("demo", "-o", "out")
    (folder / "mine.jsonl").write_text((small_sample / "logs" / "log.jsonl").read_text().replace("msg_", "own_"))
    with pytest.raises(UserError, match="holds the sample month"):
        run("analyze", "mine.jsonl", "-o", "out")
    run("analyze", str(small_sample / "logs"), "-o", "out")
    total = json.loads(run("spend", "--audit", "out/audit.duckdb", "--json").stdout)["total"]
    assert total["requests"] == 20
