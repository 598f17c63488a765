"""What the queue will cost, before anything is sent."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from analyzer.batch.caps import caps_of
from analyzer.batch.check import check_queued
from analyzer.batch.cost import to_usd
from analyzer.batch.job import Job
from analyzer.batch.provider import Provider
from analyzer.batch.store import open_store


@dataclass(frozen=True)
class Quote:
    """List cost of what is queued, USD: three cases in batches, the high case synchronously.

    `unpriced` items are in no sum. `budget_left_usd`: what the tightest cap leaves, by the high case; None = no cap.
    """

    job: str
    items: int
    bytes: int
    rejected: int
    unpriced: int
    low_usd: Decimal
    base_usd: Decimal
    high_usd: Decimal
    synchronous_high_usd: Decimal
    budget_left_usd: Decimal | None
    remarks: tuple[str, ...]


def quote(job: Job, provider: Provider | None = None, *, clock: Callable[[], float] = time.time) -> Quote:
    """Check and price what is queued; what no batch takes is rejected now. Sends nothing, but for count_tokens.

    `provider` None: token counts of the provider are not asked for, even where the job wants them.
    """
    now_us = int(clock() * 1_000_000)
    with open_store(job.store) as store:
        checked = check_queued(store, job, provider, now_us)
        with store.change():
            row = store.row("queued_estimate", job=job.name)
            left_pico = min((cap.left_pico for cap in caps_of(store, job, now_us)), default=None)
    return Quote(
        job=job.name,
        items=row["items"],
        bytes=row["bytes"],
        rejected=checked.rejected,
        unpriced=row["unpriced"],
        low_usd=to_usd(row["low_pico"]),
        base_usd=to_usd(row["base_pico"]),
        high_usd=to_usd(row["high_pico"]),
        synchronous_high_usd=to_usd(row["direct_pico"]),
        budget_left_usd=None if left_pico is None else to_usd(max(left_pico, 0)),
        remarks=tuple(checked.remarks),
    )
