"""A Message Batches API on loopback that keeps state and misbehaves on request; stdlib only."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import api_shapes
import openapi


@dataclass
class FakeBatch:
    id: str
    requests: list[dict[str, Any]]
    created_at: datetime
    offset_s: float = 0.0
    workspace: str | None = None
    seen_offset_s: float = 0.0
    is_ended: bool = False
    cancel_at: datetime | None = None
    is_archived: bool = False
    lines: list[dict[str, Any]] | None = None


@dataclass
class Plan:
    """What goes wrong. `creates`, `calls` (synchronous messages): one entry is used up by each POST: ok, drop (do it,
    then close the connection), drop-before (close without doing it), made-then-500, spend (a spend limit), slow, or a
    status such as 500. `kinds`: text of an item to its result types, one used up by each batch that it is in. `lines`:
    order, missing, duplicate or stranger among the result lines. `bodies`: torn (ends inside a line) or cut (the
    connection breaks), one used up by each reading. `answers`: text of an item to what is different about its
    message. `ends`, `create_fate`: the same decided by a function of what is asked about."""

    creates: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    counts: list[str] = field(default_factory=list)
    gets: list[str] = field(default_factory=list)
    kinds: dict[str, list[str]] = field(default_factory=dict)
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    message: str = "told"
    is_ending: bool = True
    ends: Callable[[FakeBatch], bool] | None = None
    create_fate: Callable[[list[dict[str, Any]]], str] | None = None
    page_size: int = 2


class FakeServer:
    """`made` holds every batch that was accepted, whatever the client was told; `breaches` what kept no shape."""

    def __init__(self) -> None:
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.http.daemon_threads = True
        self.thread = threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.lock = threading.RLock()
        self.reset()

    def reset(self) -> None:
        self.plan = Plan()
        self.made: list[FakeBatch] = []
        self.called: list[dict[str, Any]] = []
        self.breaches: list[str] = []
        self.keys: set[str] = set()
        self.posts = self.cancels = 0
        self.offset_s = 0.0

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
        """How often each item was accepted in a batch, by the text of its message."""
        return Counter(item_of(request["params"]) for batch in self.made for request in batch.requests)

    def times_called(self) -> dict[str, int]:
        """How often each item was answered synchronously."""
        return Counter(item_of(params) for params in self.called)

    def next(self, fates: list[str]) -> str:
        with self.lock:
            return fates.pop(0) if fates else "ok"

    def make(self, requests: list[dict[str, Any]], offset_s: float = 0.0, workspace: str | None = None) -> FakeBatch:
        """Its clock is `offset_s` ahead of ours; workspace None = everybody sees it."""
        with self.lock:
            created_at = datetime.now(UTC) + timedelta(seconds=offset_s)
            batch = FakeBatch(f"msgbatch_{len(self.made):05d}", requests, created_at, offset_s, workspace)
            self.made.append(batch)
        return batch

    def batch(self, batch_id: str) -> FakeBatch | None:
        return next((batch for batch in self.made if batch.id == batch_id), None)

    def end(self, batch: FakeBatch) -> None:
        with self.lock:
            if batch.lines is None:
                canceled = batch.cancel_at is not None
                batch.lines = [self.line(request, canceled) for request in batch.requests]
            batch.is_ended = True

    def ends(self, batch: FakeBatch) -> bool:
        return self.plan.is_ending if self.plan.ends is None else self.plan.ends(batch)

    def line(self, request: dict[str, Any], canceled: bool = False) -> dict[str, Any]:
        kinds = self.plan.kinds.get(item_of(request["params"]), [])
        kind = kinds.pop(0) if kinds else "canceled" if canceled else "succeeded"
        result: dict[str, Any] = {"type": kind}
        if kind == "succeeded":
            result["message"] = self.message(request["params"])
        elif kind.endswith("_error"):
            result = {"type": "errored", "error": {"type": "error", "error": {"type": kind, "message": "no"}}}
        return {"custom_id": request["custom_id"], "result": result}

    def message(self, params: dict[str, Any]) -> dict[str, Any]:
        message = {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": params["model"],
            "content": [{"type": "text", "text": f"answer to {item_of(params)}"}],
            "stop_reason": "end_turn",
            "stop_sequence": None,
            "usage": {"input_tokens": 1000, "output_tokens": 100},
        }
        return {**message, **self.plan.answers.get(item_of(params), {})}

    def shown(self, batch: FakeBatch) -> dict[str, Any]:
        kinds = Counter(line["result"]["type"] for line in batch.lines or []) if batch.is_ended else Counter()
        known = {name: kinds[name] for name in ("succeeded", "errored", "canceled", "expired")}
        strange = len(batch.requests) - sum(known.values()) if batch.is_ended else 0
        known["errored"] += strange
        has_results = batch.is_ended and not batch.is_archived
        return {
            "id": batch.id,
            "type": "message_batch",
            "processing_status": "ended" if batch.is_ended else "canceling" if batch.cancel_at else "in_progress",
            "request_counts": {"processing": 0 if batch.is_ended else len(batch.requests), **known},
            "created_at": batch.created_at.isoformat(),
            "ended_at": (datetime.now(UTC) + timedelta(seconds=batch.offset_s)).isoformat() if batch.is_ended else None,
            "expires_at": (batch.created_at + timedelta(hours=24)).isoformat(),
            "archived_at": datetime.now(UTC).isoformat() if batch.is_archived else None,
            "cancel_initiated_at": batch.cancel_at.isoformat() if batch.cancel_at else None,
            "results_url": f"{self.url}/v1/messages/batches/{batch.id}/results" if has_results else None,
        }

    def result_lines(self, batch: FakeBatch) -> list[dict[str, Any]]:
        lines = list(batch.lines or [])
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


def item_of(params: dict[str, Any]) -> str:
    return str(params["messages"][0]["content"])


def _error(kind: str, message: str = "told", **details: Any) -> dict[str, Any]:
    error: dict[str, Any] = {"type": kind, "message": message}
    return {"type": "error", "error": {**error, "details": details} if details else error, "request_id": "req_1"}


# Type of an error by its status, else by the status' first digit.
KINDS = {
    "401": "authentication_error",
    "403": "permission_error",
    "404": "not_found_error",
    "429": "rate_limit_error",
    "529": "overloaded_error",
    "3": "api_error",
    "4": "invalid_request_error",
    "5": "api_error",
}


def _handler(server: FakeServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log_message(self, *parts: object) -> None:
            """Quiet."""

        def do_POST(self) -> None:
            self.check(self.headers.get("anthropic-version") is not None, "no anthropic-version")
            server.keys.add(self.workspace())
            parts = self.path.split("?")[0].strip("/").split("/")
            body = json.loads(self.rfile.read(int(self.headers["content-length"])) or b"{}")
            if parts[-1] == "cancel":
                self.cancel(server.batch(parts[3]))
            elif parts[-1] == "count_tokens":
                self.count(body)
            elif parts[-1] == "batches":
                self.create(body)
            else:
                self.call(body)

        def create(self, body: Any) -> None:
            with server.lock:
                server.posts += 1
            found = api_shapes.problem(body, api_shapes.CREATE, "create")
            ids = [request["custom_id"] for request in body["requests"]]
            self.check(found is None and len(set(ids)) == len(ids) <= 100_000, f"create: {found or 'ids'}")
            for request in body["requests"]:
                self.keeps("batch request", request)
            fate = server.next(server.plan.creates)
            if server.plan.create_fate is not None:
                with server.lock:
                    fate = server.plan.create_fate(body["requests"])
            offset_s = float(self.headers.get("x-fake-offset-s") or server.offset_s)
            made_for = self.workspace()
            self.fated(fate, lambda: server.shown(server.make(body["requests"], offset_s, made_for)))

        def workspace(self) -> str:
            """The key is the workspace: what another key made is not listed."""
            return self.headers.get("authorization") or self.headers.get("x-api-key") or ""

        def call(self, params: Any) -> None:
            found = api_shapes.problem(params, api_shapes.PARAMS, "message")
            self.check(found is None, f"message: {found}")
            self.keeps("message request", params)

            def answer() -> dict[str, Any]:
                with server.lock:
                    server.called.append(params)
                return server.message(params)

            self.fated(server.next(server.plan.calls), answer)

        def count(self, params: Any) -> None:
            self.check("max_tokens" not in params, "count_tokens takes no max_tokens")
            self.keeps("count request", params)
            self.fated(server.next(server.plan.counts), lambda: {"input_tokens": 10 * len(item_of(params))})

        def cancel(self, batch: FakeBatch | None) -> None:
            if batch is None:
                self.answer(404, _error("not_found_error"))
                return
            with server.lock:
                server.cancels += 1
                batch.cancel_at = batch.cancel_at or (None if batch.is_ended else datetime.now(UTC))
            self.answer(200, server.shown(batch))

        def fated(self, fate: str, work: Any) -> None:
            if fate == "drop-before":
                self.close_connection = True
            elif fate == "drop":
                work()
                self.close_connection = True
            elif fate == "made-then-500":
                work()
                self.answer(500, _error("api_error", "oops"))
            elif fate == "spend":
                limit = _error("rate_limit_error", "limit reached", error_code="enforced_spend_limit_reached")
                self.answer(429, limit)
            elif fate == "slow":
                work()
                time.sleep(1.5)
                self.close_connection = True
            elif fate.isdigit():
                self.answer(int(fate), _error(KINDS.get(fate) or KINDS[fate[0]], server.plan.message))
            else:
                self.answer(200, work())

        def do_GET(self) -> None:
            fate = server.next(server.plan.gets)
            if fate.isdigit():
                self.answer(int(fate), _error(KINDS.get(fate) or KINDS[fate[0]], server.plan.message))
                return
            offset_s = float(self.headers.get("x-fake-offset-s") or server.offset_s)
            for each in server.made if len(self.path.split("/")) == 4 else ():
                if each.workspace == self.workspace():
                    each.seen_offset_s = offset_s
            path, _, query = self.path.partition("?")
            parts = path.strip("/").split("/")
            if len(parts) == 3:
                self.page(dict(pair.split("=") for pair in query.split("&") if pair))
                return
            batch = server.batch(parts[3])
            if batch is None:
                self.answer(404, _error("not_found_error"))
            elif parts[-1] == "results":
                self.results(batch)
            else:
                if server.ends(batch):
                    server.end(batch)
                self.answer(200, server.shown(batch))

        def results(self, batch: FakeBatch) -> None:
            lines = server.result_lines(batch)
            for line in lines:
                found = api_shapes.result_problem(line)
                self.check(found is None, f"result: {found}")
                if line["result"]["type"] in api_shapes.RESULTS:  # another type is one of tomorrow
                    self.keeps("result", line)
            body = b"".join(json.dumps(line, ensure_ascii=False).encode() + b"\n" for line in lines)
            fault = server.next(server.plan.bodies)
            if fault == "torn":
                body = body[:-40]
            elif fault == "cut":
                self.send(200, body[:-40], "application/x-jsonl", told=len(body))
                return
            self.send(200, body, "application/x-jsonl")

        def page(self, query: dict[str, str]) -> None:
            newest_first = [b for b in reversed(server.made) if b.workspace in (None, self.workspace())]
            start = 0
            if "after_id" in query:
                start = 1 + [batch.id for batch in newest_first].index(query["after_id"])
            data = [server.shown(batch) for batch in newest_first[start : start + server.plan.page_size]]
            more = start + server.plan.page_size < len(newest_first)
            ids = (
                {"first_id": data[0]["id"], "last_id": data[-1]["id"]} if data else {"first_id": None, "last_id": None}
            )
            for batch in newest_first:
                if server.ends(batch):
                    server.end(batch)
            self.answer(200, {"data": data, "has_more": more, **ids})

        def answer(self, status: int, document: dict[str, Any]) -> None:
            kind = document.get("type")
            if status != 200:
                found = api_shapes.problem(document, api_shapes.ERROR, "error")
            elif kind == "message_batch":
                found = api_shapes.batch_problem(document)
            elif kind == "message":
                found = api_shapes.problem(document, api_shapes.MESSAGE, "message")
            else:
                shape = api_shapes.PAGE if "data" in document else api_shapes.TOKEN_COUNT
                found = api_shapes.problem(document, shape, "answer")
            self.check(found is None, f"answer: {found}")
            for part in document.get("data", [document]):
                self.keeps("error" if status != 200 else part.get("type", "tokens"), part)
            self.send(status, json.dumps(document).encode(), "application/json")

        def keeps(self, kind: str, value: Any) -> None:
            """What went over the wire is what the public description says."""
            found = openapi.problem(kind, value)
            self.check(found is None, f"OpenAPI: {found}")

        def check(self, good: bool, breach: str) -> None:
            if not good:
                server.breaches.append(breach)

        def send(self, status: int, body: bytes, kind: str, told: int | None = None) -> None:
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(told or len(body)))
            headers = {"retry-after-ms": "1"} if status != 200 and not server.plan.headers else server.plan.headers
            for name, value in headers.items() if status != 200 else ():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
            self.close_connection = told is not None

    return Handler
