from __future__ import annotations

import dataclasses
import json
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import delivered, fill, params, results_file

from analyzer.batch import Destination, Job, collect, enqueue, status_of, submit
from analyzer.batch.messages_api import MessagesApi
from analyzer.batch.sinks import NEEDS, Answer, DeliveryError, sink_of
from analyzer.batch.sinks.directory import plain_name
from analyzer.batch.sinks.jsonl import JsonlFile
from analyzer.errors import UserError

MESSAGE = '{"content": "\\u00fc"}'


def answers(*keys: str) -> Iterator[Answer]:
    return iter([Answer(number, "digest", key, '{"row": 1}', MESSAGE) for number, key in enumerate(keys)])


def line(key: str) -> dict[str, Any]:
    return {"key": key, "job": "digest", "metadata": {"row": 1}, "message": {"content": "ü"}}


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 1.0])
@pytest.mark.parametrize("before", [b"", b"before\n", b"a line without an end"])
def test_a_torn_delivery_is_completed_byte_for_byte(tmp_path: Path, share: float, before: bytes) -> None:
    path = tmp_path / "results.jsonl"
    path.write_bytes(before)
    sink = JsonlFile(path)
    mark = sink.mark()
    sink.write(1, mark, answers(*"abcdefgh"))
    whole = path.read_bytes()
    path.write_bytes(whole[: len(before) + int((len(whole) - len(before)) * share)])
    sink.write(1, mark, answers(*"abcdefgh"))
    assert path.read_bytes() == whole and whole.startswith(before)
    after = whole[len(before) :].decode("ascii").splitlines()
    assert [json.loads(text) for text in after if text] == [line(key) for key in "abcdefgh"]


@pytest.mark.parametrize("content", [b"x\nsomebody else\n", b""])
def test_another_writer_during_a_delivery_is_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "results.jsonl"
    path.write_bytes(b"x\n")
    sink = JsonlFile(path)
    mark = sink.mark()
    path.write_bytes(content)
    with pytest.raises(UserError, match="changed by somebody else"):
        sink.write(1, mark, answers("a"))
    path.write_bytes(b"x\n")
    sink.write(1, mark, answers("a"))
    assert json.loads(path.read_text().splitlines()[1]) == line("a")


def test_a_destination_that_is_no_file_is_told_and_the_answers_wait(api: MessagesApi, job: Job) -> None:
    fill(job, "a")
    submit(job, api)
    results_file(job).mkdir()
    with pytest.raises(UserError, match="no regular file"):
        collect(job, api)
    assert status_of(job).succeeded == 1
    results_file(job).rmdir()
    assert collect(job, api).delivered == 1
    assert delivered(job) == ["a"]


@pytest.mark.parametrize("kind", ["sqlite", "duckdb"])
def test_a_table_holds_each_answer_once_however_often_it_is_delivered(tmp_path: Path, kind: str) -> None:
    destination = Destination(kind, tmp_path / f"out.{kind}", table="an odd \"name'")
    for keys in ("abc", "abc", "bcd"):
        sink_of(destination).write(1, 0, answers(*keys))
    connection = __import__(kind if kind == "duckdb" else "sqlite3").connect(str(destination.path))
    rows = connection.execute('select job, key, metadata, message from "an odd ""name\'" order by key').fetchall()
    connection.close()
    assert [tuple(row) for row in rows] == [("digest", key, '{"row": 1}', MESSAGE) for key in "abcd"]


class OtherDatabase:
    """Stands in for the PostgreSQL driver: takes the same statements and hands them to SQLite."""

    def __init__(self, path: Path) -> None:
        self.path, self.dsns = path, list[str]()

    def connect(self, dsn: str, *, autocommit: bool, connect_timeout: int) -> Any:
        self.dsns.append(dsn)
        if "secret" not in dsn:
            raise RuntimeError(f"no connection with {dsn}")
        connection = sqlite3.connect(self.path, isolation_level=None)

        class Cursor:
            def execute(self, statement: str) -> None:
                connection.execute(statement)

            def executemany(self, statement: str, rows: list[Any]) -> None:
                connection.executemany(statement.replace("%s", "?"), rows)

        class Connection:
            cursor = Cursor
            close = connection.close

        return Connection()


def test_postgresql_is_reached_by_the_environment_and_its_secret_stays_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = OtherDatabase(tmp_path / "x.sqlite")
    monkeypatch.setitem(sys.modules, "psycopg", driver)
    destination = Destination("postgresql", dsn_env="A_DSN", table="main.answers")
    with pytest.raises(UserError, match="no A_DSN"):
        sink_of(destination)
    monkeypatch.setenv("A_DSN", "postgresql://somebody:secret@host/db")
    for _ in range(2):
        sink_of(destination).write(1, 0, answers("a", "b"))
    with sqlite3.connect(tmp_path / "x.sqlite") as connection:
        assert connection.execute("select key from answers order by key").fetchall() == [("a",), ("b",)]
    connection.close()
    monkeypatch.setenv("A_DSN", "postgresql://somebody:passw0rd@host/db")
    with pytest.raises(DeliveryError) as caught:
        sink_of(destination).write(1, 0, answers("a"))
    assert "passw0rd" not in str(caught.value) and caught.value.__cause__ is None


def test_a_driver_that_is_not_installed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    monkeypatch.setenv("A_DSN", "x")
    with pytest.raises(UserError, match="pip install psycopg"):
        sink_of(Destination("postgresql", dsn_env="A_DSN"))


