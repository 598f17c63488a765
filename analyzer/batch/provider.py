"""What the runner needs of a batch API, and nothing more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol


@dataclass(frozen=True)
class Sending:
    """One item under the id that its result will carry."""

    custom_id: str
    params: dict[str, Any]


@dataclass(frozen=True)
class RemoteBatch:
    """A batch as the provider tells it. `items`: all request counts together; instants in microseconds UTC."""

    id: str
    status: Literal["in_progress", "canceling", "ended"]
    items: int
    created_us: int
    ended_us: int | None


@dataclass(frozen=True)
class Result:
    """What became of one item. `kind`: succeeded, errored, expired, canceled, or a type not known yet.

    `message`: the Messages API message of a success. `raw`: the whole result, kept when the kind is unknown.
    """

    custom_id: str
    kind: str
    message: dict[str, Any] | None = None
    error_type: str | None = None
    error_message: str | None = None
    raw: dict[str, Any] | None = None


class RefusedError(Exception):
    """The provider certainly made no batch. Any other exception from `create` leaves the batch in doubt.

    `is_lasting`: sending it again will not help before a person has changed something.
    """

    def __init__(self, reason: str, *, is_lasting: bool) -> None:
        super().__init__(reason)
        self.is_lasting = is_lasting


class Provider(Protocol):
    """A batch API. `create` sends exactly once, whatever happens."""

    def create(self, sendings: Sequence[Sending]) -> RemoteBatch:
        """Make a batch. Raises: RefusedError when it certainly was not made; anything else means *in doubt*."""

    def retrieve(self, batch_id: str) -> RemoteBatch:
        """The batch as it is now."""

    def batches(self) -> Iterator[RemoteBatch]:
        """All batches, newest first."""

    def results(self, batch_id: str) -> Iterator[Result]:
        """Results of a batch that has ended, in any order."""
