"""Bedrock batch inference for this kit: requests in S3, one job a model. Needs boto3 and the rights of iam/caller.json.

A repeated create makes no second job: its clientRequestToken is a digest of what the job holds, and a job of its name
is looked for first. source: CreateModelInvocationJob in the Amazon Bedrock API reference, checked 2026-11-21.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from batch_jobs import main
from batch_service import Answer, Refused, State
from batch_waiting import Problem, read

VERSION = "bedrock-2023-05-31"
ENDED = {"Completed": "whole", "PartiallyCompleted": "part", "Expired": "part", "Stopped": "part", "Failed": "failed"}
PASSING = (408, 424, 429, 500, 502, 503, 504, 529)


class Bedrock:
    """The service; region and credentials come from the environment, as for any AWS client."""

    repeat_is_safe = True

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def is_expected(self, error: Exception) -> bool:
        """Anything AWS or its client says."""
        from botocore.exceptions import BotoCoreError, ClientError

        return isinstance(error, (BotoCoreError, ClientError))

    def record(self, record_id: str, body: dict[str, Any]) -> dict[str, Any]:
        """A line of input."""
        return {"recordId": record_id, "modelInput": {"anthropic_version": VERSION, **body}}

    def definition(self, name: str, token: str, model_id: str) -> dict[str, Any]:
        """What `aws bedrock create-model-invocation-job --cli-input-json` takes."""
        definition = read(self.folder / "definition.json")
        definition |= {"jobName": name, "clientRequestToken": token, "modelId": model_id}
        for data, place in (("inputDataConfig", "s3InputDataConfig"), ("outputDataConfig", "s3OutputDataConfig")):
            base = definition[data][place]["s3Uri"].rstrip("/")
            definition[data][place]["s3Uri"] = f"{base}/{name}/" + ("input.jsonl" if "In" in place else "output/")
        return definition

    def upload(self, path: Path, definition: dict[str, Any]) -> None:
        """The input into S3."""
        bucket, key = _place(definition["inputDataConfig"]["s3InputDataConfig"]["s3Uri"])
        self._client("s3").upload_file(str(path), bucket, key)

    def find(self, name: str) -> str | None:
        """The ARN of the job of this name."""
        pages = self._client("bedrock").get_paginator("list_model_invocation_jobs").paginate(nameContains=name)
        jobs = (job for page in pages for job in page.get("invocationJobSummaries", ()))
        return next((str(job["jobArn"]) for job in jobs if job["jobName"] == name), None)

    def create(self, definition: dict[str, Any]) -> str:
        """Make the job; its ARN. Where the token is known already, AWS makes none and says nothing: it is looked up."""
        from botocore.exceptions import ClientError

        try:
            made = self._client("bedrock").create_model_invocation_job(**definition)
        except ClientError as error:
            if error.response["ResponseMetadata"].get("HTTPStatusCode", 500) < 500:
                raise Refused(str(error)) from None
            raise
        arn = made.get("jobArn") or self.find(definition["jobName"])
        if not arn:
            raise Problem(f"{definition['jobName']}: taken, but not listed yet; the next round looks again")
        return str(arn)

    def state(self, job_id: str) -> State:
        """How the job stands; its output lies in a folder that is named by the last part of its ARN."""
        job = self._client("bedrock").get_model_invocation_job(jobIdentifier=job_id)
        base = job["outputDataConfig"]["s3OutputDataConfig"]["s3Uri"].rstrip("/")
        output = f"{base}/{job_id.rpartition('/')[2]}/"
        return State(job["status"], ENDED.get(job["status"], ""), job.get("message", ""), output)

    def lines(self, state: State) -> Iterator[str]:
        """The lines of NAME.jsonl.out."""
        s3, (bucket, prefix) = self._client("s3"), _place(state.output)
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for entry in page.get("Contents", ()):
                if entry["Key"].endswith(".jsonl.out"):
                    body = s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"]
                    yield from (line.decode("utf-8") for line in body.iter_lines())

    def answer(self, line: dict[str, Any]) -> Answer:
        """`modelOutput` is what InvokeModel answers; an `error` stands in its place."""
        if line.get("modelOutput") is not None:
            return Answer(line["recordId"], dict(line["modelOutput"]))
        error = line["error"]
        code = error.get("errorCode")
        return Answer(line["recordId"], None, f"{code}: {error.get('errorMessage')}", code in PASSING)

    def _client(self, service: str) -> Any:
        import boto3

        return boto3.client(service)


def _place(uri: str) -> tuple[str, str]:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


if __name__ == "__main__":
    HERE = Path(__file__).resolve().parent
    sys.exit(main(HERE, Bedrock(HERE)))
