"""Which items go next: the most urgent first, within count, bytes, the provider's queue and the budget."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from sqlite3 import Row

from analyzer.batch.body import EMPTY_BYTES, item_bytes
from analyzer.batch.caps import Cap, block_of
from analyzer.batch.job import Job

# With less time left than this a batch is smaller in proportion: less waits for its slowest item.
_ROOMY_US = 12 * 3_600_000_000
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


def choose(rows: Iterable[Row], job: Job, token: str, now_us: int, caps: tuple[Cap, ...], count: int) -> Choice:
    """The next batch out of `rows`, which come most urgent first; it stops before the first that does not fit."""
    chosen = Choice()
    limit = count
    for row in rows:
        limit = min(limit, _limit(job, row, now_us))
        if len(chosen.item_nos) >= limit:
            break
        block = block_of(row["high_pico"], chosen.high_pico or 0, caps)
        chosen.remark = None if block is None else block.remark
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


def _limit(job: Job, row: Row, now_us: int) -> int:
    """The most items that a batch with this one may have: halved for each time it expired, fewer when time is short."""
    limit = max(job.max_items >> int(row["expiries"]), 1)
    if row["needed_by_us"] is None:
        return limit
    in_time = job.max_items * max(int(row["needed_by_us"]) - now_us, 0) // _ROOMY_US
    return min(limit, max(in_time, min(_SMALLEST, job.max_items)))


def _plus(total: int | None, more: int | None) -> int | None:
    return None if total is None or more is None else total + more
