"""A small S3 for tests, on the loopback: lists a bucket page by page and hands out objects, whole or in part.

It checks that requests are signed with the one key it knows, and can be told to break off its answers.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

BUCKET, ACCESS_KEY, SECRET_KEY = "logs-of-ours", "AKIATESTKEY", "s-9Kx-secret"
PAGE = 3


@dataclass
class Store:
    """What lies in the bucket, what was asked for, and how many answers break off before their end.

    With `together` an object is handed out only when as many as the barrier holds are asked for at once.
    """

    objects: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    breaks: int = 0
    together: threading.Barrier | None = None
    url: str = ""


class _Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one packet an answer
    store: Store

    def do_GET(self) -> None:
        path = urlsplit(self.path)
        bucket, _, key = unquote(path.path).lstrip("/").partition("/")
        self.store.asked.append(f"{key} {self.headers.get('Range', '')}".strip())
        if f"Credential={ACCESS_KEY}/" not in self.headers.get("Authorization", ""):
            self._refuse(403, "InvalidAccessKeyId")
        elif bucket != BUCKET:
            self._refuse(404, "NoSuchBucket")
        elif not key:
            self._list(parse_qs(path.query))
        elif key.startswith("closed/"):
            self._refuse(403, "AccessDenied")
        elif key in self.store.objects:
            if self.store.together is not None:
                self.store.together.wait(timeout=30)
            self._hand_out(self.store.objects[key])
        else:
            self._refuse(404, "NoSuchKey")

    def _list(self, query: dict[str, list[str]]) -> None:
        prefix, after = query.get("prefix", [""])[0], query.get("continuation-token", [""])[0]
        names = sorted(name for name in self.store.objects if name.startswith(prefix) and name > after)
        more = f"<NextContinuationToken>{escape(names[PAGE - 1])}</NextContinuationToken>" if names[PAGE:] else ""
        entries = "".join(
            f"<Contents><Key>{escape(name)}</Key><Size>{len(self.store.objects[name])}</Size></Contents>"
            for name in names[:PAGE]
        )
        truncated = str(bool(more)).lower()
        self._send(
            200, f"<ListBucketResult><IsTruncated>{truncated}</IsTruncated>{more}{entries}</ListBucketResult>".encode()
        )

    def _hand_out(self, data: bytes) -> None:
        mark = f'"{hashlib.md5(data).hexdigest()}"'
        if self.headers.get("If-Match", mark) != mark:
            self._refuse(412, "PreconditionFailed")
            return
        extent = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        piece = data[int(extent[1]) : int(extent[2]) + 1] if extent else data
        part = {"Content-Range": f"bytes {extent[1]}-{extent[2]}/{len(data)}"} if extent else {}
        self._send(206 if extent else 200, piece, ETag=mark, **part)

    def _refuse(self, status: int, code: str) -> None:
        self._send(status, f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode())

    def _send(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.store.breaks and status in (200, 206) and "ETag" in headers:
            self.store.breaks -= 1
            self.wfile.write(body[: len(body) // 2])
            self.close_connection = True
            return
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing on standard error."""


@contextmanager
def running_store() -> Iterator[Store]:
    store = Store()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("_Bound", (_Answers,), {"store": store}))
    server.daemon_threads = True
    store.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield store
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
