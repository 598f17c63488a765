"""Which provider a job has."""

from __future__ import annotations

from analyzer.batch.job import Job
from analyzer.batch.provider import Provider


def provider_of(job: Job) -> Provider:
    """The Message Batches API with the key in the environment, or the folder of the job's cloud.

    Raises: UserError without a key.
    """
    if job.cloud is not None:
        from analyzer.batch.files_api import FilesApi

        return FilesApi(job.cloud)
    from analyzer.batch.messages_api import from_environment

    return from_environment()
