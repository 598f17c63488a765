"""Outputs of Bedrock batch jobs: each with its job, whose time and model stand in the job's description alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from analyzer.sources._beside import Found, objects_beside, objects_in
from analyzer.sources.formats import Unfold

_MARK = "jobArn"


def open_unfold(path: str) -> Unfold:
    """Gives each record of one file its job: the one whose id stands in the path, or the only one beside."""
    job = _job_of(path, objects_beside(path, _MARK))

    def unfold(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
        is_description = "totalRecordCount" in document or any(True for _ in objects_in(document, _MARK))
        yield {"description": "job"} if is_description else document | {"job": job}

    return unfold


def _job_of(path: str, found: tuple[Found, ...]) -> dict[str, Any] | None:
    """A job's outputs lie in a folder that is named by the last part of its ARN."""
    jobs = {str(item.thing[_MARK]): item.thing for item in found}
    named = [job for arn, job in jobs.items() if arn.rpartition("/")[2] in (*Path(path).parts, Path(path).stem)]
    if len(named) == 1:
        return named[0]
    return next(iter(jobs.values())) if len(jobs) == 1 else None
