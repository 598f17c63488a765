"""Synchronous calls, each answer on the disk when it has come; a call that has one is not made again."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from analyzer.batch.provider import Provider, RefusedError
from analyzer.batch.threads import in_threads
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
    asked for again by the next run. Only one process at a time (`sole_user`). Raises: UserError for any other refusal
    that lasts, and when an answer cannot be written; no further call is made then.
    """
    _drop_torn_line(path)
    done = {name for name, _ in _answers_in(path)}
    missing = [call for call in calls if (call.way, call.key) not in done]
    this = _Round(provider, path, sleep, iter(missing))
    if missing:
        this.write("")  # what cannot be written is found before anything is paid
        say(f"{len(missing)} synchronous calls")
        in_threads(_AT_ONCE, this.work, this.stop)
    return _answered(calls, path, this.lost)


@dataclass
class _Round:
    """What the threads of one round share."""

    provider: Provider
    path: Path
    sleep: Callable[[float], None]
    missing: Iterator[Call]
    stop: threading.Event = field(default_factory=threading.Event)
    lost: list[tuple[str, str, str]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def work(self) -> None:
        while (call := self._next()) is not None:
            self._make(call)

    def _next(self) -> Call | None:
        with self.lock:
            return None if self.stop.is_set() else next(self.missing, None)

    def _make(self, call: Call) -> None:
        try:
            told: dict[str, Any] = {"message": self._answer(call)}
        except RefusedError as error:
            if not error.is_about_item:
                raise UserError("parity", str(error), "an answer", "repeat it: what has an answer stays") from None
            told = {"error": str(error)}
        except Exception as error:
            lost = f"the answer was lost ({type(error).__name__}); it may have been billed"
            self.lost.append((call.way, call.key, lost))
            return
        self.write(json.dumps({"way": call.way, "key": call.key, **told}) + "\n")

    def write(self, line: str) -> None:
        """Raises: UserError."""
        with self.lock:
            try:
                _append(self.path, line)
            except OSError as error:
                todo = "mend that and repeat it: what has an answer stays; one that could not be written is made again"
                found = f"an answer cannot be written ({error.strerror})"
                raise UserError(str(self.path), found, "a file that can be written", todo) from None

    def _answer(self, call: Call) -> dict[str, Any]:
        for attempt in range(_TRIES):
            try:
                return self.provider.answer(json.dumps(call.params))
            except RefusedError as error:
                if error.is_about_item or error.is_lasting or attempt == _TRIES - 1:
                    raise
                self.sleep(min(error.retry_after_s or 2.0**attempt, 60.0))
                if self.stop.is_set():
                    raise
        raise AssertionError("the last try answers or raises")


def _append(path: Path, line: str) -> None:
    """The whole line, on the disk when it returns, or nothing of it."""
    path.touch(0o600)
    size = path.stat().st_size
    try:
        with path.open("ab") as file:
            file.write(line.encode("utf-8"))
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        os.truncate(path, size)
        raise


def _answered(calls: Sequence[Call], path: Path, lost: Sequence[tuple[str, str, str]]) -> Answered:
    wanted = {(call.way, call.key) for call in calls}
    messages, unanswered = {}, list(lost)
    for name, line in _answers_in(path):
        if name in wanted and "message" in line:
            messages[name] = line["message"]
        elif name in wanted:
            unanswered.append((*name, str(line["error"])))
    return Answered(messages, tuple(unanswered))


def _answers_in(path: Path) -> Iterator[tuple[tuple[str, str], dict[str, Any]]]:
    for line in read_lines(path):
        way, key = line.get("way"), line.get("key")
        if isinstance(way, str) and isinstance(key, str) and ("error" in line or isinstance(line.get("message"), dict)):
            yield (way, key), line


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The tables among the JSON lines of a file; none where it is not there. Torn lines are passed over."""
    if path.exists():
        with path.open("rb") as file:
            for line in file:
                try:
                    value = json.loads(line)
                except (ValueError, RecursionError):
                    continue
                if isinstance(value, dict):
                    yield value


def _drop_torn_line(path: Path) -> None:
    """A crash in the middle of a line leaves an answer that cannot be read: it is asked for again."""
    if path.exists():
        whole = path.read_bytes()
        kept = whole[: whole.rfind(b"\n") + 1]
        if kept != whole:
            os.truncate(path, len(kept))
