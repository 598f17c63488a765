"""The batch runner against a fake API on loopback: `python benchmarks/batch.py [ITEMS [BYTES [OTHER_PYTHON]]]`.

ITEMS requests of BYTES each, answers of the same size, go enqueue → submit → collect → deliver, a process a phase; time
and peak memory of each. OTHER_PYTHON: an interpreter that has `steadybatch`, run on the same server in the same run.
"""

from __future__ import annotations

import json
import re
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

MODEL = "claude-haiku-4-5"


def serve(answer_bytes: int) -> None:
    """A Message Batches API that keeps the custom_ids of a batch and nothing else; batches end when asked for."""
    batches: dict[str, list[str]] = {}
    message = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": MODEL,
        "content": [{"type": "text", "text": json.dumps({"answer": "x" * answer_bytes})}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 1000, "output_tokens": 100},
    }
    tail = b'","result":{"type":"succeeded","message":' + json.dumps(message).encode() + b"}}\n"
    custom_id = re.compile(rb'"custom_id":\s?"([^"]+)"')

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *parts: object) -> None:
            """Quiet."""

        def do_POST(self) -> None:
            left = int(self.headers["content-length"])
            found: list[str] = []
            rest = b""
            while left:
                rest += self.rfile.read(min(left, 1 << 22))
                left = max(left - (1 << 22), 0)
                end = 0
                for match in custom_id.finditer(rest):
                    found.append(match[1].decode())
                    end = match.end()
                rest = rest[max(end, len(rest) - 80) :]
            name = f"msgbatch_{len(batches):06d}"
            batches[name] = found
            self.answer(self.shown(name, ended=False))

        def do_GET(self) -> None:
            name = self.path.split("?")[0].strip("/").split("/")[3]
            if not self.path.endswith("/results"):
                self.answer(self.shown(name, ended=True))
                return
            head = b'{"custom_id":"'
            size = sum(len(head) + len(each) + len(tail) for each in batches[name])
            self.send_response(200)
            self.send_header("content-length", str(size))
            self.end_headers()
            for start in range(0, len(batches[name]), 100):
                part = batches[name][start : start + 100]
                self.wfile.write(b"".join(head + each.encode() + tail for each in part))

        def shown(self, name: str, *, ended: bool) -> dict[str, Any]:
            now, count = datetime.now(UTC), len(batches[name])
            url = f"http://{self.headers['host']}/v1/messages/batches/{name}/results"
            return {
                "id": name,
                "type": "message_batch",
                "processing_status": "ended" if ended else "in_progress",
                "request_counts": {
                    "processing": 0 if ended else count,
                    "succeeded": count if ended else 0,
                    "errored": 0,
                    "canceled": 0,
                    "expired": 0,
                },
                "created_at": now.isoformat(),
                "expires_at": (now + timedelta(hours=24)).isoformat(),
                "ended_at": now.isoformat() if ended else None,
                "archived_at": None,
                "cancel_initiated_at": None,
                "results_url": url if ended else None,
            }

        def answer(self, document: dict[str, Any]) -> None:
            body = json.dumps(document).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=http.serve_forever, daemon=True).start()
    print(f"http://127.0.0.1:{http.server_address[1]}", flush=True)
    sys.stdin.read()


def write_requests(path: Path, items: int, size: int) -> None:
    with path.open("w") as file:
        for number in range(items):
            text = f"{number} " + "lorem ipsum " * (size // 12)
            params = {"model": MODEL, "max_tokens": 200, "messages": [{"role": "user", "content": text[:size]}]}
            file.write(json.dumps({"key": f"item-{number}", "params": params}) + "\n")


def phase(name: str, folder: Path, url: str) -> None:
    """One phase in this process; prints seconds and MB."""
    steps: dict[str, Callable[[], Iterator[None]]] = {
        "enqueue": lambda: _enqueue(folder),
        "submit": lambda: _send(folder, url, "submit"),
        "collect": lambda: _send(folder, url, "collect"),
        "steadybatch": lambda: _steadybatch(folder, url),
    }
    step = steps[name]()
    next(step)
    started = time.perf_counter()
    next(step)
    spent = time.perf_counter() - started
    print(json.dumps([spent, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000]))


def _job(folder: Path) -> Any:
    from analyzer.batch import Destination, Job

    place = Destination("jsonl", folder / "results.jsonl")
    return Job("bench", folder / "jobs.sqlite", place, max_items=100_000, max_bytes=256_000_000)


def _enqueue(folder: Path) -> Iterator[None]:
    from analyzer.batch import enqueue_many
    from analyzer.cli._batch import Lines

    yield
    with (folder / "requests.jsonl").open() as file:
        enqueue_many(Lines(file), job=_job(folder))
    yield


def _send(folder: Path, url: str, name: str) -> Iterator[None]:
    from anthropic import Anthropic

    from analyzer import batch
    from analyzer.batch.messages_api import MessagesApi

    api = MessagesApi(Anthropic(api_key="none", base_url=url))
    yield
    done = getattr(batch, name)(_job(folder), api)
    assert not done.remarks, done.remarks
    yield


def _steadybatch(folder: Path, url: str) -> Iterator[None]:
    from anthropic import Anthropic
    from steadybatch import Request, Runner
    from steadybatch.providers.anthropic_batch import AnthropicBatch

    provider = AnthropicBatch(Anthropic(api_key="none", base_url=url))
    yield
    with (folder / "requests.jsonl").open() as file:
        items = (json.loads(line) for line in file)
        requests = [Request(key=item["key"], messages=item["params"]["messages"], max_tokens=200) for item in items]
    runner = Runner(provider, MODEL, checkpoint=folder / "other.sqlite", poll_every=0.1)
    report = runner.run(requests)
    with (folder / "other.jsonl").open("w") as file:
        for result in report.results:
            file.write(json.dumps({"key": result.key, "text": result.text}) + "\n")
    assert report.ok == len(requests)
    yield


def main(items: int, size: int, other: str | None) -> None:
    server = subprocess.Popen(
        [sys.executable, __file__, "serve", str(size)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert server.stdout is not None
    url = server.stdout.readline().strip()
    print(f"{items:,} items of {size:,} bytes, answers of the same size")
    print("| phase | s | items/s | peak MB |\n|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_requests(folder / "requests.jsonl", items, size)
        ours = [measure(sys.executable, step, name, url, items) for step in ("enqueue", "submit", "collect")]
        show("all three", sum(spent for spent, _ in ours), max(mb for _, mb in ours), items)
        with (folder / "results.jsonl").open() as file:
            assert sum(1 for _ in file) == items
        if other:
            measure(other, "steadybatch", name, url, items)
    server.terminate()
    server.wait()


def measure(python: str, step: str, folder: str, url: str, items: int) -> tuple[float, float]:
    command = [python, __file__, "phase", step, folder, url]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise SystemExit(f"{step}: {ran.stderr.strip().splitlines()[-1]}")
    spent, mb = json.loads(ran.stdout)
    show(step, spent, mb, items)
    return spent, mb


def show(step: str, spent: float, mb: float, items: int) -> None:
    print(f"| {step} | {spent:.1f} | {items / spent:,.0f} | {mb:,.0f} |", flush=True)


if __name__ == "__main__":
    words = sys.argv[1:]
    if words[:1] == ["serve"]:
        serve(int(words[1]))
    elif words[:1] == ["phase"]:
        phase(words[1], Path(words[2]), words[3])
    else:
        main(int(words[0]) if words else 100_000, int(words[1]) if len(words) > 1 else 500, (words + [None] * 3)[2])  # type: ignore[list-item]
