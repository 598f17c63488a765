"""The commands as a newcomer meets them: odd input, empty audits, exit codes, what is printed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from analyzer.cli import main
from analyzer.store.audit import open_audit

ASKING = (["spend"], ["workloads"], ["explain", "letters"], ["savings"], ["report"], ["migrate"])


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str


Whowaits = Callable[..., Done]


@pytest.fixture
def whowaits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Whowaits:
    """Runs the command line as the shell would, in a folder of its own."""
    monkeypatch.chdir(tmp_path)

    def run(*words: object) -> Done:
        monkeypatch.setattr(sys, "argv", ["whowaits", *map(str, words)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return Done(ended.value.code, out, err)

    return run


def call(number: int, workload: str = "letters", model: str = "claude-haiku-4-5", **more: Any) -> str:
    """A line of our own log format: 1,000 tokens in at $1 and 100 out at $5 a million, $0.0015."""
    return json.dumps(
        {
            "started_at": f"2026-10-{1 + number % 28:02d}T{number**3 % 23:02d}:{number**2 % 59:02d}:00Z",
            "tags": {"workload": workload},
            "request": {"model": model, "max_tokens": 100},
            "response": {
                "id": f"msg_{workload}_{number}",
                "model": model,
                "usage": {"input_tokens": 1000, "output_tokens": 100},
            },
            **more,
        }
    )


def log(path: Path, *lines: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def test_a_log_that_nobody_understands_leaves_no_audit_behind(tmp_path: Path, whowaits: Whowaits) -> None:
    log(tmp_path / "notes.jsonl", "hello")
    for words in (["analyze", "notes.jsonl", "-o", "out"], ["ingest", "notes.jsonl"]):
        done = whowaits(*words)
        assert (done.code, done.out, done.err.count("\n")) == (1, "", 1)
        assert "not understood" in done.err
    assert [path.name for path in tmp_path.iterdir()] == ["notes.jsonl"]


@pytest.mark.parametrize("name", ["empty", "pictures", "missing"])
def test_a_folder_without_logs_leaves_nothing_behind(name: str, tmp_path: Path, whowaits: Whowaits) -> None:
    (tmp_path / "empty").mkdir()
    log(tmp_path / "pictures" / "a.png", "x")
    done = whowaits("analyze", name, "-o", "out")
    assert (done.code, done.out, done.err.count("\n")) == (1, "", 1)
    assert done.err.startswith(f"{name}: ")
    assert not (tmp_path / "out").exists()


def test_a_log_without_one_usable_call_says_why_and_leaves_nothing_behind(tmp_path: Path, whowaits: Whowaits) -> None:
    log(tmp_path / "log.jsonl", *(call(number, started_at="yesterday") for number in range(3)))
    done = whowaits("analyze", "log.jsonl", "-o", "out")
    assert done.code == 1
    assert "  3 lines rejected: started_at: " in done.out
    assert done.err == "out: no call was accepted; expected a log with calls; see the reasons above\n"
    assert not (tmp_path / "out").exists()


def test_an_audit_that_was_there_before_survives_a_failed_run(tmp_path: Path, whowaits: Whowaits) -> None:
    whowaits("analyze", log(tmp_path / "log.jsonl", call(1)), "-o", "out")
    log(tmp_path / "notes.jsonl", "hello")
    assert whowaits("analyze", "notes.jsonl", "-o", "out").code == 1
    assert whowaits("spend", "--audit", "out/audit.duckdb").code == 0


@pytest.mark.parametrize("words", ASKING, ids=lambda words: words[0])
def test_an_audit_without_requests_is_told_in_one_line(words: list[str], tmp_path: Path, whowaits: Whowaits) -> None:
    with open_audit(tmp_path / "audit.duckdb"):
        pass
    done = whowaits(*words)
    assert (done.code, done.out) == (1, "")
    assert done.err == "audit.duckdb: no requests in this audit; read some logs into it first: whowaits ingest\n"
    assert [path.name for path in tmp_path.iterdir()] == ["audit.duckdb"]


@pytest.mark.parametrize(
    ("words", "where"),
    [(["savings"], "audit.duckdb"), (["analyze", "log.jsonl", "-o", "out"], "out")],
    ids=["ask", "fill"],
)
def test_missing_rights_are_told_as_such(
    words: list[str], where: str, tmp_path: Path, whowaits: Whowaits, monkeypatch: pytest.MonkeyPatch
) -> None:
    whowaits("ingest", log(tmp_path / "log.jsonl", call(1)))
    monkeypatch.setattr("os.access", lambda path, mode, **more: mode == os.R_OK)  # root may do all
    done = whowaits(*words)
    expected = f"{where}: no right to read and write here; expected an audit of your own; check the rights\n"
    assert (done.code, done.out, done.err) == (1, "", expected)


def test_asking_an_empty_file_leaves_it_empty(tmp_path: Path, whowaits: Whowaits) -> None:
    log(tmp_path / "empty.jsonl")
    assert whowaits("spend", "--audit", "empty.jsonl").code == 1
    assert (tmp_path / "empty.jsonl").read_bytes() == b""


@pytest.mark.parametrize("words", ASKING, ids=lambda words: words[0])
def test_a_missing_audit_offers_the_one_of_the_last_analyze(
    words: list[str], tmp_path: Path, whowaits: Whowaits
) -> None:
    whowaits("analyze", log(tmp_path / "log.jsonl", call(1)), "-o", "my out")
    done = whowaits(*words)
    assert done.code == 1
    assert done.err.endswith("did you mean --audit 'my out/audit.duckdb'?\n")
    assert done.err.count("\n") == 1


def test_why_a_file_is_left_out_is_told_to_the_end(tmp_path: Path, whowaits: Whowaits) -> None:
    bedrock = '{"schemaType": "ModelInvocationLog", "requestId": "r", "modelId": "m"}'
    log(tmp_path / "logs" / "good.jsonl", call(1))
    log(tmp_path / "logs" / "both.jsonl", call(2), bedrock)
    done = whowaits("analyze", "logs", "-o", "out")
    assert "--format bedrock_invocation_log; one that holds both, once with each\n" in done.out


def test_files_that_are_not_understood_are_named_and_pictures_only_counted(tmp_path: Path, whowaits: Whowaits) -> None:
    log(tmp_path / "logs" / "good.jsonl", call(1))
    for number in range(7):
        log(tmp_path / "logs" / f"odd{number}.jsonl", f"hello {number}")
    for name in ("a.png", "b.md"):
        log(tmp_path / "logs" / name, "x")
    lines = whowaits("analyze", "logs", "-o", "out").out.splitlines()
    assert lines[0] == "read 1 file: 1 call, 0 duplicates dropped, 0 lines rejected, 7 files not understood"
    named = [f"  logs/odd{number}.jsonl: not understood: no log format matches" for number in range(5)]
    assert lines[1:7] == [*named, "  and 2 more"]
    assert lines[7] == "2 files left out by name (pictures, documents, programs)"
    table = whowaits("ingest", "logs", "--audit", "a.duckdb").out
    assert "a.png" not in table
    assert "2 files left out by name" in table


def test_a_path_with_spaces_and_line_breaks_is_read_and_printed_on_one_line(tmp_path: Path, whowaits: Whowaits) -> None:
    log(tmp_path / "my logs\nof\x1b[2Jmay" / "a b.jsonl", call(1))
    log(tmp_path / "my logs\nof\x1b[2Jmay" / "odd\n.jsonl", "hello")
    done = whowaits("analyze", "my logs\nof\x1b[2Jmay", "-o", "out put")
    assert done.code == 0
    assert "  my logs of [2Jmay/odd .jsonl: not understood" in done.out
    assert "\x1b" not in done.out + done.err
    assert "ask on: whowaits workloads --audit 'out put/audit.duckdb'" in done.out
    failed = whowaits("analyze", tmp_path / "my logs\nof\x1b[2Jmay" / "odd\n.jsonl", "-o", "out put")
    assert (failed.code, failed.err.count("\n"), "\x1b" in failed.err) == (1, 1, False)


def test_a_second_analyze_says_what_was_there_before(tmp_path: Path, whowaits: Whowaits) -> None:
    one = whowaits("analyze", log(tmp_path / "one.jsonl", call(1), call(2)), "-o", "out")
    assert "earlier runs" not in one.out
    two = whowaits("analyze", log(tmp_path / "two.jsonl", call(2), call(3)), "-o", "out")
    assert "read 1 file: 1 call, 1 duplicate dropped" in two.out
    assert "2 requests of earlier runs were in out/audit.duckdb already; they stay and count" in two.out
    # three calls of $0.0015; the second copy of msg 2 is not counted
    assert '"total": {\n    "requests": 3' in whowaits("spend", "--json", "--audit", "out/audit.duckdb").out


def test_the_verdicts_of_analyze_hold_cannot_tell_apart(tmp_path: Path, whowaits: Whowaits) -> None:
    chat = [call(number, "chat", awaited=True) for number in range(20)]
    hook = [call(number, "hook") for number in range(20)]
    odd = call(1, "odd", model="nobody-knows-1", awaited=True)
    done = whowaits("analyze", log(tmp_path / "log.jsonl", *chat, *hook, odd), "-o", "out")
    lines = [" ".join(line.split()) for line in done.out.splitlines()]
    # 20 and 20 calls of $0.0015
    assert "real-time 2 workloads $0.03" in lines
    assert "cannot tell 1 workload $0.03" in lines
    assert "1 request without a price, in no total (whowaits spend names the models)" in lines


def test_savings_and_analyze_print_the_figures_of_the_page(tmp_path: Path, whowaits: Whowaits) -> None:
    # 1,001 calls of $0.0015, each declared not awaited, are $1.5015; batch halves them
    calls = [call(number, "letters", awaited=False) for number in range(1001)]
    analyzed = whowaits("analyze", log(tmp_path / "log.jsonl", *calls), "-o", "out")
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    savings = whowaits("savings", "--audit", "out/audit.duckdb").out
    headline = next(line for line in savings.splitlines() if line.startswith("Saves at least "))
    figures = [word.strip(",.") for word in headline.split() if word.startswith("$")]
    assert "$1.50" in analyzed.out and "$1.50" in savings and "$1.50" in page
    assert len(figures) == 3
    assert all(figure in page for figure in figures)
    assert f"saves at least {figures[0]} " in analyzed.out
    money = [line.split()[-1].lstrip("−").lstrip("$") for line in savings.splitlines()[:6]]
    cents = [int(figure.replace(".", "")) for figure in money]
    assert cents[0] - sum(cents[1:5]) == cents[5]


def test_workloads_explain_and_savings_show_the_same_cents(tmp_path: Path, whowaits: Whowaits) -> None:
    # three workloads of 3 calls, $0.0045 each, $0.0135 in all: the column shows a cent for one of them, none is nothing
    calls = [call(number, name, awaited=True) for name in ("a", "b", "c") for number in range(3)]
    whowaits("analyze", log(tmp_path / "log.jsonl", *calls), "-o", "out")
    audit = ("--audit", "out/audit.duckdb")
    listed = {line.split()[0]: line.split()[-1] for line in whowaits("workloads", *audit).out.splitlines()[1:4]}
    assert listed == {"a": "$0.01", "b": "<$0.01", "c": "<$0.01"}
    assert "list cost $0.01\n" in whowaits("explain", "a", *audit).out
    assert "baseline (list cost)               $0.01\n" in whowaits("savings", *audit).out


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["spent"], "whowaits: no command 'spent'; did you mean 'spend'?; see whowaits --help"),
        (["analyze"], "whowaits analyze: Missing argument 'PATHS...'; see whowaits analyze --help"),
        (["spend", "--audit", "nowhere.duckdb"], "nowhere.duckdb: no such audit file; "),
        (["ingest", "log.jsonl", "--audit", "no/a.duckdb"], "no: no such folder; "),
        (["ingest", "log.jsonl", "--at", "noon"], "whowaits ingest: Invalid value for '--at': found 'noon', expected "),
        (["savings", "--config", "no.toml"], "no.toml: no such file; "),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_problem_of_the_user_is_one_line_and_exit_code_1(
    words: list[str], line: str, tmp_path: Path, whowaits: Whowaits
) -> None:
    log(tmp_path / "log.jsonl", call(1))
    done = whowaits(*words)
    assert (done.code, done.out, done.err.count("\n")) == (1, "", 1)
    assert done.err.startswith(line)


def test_a_bug_shows_its_traceback_and_exits_with_2(
    tmp_path: Path, whowaits: Whowaits, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*words: object, **more: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr("analyzer.store.ingest.ingest_paths", broken)
    done = whowaits("ingest", log(tmp_path / "log.jsonl", call(1)))
    assert done.code == 2
    assert "Traceback" in done.err and "this is a bug in whowaits" in done.err
    assert not (tmp_path / "audit.duckdb").exists()


@pytest.mark.parametrize("error", [KeyboardInterrupt(), RuntimeError("Query interrupted")], ids=["python", "duckdb"])
def test_ctrl_c_keeps_what_was_read_and_exits_with_130(
    error: BaseException, tmp_path: Path, whowaits: Whowaits, monkeypatch: pytest.MonkeyPatch
) -> None:
    whowaits("ingest", log(tmp_path / "one.jsonl", call(1)))

    def interrupted(*words: object, **more: object) -> None:
        raise error

    monkeypatch.setattr("analyzer.store.ingest.ingest_paths", interrupted)
    done = whowaits("ingest", log(tmp_path / "two.jsonl", call(2)))
    assert (done.code, done.out, done.err) == (130, "", "stopped; what was read completely is kept\n")
    assert whowaits("spend", "--json").out.count('"requests": 1') == 2


def test_ctrl_c_while_the_audit_is_made_leaves_none(
    tmp_path: Path, whowaits: Whowaits, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(audit: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr("analyzer.store.audit._salt", interrupted)
    done = whowaits("analyze", log(tmp_path / "log.jsonl", call(1)), "-o", "out")
    assert (done.code, done.err) == (130, "stopped; nothing was read completely yet\n")
    assert not (tmp_path / "out").exists()


def test_a_signal_while_standard_input_is_read_ends_with_130(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "analyzer", "analyze", "-", "-o", "out"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=tmp_path, **pipes) as running:
        assert running.stdin and running.stderr and running.stdout
        deadline = time.monotonic() + 60
        while not (tmp_path / "out" / "audit.duckdb").exists() and running.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        running.send_signal(signal.SIGINT)
        assert running.wait(60) == 130
        assert b"Traceback" not in running.stderr.read()
        assert running.stdout.read() == b""


def test_calls_without_a_time_take_the_one_that_is_given(tmp_path: Path, whowaits: Whowaits) -> None:
    answer = {"type": "message", "role": "assistant", **json.loads(call(1))["response"]}
    log(tmp_path / "log.jsonl", json.dumps(answer))
    assert whowaits("analyze", "log.jsonl", "-o", "out").code == 1
    assert whowaits("analyze", "log.jsonl", "--at", "2026-10-03", "-o", "out").code == 0
    days = json.loads(whowaits("spend", "--by", "day", "--json", "--audit", "out/audit.duckdb").out)["rows"]
    assert [row["day"] for row in days] == ["2026-10-03"]
