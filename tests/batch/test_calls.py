"""Paid answers of synchronous calls: on the disk or not asked for, whatever goes wrong."""

from __future__ import annotations

import errno
import json
import os
import signal
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from conftest import fill, params
from fake_server import FakeServer

from analyzer.batch import Guard, Job, NewItem, collect, status_of, submit
from analyzer.batch import calls as calls_module
from analyzer.batch.calls import Call, make_calls, read_lines
from analyzer.batch.lease import sole_user
from analyzer.batch.messages_api import MessagesApi
from analyzer.batch.parity import carry_out, plan
from analyzer.errors import UserError

CALLS = [Call("s", str(number), {}) for number in range(40)]


class Answers:
    """A provider that only answers; `at`: what happens at the call of that number."""

    def __init__(self, at: dict[int, Any] | None = None) -> None:
        self.made, self.at, self.lock = 0, at or {}, threading.Lock()

    def answer(self, params: str) -> dict[str, Any]:
        with self.lock:
            self.made += 1
            number = self.made
        if number in self.at:
            self.at[number]()
        return {"content": []}


def go(provider: Any, path: Path, calls: list[Call] = CALLS) -> Counter[str]:
    make_calls(calls, provider, path, sleep=lambda seconds: None)
    return Counter(line["key"] for line in read_lines(path))


def test_nothing_is_paid_where_no_answer_can_be_written(tmp_path: Path) -> None:
    provider = Answers()
    with pytest.raises(UserError, match="cannot be written"):
        go(provider, tmp_path / "no folder" / "x.jsonl")
    assert provider.made == 0


def test_a_disk_that_fills_up_stops_the_calls_and_leaves_whole_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, provider, flushes = tmp_path / "x.jsonl", Answers(), 0
    fsync = os.fsync

    def full(number: int) -> None:
        nonlocal flushes
        flushes += 1
        if flushes > 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        fsync(number)

    monkeypatch.setattr(calls_module.os, "fsync", full)
    with pytest.raises(UserError, match="No space left on device"):
        go(provider, path)
    monkeypatch.setattr(calls_module.os, "fsync", fsync)
    # The first flush is that of the empty file, two answers were kept, and four callers were at work then.
    assert len(path.read_text().splitlines()) == 2 and path.read_text().endswith("\n")
    assert provider.made <= 2 + 4
    made = provider.made
    assert set(go(provider, path).values()) == {1}
    assert provider.made == made + 38


def test_an_interrupt_ends_the_calls_and_keeps_their_answers(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    interrupted = threading.Event()

    def interrupt() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        assert interrupted.wait(30)

    provider = Answers({number: interrupt if number == 5 else lambda: interrupted.wait(30) for number in (5, 6, 7, 8)})
    make = calls_module.in_threads

    def seen(count: int, work: Any, stop: threading.Event) -> None:
        threading.Thread(target=lambda: (stop.wait(30), interrupted.set()), daemon=True).start()
        make(count, work, stop)

    calls_module.in_threads = seen
    try:
        with pytest.raises(KeyboardInterrupt):
            go(provider, path)
    finally:
        calls_module.in_threads = make
    # Up to four were being answered when it came; nothing was begun after that, and all that was answered is kept.
    assert 5 <= provider.made <= 8 and len(list(read_lines(path))) == provider.made
    assert set(go(provider, path).values()) == {1} and provider.made == 40


def test_a_torn_line_anywhere_is_asked_for_again(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    whole = json.dumps({"way": "s", "key": "1", "message": {}})
    path.write_text('{"way":"s","key":"0","mess' + whole + "\n" + whole + '\n[1]\n"x"\n{"way": ["s"]}\n{"way":"s"')
    provider = Answers()
    answered = make_calls(CALLS[:2], provider, path, sleep=lambda seconds: None)
    assert provider.made == 1 and set(answered.of("s")) == {"0", "1"}
    assert path.stat().st_size == len(path.read_text().rpartition("\n")[0]) + 1


def test_a_second_run_in_the_same_folder_is_told_and_pays_nothing(
    job: Job, tmp_path: Path, server: FakeServer, api: MessagesApi
) -> None:
    parity = plan(job, [NewItem(params("a"), "a")], tmp_path / "parity")
    with sole_user(tmp_path / "parity"), pytest.raises(UserError, match="another run is at work"):
        carry_out(parity, api, sleep=lambda seconds: None)
    assert (server.posts, server.called) == (0, [])
    assert carry_out(parity, api, sleep=lambda seconds: None).batch.pairs == 1


def test_answers_are_for_their_owner_alone(tmp_path: Path) -> None:
    go(Answers(), tmp_path / "x.jsonl", CALLS[:1])
    assert (tmp_path / "x.jsonl").stat().st_mode & 0o777 == 0o600


def test_an_interrupt_ends_the_calls_of_the_guard(server: FakeServer, api: MessagesApi, job: Job) -> None:
    from dataclasses import replace

    guarded = replace(job, guard=Guard(concurrency=2))
    fill(guarded, *(f"item-{number}" for number in range(30)), needed_by="2026-01-01T00:00:00+00:00")
    submit(guarded, api)
    answer, begun = api.answer, 0
    lock, stopped = threading.Lock(), threading.Event()

    def interrupted(params: str) -> dict[str, Any]:
        nonlocal begun
        with lock:
            begun += 1
            number = begun
        if number == 3:
            os.kill(os.getpid(), signal.SIGINT)
        if number >= 3:
            assert stopped.wait(30)
        return answer(params)

    from analyzer.batch import guard as guard_module

    make = guard_module.in_threads

    def seen(count: int, work: Any, stop: threading.Event) -> None:
        threading.Thread(target=lambda: (stop.wait(30), stopped.set()), daemon=True).start()
        make(count, work, stop)

    api.answer = interrupted  # type: ignore[method-assign]
    guard_module.in_threads = seen
    try:
        with pytest.raises(KeyboardInterrupt):
            collect(guarded, api)
    finally:
        guard_module.in_threads = make
    assert 3 <= begun <= 4 and len(server.called) == begun
    status = status_of(guarded)
    assert (status.succeeded, status.queued, status.lost_calls) == (begun, 30 - begun, 0)
