"""Where a job stands."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from sqlite3 import Row

from analyzer.batch.caps import what_blocks
from analyzer.batch.collect import RESULTS_LAST_US, WARNED_BEFORE_US
from analyzer.batch.cost import to_usd
from analyzer.batch.job import Job
from analyzer.batch.lease import is_alive
from analyzer.batch.store import Store, open_store
from analyzer.batch.turnaround import turnaround
from analyzer.money import dollars

# A destination that failed this often does not come right by itself.
_FAILURES = 3


@dataclass(frozen=True)
class JobStatus:
    """Items by state, money (list cost, USD) and time (seconds). None = not known, or there is nothing to tell.

    Items: `submitted` holds what is with the provider or on its way; `overdue` what was needed by now and is not done.
    `dead_items`: the first few, key and reason. Money: `estimate…` of all that was sent (None where an item has no
    price), `actual_usd` what was paid by usage, `synchronous_usd` the same answers synchronously, `guard_usd` what the
    deadline guard paid more than a batch (inside `actual_usd`), `lost_usd` the high estimate of `lost_calls` that went
    without an answer; `unpriced_results` are in no sum. Tokens by usage. `strange_results` carry an id that nobody
    sent, `duplicate_results` came twice. `stuck`: nothing is under way, and what is queued cannot be sent before a
    person has changed something (a cap, a price, a key). `troubles`: what a person has to look at, in words.
    """

    job: str
    queued: int
    submitted: int
    in_doubt: int
    succeeded: int
    delivered: int
    canceled: int
    dead: int
    overdue: int
    estimate_low_usd: Decimal | None
    estimate_usd: Decimal | None
    estimate_high_usd: Decimal | None
    actual_usd: Decimal | None
    synchronous_usd: Decimal | None
    guard_items: int
    guard_usd: Decimal
    lost_calls: int
    lost_usd: Decimal
    unpriced_results: int
    input_tokens: int
    cache_write_tokens: int
    cache_read_tokens: int
    output_tokens: int
    oldest_queued_s: float | None
    oldest_batch_s: float | None
    turnaround_batches: int
    turnaround_p50_s: float | None
    turnaround_p90_s: float | None
    strange_results: int
    duplicate_results: int
    dead_items: tuple[tuple[str, str], ...]
    stuck: bool
    troubles: tuple[str, ...]

    @property
    def done(self) -> bool:
        """The set is whole: every item delivered, canceled as asked, or dead and told."""
        return not (self.queued or self.submitted or self.in_doubt or self.succeeded)

    @property
    def needs_a_person(self) -> bool:
        """Something will not come right by itself."""
        return bool(self.troubles)


def status_of(job: Job, *, clock: Callable[[], float] = time.time, dead_shown: int = 10) -> JobStatus:
    """Count the job's items. Sends nothing and changes nothing."""
    now_us = int(clock() * 1_000_000)
    with open_store(job.store) as store:
        store.connection.execute("begin")  # one picture for all counts
        counts = {row["state"]: int(row["items"]) for row in store.rows("counts", job=job.name)}
        money, usage = store.row("money", job=job.name), store.row("usage", job=job.name)
        ages = store.row("ages", job=job.name, now_us=now_us, expiring_us=now_us - RESULTS_LAST_US + WARNED_BEFORE_US)
        odd = store.row("odd_results", job=job.name)
        dead_items = tuple(
            (row["key"], row["reason"]) for row in store.rows("dead_items", job=job.name, count=dead_shown)
        )
        took = turnaround(store)
        in_doubt = _in_doubt(store, job)
        is_idle = not (counts.get("claimed") or counts.get("submitted") or counts.get("succeeded"))
        blocks = what_blocks(store, job, now_us, is_idle=is_idle)
        troubles = _troubles(store, job, in_doubt, counts, ages, odd, blocks)
        store.connection.execute("commit")
    priced = not money["unpriced_batches"]
    return JobStatus(
        job=job.name,
        queued=counts.get("queued", 0),
        submitted=counts.get("submitted", 0) + counts.get("claimed", 0) - in_doubt,
        in_doubt=in_doubt,
        succeeded=counts.get("succeeded", 0),
        delivered=counts.get("delivered", 0),
        canceled=counts.get("canceled", 0),
        dead=counts.get("dead", 0),
        overdue=ages["overdue"],
        estimate_low_usd=to_usd(money["low_pico"] or 0) if priced else None,
        estimate_usd=to_usd(money["base_pico"] or 0) if priced else None,
        estimate_high_usd=to_usd(money["high_pico"] or 0) if priced else None,
        actual_usd=None if usage["unpriced"] else to_usd(usage["paid_pico"]),
        synchronous_usd=None if usage["unpriced"] else to_usd(usage["direct_pico"]),
        guard_items=usage["guard_items"],
        guard_usd=to_usd(usage["guard_pico"]),
        lost_calls=money["lost_calls"],
        lost_usd=to_usd(money["lost_pico"]),
        unpriced_results=usage["unpriced"],
        input_tokens=usage["input_tokens"],
        cache_write_tokens=usage["write_tokens"],
        cache_read_tokens=usage["read_tokens"],
        output_tokens=usage["output_tokens"],
        oldest_queued_s=_age_s(ages["queued_us"], now_us),
        oldest_batch_s=_age_s(ages["batch_us"], now_us),
        turnaround_batches=took.batches,
        turnaround_p50_s=took.p50_s,
        turnaround_p90_s=took.p90_s,
        strange_results=odd["strange"],
        duplicate_results=odd["duplicates"],
        dead_items=dead_items,
        stuck=is_idle and bool(blocks) and all(blocks.values()),
        troubles=troubles,
    )


