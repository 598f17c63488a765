"""A batch as bytes: measured before it is sent, streamed from the store as it is sent, never in memory."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from sqlite3 import Row

from analyzer.batch.provider import Body
from analyzer.batch.store import Store

_OPEN, _CLOSE = b'{"requests":[', b"]}"
_ID, _PARAMS, _END = '{"custom_id":"', '","params":', "}"
_CUSTOM_ID = re.compile(r"(w[0-9a-f]{32})-([0-9]{1,19})")
_CHUNK_BYTES = 256 * 1024

EMPTY_BYTES = len(_OPEN) + len(_CLOSE) - 1
"""What a body takes beside its items, each counted with a comma (the last has none)."""

ENVELOPE_BYTES = len(_ID) + 33 + 1 + 19 + len(_PARAMS) + len(_END) + 1
"""The most that an item takes beside its params: custom_id, brackets, comma."""


def new_token() -> str:
    """What begins the custom_ids of a batch: random, unique for ever, without a word of the customer."""
    return "w" + os.urandom(16).hex()


def custom_id(token: str, item_no: int) -> str:
    """The id that an item's result carries: `^[a-zA-Z0-9_-]{1,64}$`."""
    return f"{token}-{item_no}"


def parts_of(custom_id: str) -> tuple[str, int] | None:
    """Token and item number; None when it is none of ours."""
    found = _CUSTOM_ID.fullmatch(custom_id)
    return (found[1], int(found[2])) if found else None


def item_bytes(token: str, item_no: int, params_bytes: int) -> int:
    """What an item takes in the body, its comma included."""
    return len(_ID) + len(custom_id(token, item_no)) + len(_PARAMS) + params_bytes + len(_END) + 1


@contextmanager
def body_of(store: Store, batch_no: int, token: str, size: int) -> Iterator[Body]:
    """The body of an intended batch; `size` as measured when it was intended. Nothing stays open after the block."""
    cursor = store.run("body", batch_no=batch_no)
    try:
        yield Body(size, _chunks(cursor, token))
    finally:
        cursor.close()


def _chunks(rows: Iterable[Row], token: str) -> Iterator[bytes]:
    chunk = bytearray(_OPEN)
    comma = b""
    for row in rows:
        chunk += comma
        chunk += f"{_ID}{custom_id(token, row['item_no'])}{_PARAMS}{row['params']}{_END}".encode()
        comma = b","
        if len(chunk) >= _CHUNK_BYTES:
            yield bytes(chunk)
            chunk.clear()
    chunk += _CLOSE
    yield bytes(chunk)
