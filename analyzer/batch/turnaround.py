"""How long batches took, from the record; what the deadline guard goes by."""

from __future__ import annotations

from dataclasses import dataclass

from analyzer.batch.job import Guard, Job
from analyzer.batch.store import Store, open_store
from analyzer.errors import UserError

_LAST = 200
_ENOUGH = 20
# Ranks that become points, as shares.
_SHARES = (0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
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


@dataclass(frozen=True)
class MeasuredTurnaround:
    """What the analysis takes in the place of rules/turnaround.toml: points (seconds, share back by then), rising.

    `batches`: the last ones, up to 200, of all jobs of the store; `not_back`: expired, or given up by the guard.
    """

    batches: int
    not_back: int
    points: tuple[tuple[int, float], ...]


def measured_turnaround(job: Job) -> MeasuredTurnaround:
    """From the store of a job. The k-th fastest of n batches stands for a share of k / (n + 1), so 1 is never claimed.

    Example: 24 batches that took 1 to 24 minutes: 3 minutes stand for 3 / 25 = 12 %, 24 for 96 %.
    Raises: UserError with fewer than 20 batches, or where none is back.
    """
    with open_store(job.store) as store:
        sample = [row["took_us"] for row in store.rows("turnaround_sample", count=_LAST)]
    back = sorted(-(-took_us // 1_000_000) for took_us in sample if took_us is not None)
    if len(sample) < _ENOUGH or not back:
        found = f"{len(sample)} batches that have ended, {len(back)} of them back"
        raise UserError(str(job.store), found, f"at least {_ENOUGH}", "until then the published turnaround counts")
    ranks = {1, len(back), *(-int(-share * (len(sample) + 1) // 1) for share in _SHARES)}
    shares: dict[int, float] = {}
    for rank in sorted(rank for rank in ranks if 1 <= rank <= len(back)):
        shares[max(back[rank - 1], 2)] = rank * 10_000 // (len(sample) + 1) / 10_000
    points = tuple(shares.items())
    if len(points) == 1:  # all took the same time
        points = ((points[0][0] - 1, 0.0), *points)
    return MeasuredTurnaround(len(sample), len(sample) - len(back), points)


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
