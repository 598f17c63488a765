"""Queued items into batches: intent first, one POST, and no second one until the fate of the first is known."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from analyzer.batch.body import body_of, new_token
from analyzer.batch.caps import caps_of
from analyzer.batch.check import check_queued
from analyzer.batch.choose import Choice, choose
from analyzer.batch.dead import take_from_dead
from analyzer.batch.doubt import resolve_doubts
from analyzer.batch.guard import route_late_items
from analyzer.batch.intent import asked_to_wait_s, take_back, write_intent
from analyzer.batch.job import Job
from analyzer.batch.journal import note
from analyzer.batch.lease import on_duty
from analyzer.batch.provider import Provider, RefusedError
from analyzer.batch.store import Store, open_store
from analyzer.times import duration_text

# A 1-hour cache block counts from the start of the request that wrote it; what is left must reach the last item.
_WARM_US = 30 * 60 * 1_000_000
# A single item that came back this long ago was meant to warm it, and the rest came too late.
_COOLED_US = 6 * 3600 * 1_000_000


@dataclass
class Submission:
    """What a round of submit did. `rejected`: items that no batch would take, now dead. `remarks` are for people.

    `is_stuck`: the provider refused for a reason that will last until a person has changed something.
    """

    batches: int = 0
    items: int = 0
    rejected: int = 0
    is_stuck: bool = False
    remarks: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Intent:
    batch_no: int
    token: str
    choice: Choice


def submit(
    job: Job,
    provider: Provider,
    *,
    clock: Callable[[], float] = time.time,
    assume_absent_after_s: int | None = None,
) -> Submission:
    """Send what is queued; batches in doubt are looked for first. Safe to repeat, and to run several times at once.

    `assume_absent_after_s`: a batch in doubt that is older than that and that no listing shows is taken for never
    created; None = never.
    """
    done = Submission()
    with open_store(job.store) as store, on_duty(job.store) as me:
        now_us = _us(clock)
        take_from_dead(store, now_us)
        done.remarks += resolve_doubts(store, job, provider, now_us=now_us, assume_absent_after_s=assume_absent_after_s)
        checked = check_queued(store, job, provider, now_us)
        done.rejected, done.is_stuck = checked.rejected, checked.is_stuck
        done.remarks += checked.remarks
        route_late_items(store, job, now_us)
        wait_s = asked_to_wait_s(store, job, "batch", now_us)
        if wait_s > 0:
            done.remarks.append(f"the provider asked to wait; {duration_text(wait_s)} are left")
            return done
        while _send_one(store, job, provider, me, clock, done):
            pass
    return done


def _send_one(
    store: Store, job: Job, provider: Provider, me: str, clock: Callable[[], float], done: Submission
) -> bool:
    """Send one batch; True when there may be more to send."""
    intent = _intend(store, job, me, _us(clock), done)
    if intent is None:
        return False
    items, batch_no = len(intent.choice.item_nos), intent.batch_no
    try:
        with body_of(store, batch_no, intent.token, intent.choice.bytes) as body:
            remote = provider.create(body)
    except RefusedError as error:
        take_back(store, batch_no, error, _us(clock))
        done.is_stuck = error.is_lasting
        done.remarks.append(f"the batch was refused, its items stay queued: {error}")
        note("batch_refused", job=job.name, batch_no=batch_no, items=items, reason=str(error))
        return False
    except Exception as error:
        # Whatever it was, the provider may have the batch: it must not be sent again before it was looked for.
        with store.change():
            store.run("doubt_batch", batch_no=batch_no, reason=type(error).__name__, now_us=_us(clock))
        done.remarks.append(f"a batch of {items} items is in doubt ({type(error).__name__})")
        note("batch_in_doubt", job=job.name, batch_no=batch_no, items=items, reason=type(error).__name__)
        return False
    with store.change():
        store.run("adopt_batch", batch_no=batch_no, provider_id=remote.id, created_us=remote.created_us)
        store.run("items_are_submitted", batch_no=batch_no)
    done.batches += 1
    done.items += items
    note("batch_submitted", job=job.name, batch=remote.id, items=items, bytes=intent.choice.bytes)
    if remote.items != items:
        done.remarks.append(f"{remote.id} counts {remote.items} requests where {items} were sent")
    return intent.choice.remark is None


def _intend(store: Store, job: Job, me: str, now_us: int, done: Submission) -> _Intent | None:
    """Choose and claim in one transaction, so that no other process chooses the same; None = nothing to send now."""
    token = new_token()
    with store.change():
        count = _room(store, job, now_us, done)
        if count < 1:
            return None
        caps = caps_of(store, job, now_us)
        rows = store.run("sendable_items", job=job.name, route="batch", now_us=now_us, count=count)
        choice = choose(rows, job, token, now_us, caps, count)
        rows.close()
        if choice.remark is not None:
            done.remarks.append(choice.remark)
        if not choice.item_nos:
            return None
        return _Intent(write_intent(store, job, me, "batch", token, choice, now_us), token, choice)


def _room(store: Store, job: Job, now_us: int, done: Submission) -> int:
    """How many items the next batch may have at most."""
    room = job.max_queued - int(store.row("with_provider")["items"])
    if room < 1:
        done.remarks.append(f"the provider's queue is full (size.max_queued = {job.max_queued}); the rest waits")
        return 0
    if job.primes_cache:
        room = min(room, _room_for_cache(store, job, now_us, done))
    return min(job.max_items, room)


def _room_for_cache(store: Store, job: Job, now_us: int, done: Submission) -> int:
    """One item while the cache is cold, none while that one is under way, then as many as there are."""
    last = store.run("last_batch", job=job.name, kind="batch").fetchone()
    if store.row("warm_batches", job=job.name, since_us=now_us - _WARM_US)["warm"]:
        return job.max_items
    is_open = last is not None and last["state"] in ("intent", "submitted", "in-doubt")
    is_single = last is not None and last["item_count"] == 1
    if is_open and is_single:
        done.remarks.append("waiting for the batch that warms the cache")
        return 0
    has_cooled = is_single and last["state"] == "collected" and last["ended_us"] >= now_us - _COOLED_US
    if has_cooled:
        # Warming it again and again would send one item a round, for ever.
        done.remarks.append("the cache was warmed more than 30 minutes ago: submit sooner after collect")
    return job.max_items if is_open or has_cooled else 1


def _us(clock: Callable[[], float]) -> int:
    return int(clock() * 1_000_000)
