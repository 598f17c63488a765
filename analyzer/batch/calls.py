"""Synchronous calls, each answer on the disk when it has come; a call that has one is not made again."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analyzer.batch.provider import Provider, RefusedError
from analyzer.errors import UserError

_AT_ONCE = 4
_TRIES = 6


@dataclass(frozen=True)
class Call:
    """One call. `way`: what it is made for; way and key name it."""

    way: str
    key: str
    params: Mapping[str, Any]


@dataclass(frozen=True)
class Answered:
    """Messages by way and key, and what has none: (way, key, reason)."""

    messages: Mapping[tuple[str, str], dict[str, Any]]
    unanswered: tuple[tuple[str, str, str], ...]

    def of(self, way: str) -> dict[str, dict[str, Any]]:
        """Key to message."""
        return {key: message for (called, key), message in self.messages.items() if called == way}


def make_calls(
    calls: Sequence[Call],
    provider: Provider,
    path: Path,
    *,
    sleep: Callable[[float], None],
    say: Callable[[str], None] = lambda line: None,
) -> Answered:
    """Make those of the calls that `path` has no answer for; the answers to all of them.

    A request that is wrong has no answer, now or later. An answer that was lost may have been billed: it is told, and
    asked for again by the next run. Raises: UserError for any other refusal that lasts.
    """
    _drop_torn_line(path)
    done = {(line["way"], line["key"]) for line in read_lines(path)}
    missing = [call for call in calls if (call.way, call.key) not in done]
    if missing:
        say(f"{len(missing)} synchronous calls")
    lost: list[tuple[str, str, str]] = []
    lock, stop = threading.Lock(), threading.Event()

    def work(call: Call) -> None:
        if stop.is_set():
            return
        try:
            told: dict[str, Any] = {"message": _answer(provider, call, sleep)}
        except RefusedError as error:
            if not error.is_about_item:
                stop.set()
                raise UserError("parity", str(error), "an answer", "repeat it: what has an answer stays") from None
            told = {"error": str(error)}
        except Exception as error:
            lost.append((call.way, call.key, f"the answer was lost ({type(error).__name__}); it may have been billed"))
            return
        with lock, path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"way": call.way, "key": call.key, **told}) + "\n")
            file.flush()
            os.fsync(file.fileno())

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for made in [pool.submit(work, call) for call in missing]:
            made.result()
    return _answered(calls, path, lost)


def _answered(calls: Sequence[Call], path: Path, lost: Sequence[tuple[str, str, str]]) -> Answered:
    wanted = {(call.way, call.key) for call in calls}
    messages, unanswered = {}, list(lost)
    for line in read_lines(path):
        name = (line["way"], line["key"])
        if name in wanted and "message" in line:
            messages[name] = line["message"]
        elif name in wanted:
            unanswered.append((*name, line["error"]))
    return Answered(messages, tuple(unanswered))


def _answer(provider: Provider, call: Call, sleep: Callable[[float], None]) -> dict[str, Any]:
    for attempt in range(_TRIES):
        try:
            return provider.answer(json.dumps(call.params))
        except RefusedError as error:
            if error.is_about_item or error.is_lasting or attempt == _TRIES - 1:
                raise
            sleep(min(error.retry_after_s or 2.0**attempt, 60.0))
    raise AssertionError("the last try answers or raises")


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The JSON lines of a file; none where it is not there."""
    if path.exists():
        with path.open(encoding="utf-8") as file:
            yield from (json.loads(line) for line in file)


def _drop_torn_line(path: Path) -> None:
    """A crash in the middle of a line leaves an answer that cannot be read: it is asked for again."""
    if path.exists():
        whole = path.read_bytes()
        kept = whole[: whole.rfind(b"\n") + 1]
        if kept != whole:
            os.truncate(path, len(kept))
