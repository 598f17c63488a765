"""Which items go next: the most urgent first, within count, bytes, the provider's queue and the budget."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from sqlite3 import Row

from analyzer.batch.body import EMPTY_BYTES, item_bytes
from analyzer.batch.cost import to_pico, to_usd
from analyzer.batch.job import Job
from analyzer.batch.store import Store
from analyzer.money import dollars

_DAY_US = 86_400_000_000
# With less time left than this a batch is smaller in proportion: less waits for its slowest item.
_ROOMY_US = _DAY_US // 2
_SMALLEST = 100


@dataclass
class Choice:
    """Items for one batch. `bytes`: of the body; estimate None: no price; `remark`: what stopped it."""

    item_nos: list[int] = field(default_factory=list)
    bytes: int = EMPTY_BYTES
    low_pico: int | None = 0
    base_pico: int | None = 0
    high_pico: int | None = 0
    remark: str | None = None


def budget_left(store: Store, job: Job, now_us: int) -> tuple[int, str] | None:
    """Pico-dollars that may still be spent, and by which cap; None without a cap. Inside a change, so that it holds."""
    caps = []
    if job.day_usd is not None:
        spent = store.row("spend", job=job.name, since_us=now_us - now_us % _DAY_US)["pico"]
        caps.append((to_pico(job.day_usd) - spent, f"budget.day_usd = {job.day_usd}"))
    if job.job_usd is not None:
        spent = store.row("spend", job=job.name, since_us=0)["pico"]
        caps.append((to_pico(job.job_usd) - spent, f"budget.job_usd = {job.job_usd}"))
    return min(caps, default=None)


def choose(rows: Iterable[Row], job: Job, token: str, now_us: int, left: tuple[int, str] | None, count: int) -> Choice:
    """The next batch out of `rows`, which come most urgent first; it stops before the first that does not fit."""
    chosen = Choice()
    limit = count
    for row in rows:
        limit = min(limit, _limit(job, row, now_us))
        if len(chosen.item_nos) >= limit:
            break
        chosen.remark = over_budget(row["high_pico"], chosen.high_pico or 0, left)
        size = item_bytes(token, row["item_no"], row["bytes"])
        if chosen.remark is None and EMPTY_BYTES + size > job.max_bytes:
            chosen.remark = (
                f"the next item has {row['bytes']} bytes, more than size.max_bytes allows since it was checked"
            )
        if chosen.remark is not None or chosen.bytes + size > job.max_bytes:
            break
        chosen.item_nos.append(row["item_no"])
        chosen.bytes += size
        chosen.low_pico = _plus(chosen.low_pico, row["low_pico"])
        chosen.base_pico = _plus(chosen.base_pico, row["base_pico"])
        chosen.high_pico = _plus(chosen.high_pico, row["high_pico"])
    return chosen


def over_budget(cost: int | None, before: int, left: tuple[int, str] | None) -> str | None:
    """Why an item that costs `cost` at most may not follow what is chosen `before` it; None when it may."""
    if left is None:
        return None
    least, cap = left
    if cost is None:
        return f"an item has no price, so {cap} cannot be kept; it stays queued (remove the cap to send it)"
    if before + cost <= least:
        return None
    return (
        f"the next item (up to {dollars(to_usd(cost))}) could pass {cap}; {dollars(to_usd(max(least - before, 0)))} "
        "are left; the rest stays queued"
    )


def _limit(job: Job, row: Row, now_us: int) -> int:
    """The most items that a batch with this one may have: halved for each time it expired, fewer when time is short."""
    limit = max(job.max_items >> int(row["expiries"]), 1)
    if row["needed_by_us"] is None:
        return limit
    in_time = job.max_items * max(int(row["needed_by_us"]) - now_us, 0) // _ROOMY_US
    return min(limit, max(in_time, min(_SMALLEST, job.max_items)))


def _plus(total: int | None, more: int | None) -> int | None:
    return None if total is None or more is None else total + more
