"""Results into the store by custom_id, each once, whatever order they come in; then delivery."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from sqlite3 import Row

from analyzer.batch.cost import actual_pico
from analyzer.batch.deliver import deliver
from analyzer.batch.doubt import resolve_doubts
from analyzer.batch.job import Job
from analyzer.batch.provider import Provider, RemoteBatch, Result
from analyzer.batch.store import Store, open_store

_AT_ONCE = 500
# A result that is missing this often from results read to their end will not come.
_READS = 3
# Errors that sending the same request again cannot mend.
_INVALID = frozenset(
    {"invalid_request_error", "not_found_error", "authentication_error", "permission_error", "request_too_large"}
)


@dataclass
class Collection:
    """What a round of collect did."""

    batches_ended: int = 0
    results: int = 0
    delivered: int = 0
    remarks: list[str] = field(default_factory=list)


def collect(job: Job, provider: Provider, *, clock: Callable[[], float] = time.time) -> Collection:
    """Fetch the results of batches that have ended and deliver them. Safe to repeat, and to run twice at once.

    Raises: UserError when the destination is not as it was left.
    """
    done = Collection()
    with open_store(job.store) as store:
        now_us = int(clock() * 1_000_000)
        done.remarks += resolve_doubts(store, job, provider, now_us=now_us)
        for row in store.rows("batches_in", job=job.name, state="submitted"):
            try:
                remote = provider.retrieve(row["provider_id"])
                if remote.status == "ended":
                    _read(store, job, provider, row["batch_no"], remote, now_us, done)
            except Exception as error:
                if not _is_from_outside(error):
                    raise
                with store.change():
                    store.run("batch_remark", batch_no=row["batch_no"], reason=type(error).__name__)
                done.remarks.append(
                    f"{row['provider_id']} could not be read ({type(error).__name__}); tried again later"
                )
        done.delivered = deliver(store, job)
    return done


def _is_from_outside(error: Exception) -> bool:
    """An error of the network or of what came over it, not one of ours."""
    module = type(error).__module__.split(".")[0]
    return module in ("anthropic", "httpx2", "pydantic") or isinstance(error, OSError | json.JSONDecodeError)


def _read(
    store: Store, job: Job, provider: Provider, batch_no: int, remote: RemoteBatch, now_us: int, done: Collection
) -> None:
    results = provider.results(remote.id)
    strange = 0
    while chunk := list(islice(results, _AT_ONCE)):
        with store.change():
            for result in chunk:
                row = store.run("sending", custom_id=result.custom_id, batch_no=batch_no).fetchone()
                if row is None:
                    strange += 1
                elif row["outcome"] is None:
                    _apply(store, job, row, result, remote, now_us)
                    done.results += 1
    with store.change():
        store.run("batch_was_read", batch_no=batch_no, ended_us=remote.ended_us or now_us, strange=strange)
        missing = store.rows("missing_items", batch_no=batch_no)
        reads = next((b["reads"] for b in store.rows("batches_in", job=job.name, state="submitted")
                      if b["batch_no"] == batch_no), _READS)  # fmt: skip
        if missing and reads < _READS:
            done.remarks.append(f"{len(missing)} results of {remote.id} are missing; they are looked for again")
            return
        for item in missing:
            store.run("set_outcome", custom_id=item["custom_id"], outcome="missing")
            reason = "the batch ended without a result for it; it may have been billed"
            store.run("keep_dead", item_no=item["item_no"], reason=reason, result=None)
        store.run("finish_batch", batch_no=batch_no)
        done.batches_ended += 1
    if strange:
        done.remarks.append(f"{strange} results of {remote.id} belong to no item that was sent in it")


def _apply(store: Store, job: Job, row: Row, result: Result, remote: RemoteBatch, now_us: int) -> None:
    store.run("set_outcome", custom_id=result.custom_id, outcome=result.kind)
    item_no = row["item_no"]
    if result.kind == "succeeded" and result.message is not None:
        on = datetime.fromtimestamp(remote.created_us / 1e6, UTC).date()
        store.run(
            "succeed_item",
            item_no=item_no,
            result=json.dumps(result.message),
            cost_pico=actual_pico(row["model"], result.message, on),
        )
        return
    dead, reason = _judged(result)
    if not dead and row["attempts"] >= job.max_attempts:
        dead, reason = True, f"given up after {row['attempts']} attempts: {reason}"
    if dead:
        kept = None if result.kind in ("errored", "expired", "canceled") else json.dumps(result.raw)
        store.run("keep_dead", item_no=item_no, reason=reason, result=kept)
    else:
        pause_us = 0 if result.kind == "expired" else 60_000_000 * 2 ** row["attempts"]
        store.run("requeue_item", item_no=item_no, reason=reason, not_before_us=now_us + pause_us)


def _judged(result: Result) -> tuple[bool, str]:
    """Whether a result that is no success is final, and why."""
    if result.kind == "expired":
        return False, "the batch expired before it was its turn"
    if result.kind == "canceled":
        return True, "canceled at the provider"
    if result.kind == "errored":
        told = f"{result.error_type}: {(result.error_message or '')[:300]}"
        return result.error_type in _INVALID, told
    return True, f"a result of unknown type {result.kind[:60]!r}; kept in the store"
