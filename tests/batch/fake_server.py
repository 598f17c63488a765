"""A Message Batches API on loopback that keeps state and misbehaves on request; stdlib only."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class FakeBatch:
    id: str
    requests: list[dict[str, Any]]
    created_at: datetime
    ended: bool = False


@dataclass
class Plan:
    """What goes wrong. `creates`: one entry is used up by each POST: ok, drop (make it, then close the connection),
    drop-before (close without making it), or a status such as 500. `kinds`: key of an item to its result types, one
    used up by each result. `lines`: order, missing, duplicate or stranger among the result
    lines. `bodies`: torn (ends inside a line) or cut (the connection breaks), one used up by each reading."""

    creates: list[str] = field(default_factory=list)
    kinds: dict[str, list[str]] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)
    is_ending: bool = True
    page_size: int = 2


class FakeServer:
    """`made` holds every batch that was accepted, whatever the client was told."""

    def __init__(self) -> None:
        self.plan = Plan()
        self.made: list[FakeBatch] = []
        self.posts = 0
        self.lock = threading.Lock()
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.http.daemon_threads = True
        self.thread = threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http.server_address[1]}"

    def __enter__(self) -> FakeServer:
        self.thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.http.shutdown()
        self.http.server_close()
        self.thread.join()

    def times_accepted(self) -> dict[str, int]:
        """How often each item was accepted, by the text of its message."""
        counts: dict[str, int] = {}
        for batch in self.made:
            for request in batch.requests:
                counts[item_of(request)] = counts.get(item_of(request), 0) + 1
        return counts

    def make(self, requests: list[dict[str, Any]]) -> FakeBatch:
        with self.lock:
            batch = FakeBatch(f"msgbatch_{len(self.made):05d}", requests, datetime.now(UTC))
            self.made.append(batch)
        return batch

    def shown(self, batch: FakeBatch) -> dict[str, Any]:
        count = len(batch.requests)
        counts = {"processing": 0 if batch.ended else count, "succeeded": count if batch.ended else 0}
        return {
            "id": batch.id,
            "type": "message_batch",
            "processing_status": "ended" if batch.ended else "in_progress",
            "request_counts": {**counts, "errored": 0, "canceled": 0, "expired": 0},
            "created_at": batch.created_at.isoformat(),
            "ended_at": datetime.now(UTC).isoformat() if batch.ended else None,
            "expires_at": (batch.created_at + timedelta(hours=24)).isoformat(),
            "archived_at": None,
            "cancel_initiated_at": None,
            "results_url": f"{self.url}/v1/messages/batches/{batch.id}/results" if batch.ended else None,
        }

    def result_lines(self, batch: FakeBatch) -> list[dict[str, Any]]:
        lines = []
        for request in batch.requests:
            kinds = self.plan.kinds.get(item_of(request), [])
            lines.append(result_line(request, kinds.pop(0) if kinds else "succeeded"))
        for fault in self.plan.lines:
            if fault == "order":
                lines.reverse()
            elif fault == "missing":
                lines.pop()
            elif fault == "duplicate":
                lines.append(lines[0])
            elif fault == "stranger":
                lines.append({**lines[0], "custom_id": "nobody-sent-this"})
        return lines


def item_of(request: dict[str, Any]) -> str:
    return str(request["params"]["messages"][0]["content"])


def result_line(request: dict[str, Any], kind: str) -> dict[str, Any]:
    result: dict[str, Any] = {"type": kind}
    if kind == "succeeded":
        result["message"] = {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": request["params"]["model"],
            "content": [{"type": "text", "text": f"answer to {item_of(request)}"}],
            "stop_reason": "end_turn",
            "stop_sequence": None,
            "usage": {"input_tokens": 1000, "output_tokens": 100},
        }
    elif kind.endswith("_error"):
        result = {"type": "errored", "error": {"type": "error", "error": {"type": kind, "message": "no"}}}
    return {"custom_id": request["custom_id"], "result": result}


def _handler(server: FakeServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *parts: object) -> None:
            """Quiet."""

        def do_POST(self) -> None:
            requests = json.loads(self.rfile.read(int(self.headers["content-length"])))["requests"]
            with server.lock:
                server.posts += 1
                fate = server.plan.creates.pop(0) if server.plan.creates else "ok"
            if fate == "drop-before":
                self.close_connection = True
            elif fate == "drop":
                server.make(requests)
                self.close_connection = True
            elif fate == "made-then-500":
                server.make(requests)
                self.answer(500, {"type": "error", "error": {"type": "api_error", "message": "oops"}})
            elif fate.isdigit():
                self.answer(int(fate), {"type": "error", "error": {"type": "some_error", "message": "told"}})
            else:
                self.answer(200, server.shown(server.make(requests)))

        def do_GET(self) -> None:
            path, _, query = self.path.partition("?")
            parts = path.strip("/").split("/")
            if len(parts) == 3:
                self.page(dict(pair.split("=") for pair in query.split("&") if pair))
                return
            batch = next(batch for batch in server.made if batch.id == parts[3])
            if server.plan.is_ending:
                batch.ended = True
            if parts[-1] == "results":
                body = b"".join(json.dumps(line).encode() + b"\n" for line in server.result_lines(batch))
                fault = server.plan.bodies.pop(0) if server.plan.bodies else "whole"
                if fault == "torn":
                    body = body[:-40]
                elif fault == "cut":
                    self.send(200, body[:-40], "application/x-jsonl", told=len(body))
                    return
                self.send(200, body, "application/x-jsonl")
            else:
                self.answer(200, server.shown(batch))

        def page(self, query: dict[str, str]) -> None:
            newest_first = [server.shown(batch) for batch in reversed(server.made)]
            start = 0
            if "after_id" in query:
                start = 1 + [batch["id"] for batch in newest_first].index(query["after_id"])
            data = newest_first[start : start + server.plan.page_size]
            more = start + server.plan.page_size < len(newest_first)
            ids = (
                {"first_id": data[0]["id"], "last_id": data[-1]["id"]} if data else {"first_id": None, "last_id": None}
            )
            if server.plan.is_ending:
                for batch in server.made:
                    batch.ended = True
            self.answer(200, {"data": data, "has_more": more, **ids})

        def answer(self, status: int, document: dict[str, Any]) -> None:
            self.send(status, json.dumps(document).encode(), "application/json")

        def send(self, status: int, body: bytes, kind: str, told: int | None = None) -> None:
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(told or len(body)))
            self.send_header("retry-after-ms", "1")
            self.end_headers()
            self.wfile.write(body)
            self.close_connection = told is not None

    return Handler
