"""The deadline guard: what a batch would bring too late leaves it, and is sent synchronously within the same caps."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from sqlite3 import Row

from analyzer.batch.body import custom_id, new_token
from analyzer.batch.caps import block_of, caps_of
from analyzer.batch.choose import Choice
from analyzer.batch.dead import lose_call
from analyzer.batch.intent import asked_to_wait_s, take_back, write_intent
from analyzer.batch.job import Job
from analyzer.batch.journal import note
from analyzer.batch.provider import Provider, RefusedError, Result
from analyzer.batch.reconcile import Reading, settle
from analyzer.batch.store import Store, open_store
from analyzer.batch.threads import in_threads
from analyzer.batch.turnaround import reserve_s, tail_s


def route_late_items(store: Store, job: Job, now_us: int) -> None:
    """What waits and would come too late from a batch (time left under tail and reserve) is to be sent alone.

    Without a guard what waits to be sent alone goes into a batch again.
    """
    if job.guard is None:
        if store.row("queued_on", job=job.name, route="direct")["items"]:
            with store.change():
                store.run("guard_is_off", job=job.name)
        return
    waiting = int(store.row("queued_on", job=job.name, route="direct")["items"])
    time_s = tail_s(store, job.guard) + reserve_s(store, job.guard, waiting + 1)
    with store.change():
        store.run("guard_late_items", job=job.name, before_us=now_us + int(time_s * 1e6))


def give_up_late_batches(store: Store, job: Job, now_us: int) -> list[str]:
    """Want each batch canceled that will not come in time; remarks for people.

    Time left under the reserve: now or never. Time left under the tail, and the batch older than the tail: it is one
    of the slow few, nobody knows how slow. A younger one is given its time.
    """
    if job.guard is None:
        return []
    tail, remarks = tail_s(store, job.guard), []
    for row in store.rows("batch_urgency", job=job.name):
        left_s, age_s = (row["needed_by_us"] - now_us) / 1e6, (now_us - row["created_us"]) / 1e6
        reserve = reserve_s(store, job.guard, row["items"])
        if left_s < reserve or (left_s < tail < age_s):
            with store.change():
                store.run("want_canceled", batch_no=row["batch_no"], canceler="guard")
            remarks.append(f"{row['provider_id']} will not come in time; what it does not finish is sent synchronously")
            note("guard_cancels", job=job.name, batch=row["provider_id"], items=row["items"], left_s=round(left_s))
    return remarks


@dataclass
class _Round:
    """What the threads of one round share."""

    job: Job
    provider: Provider
    me: str
    clock: Callable[[], float]
    stop: threading.Event = field(default_factory=threading.Event)
    remarks: list[str] = field(default_factory=list)

    @property
    def now_us(self) -> int:
        return int(self.clock() * 1_000_000)


def send_directly(store: Store, job: Job, provider: Provider, me: str, clock: Callable[[], float]) -> list[str]:
    """Send what the guard took out of batches, a few at a time; remarks for people.

    Each call is written down before it is made. There is no way to look for one that went without an answer: it
    counts at its high estimate, and its item is sent again.
    """
    if job.guard is None or not store.row("queued_on", job=job.name, route="direct")["items"]:
        return []
    this = _Round(job, provider, me, clock)
    if asked_to_wait_s(store, job, "direct", this.now_us) > 0:
        return []
    in_threads(job.guard.concurrency, lambda: _work(this), this.stop)
    return sorted(set(this.remarks))


def _work(this: _Round) -> None:
    # A store that fails for one fails for all: in_threads sets `stop`, and nobody goes on spending.
    with open_store(this.job.store) as store:
        while not this.stop.is_set() and (call := _intend(store, this)) is not None:
            _call(store, this, *call)


def _intend(store: Store, this: _Round) -> tuple[int, str, int] | None:
    """Claim the most urgent item: batch, token, item; None when there is none, or no money for it."""
    job, now_us, token = this.job, this.now_us, new_token()
    while True:
        with store.change():
            row = store.run("sendable_items", job=job.name, route="direct", now_us=now_us, count=1).fetchone()
            if row is None:
                return None
            if row["attempts"] >= job.max_attempts:
                reason = f"given up after {row['attempts']} attempts: the answers of synchronous calls were lost"
                store.run("kill_queued_item", item_no=row["item_no"], reason=reason, now_us=now_us)
                continue
            block = block_of(row["direct_pico"], 0, caps_of(store, job, now_us))
            if block is not None:
                this.remarks.append(f"the guard: {block.remark}")
                return None
            batch_no = write_intent(store, job, this.me, "direct", token, _alone(row), now_us)
        return batch_no, token, row["item_no"]


def _alone(row: Row) -> Choice:
    """One item at synchronous prices: the cases of its batch estimate, in proportion."""
    direct, high = row["direct_pico"], row["high_pico"]
    low, base = (row[name] * direct // high if high else None for name in ("low_pico", "base_pico"))
    return Choice([row["item_no"]], row["bytes"], low, base, direct)


def _call(store: Store, this: _Round, batch_no: int, token: str, item_no: int) -> None:
    params = store.row("request", item_no=item_no)["params"]
    called = custom_id(token, item_no)
    try:
        result = Result(called, "succeeded", this.provider.answer(params))
    except RefusedError as error:
        if not error.is_about_item:
            take_back(store, batch_no, error, this.now_us)
            this.remarks.append(f"a synchronous call was refused, its item stays queued: {error}")
            this.stop.set()
            return
        result = Result(called, "errored", None, "invalid_request_error", str(error))
    except Exception as error:
        with store.change():
            lose_call(store, batch_no, type(error).__name__, this.now_us)
        this.remarks.append(f"the answer of a synchronous call was lost ({type(error).__name__}); it is made again")
        return
    with store.change():
        store.run("end_direct", batch_no=batch_no, now_us=this.now_us)
        settle(store, this.job, Reading(batch_no, token, 1, this.now_us), [result], this.now_us)
        store.run("finish_batch", batch_no=batch_no)
