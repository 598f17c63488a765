"""The promises, held by tests: no socket, no prompt text, one-way imports, a wheel that works."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SENTINEL = "zQ7-sentinel-of-the-prompt-9Kx"

NO_SOCKET = """
import sys
def refuse(event, args):
    if event.startswith("socket.") and event not in ("socket.gethostname",):
        raise RuntimeError("opened a socket: " + event)
sys.addaudithook(refuse)
from analyzer.cli import main
sys.argv = ["whowaits"] + sys.argv[1:]
main()
"""


def wrapped_call(number: int) -> dict[str, object]:
    """A call of our own log format whose every text field of a prompt holds the sentinel."""
    return {
        "started_at": f"2026-10-{1 + number % 28:02d}T09:00:{number % 60:02d}Z",
        "duration_s": 2.5,
        "tags": {"workload": "letters"},
        "user": f"{SENTINEL}-user",
        "request": {
            "model": "claude-haiku-4-5",
            "max_tokens": 100,
            "system": f"{SENTINEL} system",
            "tools": [{"name": "look", "description": SENTINEL, "input_schema": {"type": "object"}}],
            "messages": [{"role": "user", "content": f"{SENTINEL} {number}"}],
        },
        "response": {
            "id": f"msg_{number:04d}",
            "type": "message",
            "role": "assistant",
            "model": "claude-haiku-4-5",
            "content": [{"type": "text", "text": f"{SENTINEL} answer"}],
            "usage": {"input_tokens": 1000, "output_tokens": 100},
        },
    }


@pytest.fixture
def prompt_log(tmp_path: Path) -> Path:
    log = tmp_path / "log.jsonl"
    lines = [json.dumps(wrapped_call(number)) for number in range(40)]
    torn = lines[0][: len(lines[0]) // 2]
    wrong = wrapped_call(99)
    wrong["response"]["usage"]["input_tokens"] = SENTINEL  # type: ignore[index]
    log.write_text("\n".join([*lines, torn, json.dumps(wrong)]) + "\n")
    return log


def test_analyze_opens_no_socket(prompt_log: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = subprocess.run(
        [sys.executable, "-c", NO_SOCKET, "analyze", str(prompt_log), "-o", str(out)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert (out / "report.html").exists()


def test_the_socket_check_can_fail(tmp_path: Path) -> None:
    code = NO_SOCKET.replace("from analyzer.cli import main", "import socket; socket.socket()")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert "opened a socket" in done.stderr


def test_the_engine_never_downloads_an_extension(tmp_path: Path) -> None:
    from analyzer.store.audit import open_audit

    with open_audit(tmp_path / "a.duckdb") as audit:
        for setting in ("autoinstall_known_extensions", "autoload_known_extensions"):
            row = audit.connection.execute("select current_setting(?)", [setting]).fetchone()
            assert row == (False,)


def test_no_prompt_text_reaches_any_output_byte(prompt_log: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = subprocess.run(
        [sys.executable, "-m", "analyzer", "analyze", str(prompt_log), "-o", str(out)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert SENTINEL in prompt_log.read_text()
    written = [path for path in tmp_path.rglob("*") if path.is_file() and path != prompt_log]
    assert {path.name for path in written} >= {"audit.duckdb", "report.html", "savings.json"}
    for path in written:
        assert SENTINEL.encode() not in path.read_bytes(), path.name
    assert SENTINEL not in done.stdout + done.stderr
    savings = json.loads((out / "savings.json").read_text())
    # 40 calls, each 1,000 x $1 / million + 100 x $5 / million = $0.0015
    assert savings["baseline_usd"] == "0.06"


def test_imports_run_one_way() -> None:
    program = str(Path(sys.executable).parent / "lint-imports")
    done = subprocess.run([program, "--no-cache"], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stdout
    assert "2 kept, 0 broken" in done.stdout


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv=['whowaits','--help']\n"
        "from analyzer.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(','.join(sorted(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    loaded = set(done.stderr.strip().split(","))
    assert "analyze" in done.stdout
    assert "click" in loaded
    assert not loaded & {"duckdb", "pandas", "plotly", "anthropic", "jinja2", "numpy", "genai_prices"}


def test_the_wheel_runs_the_demo_outside_the_checkout(tmp_path: Path) -> None:
    built = subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(ROOT)],
        capture_output=True,
        text=True,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    (wheel,) = tmp_path.glob("whowaits-*.whl")
    venv.create(tmp_path / "env", with_pip=True)
    python = tmp_path / "env" / "bin" / "python"
    lock = [f"--constraint={ROOT / 'requirements.lock'}", "--quiet", "--disable-pip-version-check"]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    subprocess.run([python, "-m", "pip", "install", *lock, str(wheel)], check=True, env=environment)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    demo = subprocess.run(
        [python.parent / "whowaits", "demo"], capture_output=True, text=True, cwd=elsewhere, env=environment
    )
    assert demo.returncode == 0, demo.stderr
    assert (elsewhere / "whowaits-demo" / "report.html").stat().st_size > 100_000
    assert list((elsewhere / "whowaits-demo" / "migrations").glob("01-*/batch.toml"))
    where = subprocess.run(
        [python, "-c", "import analyzer; print(analyzer.__file__)"],
        capture_output=True,
        text=True,
        cwd=elsewhere,
        env=environment,
    )
    assert str(tmp_path / "env") in where.stdout
