from __future__ import annotations

import dataclasses
import resource
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from conftest import delivered, fill, job_in, results_file
from fake_server import FakeServer

from analyzer.batch import Destination, Job, collect, run, status_of, submit
from analyzer.batch import store as store_module
from analyzer.batch.lease import is_alive, on_duty, sweep
from analyzer.batch.messages_api import MessagesApi
from analyzer.batch.store import Store, open_store
from analyzer.errors import UserError


def test_a_holder_is_alive_as_long_as_its_block_or_process(tmp_path: Path) -> None:
    store = tmp_path / "jobs.sqlite"
    with on_duty(store) as first, on_duty(store) as second:
        assert first != second and is_alive(store, first) and is_alive(store, second)
        sweep(store)
        assert is_alive(store, first)
    assert not is_alive(store, first) and not is_alive(store, "never-was")
    code = (
        "import os, sys, pathlib; from analyzer.batch.lease import on_duty\n"
        "with on_duty(pathlib.Path(sys.argv[1])) as name:\n    print(name, flush=True); os.kill(os.getpid(), 9)"
    )
    dead = subprocess.run([sys.executable, "-c", code, str(store)], capture_output=True, text=True).stdout.strip()
    assert (tmp_path / "jobs.sqlite.workers" / dead).exists()
    assert not is_alive(store, dead)
    assert list((tmp_path / "jobs.sqlite.workers").iterdir()) == []


def test_submitters_and_collectors_at_once_send_and_deliver_once(
    server: FakeServer, api: MessagesApi, job: Job
) -> None:
    keys = sorted(f"item-{n}" for n in range(120))
    fill(job, *keys)
    small = dataclasses.replace(job, max_items=10)
    with ThreadPoolExecutor(4) as pool:
        for _ in range(2):
            done = list(pool.map(lambda step: step(small, api), [submit, submit, collect, collect]))
    run(small, api, sleep=lambda s: None)
    assert sorted(delivered(job)) == keys
    assert set(server.times_accepted().values()) == {1} and len(server.made) == 12
    assert len(done) == 4 and list((job.store.parent / "jobs.sqlite.workers").iterdir()) == []


PROCESS = """
import sys, json
from pathlib import Path
from anthropic import Anthropic
from analyzer.batch import Destination, Job, NewItem, collect, enqueue_many, submit
from analyzer.batch.messages_api import MessagesApi
url, folder, kind, number = sys.argv[1:]
job = Job("digest", Path(folder) / "jobs.sqlite", Destination("jsonl", Path(folder) / "results.jsonl"), max_items=7)
api = MessagesApi(Anthropic(api_key="for-tests", base_url=url, timeout=20))
for round_no in range(3):
    if kind == "enqueue":
        params = {"model": "claude-opus-4-8", "max_tokens": 10}
        items = (f"item-{n}" for n in range(round_no * 10, round_no * 10 + 20))
        enqueue_many([NewItem({**params, "messages": [{"role": "user", "content": i}]}, i) for i in items], job=job)
    (submit if kind == "submit" else collect)(job, api)
"""


def test_processes_that_enqueue_submit_and_collect_at_once(server: FakeServer, api: MessagesApi, job: Job) -> None:
    command = [sys.executable, "-c", PROCESS, server.url, str(job.store.parent)]
    running = [
        subprocess.Popen([*command, kind, str(number)], stderr=subprocess.PIPE, text=True)
        for number, kind in enumerate(("enqueue", "submit", "submit", "collect", "collect"))
    ]
    told = [process.communicate(timeout=200)[1] for process in running]
    assert [process.returncode for process in running] == [0] * 5, told
    status = run(job, api, sleep=lambda s: None)
    assert status.done and status.delivered == 40 and not status.needs_a_person
    assert sorted(delivered(job)) == sorted(f"item-{n}" for n in range(40))
    assert set(server.times_accepted().values()) == {1}


@contextmanager
def failing_at(number: int, error: Exception) -> Any:
    """The statement of that number fails, once."""
    count = 0
    run_one, run_many = Store.run, Store.run_many

    def counted(function: Callable[..., Any]) -> Callable[..., Any]:
        def called(self: Store, block: str, *values: Any, **named: Any) -> Any:
            nonlocal count
            count += 1
            if count == number:
                raise error
            return function(self, block, *values, **named)

        return called

    Store.run, Store.run_many = counted(run_one), counted(run_many)  # type: ignore[method-assign]
    try:
        yield lambda: count
    finally:
        Store.run, Store.run_many = run_one, run_many  # type: ignore[method-assign]


def test_a_disk_that_is_full_at_any_statement_loses_nothing(
    server: FakeServer, api: MessagesApi, tmp_path: Path
) -> None:
    number, failures = -1, 0
    while True:
        number += 2
        job = job_in(tmp_path, f"n{number}", max_items=2)
        job = dataclasses.replace(job, destination=Destination("jsonl", tmp_path / f"{number}.jsonl"))
        fill(job, f"{number}-a", f"{number}-b", f"{number}-c")
        with failing_at(number, sqlite3.OperationalError("database or disk is full")) as count:
            try:
                submit(job, api)
                collect(job, api)
            except UserError as error:
                assert "disk is full" in str(error)
            reached = count() >= number
        if not reached:
            break
        failures += 1
        for absent_s in (None, 0):
            submit(job, api, assume_absent_after_s=absent_s)
            collect(job, api)
        assert status_of(job).done and status_of(job).dead == 0, number
        assert sorted(delivered(job)) == [f"{number}-{key}" for key in "abc"], number
    assert failures > 20
    assert set(server.times_accepted().values()) == {1}


