"""What a person does to a job: retry what died, cancel what is under way, forget what is done."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from analyzer.batch.job import Job
from analyzer.batch.journal import note
from analyzer.batch.store import open_store


@dataclass(frozen=True)
class Canceled:
    """What cancel did: queued items given up, and batches that the next `collect` cancels at the provider."""

    items: int
    batches: int


def retry(job: Job) -> int:
    """Queue the dead items of a job again; how many. What came without a result may have been billed already.

    What only the destination refused has its answer: it is delivered again and not paid again.
    """
    with open_store(job.store) as store, store.change():
        again = store.run("deliver_dead_again", job=job.name).rowcount
        return again + store.run("retry_dead", job=job.name).rowcount


def cancel(job: Job, *, clock: Callable[[], float] = time.time) -> Canceled:
    """Give up what is queued, and want what is under way canceled; `collect` tells the provider.

    Written down at once, so that a crash does not forget it. What the provider finishes
    nevertheless is billed, and delivered.
    """
    with open_store(job.store) as store, store.change():
        items = store.run("cancel_queued", job=job.name, now_us=int(clock() * 1_000_000)).rowcount
        kinds = [row["kind"] for row in store.run("want_job_canceled", job=job.name)]
    batches = kinds.count("batch")
    note("job_canceled", job=job.name, items=items, batches=batches)
    return Canceled(items, batches)


def dismiss(job: Job) -> int:
    """Give up the dead items of a job, and tell no more of odd results; how many things. For who has looked at them."""
    with open_store(job.store) as store, store.change():
        items = store.run("dismiss_dead", job=job.name).rowcount
        return items + store.run("dismiss_odd", job=job.name).rowcount


def prune(job: Job, *, older_than_s: int, clock: Callable[[], float] = time.time) -> int:
    """Forget requests and answers of items delivered or canceled that long ago; how many. Their keys stay known."""
    before_us = int((clock() - older_than_s) * 1_000_000)
    with open_store(job.store) as store:
        store.connection.execute("pragma secure_delete = on")  # what is forgotten leaves no bytes behind
        with store.change():
            store.run("prune_answers", job=job.name, before_us=before_us)
            pruned = store.run("prune_requests", job=job.name, before_us=before_us).rowcount
        store.connection.execute("pragma incremental_vacuum").fetchall()
        store.connection.execute("pragma wal_checkpoint(truncate)").fetchall()
    return pruned
