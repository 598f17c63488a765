"""The public OpenAPI description, as the types that the SDK generates from it; `problem` says what departs from them.

The SDK's files say "generated from our OpenAPI spec"; each release names the description it was made from. Types tell
names, kinds and allowed values; what must hold between fields, and strings of a form, stands in `api_shapes`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from anthropic.types import Message, MessageTokensCount
from anthropic.types.message_count_tokens_params import MessageCountTokensParams
from anthropic.types.message_create_params import MessageCreateParamsNonStreaming
from anthropic.types.messages import DeletedMessageBatch, MessageBatch, MessageBatchIndividualResponse
from anthropic.types.messages.batch_create_params import Request
from anthropic.types.shared import ErrorResponse
from pydantic import TypeAdapter, ValidationError

KINDS: Mapping[str, Any] = {
    "batch request": Request,
    "message request": MessageCreateParamsNonStreaming,
    "count request": MessageCountTokensParams,
    "message_batch": MessageBatch,
    "message_batch_deleted": DeletedMessageBatch,
    "result": MessageBatchIndividualResponse,
    "message": Message,
    "tokens": MessageTokensCount,
    "error": ErrorResponse,
}


def problem(kind: str, value: Any) -> str | None:
    """The first departure of a request or an answer from the description."""
    try:
        # Instants are text in JSON; a request has none, and a list of it that may be text as well is told by its type.
        if kind.endswith("request"):
            _drain(_adapter(kind).validate_python(value, strict=True))
        else:
            _adapter(kind).validate_json(json.dumps(value), strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        return f"{kind} {'.'.join(map(str, first['loc']))}: {first['msg']}"
    return None


@cache
def _adapter(kind: str) -> TypeAdapter[Any]:
    return TypeAdapter(KINDS[kind])


def _drain(value: Any) -> None:
    """Lists are validated as they are read."""
    if isinstance(value, Mapping):
        for part in value.values():
            _drain(part)
    elif isinstance(value, Iterable) and not isinstance(value, str | bytes):
        for part in value:
            _drain(part)