def test_a_store_that_cannot_grow_is_told_and_goes_on_when_it_can(
    server: FakeServer, api: MessagesApi, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(job, "a")
    lay_out = store_module._lay_out

    def small(path: Path, connection: sqlite3.Connection) -> None:
        lay_out(path, connection)
        pages = connection.execute("pragma page_count").fetchone()[0]
        connection.execute(f"pragma max_page_count = {pages}")

    monkeypatch.setattr(store_module, "_lay_out", small)
    with pytest.raises(UserError, match="disk is full"):
        fill(job, "b" * 400, system="x" * 100_000)
    monkeypatch.undo()
    assert status_of(job).queued == 1
    assert run(job, api, sleep=lambda s: None).delivered == 1


def test_a_destination_on_a_full_disk_keeps_what_fits_and_gets_the_rest_later(
    api: MessagesApi, job: Job, server: FakeServer
) -> None:
    fill(job, *"abcdefgh")
    submit(job, api)
    mine: Any = resource.getrlimit(resource.RLIMIT_FSIZE)
    store_bytes = 400_000
    results_file(job).write_bytes(b"x" * (store_bytes - 500) + b"\n")
    resource.setrlimit(resource.RLIMIT_FSIZE, (store_bytes, mine[1]))
    try:
        done = collect(job, api)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, mine)
    assert done.delivered == 0 and "File too large" in done.remarks[-1]
    assert results_file(job).stat().st_size == store_bytes
    assert collect(job, api, clock=lambda: 4e9).delivered == 8
    text = results_file(job).read_text().split("\n", 1)[1]
    assert [line.split('"')[3] for line in text.splitlines()] == list("abcdefgh")


def test_a_file_that_is_no_store_is_told(job: Job) -> None:
    job.store.write_bytes(b"not a database, but long enough to be taken for one" * 100)
    with pytest.raises(UserError, match="not a sound job store"):
        status_of(job)


def test_a_damaged_store_is_told_and_not_worked_with(server: FakeServer, api: MessagesApi, job: Job) -> None:
    fill(job, *(f"item-{n}" for n in range(300)))
    content = bytearray(job.store.read_bytes())
    for start in range(4096, len(content), 4096):
        content[start : start + 64] = b"\xff" * 64
    job.store.write_bytes(content)
    with pytest.raises(UserError, match="not a sound job store"):
        submit(job, api)
    assert server.posts == 0


def test_a_store_of_another_version_is_told(job: Job) -> None:
    fill(job, "a")
    with sqlite3.connect(job.store) as connection:
        connection.execute("pragma user_version = 7")
    connection.close()
    with pytest.raises(UserError, match="a job store of version 7"):
        status_of(job)


def test_a_store_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    job = Job("j", tmp_path / "file" / "jobs.sqlite", Destination("jsonl", tmp_path / "out"))
    with pytest.raises(UserError, match="cannot be opened"):
        status_of(job)


READ_ONLY = """
import os, sys
from pathlib import Path
from analyzer.batch import Destination, Job, enqueue
from analyzer.errors import UserError
def put(folder):
    job = Job("digest", folder / "jobs.sqlite", Destination("jsonl", folder / "out"))
    enqueue({"model": "m", "max_tokens": 1, "messages": [1]}, job=job, key="z")
put(Path(sys.argv[2]))
if os.getuid() == 0:
    os.setresuid(65534, 65534, 65534)
try:
    put(Path(sys.argv[1]))
except UserError as error:
    print(error)
"""


def test_a_store_on_a_read_only_place_is_told(tmp_path: Path) -> None:
    # A folder of its own, since pytest's are closed to the other user that root has to become.
    with tempfile.TemporaryDirectory() as name:
        job = job_in(Path(name))
        fill(job, "a")
        paths = [job.store.parent, *job.store.parent.glob("jobs.sqlite*")]
        modes = {path: path.stat().st_mode for path in paths}
        for path in paths:
            path.chmod(0o555 if path.is_dir() else 0o444)
        try:
            command = [sys.executable, "-c", READ_ONLY, name, str(tmp_path)]
            ran = subprocess.run(command, capture_output=True, text=True)
        finally:
            for path, mode in modes.items():
                path.chmod(mode)
        assert "jobs.sqlite: the job store refused (attempt to write a readonly database)" in ran.stdout, ran.stderr
        assert status_of(job).queued == 1


def test_a_full_disk_that_rolled_back_by_itself_is_told_as_such(job: Job) -> None:
    fill(job, "a")
    with pytest.raises(UserError, match="disk is full"), open_store(job.store) as store, store.change():
        store.connection.execute("rollback")
        raise sqlite3.OperationalError("database or disk is full")
