"""An Admin API on loopback that keeps state and misbehaves on request; stdlib only."""

from __future__ import annotations

import json
import threading
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

KEY = "sk-ant-admin01-not-a-real-key-0123456789"
KEYS = ("apikey_01A", "apikey_01B", "apikey_01C")


class FakeAdmin:
    """Five days of usage by three keys. `faults`: one is used up by each request: ok, a status (`429:2` asks to wait
    2 s), torn, cut (the connection breaks inside the body), drop (it breaks before an answer), nolist, repeat (the page
    before comes again), redirect, tell (the key stands in an error message)."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.page_rows = 4
        self.asked: list[dict[str, list[str]]] = []
        self.paths: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.before = b""
        self.cursors: dict[str, int] = {}
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.http.daemon_threads = True
        self.thread = threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http.server_address[1]}"

    def rows(self, query: dict[str, list[str]]) -> list[dict[str, Any]]:
        start, end = (date.fromisoformat(query[bound][0][:10]) for bound in ("starting_at", "ending_at"))
        found = []
        for day in (date(2026, 10, 1) + timedelta(days=number) for number in range(5)):
            if start <= day < end:
                found += [usage_row(day, key, 100 * day.day + number) for number, key in enumerate(KEYS)]
        return found

    def page(self, query: dict[str, list[str]]) -> dict[str, Any]:
        rows = self.rows(query)
        at = self.cursors.get(query["page"][0], 0) if "page" in query else 0
        here, after = rows[at : at + self.page_rows], at + self.page_rows
        cursor = None
        if after < len(rows):
            cursor = f"cursor-{len(self.cursors)}"
            self.cursors[cursor] = after
        return {
            "data": here,
            "has_more": cursor is not None,
            "next_page": cursor,
            "data_refreshed_at": "2026-11-01T06:00:00Z",
            "organization_id": "org-1",
        }


def usage_row(day: date, key: str, tokens: int) -> dict[str, Any]:
    return {
        "starting_at": f"{day}T00:00:00Z",
        "ending_at": f"{day + timedelta(days=1)}T00:00:00Z",
        "group": {"api_key_id": key, "model": "claude-opus-5-5", "service_tier": "standard", "speed": None},
        "usage": {
            "uncached_input_tokens": tokens,
            "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
            "cache_read_input_tokens": 0,
            "output_tokens": 1,
            "server_tool_use": {"web_search_requests": 0},
            "requests": 1,
            "total_tokens": tokens + 1,
        },
    }


def _handler(admin: FakeAdmin) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *parts: object) -> None:
            """Quiet."""

        def do_GET(self) -> None:
            split = urlsplit(self.path)
            query = parse_qs(split.query, keep_blank_values=True)
            admin.asked.append(query)
            admin.paths.append(split.path)
            admin.headers.append({name.lower(): value for name, value in self.headers.items()})
            fault, _, detail = (admin.faults.pop(0) if admin.faults else "ok").partition(":")
            if fault.isdigit():
                self.error(int(fault), "told", detail)
            elif fault == "drop":
                self.close_connection = True
            elif fault == "tell":
                self.error(400, f"bad key {KEY} in Bearer {KEY}", "")
            elif fault == "redirect":
                self.send(302, b"{}", {"location": f"{admin.url}/elsewhere"})
            elif fault == "repeat":
                self.send(200, admin.before)
            elif fault == "nolist":
                self.send(200, b'{"data": "none"}')
            else:
                body = json.dumps(admin.page(query)).encode()
                admin.before = body
                told = {"content-length": str(len(body))} if fault == "cut" else None
                self.send(200, body[:-30] if fault in ("torn", "cut") else body, told)

        def error(self, status: int, message: str, wait: str) -> None:
            told = {"type": "error", "error": {"type": "some_error", "message": message}}
            self.send(status, json.dumps(told).encode(), {"retry-after": wait} if wait else {})

        def send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("request-id", "req_42")
            self.send_header("anthropic-organization-id", "org-1")
            for name, value in ({"content-length": str(len(body))} | (headers or {})).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
            self.close_connection = "content-length" in (headers or {})

    return Handler
