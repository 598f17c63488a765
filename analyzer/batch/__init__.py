"""The batch runner: nothing lost, nothing paid twice."""

from __future__ import annotations

from analyzer.batch.collect import Collection, collect
from analyzer.batch.enqueue import enqueue, enqueue_many
from analyzer.batch.job import Job, load_job
from analyzer.batch.loop import run
from analyzer.batch.status import JobStatus, retry, status_of
from analyzer.batch.submit import Submission, submit

__all__ = [
    "Collection",
    "Job",
    "JobStatus",
    "Submission",
    "collect",
    "enqueue",
    "enqueue_many",
    "load_job",
    "retry",
    "run",
    "status_of",
    "submit",
]