def test_a_directory_has_a_file_a_key_and_no_two_keys_share_one(tmp_path: Path) -> None:
    keys = ["plain", "Plain", "../../escape", "a/b", "a b", "x" * 300, ".hidden", "ünï"]
    sink = sink_of(Destination("directory", tmp_path / "out"))
    for _ in range(2):
        sink.write(1, 0, answers(*keys))
    folder = tmp_path / "out" / "digest"
    files = sorted(path.name for path in folder.iterdir())
    assert len(files) == len(keys) and plain_name("plain") == "plain"
    assert {json.loads((folder / name).read_text())["key"] for name in files} == set(keys)
    assert len({name.lower() for name in files}) == len(keys) and max(map(len, files)) < 110
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["digest"]


def test_two_jobs_in_one_folder_keep_their_answers_apart(api: MessagesApi, job: Job) -> None:
    place = Destination("directory", job.store.parent / "out")
    for name in ("digest", "Other"):
        named = dataclasses.replace(job, name=name, destination=place, store=job.store.with_name(f"{name}.sqlite"))
        fill(named, "document-1")
        submit(named, api)
        assert collect(named, api).delivered == 1
    found = sorted((job.store.parent / "out").glob("*/document-1.json"))
    assert [json.loads(path.read_text())["job"] for path in found] == ["digest", "Other"]


def test_a_file_that_cannot_be_finished_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(number: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        sink_of(Destination("directory", tmp_path / "out")).write(1, 0, answers("a"))
    assert list((tmp_path / "out" / "digest").iterdir()) == []


@pytest.mark.parametrize("kind", ["jsonl", "directory", "sqlite", "duckdb"])
def test_answers_on_the_disk_are_for_their_owner_alone(tmp_path: Path, kind: str) -> None:
    place = tmp_path / "out"
    sink_of(Destination(kind, place)).write(1, 0, answers("a"))
    written = [path for path in (place, *place.glob("digest/*")) if path.is_file()]
    assert written and {path.stat().st_mode & 0o077 for path in written} == {0}


COMMAND = """
import os, sys
assert "ANTHROPIC_API_KEY" not in os.environ
lines = sys.stdin.read()
open(sys.argv[1], "a").write(f"{os.environ['WHOWAITS_DELIVERY']} {os.environ['WHOWAITS_JOB']}\\n" + lines)
sys.exit(int(sys.argv[2]))
"""


@pytest.mark.parametrize(("code", "times"), [(0, 1), (7, 2)])
def test_a_command_reads_whole_deliveries_and_its_exit_code_counts(
    tmp_path: Path, api: MessagesApi, job: Job, monkeypatch: pytest.MonkeyPatch, code: int, times: int, capfd: Any
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "for-tests")
    out = tmp_path / "out"
    command = (sys.executable, "-c", COMMAND, str(out), str(code))
    commanded = dataclasses.replace(job, destination=Destination("command", command=command))
    fill(commanded, "a", "b")
    submit(commanded, api)
    done = collect(commanded, api)
    assert done.delivered == (2 if code == 0 else 0)
    collect(commanded, api, clock=lambda: 4e9)
    told = out.read_text().splitlines()
    assert told[0] == "1 digest" and [json.loads(text)["key"] for text in told[1:3]] == ["a", "b"]
    assert len(told) == 3 * times
    assert ("exit code 7" in str(done.remarks)) == (code == 7)


def test_a_command_that_hangs_or_is_not_there_is_told(tmp_path: Path) -> None:
    hanging = Destination("command", command=(sys.executable, "-c", "import time; time.sleep(60)"), timeout_s=1)
    with pytest.raises(DeliveryError, match="longer than 1 s"):
        sink_of(hanging).write(1, 0, answers("a"))
    with pytest.raises(DeliveryError, match="could not be started"):
        sink_of(Destination("command", command=(str(tmp_path / "nothing"),))).write(1, 0, answers("a"))


def test_a_python_function_gets_the_answers_and_the_number(tmp_path: Path, api: MessagesApi, job: Job) -> None:
    (tmp_path / "hooks_of_test.py").write_text(
        "got = []\n"
        "def take(answers, delivery_no):\n"
        "    got.append((delivery_no, [answer['key'] for answer in answers]))\n"
        "    if len(got) == 1:\n"
        "        raise ValueError('not yet')\n"
    )
    python = dataclasses.replace(job, destination=Destination("python", tmp_path, function="hooks_of_test:take"))
    fill(python, "a", "b")
    submit(python, api)
    assert "raised ValueError" in collect(python, api).remarks[0]
    assert collect(python, api, clock=lambda: 4e9).delivered == 2
    assert sys.modules["hooks_of_test"].got == [(1, ["a", "b"]), (1, ["a", "b"])]
    with pytest.raises(UserError, match="cannot be found"):
        sink_of(Destination("python", function="hooks_of_test:nothing"))
    sys.path.remove(str(tmp_path))


def test_large_answers_go_a_few_at_a_time(api: MessagesApi, job: Job, server: Any) -> None:
    big = {"content": [{"type": "text", "text": "x" * 9_000_000}]}
    server.plan.answers = dict.fromkeys("abc", big)
    for key in "abc":
        enqueue(params(key), job=job, key=key)
    submit(job, api)
    assert collect(job, api).delivered == 3
    with sqlite3.connect(job.store) as connection:
        assert connection.execute("select count(*) from deliveries").fetchone() == (3,)
    connection.close()
    assert delivered(job) == ["a", "b", "c"]


def test_each_kind_of_destination_has_its_sink(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_DSN", "x")
    monkeypatch.setitem(sys.modules, "psycopg", OtherDatabase(tmp_path))
    for kind in NEEDS:
        place = Destination(
            kind, tmp_path, url="https://example.com", dsn_env="A_DSN", command=("x",), function="json:dumps"
        )
        assert sink_of(place).at_once > 0
        assert place.place.startswith(f"{kind}:")
