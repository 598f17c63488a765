"""Results into the store by custom_id, each once, whatever order they come in; then delivery."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from sqlite3 import Row

from analyzer.batch.dead import take_from_dead
from analyzer.batch.deliver import deliver
from analyzer.batch.doubt import resolve_doubts
from analyzer.batch.guard import give_up_late_batches, route_late_items, send_directly
from analyzer.batch.job import Job
from analyzer.batch.journal import note
from analyzer.batch.lease import on_duty
from analyzer.batch.output_check import read_schema
from analyzer.batch.pieces import in_pieces
from analyzer.batch.provider import Provider, RefusedError, RemoteBatch, told
from analyzer.batch.reconcile import Reading, lose_missing, settle
from analyzer.batch.sinks import sink_of
from analyzer.batch.store import Store, open_store

_AT_ONCE = 1_000
_BYTES_AT_ONCE = 4_000_000
# A result that is missing this often from results read to their end will not come.
_READS = 3
# Results can be had for 29 days from the batch's creation; a warning comes this much earlier.
# source: https://platform.claude.com/docs/en/build-with-claude/batch-processing, checked 2026-11-20
RESULTS_LAST_US = 29 * 86_400_000_000
WARNED_BEFORE_US = 4 * 86_400_000_000


@dataclass
class Collection:
    """What a round of collect did."""

    batches_ended: int = 0
    results: int = 0
    delivered: int = 0
    remarks: list[str] = field(default_factory=list)


def collect(job: Job, provider: Provider, *, clock: Callable[[], float] = time.time) -> Collection:
    """Fetch the results of batches that have ended and deliver them. Safe to repeat, and to run several times at once.

    Where the job has a deadline guard it acts here as well. Raises: UserError when the destination or the schema
    cannot be used.
    """
    done = Collection()
    if job.schema is not None:
        read_schema(job.schema)
    sink_of(job.destination)
    with open_store(job.store) as store, on_duty(job.store) as me:
        now_us = int(clock() * 1_000_000)
        take_from_dead(store, now_us)
        done.remarks += resolve_doubts(store, job, provider, now_us=now_us)
        done.remarks += give_up_late_batches(store, job, now_us)
        for row in store.rows("batches_in", job=job.name, state="submitted"):
            _visit(store, job, provider, me, row["batch_no"], now_us, done)
        route_late_items(store, job, now_us)
        done.remarks += send_directly(store, job, provider, me, clock)
        delivered = deliver(store, job, me, now_us)
        done.delivered = delivered.answers
        done.remarks += delivered.remarks
    return done


def _visit(store: Store, job: Job, provider: Provider, me: str, batch_no: int, now_us: int, done: Collection) -> None:
    """Look at a batch, unless another process does."""
    with store.change():
        if not store.run("take_batch", batch_no=batch_no, holder=me).rowcount:
            return
    row = store.row("batch", batch_no=batch_no)
    try:
        remote = _look_at(store, job, provider, row, now_us, done)
        if remote is not None and remote.status == "ended":
            _read(store, job, provider, row, remote, now_us, done)
    except Exception as error:
        if not _is_from_outside(error):
            raise
        is_lasting = int(isinstance(error, RefusedError) and error.is_lasting)
        with store.change():
            store.run("batch_remark", batch_no=batch_no, reason=told(error), is_lasting=is_lasting)
        done.remarks.append(f"{row['provider_id']} could not be read ({told(error)}); tried again later")
        note("batch_unreadable", job=job.name, batch=row["provider_id"], reason=told(error))
    finally:
        with store.change():
            store.run("leave_batch", batch_no=batch_no, holder=me)


def _look_at(store: Store, job: Job, provider: Provider, row: Row, now_us: int, done: Collection) -> RemoteBatch | None:
    """The batch as it is, canceled where that is wanted.

    None: the provider does not know it, and it is given up: as asked, or because its results would be gone by now.
    """
    try:
        remote = provider.retrieve(row["provider_id"])
    except RefusedError as error:
        is_given_up = row["canceler"] == "person" or now_us > row["created_us"] + RESULTS_LAST_US
        if not error.is_about_item or not is_given_up:
            raise
        with store.change():
            _end_without(store, row["batch_no"], f"the provider does not know its batch ({told(error)})", now_us)
        done.batches_ended += 1
        return None
    if row["is_lasting"]:  # it could not be read the last time, and now it can
        with store.change():
            store.run("batch_remark", batch_no=row["batch_no"], reason=None, is_lasting=0)
    if row["canceler"] is None or remote.status != "in_progress":
        return remote
    try:
        remote = provider.cancel(row["provider_id"])
    except RefusedError as error:
        done.remarks.append(f"{remote.id} could not be canceled ({told(error)}); looked at again in the next round")
    else:
        note("batch_canceled", job=job.name, batch=remote.id, canceler=row["canceler"])
    return remote


def _end_without(store: Store, batch_no: int, why: str, now_us: int) -> None:
    """What has no result by now has none; inside a change."""
    missing = [item["item_no"] for item in store.rows("missing_items", batch_no=batch_no)]
    lose_missing(store, batch_no, missing, f"no result for it: {why}; it may have been billed", now_us)
    store.run("finish_batch", batch_no=batch_no)


def _is_from_outside(error: Exception) -> bool:
    """An error of the network or of what came over it, not one of ours."""
    if isinstance(error, RefusedError):
        return True
    return type(error).__module__.split(".")[0] in ("anthropic", "httpx2", "pydantic") or isinstance(error, OSError)


def _read(
    store: Store, job: Job, provider: Provider, row: Row, remote: RemoteBatch, now_us: int, done: Collection
) -> None:
    batch_no = row["batch_no"]
    with store.change():
        store.run("begin_reading", batch_no=batch_no, ended_us=remote.ended_us or now_us)
        number = int(store.row("batch", batch_no=batch_no)["readings"])
    reading = Reading(batch_no, row["token"], number, remote.created_us)
    strange = duplicates = first = 0
    results = iter(()) if remote.is_archived else provider.results(remote.id)
    for chunk in in_pieces(results, lambda result: result.bytes, count=_AT_ONCE, size=_BYTES_AT_ONCE):
        with store.change():
            tally = settle(store, job, reading, chunk, now_us)
        first, duplicates, strange = first + tally.first, duplicates + tally.duplicates, strange + tally.strange
    done.results += first
    note("results_read", job=job.name, batch=remote.id, results=first, duplicates=duplicates, strange=strange)
    if strange:
        done.remarks.append(f"{strange} results of {remote.id} belong to no item that was sent in it")
    if duplicates:
        done.remarks.append(f"{duplicates} results of {remote.id} came twice; the first ones count")
    with store.change():
        store.run("batch_was_read", batch_no=batch_no, strange=strange, duplicates=duplicates)
        missing = [item["item_no"] for item in store.rows("missing_items", batch_no=batch_no)]
        if missing and not remote.is_archived and row["reads"] + 1 < _READS:
            done.remarks.append(f"{len(missing)} results of {remote.id} are missing; they are looked for again")
            return
        why = "its results are no longer kept by the provider" if remote.is_archived else "the batch ended without one"
        _end_without(store, batch_no, why, now_us)
        done.batches_ended += 1
