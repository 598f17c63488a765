"""The Message Batches API through the anthropic client, which is imported when it is needed."""

from __future__ import annotations

import json
import os
import weakref
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

from analyzer.batch.provider import Body, RefusedError, RemoteBatch, Result, one_line
from analyzer.errors import UserError
from analyzer.times import retry_after_s

if TYPE_CHECKING:
    from anthropic import Anthropic, APIStatusError

_KEYS = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN")
# The request was answered, and the answer says that nothing was made.
_REFUSED_STATUS = frozenset({400, 401, 402, 403, 404, 412, 413, 422, 429, 431})
# A synchronous call that fails like this is not billed either; a batch might have been made.
_NOT_BILLED_STATUS = _REFUSED_STATUS | {409, 500, 503, 529}
_ABOUT_ITEM_STATUS = frozenset({400, 404, 413, 422})
_SPEND_LIMITS = frozenset(
    {"enforced_spend_limit_reached", "contract_spend_limit_reached", "linked_organization_spend_limit_reached"}
)
# The connection was never there, so nothing was sent.
_NEVER_SENT = frozenset({"ConnectError", "ConnectTimeout"})
# What count_tokens takes of a request.
_COUNTED = ("model", "messages", "system", "tools", "tool_choice", "thinking", "output_config", "mcp_servers")


def from_environment() -> MessagesApi:
    """The API with the key in the environment.

    Raises: UserError when there is none.
    """
    if not any(os.environ.get(name) for name in _KEYS):
        raise UserError("environment", "no ANTHROPIC_API_KEY", "a key of the workspace that pays for the batches")
    from anthropic import Anthropic, DefaultHttpxClient

    # A redirect would take the requests to another host.
    client = Anthropic(http_client=DefaultHttpxClient(follow_redirects=False))
    api = MessagesApi(client)
    weakref.finalize(api, client.close)
    return api


class MessagesApi:
    """A Provider."""

    def __init__(self, client: Anthropic) -> None:
        # The client repeats a create that failed: three POSTs without an idempotency key, three batches to pay.
        self._once = client.with_options(max_retries=0)
        self._client = client

    def create(self, body: Body) -> RemoteBatch:
        """Make a batch; one POST, never repeated, streamed from the store."""
        from anthropic.types.messages import MessageBatch

        with _told_apart(_REFUSED_STATUS):
            batch = self._once.post(
                "/v1/messages/batches",
                cast_to=MessageBatch,
                content=body.chunks,
                options={"headers": {"content-length": str(body.size)}},
            )
        return _remote(batch)

    def retrieve(self, batch_id: str) -> RemoteBatch:
        """The batch as it is now."""
        with _told_apart(_REFUSED_STATUS):
            return _remote(self._client.messages.batches.retrieve(batch_id))

    def batches(self) -> Iterator[RemoteBatch]:
        """All batches of the workspace, newest first, page by page."""
        with _told_apart(_REFUSED_STATUS):
            for batch in self._client.messages.batches.list(limit=100):
                yield _remote(batch)

    def results(self, batch_id: str) -> Iterator[Result]:
        """Results as they stream in; a line that is no JSON comes as a result that nobody sent."""
        with _told_apart(_REFUSED_STATUS):
            decoder = self._client.messages.batches.results(batch_id)
        try:
            for line in _lines(decoder.http_response.iter_bytes()):
                yield _result(line)
        finally:
            decoder.close()

    def cancel(self, batch_id: str) -> RemoteBatch:
        """Ask for the batch to end."""
        with _told_apart(_REFUSED_STATUS):
            return _remote(self._client.messages.batches.cancel(batch_id))

    def answer(self, params: str) -> dict[str, Any]:
        """The message for one request; one POST, never repeated."""
        import httpx2

        with _told_apart(_NOT_BILLED_STATUS):
            response = self._once.post("/v1/messages", cast_to=httpx2.Response, content=params.encode("utf-8"))
        message = json.loads(response.content)
        if not isinstance(message, dict):
            raise ValueError("an answer that is no message")
        return message

    def count_tokens(self, params: dict[str, Any]) -> int:
        """Input tokens of one request; free, with a rate limit of its own."""
        import httpx2

        asked = {name: params[name] for name in _COUNTED if name in params}
        with _told_apart(_REFUSED_STATUS):
            response = self._client.post("/v1/messages/count_tokens", cast_to=httpx2.Response, body=asked)
        return int(json.loads(response.content)["input_tokens"])


@contextmanager
def _told_apart(refused: frozenset[int]) -> Iterator[None]:
    """Turns errors that prove that nothing was made into RefusedError, and lets all others through."""
    import anthropic

    try:
        yield
    except anthropic.APIStatusError as error:
        if error.status_code in refused:
            raise _refusal(error) from error
        raise
    except anthropic.APIConnectionError as error:
        if type(error.__cause__).__name__ in _NEVER_SENT:
            raise RefusedError("no connection; nothing was sent", is_lasting=False) from error
        raise


def _refusal(error: APIStatusError) -> RefusedError:
    status = error.status_code
    is_spend = error.error_code in _SPEND_LIMITS
    reason = f"HTTP {status}: {_told(error)}"
    return RefusedError(
        f"spend limit ({error.error_code}), {reason}" if is_spend else reason,
        is_lasting=is_spend or status in _REFUSED_STATUS - {429},
        is_about_item=status in _ABOUT_ITEM_STATUS,
        retry_after_s=retry_after_s(error.response.headers),
    )


def _told(error: APIStatusError) -> str:
    """The API's own message on one line, never the request, never a key."""
    text = " ".join(str(error.api_message or type(error).__name__).split())
    for name in _KEYS:
        key = os.environ.get(name)
        text = text.replace(key, f"({name})") if key else text
    return one_line(text)


def _lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Whole lines; only a line feed ends one (JSON may hold any other separator)."""
    parts: list[bytes] = []
    for chunk in chunks:
        first, *more = chunk.split(b"\n")
        parts.append(first)
        if more:
            yield from (line for line in (b"".join(parts), *more[:-1]) if line.strip())
            parts = [more[-1]]
    rest = b"".join(parts)
    if rest.strip():
        yield rest


def _remote(batch: Any) -> RemoteBatch:
    counts = batch.request_counts
    items = counts.processing + counts.succeeded + counts.errored + counts.canceled + counts.expired
    return RemoteBatch(
        str(batch.id),
        batch.processing_status,
        int(items),
        _us(batch.created_at),
        _us(batch.ended_at) if batch.ended_at else None,
        batch.archived_at is not None,
    )


def _us(at: datetime) -> int:
    return int(at.timestamp() * 1_000_000)


def _result(line: bytes) -> Result:
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return Result("", "unreadable", bytes=len(line))
    entry = _table(entry)
    result = _table(entry.get("result"))
    kind, message = one_line(result.get("type")), result.get("message")
    if kind == "succeeded" and not isinstance(message, dict):
        kind = "succeeded without a message"
    told = _table(_table(result.get("error")).get("error"))
    return Result(
        custom_id=str(entry.get("custom_id")),
        kind=kind,
        message=message if isinstance(message, dict) else None,
        error_type=one_line(told.get("type")),
        error_message=one_line(told.get("message", "")),
        raw=entry,
        bytes=len(line),
    )


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
