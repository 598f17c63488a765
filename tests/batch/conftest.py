from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from anthropic import Anthropic
from fake_server import FakeServer

from analyzer.batch import Job
from analyzer.batch.messages_api import MessagesApi


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer() as running:
        yield running


@pytest.fixture
def api(server: FakeServer) -> Iterator[MessagesApi]:
    with Anthropic(api_key="for-tests", base_url=server.url, timeout=5.0) as client:
        yield MessagesApi(client)


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job("digest", tmp_path / "jobs.sqlite", tmp_path / "results.jsonl")


def params(item: str, **more: Any) -> dict[str, Any]:
    return {
        "model": "claude-opus-4-8",
        "max_tokens": 100,
        "messages": [{"role": "user", "content": item}],
        **more,
    }
