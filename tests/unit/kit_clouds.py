"""Bedrock's and Vertex's job services on the loopback, as far as a kit speaks to them; objects lie in the emulators.

Neither cloud has an emulator of its job service, so these hold to what their references say: Bedrock's requests are
checked against the shapes that boto3 brings along, patterns too.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import boto3
from botocore.model import Shape
from botocore.validate import ParamValidator

ACCOUNT, REGION, BUCKET = "111122223333", "us-east-1", "bucket-of-ours"
JOB_ARN = f"arn:aws:bedrock:{REGION}:{ACCOUNT}:model-invocation-job/"
VERTEX_JOBS = "projects/project-of-ours/locations/us-east5/batchPredictionJobs"


@dataclass
class Cloud:
    """The jobs that were made, and what goes wrong next: `faults` are taken one a creation.

    "lost": made, but the connection drops; "refused": not made; "silent": made, and listed, but the answer names no
    job; "hidden": made, the connection drops, and it is not listed.
    """

    jobs: list[dict[str, Any]] = field(default_factory=list)
    posts: int = 0
    faults: list[str] = field(default_factory=list)
    url: str = ""


def broken_patterns(shape: Shape, value: Any, at: str = "") -> list[str]:
    """Where a value does not match the pattern of its shape; boto3 itself leaves that to the service."""
    if shape.type_name == "structure":
        members = shape.members.items()
        return [line for name, inner in members if name in value for line in broken_patterns(inner, value[name], name)]
    pattern = shape.metadata.get("pattern")
    return [f"{at}: {value}"] if pattern and not re.fullmatch(pattern, str(value)) else []


class _Bedrock(BaseHTTPRequestHandler):
    cloud: Cloud

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.cloud.posts += 1
        fault = self.cloud.faults.pop(0) if self.cloud.faults else ""
        client = boto3.client("bedrock", region_name=REGION)
        shape = client.meta.service_model.operation_model("CreateModelInvocationJob").input_shape
        problems = ParamValidator().validate(body, shape)
        assert not problems.has_errors(), problems.generate_report()
        assert not broken_patterns(shape, body)
        made = next((job for job in self.cloud.jobs if job["clientRequestToken"] == body["clientRequestToken"]), None)
        if fault == "refused":
            _send(self, 400, {"__type": "ServiceQuotaExceededException", "message": "too many jobs"})
            return
        if made is None:
            assert body["jobName"] not in [job["jobName"] for job in self.cloud.jobs]
            made = {**body, "jobArn": f"{JOB_ARN}{len(self.cloud.jobs):012d}", "status": "InProgress"}
            self.cloud.jobs.append(made)
        if fault == "lost":
            self.connection.close()
            return
        _send(self, 200, {} if fault == "silent" else {"jobArn": made["jobArn"]})

    def do_GET(self) -> None:
        path = urlsplit(unquote(self.path))
        if path.path == "/model-invocation-jobs":
            part = parse_qs(path.query).get("nameContains", [""])[0]
            _send(self, 200, {"invocationJobSummaries": [job for job in self.cloud.jobs if part in job["jobName"]]})
        else:
            arn = path.path.removeprefix("/model-invocation-job/")
            found = [job for job in self.cloud.jobs if job["jobArn"] == arn]
            _send(self, 200 if found else 404, *(found or [{"message": "no such job"}]))

    def log_message(self, format: str, *args: Any) -> None:
        pass


class _Vertex(BaseHTTPRequestHandler):
    cloud: Cloud

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        assert self.headers["Authorization"] == "Bearer of-the-test"
        assert urlsplit(self.path).path == f"/v1/{VERTEX_JOBS}"
        assert set(body) == {"displayName", "model", "inputConfig", "outputConfig"} and len(body["displayName"]) <= 128
        self.cloud.posts += 1
        fault = self.cloud.faults.pop(0) if self.cloud.faults else ""
        if fault == "refused":
            _send(self, 429, {"error": {"status": "RESOURCE_EXHAUSTED"}})
            return
        made = {**body, "name": f"{VERTEX_JOBS}/{len(self.cloud.jobs)}", "state": "JOB_STATE_RUNNING", "fault": fault}
        self.cloud.jobs.append(made)  # the same body twice is two jobs
        if fault in ("lost", "hidden"):
            self.connection.close()
            return
        _send(self, 200, made)

    def do_GET(self) -> None:
        path = urlsplit(self.path)
        if path.path == f"/v1/{VERTEX_JOBS}":
            asked = parse_qs(path.query)
            name = re.fullmatch(r'displayName="(.+)"', asked["filter"][0])
            assert name
            found = [job for job in self.cloud.jobs if job["displayName"] == name[1] and job["fault"] != "hidden"]
            paged = "pageToken" not in asked  # the first page is empty, as pages may be
            _send(self, 200, {"nextPageToken": "2"} if paged else {"batchPredictionJobs": found})
        else:
            _send(self, 200, next(job for job in self.cloud.jobs if path.path == f"/v1/{job['name']}"))

    def log_message(self, format: str, *args: Any) -> None:
        pass


def _send(handler: BaseHTTPRequestHandler, status: int, document: dict[str, Any]) -> None:
    body = json.dumps(document).encode()
    handler.send_response(status)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


@contextmanager
def cloud(handler: type[_Bedrock] | type[_Vertex]) -> Iterator[Cloud]:
    """A job service on the loopback."""
    state = Cloud()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (handler,), {"cloud": state}))
    state.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


BEDROCK, VERTEX = _Bedrock, _Vertex
Lines = Callable[[list[dict[str, Any]]], list[dict[str, Any]]]


def message_for(text: str) -> dict[str, Any]:
    """What the model answers to a text."""
    usage = {"input_tokens": 11, "output_tokens": 7, "cache_read_input_tokens": 0, "cache_creation_input_tokens": 0}
    content = [{"type": "text", "text": f"answer to {text}"}]
    return {"id": f"msg_{text}", "type": "message", "role": "assistant", "model": "claude-haiku-4-5-20251001",
            "content": content, "stop_reason": "end_turn", "usage": usage}  # fmt: skip
