from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from anthropic import Anthropic
from fake_server import FakeServer

from analyzer.batch import Destination, Job, NewItem, enqueue_many
from analyzer.batch.messages_api import MessagesApi


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer() as running:
        yield running
    assert running.breaches == [], "a request or an answer departs from the public API"


@pytest.fixture
def api(server: FakeServer) -> Iterator[MessagesApi]:
    with Anthropic(api_key="for-tests", base_url=server.url, timeout=30.0) as client:
        yield MessagesApi(client)


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return job_in(tmp_path)


def job_in(folder: Path, name: str = "digest", **more: Any) -> Job:
    return Job(name, folder / "jobs.sqlite", Destination("jsonl", folder / "results.jsonl"), **more)


def params(item: str, **more: Any) -> dict[str, Any]:
    return {
        "model": "claude-opus-4-8",
        "max_tokens": 100,
        "messages": [{"role": "user", "content": item}],
        **more,
    }


def fill(job: Job, *keys: str, needed_by: Any = None, **more: Any) -> None:
    assert enqueue_many([NewItem(params(key, **more), key, None, needed_by) for key in keys], job=job) == len(keys)


def results_file(job: Job) -> Path:
    assert job.destination.path is not None
    return job.destination.path


def delivered(job: Job) -> list[str]:
    path = results_file(job)
    return [json.loads(line)["key"] for line in path.read_text().splitlines()] if path.exists() else []
