"""Items into the job store."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from analyzer.batch.job import Job
from analyzer.batch.jobfile import load_job
from analyzer.batch.pieces import in_pieces
from analyzer.batch.store import Store, open_store
from analyzer.errors import UserError

_AT_ONCE = 5_000
_BYTES_AT_ONCE = 16_000_000
_MAX_KEY = 512


def _plain(value: Any) -> Any:
    """The client's own objects (blocks of an earlier answer, say), which `messages.create` takes as well."""
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json", exclude_unset=True)
    raise TypeError(type(value).__name__)


_COMPACT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=_plain)


@dataclass(frozen=True)
class NewItem:
    """One request to put down: what `messages.create` takes, the caller's key, and what comes back beside the answer.

    `needed_by`: an aware datetime or ISO 8601 text with an offset; None = the job's deadline, if it has one.
    """

    params: Mapping[str, Any]
    key: str
    metadata: Mapping[str, Any] | None = None
    needed_by: datetime | str | None = None


def enqueue(
    params: Mapping[str, Any],
    *,
    job: Job | Path | str,
    key: str,
    needed_by: datetime | str | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> bool:
    """Put one request down, as `messages.create` takes it; True when it is new, False when the job has the key.

    On the disk when it returns. `metadata` comes back beside the answer and is never sent.
    Raises: UserError for a request that no batch could take; the store is left as it was.
    """
    return enqueue_many([NewItem(params, key, metadata, needed_by)], job=job) == 1


def enqueue_many(
    items: Iterable[NewItem],
    *,
    job: Job | Path | str,
    clock: Callable[[], float] = time.time,
    rejected: Callable[[UserError], None] | None = None,
) -> int:
    """Put many down, up to 5,000 or 16 MB a transaction; how many were new. Safe from several processes.

    `rejected` is told of each one that no batch could take, and the rest goes on.
    Raises: UserError at the first such one where nobody is to be told; transactions before it stay.
    """
    job = job if isinstance(job, Job) else load_job(Path(job))
    rows = _rows(job, items, int(clock() * 1_000_000), rejected)
    added = 0
    with open_store(job.store) as store:
        for piece in in_pieces(rows, lambda row: row["bytes"], count=_AT_ONCE, size=_BYTES_AT_ONCE):
            added += _add(store, piece)
    return added


def _rows(
    job: Job, items: Iterable[NewItem], now_us: int, rejected: Callable[[UserError], None] | None
) -> Iterator[dict[str, Any]]:
    for item in items:
        try:
            row = row_of(job, item, now_us)
        except UserError as error:
            if rejected is None:
                raise
            rejected(error)
        else:
            yield row


def _add(store: Store, rows: list[dict[str, Any]]) -> int:
    with store.change():
        last = store.row("last_item")["last"]
        for number, row in enumerate(rows, last + 1):
            row["item_no"] = number
        added = store.run_many("add_item", rows)
        store.run_many("add_request", rows)
    return added


def row_of(job: Job, item: NewItem, now_us: int) -> dict[str, Any]:
    """An item as the store keeps it.

    Raises: UserError for one that no batch could take.
    """
    _check(job, item)
    try:
        text = _COMPACT.encode(item.params)
        size = len(text.encode("utf-8"))
        kept = None if item.metadata is None else json.dumps(item.metadata, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise _wrong(job, item, f"not JSON ({type(error).__name__})", "plain JSON values in UTF-8") from None
    needed_us = _needed_us(job, item)
    if needed_us is None and job.deadline_s is not None:
        needed_us = now_us + job.deadline_s * 1_000_000
    return {
        "job": job.name,
        "key": item.key,
        "model": item.params["model"],
        "params": text,
        "bytes": size,
        "metadata": kept,
        "enqueued_us": now_us,
        "needed_by_us": needed_us,
    }


def _check(job: Job, item: NewItem) -> None:
    if not isinstance(item.key, str) or not 0 < len(item.key) <= _MAX_KEY or not _is_text(item.key):
        raise _wrong(job, item, "not a usable key", f"text of 1 to {_MAX_KEY} characters, no NUL")
    if not isinstance(item.params, Mapping):
        raise _wrong(job, item, "params are no table", "what messages.create takes")
    model, messages = item.params.get("model"), item.params.get("messages")
    if not isinstance(model, str) or not model:
        raise _wrong(job, item, "params without a model", "what messages.create takes")
    if job.models and model not in job.models and not _is_alias(model, job.models):
        raise _wrong(job, item, f"model {model[:80]!r}", f"one of {', '.join(job.models)} (or add it to job.models)")
    if not isinstance(messages, list) or not messages:
        raise _wrong(job, item, "params without messages", "what messages.create takes")
    if item.metadata is not None and not isinstance(item.metadata, Mapping):
        raise _wrong(job, item, "metadata is no table", "a table")


def _wrong(job: Job, item: NewItem, found: str, expected: str) -> UserError:
    return UserError(f"job {job.name}, key {str(item.key)[:80]!r}", found, expected)


def _is_text(key: str) -> bool:
    return "\0" not in key and (key.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in key))


def _needed_us(job: Job, item: NewItem) -> int | None:
    if item.needed_by is None:
        return None
    try:
        at = datetime.fromisoformat(item.needed_by) if isinstance(item.needed_by, str) else item.needed_by
        if at.tzinfo is not None:
            return int(at.timestamp() * 1_000_000)
    except (ValueError, AttributeError):
        pass
    raise _wrong(job, item, "needed_by is no instant with an offset", "such as 2026-11-20T08:00:00+00:00")


@lru_cache(maxsize=1024)
def _is_alias(model: str, allowed: tuple[str, ...]) -> bool:
    """Another spelling (a dated snapshot, an alias) of an allowed model."""
    from analyzer.pricing import resolve_model

    meant = resolve_model(model, "anthropic").model
    return meant is not None and meant in {resolve_model(name, "anthropic").model for name in allowed}
