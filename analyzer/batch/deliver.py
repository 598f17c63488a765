"""Results into a JSONL file, each exactly once, through a crash at any instruction.

What will be written is decided and recorded first: which items, and how long the file was. Their lines are the same
bytes each time they are made. So whoever comes after a crash compares what the file holds from that place on, writes
the rest, and marks the items as delivered. Nothing is ever taken out of the file.
"""

from __future__ import annotations

import json
import os
from sqlite3 import Row

from analyzer.batch.job import Job
from analyzer.batch.store import Store
from analyzer.errors import UserError

_AT_ONCE = 1_000


def deliver(store: Store, job: Job) -> int:
    """Append what has succeeded to the job's destination; how many items were delivered.

    Raises: UserError when somebody else wrote to the file while a delivery was under way.
    """
    delivered = 0
    while True:
        delivered += _complete(store, job)
        if not _intend(store, job):
            return delivered


def _intend(store: Store, job: Job) -> bool:
    destination = str(job.destination)
    with store.change():
        if store.run("pending_delivery", destination=destination).fetchone() is not None:
            return True
        if not store.row("undelivered", job=job.name)["waiting"]:
            return False
        start = job.destination.stat().st_size if job.destination.exists() else 0
        number = store.run("intend_delivery", job=job.name, destination=destination, start_byte=start).lastrowid
        store.run("assign_delivery", delivery_no=number, job=job.name, count=_AT_ONCE)
    return True


def _complete(store: Store, job: Job) -> int:
    """Bring the delivery under way to its end, holding the store's write lock so that no other does it as well."""
    with store.change():
        pending = store.run("pending_delivery", destination=str(job.destination)).fetchone()
        if pending is None:
            return 0
        rows = store.rows("delivery_items", delivery_no=pending["delivery_no"])
        _append(job, b"".join(_line(row) for row in rows), pending["start_byte"])
        count = store.run("items_are_delivered", delivery_no=pending["delivery_no"]).rowcount
        store.run("finish_delivery", delivery_no=pending["delivery_no"])
    return count


def _append(job: Job, payload: bytes, start: int) -> None:
    job.destination.parent.mkdir(parents=True, exist_ok=True)
    with job.destination.open("a+b") as file:
        if start:
            file.seek(start - 1)
            if file.read(1) not in (b"\n", b""):
                payload = b"\n" + payload
        file.seek(0, os.SEEK_END)
        size = file.tell()
        file.seek(start)
        there = file.read(len(payload))
        if size < start or not payload.startswith(there):
            raise UserError(
                str(job.destination),
                f"changed by somebody else after byte {start}, while a delivery was under way",
                "the file as the runner left it",
                "put it back; nothing is lost, the results are in the store",
            )
        file.write(payload[len(there) :])
        file.flush()
        os.fsync(file.fileno())
    folder = os.open(job.destination.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _line(row: Row) -> bytes:
    """One result: key, job, metadata (null = none), message; ASCII, one line."""
    metadata = json.loads(row["metadata"]) if row["metadata"] is not None else None
    line = {"key": row["key"], "job": row["job"], "metadata": metadata, "message": json.loads(row["result"])}
    return json.dumps(line).encode("ascii") + b"\n"
