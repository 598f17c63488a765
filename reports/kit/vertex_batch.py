"""Vertex batch predictions for this kit: requests in Cloud Storage, one job a model. Standard library and `gcloud`.

Creating a job has no idempotency token, so a job whose creation got no answer is looked for by its display name and is
never made again by itself. source: https://cloud.google.com/vertex-ai/generative-ai/docs/partner-models/claude/batch
and the reference of projects.locations.batchPredictionJobs, checked 2026-11-21.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import cached_property
from http.client import HTTPException
from pathlib import Path
from typing import IO, Any
from urllib.error import HTTPError
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen

from batch_jobs import main
from batch_service import Answer, Refused, State
from batch_waiting import Problem, read

VERSION = "vertex-2023-10-16"
ENDED = {
    "JOB_STATE_SUCCEEDED": "whole",
    "JOB_STATE_PARTIALLY_SUCCEEDED": "part",
    "JOB_STATE_CANCELLED": "part",
    "JOB_STATE_EXPIRED": "part",
    "JOB_STATE_FAILED": "failed",
}
PASSING = (
    "429",
    "500",
    "502",
    "503",
    "504",
    "529",
    "RESOURCE_EXHAUSTED",
    "UNAVAILABLE",
    "INTERNAL",
    "overloaded",
)
NOT_MADE = (400, 401, 403, 404, 409, 412, 413, 429)
TIMEOUT_S = 300


class Vertex:
    """The service, by its REST interface; project and location from settings.json."""

    repeat_is_safe = False

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.storage = os.environ.get("STORAGE_ENDPOINT") or "https://storage.googleapis.com"
        self._token = os.environ.get("GOOGLE_ACCESS_TOKEN")

    @cached_property
    def settings(self) -> dict[str, Any]:
        """settings.json."""
        return read(self.folder / "settings.json")

    @property
    def api(self) -> str:
        """The endpoint of the location."""
        host = f"https://{self.settings['location']}-aiplatform.googleapis.com"
        return f"{os.environ.get('VERTEX_ENDPOINT') or host}/v1"

    @property
    def jobs(self) -> str:
        """All jobs of the project in the location."""
        project, location = self.settings["project"], self.settings["location"]
        return f"{self.api}/projects/{project}/locations/{location}/batchPredictionJobs"

    def is_expected(self, error: Exception) -> bool:
        """Anything of the connection, and of `gcloud`."""
        return isinstance(error, (HTTPException, subprocess.CalledProcessError))

    def record(self, record_id: str, body: dict[str, Any]) -> dict[str, Any]:
        """A line of input."""
        return {"custom_id": record_id, "request": {"anthropic_version": VERSION, **body}}

    def definition(self, name: str, token: str, model_id: str) -> dict[str, Any]:
        """The body of a POST to batchPredictionJobs; the digest in the name is what finds it again."""
        definition = read(self.folder / "definition.json")
        definition |= {"displayName": name, "model": f"publishers/anthropic/models/{model_id}"}
        source, target = definition["inputConfig"]["gcsSource"], definition["outputConfig"]["gcsDestination"]
        source["uris"] = [f"{source['uris'][0].rstrip('/')}/{name}/input.jsonl"]
        target["outputUriPrefix"] = f"{target['outputUriPrefix'].rstrip('/')}/{name}/output"
        return definition

    def upload(self, path: Path, definition: dict[str, Any]) -> None:
        """The input into Cloud Storage."""
        bucket, name = _place(definition["inputConfig"]["gcsSource"]["uris"][0])
        words = urlencode({"uploadType": "media", "name": name})
        with path.open("rb") as file:
            self._call(
                f"{self.storage}/upload/storage/v1/b/{bucket}/o?{words}", file, path.stat().st_size, "octet-stream"
            ).close()

    def find(self, name: str) -> str | None:
        """The resource name of the job of this display name."""
        words = {"filter": f'displayName="{name}"', "pageSize": "100"}
        for page in self._pages(self.jobs, words):
            for job in page.get("batchPredictionJobs", ()):
                if job["displayName"] == name:
                    return str(job["name"])
        return None

    def create(self, definition: dict[str, Any]) -> str:
        """Make the job; its resource name."""
        try:
            made = self._json(self.jobs, json.dumps(definition).encode())
        except HTTPError as error:
            if error.code in NOT_MADE:
                raise Refused(f"{error.code} {error.reason}: {error.read(500).decode(errors='replace')}") from None
            raise
        return str(made["name"])

    def state(self, job_id: str) -> State:
        """How the job stands."""
        job = self._json(f"{self.api}/{job_id}")
        output = job.get("outputInfo", {}).get("gcsOutputDirectory")
        output = output or job["outputConfig"]["gcsDestination"]["outputUriPrefix"]
        return State(job["state"], ENDED.get(job["state"], ""), job.get("error", {}).get("message", ""), output)

    def lines(self, state: State) -> Iterator[str]:
        """The lines of all .jsonl files of the output."""
        bucket, prefix = _place(state.output)
        for page in self._pages(f"{self.storage}/storage/v1/b/{bucket}/o", {"prefix": prefix.rstrip("/") + "/"}):
            for entry in page.get("items", ()):
                if entry["name"].endswith(".jsonl"):
                    url = f"{self.storage}/storage/v1/b/{bucket}/o/{quote(entry['name'], safe='')}?alt=media"
                    with self._call(url) as body:
                        yield from (line.decode("utf-8") for line in body)

    def answer(self, line: dict[str, Any]) -> Answer:
        """`response` is the message, or has it as `body`; `status` says what went wrong."""
        response = line.get("response") or {}
        message = response.get("body", response)
        if message.get("type") == "message":
            return Answer(line["custom_id"], message)
        error = json.dumps(line.get("status") or message.get("error") or "no answer and no error")
        return Answer(line["custom_id"], None, error, any(word in error for word in PASSING))

    def _pages(self, url: str, words: dict[str, str]) -> Iterator[dict[str, Any]]:
        token = ""
        while True:
            page = self._json(f"{url}?{urlencode(words | ({'pageToken': token} if token else {}))}")
            yield page
            token = page.get("nextPageToken", "")
            if not token:
                return

    def _json(self, url: str, body: bytes | None = None) -> dict[str, Any]:
        with self._call(url, body, len(body or b"")) as answer:
            return dict(json.load(answer))

    def _call(self, url: str, body: bytes | IO[bytes] | None = None, size: int = 0, kind: str = "json") -> Any:
        """A GET, or a POST where there is a body."""
        headers = {"Authorization": f"Bearer {self._access()}"}
        if body is not None:
            headers |= {"Content-Type": f"application/{kind}", "Content-Length": str(size)}
        return urlopen(Request(url, data=body, headers=headers), timeout=TIMEOUT_S)

    def _access(self) -> str:
        if self._token is None:
            command = ["gcloud", "auth", "print-access-token"]
            try:
                self._token = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
            except FileNotFoundError:
                raise Problem("no gcloud on the PATH: install it, or give GOOGLE_ACCESS_TOKEN") from None
        return self._token


def _place(uri: str) -> tuple[str, str]:
    bucket, _, name = uri.removeprefix("gs://").partition("/")
    return bucket, name


if __name__ == "__main__":
    HERE = Path(__file__).resolve().parent
    sys.exit(main(HERE, Vertex(HERE)))