def _age_s(since_us: int | None, now_us: int) -> float | None:
    return None if since_us is None else max(now_us - since_us, 0) / 1e6


def _in_doubt(store: Store, job: Job) -> int:
    """Items of batches in doubt, and of those whose sender died without having said so."""
    doubted = int(store.row("doubted_items", job=job.name)["items"])
    intents = store.rows("intents", job=job.name)
    return doubted + sum(int(row["item_count"]) for row in intents if not is_alive(store.path, row["holder"]))


def _troubles(
    store: Store, job: Job, in_doubt: int, counts: Mapping[str, int], ages: Row, odd: Row, blocks: Mapping[str, str]
) -> tuple[str, ...]:
    found = []
    dead, overdue, expiring = counts.get("dead", 0), ages["overdue"], ages["expiring"]
    if in_doubt:
        found.append(f"items in doubt (sent, and nobody knows what became of them): {in_doubt}")
    if dead:
        found.append(f"dead items: {dead}")
    if overdue:
        found.append(f"items that were needed by now and are not done: {overdue}")
    if expiring:
        found.append(
            f"batches whose results will soon be gone (29 days after they were made), so collect now: {expiring}"
        )
    strange, duplicates = odd["strange"], odd["duplicates"]
    if strange or duplicates:
        found.append(f"results that nobody sent: {strange}; results that came twice: {duplicates}")
    found += sorted({block for block in blocks.values() if block})
    found += [
        f"the results of {row['provider_id']} cannot be fetched: {row['reason']}"
        for row in store.rows("refused_readings", job=job.name)
    ]
    found += [_sent_twice(row) for row in store.rows("sent_twice", job=job.name)]
    delivery = store.run("delivery_trouble", job=job.name).fetchone()
    if delivery is not None and delivery["failures"] >= _FAILURES:
        found.append(f"the destination failed {delivery['failures']} times: {delivery['reason']}")
    return tuple(found)


def _sent_twice(row: Row) -> str:
    most = "an amount not known" if row["high_pico"] is None else dollars(to_usd(row["high_pico"]))
    if row["provider_id"] is None:
        return f"{row['reason']}; items perhaps sent twice: {row['item_count']}, for up to {most}"
    return (
        f"{row['provider_id']} was assumed absent and exists; items sent twice: {row['item_count']}, for up to {most}"
    )
