"""What the caps of a job leave, and whether what waits can be sent at all before a person has changed something."""

from __future__ import annotations

from dataclasses import dataclass

from analyzer.batch.cost import to_pico, to_usd
from analyzer.batch.job import Job
from analyzer.batch.store import Store
from analyzer.money import dollars

_DAY_US = 86_400_000_000


@dataclass(frozen=True)
class Cap:
    """A cap as the job file writes it. Pico-dollars: all of it, and what is left of it; `comes_back` tomorrow."""

    name: str
    whole_pico: int
    left_pico: int
    comes_back: bool


@dataclass(frozen=True)
class Block:
    """Why the next item is not sent. `is_lasting`: not before a person has changed something or more has come back."""

    remark: str
    is_lasting: bool


def caps_of(store: Store, job: Job, now_us: int) -> tuple[Cap, ...]:
    """The caps of a job, the one that does not come back first. Inside a change, so that what is left holds."""
    found = []
    if job.job_usd is not None:
        spent = store.row("spend", job=job.name, since_us=0)["pico"]
        whole = to_pico(job.job_usd)
        found.append(Cap(f"budget.job_usd = {job.job_usd}", whole, whole - spent, comes_back=False))
    if job.day_usd is not None:
        spent = store.row("spend", job=job.name, since_us=now_us - now_us % _DAY_US)["pico"]
        whole = to_pico(job.day_usd)
        found.append(Cap(f"budget.day_usd = {job.day_usd}", whole, whole - spent, comes_back=True))
    return tuple(found)


def block_of(cost: int | None, before: int, caps: tuple[Cap, ...]) -> Block | None:
    """What keeps an item that costs `cost` at most from following what is chosen `before` it; None when it may go."""
    for cap in caps:
        if cost is None:
            remark = f"an item has no price, so {cap.name} cannot be kept; it stays queued (remove the cap to send it)"
            return Block(remark, is_lasting=True)
        if before + cost > cap.left_pico:
            left = dollars(to_usd(max(cap.left_pico - before, 0)))
            most = dollars(to_usd(cost))
            remark = f"the next item (up to {most}) could pass {cap.name}; {left} are left; the rest stays queued"
            return Block(remark, is_lasting=not cap.comes_back or cost > cap.whole_pico)
    return None


def what_blocks(store: Store, job: Job, now_us: int, *, is_idle: bool) -> dict[str, str]:
    """Way (batch, direct) to what will keep its queued items from being sent until a person has changed something.

    Only ways on which something is queued; '' = nothing does. Caps block only when nothing is under way (`is_idle`):
    what is counts at its high estimate, and coming back it leaves more.
    """
    found = {}
    for way, price in (("batch", "high_pico"), ("direct", "direct_pico")):
        if not store.row("queued_on", job=job.name, route=way)["items"]:
            continue
        last = store.run("last_batch", job=job.name, kind=way).fetchone()
        row = store.run("sendable_items", job=job.name, route=way, now_us=now_us, count=1).fetchone()
        found[way] = ""
        if last is not None and last["state"] == "refused" and last["is_lasting"]:
            found[way] = f"the provider refuses what is queued: {last['reason']}"
        elif is_idle and row is not None:
            block = block_of(row[price], 0, caps_of(store, job, now_us))
            found[way] = block.remark if block is not None and block.is_lasting else ""
    return found
