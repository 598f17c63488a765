"""Kits for clouds, written and run; `Memory` is a cloud in memory. The scripts come from where the kits take them."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from kit_clouds import BUCKET, REGION, message_for
from migration_values import assessment, component, workload

from analyzer.migration import write_kits

sys.path.append(str(Path(__file__).parents[2] / "reports" / "kit"))
from batch_jobs import Jobs, main
from batch_service import Answer, Refused, State
from batch_waiting import Waiting
from bedrock_batch import Bedrock
from vertex_batch import Vertex

__all__ = ["Answer", "Bedrock", "Jobs", "State", "Vertex", "Waiting", "main"]

HAIKU = "claude-haiku-4-5"
HAIKU_ID = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
Edit = Callable[[list[dict[str, Any]]], list[dict[str, Any]]]


def write_kit(folder: Path, provider: str, **settings: Any) -> Path:
    """A kit with names put in place of REPLACE, as its runbook says."""
    (kit, *_) = {path.parent for path in written(folder, provider) if path.name == "RUNBOOK.md"}
    for path in (*kit.rglob("*.json"), *kit.glob("before_after.*")):
        text = path.read_text()
        for name, value in (("BUCKET", BUCKET), ("ACCOUNT", "111122223333"), ("REGION", REGION), ("PLACE", "us")):
            text = text.replace(f"REPLACE-{name}", value)
        text = text.replace("REPLACE-PROJECT", "project-of-ours").replace("REPLACE-LOCATION", "us-east5")
        path.write_text(text)
    told = json.loads((kit / "settings.json").read_text())
    (kit / "settings.json").write_text(json.dumps({**told, "min_records": 1, "day_records": 10_000, **settings}))
    return kit


def written(folder: Path, provider: str) -> tuple[Path, ...]:
    plan = component("c", providers=(provider,), model=HAIKU, deadline_s=30 * 3600.0)
    return write_kits(assessment(workload("nightly digest", plan)), folder)


def requests(*keys: str) -> str:
    """Requests as `before_after` and `--from-bodies` write them."""
    params = {"model": HAIKU, "max_tokens": 9, "stream": False, "metadata": {"user_id": "u"}}
    lines = [
        {"key": key, "params": {**params, "messages": [{"role": "user", "content": key}]}, "metadata": {"row": key}}
        for key in keys
    ]
    return "".join(json.dumps(line) + "\n" for line in lines)


def put(kit: Path, *keys: str) -> None:
    (kit / "put.jsonl").write_text(requests(*keys))
    assert main(kit, Memory(), ["put", str(kit / "put.jsonl")]) == 0


def lines_below(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for path in sorted(folder.glob("*.jsonl")) for line in path.read_text().splitlines()]


def keys_below(folder: Path) -> list[str]:
    return sorted(line["key"] for line in lines_below(folder))


def counts(kit: Path) -> dict[str, int]:
    """The status, without what is 0."""
    found = Jobs(kit, Memory()).status()
    return {name: number for name, number in found.items() if number}


class Memory:
    """A service in memory that never makes the same job one, answers all, and fails as it is told by the text."""

    repeat_is_safe = False

    def __init__(self) -> None:
        self.jobs: dict[str, list[str]] = {}
        self.dies: Callable[[], None] = lambda: None

    def is_expected(self, error: Exception) -> bool:
        return False

    def record(self, record_id: str, body: dict[str, Any]) -> dict[str, Any]:
        return {"id": record_id, "text": body["messages"][0]["content"]}

    def definition(self, name: str, token: str, model_id: str) -> dict[str, Any]:
        return {"name": name, "model": model_id}

    def upload(self, path: Path, definition: dict[str, Any]) -> None:
        self.uploaded = path.read_text().splitlines()

    def find(self, name: str) -> str | None:
        return name if name in self.jobs else None

    def create(self, definition: dict[str, Any]) -> str:
        self.dies()
        if definition["name"] in self.jobs:
            raise Refused("twice")
        before = {json.loads(line)["text"] for lines in self.jobs.values() for line in lines}
        records = [json.loads(line) for line in self.uploaded]
        lines = [line | {"fails": line["text"] not in before} for line in records]
        self.jobs[definition["name"]] = [json.dumps(line) for line in lines]
        self.dies()
        return str(definition["name"])

    def state(self, job_id: str) -> State:
        return State("Completed", "whole", output=job_id)

    def lines(self, state: State) -> Iterator[str]:
        yield from self.jobs[state.output]

    def answer(self, line: dict[str, Any]) -> Answer:
        if line["text"] == "bad" or (line["text"] == "late" and line["fails"]):
            return Answer(line["id"], None, "an error", line["text"] == "late")
        return Answer(line["id"], message_for(line["text"]))
