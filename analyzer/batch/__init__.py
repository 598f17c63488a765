"""The batch runner: nothing lost, nothing paid twice."""

from __future__ import annotations

from analyzer.batch.amend import Canceled, cancel, dismiss, prune, retry
from analyzer.batch.collect import Collection, collect
from analyzer.batch.enqueue import NewItem, enqueue, enqueue_many
from analyzer.batch.job import Destination, Guard, Job
from analyzer.batch.jobfile import load_job
from analyzer.batch.loop import run
from analyzer.batch.quote import Quote, quote
from analyzer.batch.status import JobStatus, status_of
from analyzer.batch.submit import Submission, submit

__all__ = [
    "Canceled",
    "Collection",
    "Destination",
    "Guard",
    "Job",
    "JobStatus",
    "NewItem",
    "Quote",
    "Submission",
    "cancel",
    "collect",
    "dismiss",
    "enqueue",
    "enqueue_many",
    "load_job",
    "prune",
    "quote",
    "retry",
    "run",
    "status_of",
    "submit",
]
