"""The Message Batches API through the anthropic client, which is imported when it is needed."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from analyzer.batch.provider import RefusedError, RemoteBatch, Result, Sending
from analyzer.errors import UserError

if TYPE_CHECKING:
    from anthropic import Anthropic

# The request was answered, and the answer says that nothing was made.
_REFUSED_STATUS = frozenset({400, 401, 402, 403, 404, 412, 413, 422, 429, 431})
# The connection was never there, so nothing was sent.
_NEVER_SENT = frozenset({"ConnectError", "ConnectTimeout"})


def from_environment() -> MessagesApi:
    """The API with the key in the environment.

    Raises: UserError when there is none.
    """
    if not (os.environ.get("ANTHROPIC_API_KEY") or os.environ.get("ANTHROPIC_AUTH_TOKEN")):
        raise UserError("environment", "no ANTHROPIC_API_KEY", "a key of the workspace that pays for the batches")
    from anthropic import Anthropic

    return MessagesApi(Anthropic())


class MessagesApi:
    """A Provider."""

    def __init__(self, client: Anthropic) -> None:
        # The client repeats a create that failed: three POSTs without an idempotency key, three batches to pay.
        self._once = client.with_options(max_retries=0)
        self._client = client

    def create(self, sendings: Sequence[Sending]) -> RemoteBatch:
        """Make a batch; one POST, never repeated."""
        import anthropic

        requests: Any = [{"custom_id": sending.custom_id, "params": sending.params} for sending in sendings]
        try:
            return _remote(self._once.messages.batches.create(requests=requests))
        except anthropic.APIStatusError as error:
            if error.status_code in _REFUSED_STATUS:
                raise RefusedError(
                    f"HTTP {error.status_code}: {_told(error)}", is_lasting=error.status_code != 429
                ) from error
            raise
        except anthropic.APIConnectionError as error:
            if type(error.__cause__).__name__ in _NEVER_SENT:
                raise RefusedError("no connection; nothing was sent", is_lasting=False) from error
            raise

    def retrieve(self, batch_id: str) -> RemoteBatch:
        """The batch as it is now."""
        return _remote(self._client.messages.batches.retrieve(batch_id))

    def batches(self) -> Iterator[RemoteBatch]:
        """All batches of the workspace, newest first, page by page."""
        for batch in self._client.messages.batches.list(limit=100):
            yield _remote(batch)

    def results(self, batch_id: str) -> Iterator[Result]:
        """Results as they stream in."""
        for entry in self._client.messages.batches.results(batch_id):
            yield _result(entry.to_dict(mode="json", warnings=False))


def _told(error: Any) -> str:
    """The API's own message, never the request."""
    body = error.body if isinstance(error.body, dict) else {}
    inner = body.get("error")
    return str(inner.get("message", ""))[:300] if isinstance(inner, dict) else type(error).__name__


def _remote(batch: Any) -> RemoteBatch:
    counts = batch.request_counts
    items = counts.processing + counts.succeeded + counts.errored + counts.canceled + counts.expired
    return RemoteBatch(
        str(batch.id),
        batch.processing_status,
        int(items),
        _us(batch.created_at),
        _us(batch.ended_at) if batch.ended_at else None,
    )


def _us(at: datetime) -> int:
    return int(at.timestamp() * 1_000_000)


def _result(entry: dict[str, Any]) -> Result:
    result = entry.get("result")
    result = result if isinstance(result, dict) else {}
    kind, message = str(result.get("type")), result.get("message")
    if kind == "succeeded" and not isinstance(message, dict):
        kind = "succeeded without a message"
    error = result.get("error")
    inner = error.get("error") if isinstance(error, dict) else None
    inner = inner if isinstance(inner, dict) else {}
    return Result(
        custom_id=str(entry.get("custom_id")),
        kind=kind,
        message=message if isinstance(message, dict) else None,
        error_type=inner.get("type"),
        error_message=inner.get("message"),
        raw=entry,
    )
