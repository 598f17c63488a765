"""Items into the job store."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from analyzer.batch.job import Job, load_job
from analyzer.batch.store import Store, open_store
from analyzer.errors import UserError

_AT_ONCE = 5_000
_MAX_KEY = 512


def enqueue(
    params: Mapping[str, Any], *, job: Job | Path | str, key: str, metadata: Mapping[str, Any] | None = None
) -> bool:
    """Put one request down, as `messages.create` takes it; True when it is new, False when the job has the key.

    On the disk when it returns. `metadata` comes back beside the result and is never sent.
    Raises: UserError for a request that no batch could take; the store is left as it was.
    """
    return enqueue_many([(params, key, metadata)], job=job) == 1


def enqueue_many(
    items: Iterable[tuple[Mapping[str, Any], str, Mapping[str, Any] | None]], *, job: Job | Path | str
) -> int:
    """Put many down (params, key, metadata), a transaction each 5,000; how many were new."""
    job = job if isinstance(job, Job) else load_job(Path(job))
    rows = (_row(job, *item) for item in items)
    added = 0
    with open_store(job.store) as store:
        while chunk := list(islice(rows, _AT_ONCE)):
            added += _add(store, chunk)
    return added


def _add(store: Store, rows: list[dict[str, Any]]) -> int:
    with store.change():
        return sum(store.run("add_item", **row).rowcount for row in rows)


def _row(job: Job, params: Mapping[str, Any], key: str, metadata: Mapping[str, Any] | None) -> dict[str, Any]:
    where = f"job {job.name}, key {str(key)[:80]!r}"
    if not isinstance(key, str) or not 0 < len(key) <= _MAX_KEY:
        raise UserError(where, "not a usable key", f"text of 1 to {_MAX_KEY} characters")
    if not isinstance(params, Mapping):
        raise UserError(where, "params are no table", "what messages.create takes")
    model = params.get("model")
    if not isinstance(model, str) or not model:
        raise UserError(where, "params without a model", "what messages.create takes")
    if job.models and model not in job.models and not _is_alias(model, job.models):
        raise UserError(where, f"model {model!r}", "one of " + ", ".join(job.models), "or add it to job.models")
    if not isinstance(params.get("messages"), list) or not params["messages"]:
        raise UserError(where, "params without messages", "what messages.create takes")
    try:
        text = json.dumps(params, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        size = len(text.encode("utf-8"))
        kept = None if metadata is None else json.dumps(metadata, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise UserError(where, f"not JSON ({type(error).__name__})", "plain JSON values in UTF-8") from None
    return {"job": job.name, "key": key, "model": model, "params": text, "bytes": size, "metadata": kept}


def _is_alias(model: str, allowed: tuple[str, ...]) -> bool:
    """Another spelling (a dated snapshot, an alias) of an allowed model."""
    from analyzer.pricing import resolve_model

    meant = resolve_model(model, "anthropic").model
    return meant is not None and meant in {resolve_model(name, "anthropic").model for name in allowed}
