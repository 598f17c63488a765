"""How long batches took, from the record; what the deadline guard goes by."""

from __future__ import annotations

from dataclasses import dataclass

from analyzer.batch.job import Guard
from analyzer.batch.store import Store

_LAST = 200
_ENOUGH = 20
# A synchronous call, until five have been measured.
_CALL_S = 15.0
_ENOUGH_CALLS = 5


@dataclass(frozen=True)
class Turnaround:
    """Seconds from creation to end of the last 200 batches that ran to their end; None = none yet (nearest rank)."""

    batches: int
    p50_s: float | None
    p90_s: float | None
    p95_s: float | None


def turnaround(store: Store) -> Turnaround:
    """Of all jobs of the store."""
    took = [row["took_us"] / 1e6 for row in store.rows("turnarounds", count=_LAST)]
    return Turnaround(len(took), *(_quantile(took, share) for share in (50, 90, 95)))


def tail_s(store: Store, guard: Guard) -> float:
    """How long a batch may take: the measured 95th percentile, or `guard.tail` until 20 batches are measured."""
    measured = turnaround(store)
    return guard.tail_s if measured.p95_s is None or measured.batches < _ENOUGH else measured.p95_s


def reserve_s(store: Store, guard: Guard, items: int) -> float:
    """Time to keep for canceling and for sending `items` synchronously."""
    row = store.row("direct_seconds")
    each_s = row["took_us"] / 1e6 if row["calls"] >= _ENOUGH_CALLS else _CALL_S
    return guard.reserve_s + each_s * -(-items // guard.concurrency)


def _quantile(ascending: list[float], percent: int) -> float | None:
    return ascending[-(-len(ascending) * percent // 100) - 1] if ascending else None
