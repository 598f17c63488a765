"""Submit and collect in one process, until the job is done or the provider refuses it for good."""

from __future__ import annotations

import time
from collections.abc import Callable

from analyzer.batch.collect import collect
from analyzer.batch.job import Job
from analyzer.batch.metrics import write_metrics
from analyzer.batch.provider import Provider
from analyzer.batch.status import JobStatus, status_of
from analyzer.batch.submit import submit


def run(
    job: Job,
    provider: Provider,
    *,
    clock: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
    assume_absent_after_s: int | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> JobStatus:
    """Go round every `poll` seconds until the set is whole; the last status.

    Ends early when nothing is under way and what is queued cannot be sent before a person has changed something: a bad
    key, a spend limit, a cap that does not come back, an item without a price under a cap. A batch in doubt is looked
    for in each round, for as long as it takes. `say` gets each new remark once.
    """
    said: set[str] = set()
    while True:
        sent = submit(job, provider, clock=clock, assume_absent_after_s=assume_absent_after_s)
        remarks = sent.remarks
        remarks += collect(job, provider, clock=clock).remarks
        for remark in remarks:
            if remark not in said:
                said.add(remark)
                say(remark)
        status = status_of(job, clock=clock)
        if job.prometheus is not None:
            write_metrics(job.prometheus, status)
        is_idle = not (status.submitted or status.in_doubt or status.succeeded)
        if status.done or (is_idle and (status.stuck or sent.is_stuck)):
            return status
        sleep(job.poll_s)
