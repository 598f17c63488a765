"""Where a job stands."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from analyzer.batch.cost import to_usd
from analyzer.batch.job import Job
from analyzer.batch.store import open_store


@dataclass(frozen=True)
class JobStatus:
    """Items by state. `submitted` holds what is with the provider or on its way; `done`: all delivered or dead.

    `estimate_usd`, `actual_usd`: list cost; None where a batch or a result has no price. `dead_items`: the first
    few, key and reason. `strange_results`: results with an id that nobody sent.
    """

    job: str
    queued: int
    submitted: int
    in_doubt: int
    succeeded: int
    delivered: int
    dead: int
    estimate_usd: Decimal | None
    actual_usd: Decimal | None
    dead_items: tuple[tuple[str, str], ...]
    strange_results: int

    @property
    def done(self) -> bool:
        """The set is whole."""
        return not (self.queued or self.submitted or self.in_doubt or self.succeeded)

    @property
    def needs_a_person(self) -> bool:
        """Something will not come right by itself."""
        return bool(self.in_doubt or self.dead or self.strange_results)


def status_of(job: Job, *, dead_shown: int = 10) -> JobStatus:
    """Count the job's items."""
    with open_store(job.store) as store:
        counts = {row["state"]: int(row["items"]) for row in store.rows("counts", job=job.name)}
        money = store.row("money", job=job.name)
        dead = tuple((row["key"], row["reason"]) for row in store.rows("dead_items", job=job.name, count=dead_shown))
        strange = int(store.row("strange", job=job.name)["results"])
    return JobStatus(
        job=job.name,
        queued=counts.get("queued", 0),
        submitted=counts.get("submitted", 0) + counts.get("claimed", 0),
        in_doubt=counts.get("in_doubt", 0),
        succeeded=counts.get("succeeded", 0),
        delivered=counts.get("delivered", 0),
        dead=counts.get("dead", 0),
        estimate_usd=None if money["unpriced_batches"] else to_usd(money["estimate_pico"] or 0),
        actual_usd=None if money["unpriced_items"] else to_usd(money["actual_pico"] or 0),
        dead_items=dead,
        strange_results=strange,
    )


def retry(job: Job) -> int:
    """Queue the dead items of a job again; how many. What came without a result may have been billed already."""
    with open_store(job.store) as store, store.change():
        return store.run("retry_dead", job=job.name).rowcount
