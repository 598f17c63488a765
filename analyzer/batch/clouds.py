"""How Bedrock and Vertex want a batch on the disk: lines, job definition, and what comes back. Pure.

source: https://docs.aws.amazon.com/bedrock/latest/userguide/batch-inference-data.html and batch-inference-results.html,
https://cloud.google.com/vertex-ai/generative-ai/docs/partner-models/claude/batch, checked 2026-11-21.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from analyzer.batch.job import Cloud
from analyzer.batch.provider import Result, one_line

# Parameters that say what the job definition says, or that only Anthropic's own API takes.
_NOT_SENT = ("model", "stream", "service_tier", "inference_geo")
_MOST_HOURS = 24


@dataclass(frozen=True)
class Ended:
    """What becomes of items without a line of output, by how their job ended; '' = their results are missing."""

    without_result: str
    message: str = ""


ENDS: Mapping[str, Ended] = {
    "Completed": Ended(""),
    "PartiallyCompleted": Ended(""),
    "Failed": Ended("errored", "the job failed as a whole"),
    "Stopped": Ended("canceled"),
    "Expired": Ended("expired"),
    "JOB_STATE_SUCCEEDED": Ended(""),
    "JOB_STATE_PARTIALLY_SUCCEEDED": Ended(""),
    "JOB_STATE_FAILED": Ended("errored", "the job failed as a whole"),
    "JOB_STATE_CANCELLED": Ended("canceled"),
    "JOB_STATE_EXPIRED": Ended("expired"),
}
"""Last states of Bedrock's and Vertex' jobs."""


def line_of(cloud: Cloud, custom_id: str, params: str) -> str:
    """A request as the cloud reads it. Bedrock's record ids are alphanumeric: an x stands for the hyphen of ours."""
    request = {name: value for name, value in json.loads(params).items() if name not in _NOT_SENT}
    if cloud.kind == "bedrock":
        request = {"anthropic_version": "bedrock-2023-05-31", **request}
        line: dict[str, Any] = {"recordId": custom_id.replace("-", "x"), "modelInput": request}
    else:
        line = {"custom_id": custom_id, "request": {"anthropic_version": "vertex-2023-10-16", **request}}
    return json.dumps(line, ensure_ascii=False, separators=(",", ":"))


def job_definition(cloud: Cloud, name: str) -> dict[str, Any]:
    """What starts the job; Bedrock starts one with the same clientRequestToken only once."""
    place = f"{cloud.bucket}/{name}"
    if cloud.kind == "bedrock":
        return {
            "jobName": name,
            "clientRequestToken": name,
            "roleArn": cloud.role,
            "modelId": cloud.model,
            "modelInvocationType": "InvokeModel",
            "inputDataConfig": {"s3InputDataConfig": {"s3InputFormat": "JSONL", "s3Uri": f"{place}/input.jsonl"}},
            "outputDataConfig": {"s3OutputDataConfig": {"s3Uri": f"{place}/output/"}},
            "timeoutDurationInHours": _MOST_HOURS,
        }
    return {
        "displayName": name,
        "model": f"publishers/anthropic/models/{cloud.model}",
        "inputConfig": {"instancesFormat": "jsonl", "gcsSource": {"uris": [f"{place}/input.jsonl"]}},
        "outputConfig": {"predictionsFormat": "jsonl", "gcsDestination": {"outputUriPrefix": f"{place}/output"}},
    }


def id_of(line: Any) -> str:
    """The custom_id of a line of input or output."""
    found = _table(line)
    if "recordId" in found:
        return str(found["recordId"]).replace("x", "-")
    return str(found.get("custom_id"))


def result_of(line: bytes) -> Result:
    """A line of output; one that is no JSON is a result that nobody sent."""
    try:
        found = _table(json.loads(line))
    except (ValueError, RecursionError):
        return Result("", "unreadable", bytes=len(line))
    message = found.get("modelOutput", found.get("response"))
    if isinstance(message, dict) and message.get("type") == "message":
        return Result(id_of(found), "succeeded", message, raw=found, bytes=len(line))
    error = found.get("error") or _table(message).get("error") or found.get("status")
    told = _table(error)
    code = str(told.get("errorCode", told.get("code", "")))
    said = told.get("errorMessage", told.get("message", error))
    return Result(
        id_of(found),
        "errored" if error else "succeeded without a message",
        error_type="invalid_request_error"
        if code == "400" or told.get("type") == "invalid_request_error"
        else "api_error",
        error_message=one_line(said),
        raw=found,
        bytes=len(line),
    )


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
