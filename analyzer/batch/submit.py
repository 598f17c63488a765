"""Queued items into batches: intent first, one POST, and no second one until the fate of the first is known."""

from __future__ import annotations

import fcntl
import json
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from analyzer.batch.cost import estimate, to_pico, to_usd
from analyzer.batch.doubt import resolve_doubts
from analyzer.batch.job import Job
from analyzer.batch.preflight import refusal
from analyzer.batch.provider import Provider, RefusedError, Sending
from analyzer.batch.store import Store, open_store
from analyzer.money import dollars

# Bytes that custom_id, keys and brackets add to an item when it is sent.
_ENVELOPE_BYTES = 128
# A 1-hour cache block counts from the start of the request that wrote it; what is left must reach the last item.
_WARM_US = 30 * 60 * 1_000_000
_DAY_US = 86_400_000_000


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
class _Choice:
    sendings: tuple[Sending, ...]
    item_nos: tuple[int, ...]
    estimate_pico: int | None
    is_last: bool


def submit(
    job: Job,
    provider: Provider,
    *,
    clock: Callable[[], float] = time.time,
    assume_absent_after_s: int | None = None,
) -> Submission:
    """Send what is queued; batches in doubt are looked for first.

    One submit a store at a time: a second one does nothing and says so. `assume_absent_after_s`: a batch in doubt
    that is older than that and that no listing shows is taken for never created; None = never.
    """
    done = Submission()
    with open_store(job.store) as store, _alone(job.store) as is_alone:
        if not is_alone:
            done.remarks.append("another submit is at work on this store")
            return done
        with store.change():
            store.run("doubt_interrupted", reason="the process that sent it ended before it knew the answer")
        done.remarks += resolve_doubts(
            store, job, provider, now_us=_us(clock), assume_absent_after_s=assume_absent_after_s
        )
        while _send_one(store, job, provider, clock, done):
            pass
    return done


def _send_one(store: Store, job: Job, provider: Provider, clock: Callable[[], float], done: Submission) -> bool:
    """Send one batch; True when there may be more to send."""
    count = job.max_items
    if job.primes_cache and not store.row("warm_batches", job=job.name, since_us=_us(clock) - _WARM_US)["warm"]:
        if store.row("open_batches", job=job.name)["open"]:
            done.remarks.append("waiting for the batch that warms the cache")
            return False
        count = 1
    choice = _choose(store, job, _us(clock), count, done)
    if choice is None:
        return False
    if not choice.sendings:
        return not choice.is_last
    batch_no = _intend(store, job, choice, _us(clock))
    try:
        remote = provider.create(choice.sendings)
    except RefusedError as error:
        with store.change():
            store.run("items_are_queued_again", batch_no=batch_no)
            store.run("close_sendings", batch_no=batch_no, outcome="refused")
            store.run("close_batch", batch_no=batch_no, state="refused", reason=str(error))
        done.is_stuck = error.is_lasting
        done.remarks.append(f"the batch was refused, its items stay queued: {error}")
        return False
    except Exception as error:
        # Whatever it was, the provider may have the batch: it must not be sent again before it was looked for.
        with store.change():
            store.run("doubt_batch", batch_no=batch_no, reason=type(error).__name__)
        done.remarks.append(f"a batch of {len(choice.sendings)} items is in doubt ({type(error).__name__})")
        return False
    with store.change():
        store.run("adopt_batch", batch_no=batch_no, provider_id=remote.id, created_us=remote.created_us)
        store.run("items_are_submitted", batch_no=batch_no)
    done.batches += 1
    done.items += len(choice.sendings)
    return not choice.is_last


def _intend(store: Store, job: Job, choice: _Choice, now_us: int) -> int:
    with store.change():
        cursor = store.run(
            "intend_batch",
            job=job.name,
            item_count=len(choice.sendings),
            intended_us=now_us,
            estimate_pico=choice.estimate_pico,
        )
        batch_no = int(cursor.lastrowid or 0)
        for sending, item_no in zip(choice.sendings, choice.item_nos, strict=True):
            store.run("add_sending", custom_id=sending.custom_id, batch_no=batch_no, item_no=item_no)
            store.run("claim_item", item_no=item_no)
    return batch_no


def _choose(store: Store, job: Job, now_us: int, count: int, done: Submission) -> _Choice | None:
    """The next batch within count, bytes and budget; None when there is nothing to send."""
    left = _budget_left(store, job, now_us)
    on = datetime.fromtimestamp(now_us / 1e6, UTC).date()
    sendings: list[Sending] = []
    item_nos: list[int] = []
    total: int | None = 0
    size = 0
    over_budget = False
    rows = store.rows("queued_items", job=job.name, now_us=now_us, count=count)
    for row in rows:
        params = json.loads(row["params"])
        reason = _unfit(params, row["bytes"], job)
        if reason is not None:
            with store.change():
                store.run("kill_item", item_no=row["item_no"], reason=reason)
            done.rejected += 1
            continue
        cost = _cost(params, row["bytes"], job, on)
        if left is not None and (cost is None or (total or 0) + cost > left):
            done.remarks.append(_over_budget(job, cost, left - (total or 0)))
            over_budget = True
            break
        if size + row["bytes"] + _ENVELOPE_BYTES > job.max_bytes:
            break
        size += row["bytes"] + _ENVELOPE_BYTES
        total = None if total is None or cost is None else total + cost
        sendings.append(Sending("w" + secrets.token_hex(16), params))
        item_nos.append(row["item_no"])
    return _Choice(tuple(sendings), tuple(item_nos), total, over_budget) if rows else None


def _unfit(params: dict[str, Any], size: int, job: Job) -> str | None:
    if size + _ENVELOPE_BYTES > job.max_bytes:
        return f"{size} bytes are more than a batch of this job may have ({job.max_bytes})"
    return refusal(params)


def _cost(params: dict[str, Any], size: int, job: Job, on: date) -> int | None:
    found = estimate(params, size, job.output_tokens, on)
    return None if found is None else found.base_pico


def _budget_left(store: Store, job: Job, now_us: int) -> int | None:
    if job.day_usd is None:
        return None
    spent: int = store.row("day_spend", job=job.name, day_us=now_us - now_us % _DAY_US)["pico"]
    return to_pico(job.day_usd) - spent


def _over_budget(job: Job, cost: int | None, left: int) -> str:
    if cost is None:
        return "an item has no price, so budget.day_usd cannot be kept; it stays queued (remove the cap to send it)"
    return (
        f"the next item (about {dollars(to_usd(cost))}) would pass budget.day_usd = {job.day_usd}; "
        f"{dollars(to_usd(max(left, 0)))} are left today; the rest stays queued"
    )


def _us(clock: Callable[[], float]) -> int:
    return int(clock() * 1_000_000)


@contextmanager
def _alone(store: Path) -> Iterator[bool]:
    """Holds the store's submit lock; False when another process has it. The kernel frees that of a dead one."""
    with Path(f"{store}.submit.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
