"""What the runner needs of a batch API, and nothing more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, Protocol


@dataclass(frozen=True)
class Body:
    """A batch as it is sent: `size` bytes, in `chunks` that can be read once, so that no batch is ever in memory."""

    size: int
    chunks: Iterable[bytes]


@dataclass(frozen=True)
class RemoteBatch:
    """A batch as the provider tells it. `items`: all request counts together; instants in microseconds UTC.

    `is_archived`: its results are gone.
    """

    id: str
    status: Literal["in_progress", "canceling", "ended"]
    items: int
    created_us: int
    ended_us: int | None
    is_archived: bool = False


@dataclass(frozen=True)
class Result:
    """What became of one item. `kind`: succeeded, errored, expired, canceled, or a type not known yet.

    `message`: the Messages API message of a success. `raw`: the whole result, kept when the kind is unknown.
    `bytes`: size of its line.
    """

    custom_id: str
    kind: str
    message: dict[str, Any] | None = None
    error_type: str | None = None
    error_message: str | None = None
    raw: Any = None
    bytes: int = 0


def one_line(told: Any) -> str:
    """What somebody outside said, as at most 300 characters on one line that every file and database takes."""
    text = " ".join(str(told).split())[:300]
    return text.replace("\0", "\\0").encode("utf-8", "backslashreplace").decode("utf-8")


class RefusedError(Exception):
    """The provider certainly did nothing. Any other exception from `create` or `answer` leaves it open.

    `is_lasting`: sending it again will not help before a person has changed something. `is_about_item`: the request
    itself is wrong. `retry_after_s`: how long the provider asked to wait; None = it did not say.
    """

    def __init__(
        self, reason: str, *, is_lasting: bool, is_about_item: bool = False, retry_after_s: float | None = None
    ) -> None:
        super().__init__(reason)
        self.is_lasting = is_lasting
        self.is_about_item = is_about_item
        self.retry_after_s = retry_after_s


def told(error: Exception) -> str:
    """What may be shown of an error: a refusal in words, of anything else only its type."""
    return str(error) if isinstance(error, RefusedError) else type(error).__name__


class Provider(Protocol):
    """A batch API. `create` and `answer` send exactly once, whatever happens. Each may raise RefusedError."""

    def create(self, body: Body) -> RemoteBatch:
        """Make a batch. Raises: RefusedError when it certainly was not made; anything else means *in doubt*."""

    def retrieve(self, batch_id: str) -> RemoteBatch:
        """The batch as it is now."""

    def batches(self) -> Iterator[RemoteBatch]:
        """All batches, newest first."""

    def results(self, batch_id: str) -> Iterator[Result]:
        """Results of a batch that has ended, in any order, as they stream in."""

    def cancel(self, batch_id: str) -> RemoteBatch:
        """Ask for the batch to end; requests that are being worked on may still finish."""

    def answer(self, params: str) -> dict[str, Any]:
        """The message for one request (JSON), synchronously. Raises: RefusedError when nothing was made or billed."""

    def count_tokens(self, params: dict[str, Any]) -> int:
        """Input tokens of one request. Raises: RefusedError (`is_about_item`) for a request that is wrong."""
