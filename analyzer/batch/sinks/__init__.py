"""Where answers go. One sink a file; each says whether a crash can make it repeat itself.

| kind | an answer arrives |
|---|---|
| jsonl, directory, sqlite, duckdb, postgresql | exactly once: a delivery made twice leaves what one leaves |
| webhook | at least once; exactly once where the receiver honours the idempotency key |
| command, python | at least once: they get the number of the delivery, by which a repeated one can be told |
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from sqlite3 import Row
from typing import Any, Protocol

from analyzer.batch.job import Destination
from analyzer.errors import UserError

NEEDS: Mapping[str, tuple[str, ...]] = {
    "jsonl": ("path",),
    "directory": ("path",),
    "sqlite": ("path",),
    "duckdb": ("path",),
    "postgresql": ("dsn_env",),
    "webhook": ("url",),
    "command": ("command",),
    "python": ("function",),
}
"""Kinds, and what each must be told."""

_MODULES = {"sqlite": "table", "duckdb": "table", "postgresql": "table"}


class DeliveryError(Exception):
    """The destination could not take a delivery now; nothing is lost, it is tried again later."""


@dataclass(frozen=True)
class Answer:
    """One delivered answer; `metadata` and `message` are JSON, None = no metadata."""

    item_no: int
    job: str
    key: str
    metadata: str | None
    message: str

    @classmethod
    def of(cls, row: Row) -> Answer:
        """From a row of `delivery_items`."""
        return cls(row["item_no"], row["job"], row["key"], row["metadata"], row["message"])

    @property
    def line(self) -> bytes:
        """`{"key", "job", "metadata", "message"}` on one line of ASCII: the same bytes each time."""
        key, job = json.dumps(self.key), json.dumps(self.job)
        text = f'{{"key": {key}, "job": {job}, "metadata": {self.metadata or "null"}, "message": {self.message}}}\n'
        return text.encode("ascii")

    @property
    def document(self) -> dict[str, Any]:
        """The same as Python values."""
        found: dict[str, Any] = json.loads(self.line)
        return found


class Sink(Protocol):
    """A destination. `at_once`: answers in one delivery."""

    at_once: int

    def mark(self) -> int:
        """Where it stands now; recorded before a delivery, and given back when the delivery is made or made again."""

    def write(self, delivery_no: int, mark: int, answers: Iterator[Answer]) -> list[tuple[int, str]]:
        """Deliver; on the disk, or taken by the receiver, when it returns. Item and reason where one was refused.

        Raises: DeliveryError or OSError when it must be tried again; UserError when a person has to act.
        """


def sink_of(destination: Destination) -> Sink:
    """The sink of a destination; only its own module is imported.

    Raises: UserError when it cannot be used here.
    """
    kind = destination.kind
    if kind not in NEEDS:
        raise UserError("destination", f"kind {kind!r}", "one of " + ", ".join(NEEDS))
    module = import_module(f"analyzer.batch.sinks.{_MODULES.get(kind, kind)}")
    sink: Sink = module.sink(destination)
    return sink
