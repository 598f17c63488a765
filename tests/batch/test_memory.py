from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest
from conftest import params, results_file

from analyzer.batch import Job, NewItem, collect, enqueue_many, status_of, submit
from analyzer.batch.body import custom_id
from analyzer.batch.provider import Body, RemoteBatch, Result
from analyzer.batch.store import open_store

MB = 1_000_000
ITEMS = 60


class Sink:
    """A provider that keeps nothing: it counts what is sent, and makes answers of a megabyte as they are asked for."""

    def __init__(self, job: Job) -> None:
        self.job, self.sent, self.told = job, 0, 0

    def create(self, body: Body) -> RemoteBatch:
        self.told = body.size
        self.sent = sum(len(chunk) for chunk in body.chunks)
        return RemoteBatch("msgbatch_1", "in_progress", ITEMS, 1, None)

    def retrieve(self, batch_id: str) -> RemoteBatch:
        return RemoteBatch(batch_id, "ended", ITEMS, 1, 2)

    def results(self, batch_id: str) -> Iterator[Result]:
        with open_store(self.job.store) as store:
            token = store.connection.execute("select token from batches").fetchone()[0]
        for number in range(1, ITEMS + 1):
            message = {"content": [{"type": "text", "text": str(number % 10) * MB}], "usage": {"input_tokens": 1}}
            yield Result(custom_id(token, number), "succeeded", message, bytes=MB)


@pytest.fixture
def peak_mb() -> Iterator[Any]:
    def peak() -> float:
        return tracemalloc.get_traced_memory()[1] / MB

    tracemalloc.start()
    yield peak
    tracemalloc.stop()


def test_memory_does_not_grow_with_the_batch(job: Job, peak_mb: Any) -> None:
    provider: Any = Sink(job)
    items = (NewItem(params(str(number % 10) * MB), f"item-{number}") for number in range(ITEMS))
    enqueue_many(items, job=job)
    # 16 MB go into one transaction: as text, as the value it was made from, and as the row.
    assert peak_mb() < 45
    tracemalloc.reset_peak()
    assert submit(job, provider).items == ITEMS
    assert provider.sent == provider.told > ITEMS * MB
    assert peak_mb() < 12
    tracemalloc.reset_peak()
    assert collect(job, provider).delivered == ITEMS
    assert peak_mb() < 25
    assert results_file(job).stat().st_size > ITEMS * MB and status_of(job).done
