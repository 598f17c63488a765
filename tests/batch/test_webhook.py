"""The webhook destination: signed, retried, under one idempotency key; what it refuses and what it cannot say."""

from __future__ import annotations

import dataclasses
import hashlib
import hmac
import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from conftest import delivered, fill
from test_delivery import answers, line

from analyzer.batch import Destination, Job, collect, retry, status_of, submit
from analyzer.batch.messages_api import MessagesApi
from analyzer.batch.sinks import DeliveryError, sink_of
from analyzer.batch.sinks.webhook import Webhook
from analyzer.errors import UserError


class Receiver:
    """A webhook's other end. `fates`: statuses, one used up by each POST; 0 = close without an answer."""

    def __init__(self) -> None:
        self.fates: list[int] = []
        self.got: list[tuple[dict[str, str], bytes]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *parts: object) -> None:
                """Quiet."""

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                outer.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
                status = outer.fates.pop(0) if outer.fates else 200
                if status == 0:
                    self.close_connection = True
                    return
                self.send_response(status)
                if 300 <= status < 400:
                    self.send_header("location", "http://127.0.0.1:9/elsewhere")
                self.send_header("content-length", "0")
                self.end_headers()

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}/hook"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    running = Receiver()
    yield running
    running.http.shutdown()
    running.http.server_close()
    running.thread.join()


def test_a_webhook_is_signed_and_retried_under_one_idempotency_key(receiver: Receiver) -> None:
    receiver.fates = [503, 0, 200]
    paused: list[float] = []
    hook = Webhook(receiver.url, b"s3cret", 5.0, clock=lambda: 1.8e9, sleep=paused.append)
    assert hook.write(1, 0, answers("a", "b")) == []
    keys = [headers["idempotency-key"] for headers, _ in receiver.got]
    assert paused == [1.0, 4.0]
    assert keys[0] == keys[1] == keys[2] == hashlib.sha256(b"digest\0a").hexdigest() != keys[3]
    headers, body = receiver.got[0]
    digest = hmac.new(b"s3cret", b"1800000000." + body, hashlib.sha256).hexdigest()
    assert headers["whowaits-signature"] == f"t=1800000000,v1={digest}"
    assert json.loads(body) == line("a")


@pytest.mark.parametrize("status", [301, 401, 404, 500])
def test_a_webhook_that_cannot_take_it_now_gets_it_later(receiver: Receiver, status: int) -> None:
    receiver.fates = [status] * 3
    hook = Webhook(receiver.url, None, 5.0, sleep=lambda s: None)
    with pytest.raises(DeliveryError, match=f"HTTP {status}"):
        hook.write(1, 0, answers("a"))
    receiver.fates = []
    assert hook.write(1, 0, answers("a")) == []


def test_what_the_webhook_refuses_dies_and_is_delivered_again_without_being_paid_again(
    receiver: Receiver, api: MessagesApi, job: Job, server: Any
) -> None:
    hooked = dataclasses.replace(job, destination=Destination("webhook", url=receiver.url))
    receiver.fates = [422, 200]
    fill(hooked, "a", "b")
    submit(hooked, api)
    assert collect(hooked, api).delivered == 1
    assert status_of(job).dead_items == (("a", "the webhook refused it with HTTP 422; its answer is kept"),)
    assert retry(job) == 1
    assert collect(hooked, api).delivered == 1
    assert server.posts == 1 and status_of(job).done


def test_a_destination_that_keeps_failing_asks_for_a_person(receiver: Receiver, api: MessagesApi, job: Job) -> None:
    hooked = dataclasses.replace(job, destination=Destination("webhook", url=receiver.url))
    fill(hooked, "a")
    submit(hooked, api)
    for round_no in range(3):
        receiver.fates = [404]
        collect(hooked, api, clock=lambda: 1.9e9 + round_no * 86400)  # noqa: B023
    assert status_of(job).troubles == ("the destination failed 3 times: webhook: HTTP 404",)
    # Between failures it is left alone for longer and longer.
    asked = len(receiver.got)
    collect(hooked, api, clock=lambda: 1.9e9 + 2 * 86400 + 60)
    assert len(receiver.got) == asked


@pytest.mark.parametrize("said", [b"garbage\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 200 + b"\r\n"])
def test_a_webhook_that_speaks_no_http_is_tried_again_later(said: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            for _ in range(3):
                taken, _ = listening.accept()
                with taken:
                    taken.recv(65_536)
                    taken.sendall(said)

        thread = threading.Thread(target=answer)
        thread.start()
        hook = Webhook(f"http://127.0.0.1:{listening.getsockname()[1]}/", None, 5.0, sleep=lambda s: None)
        with pytest.raises(DeliveryError) as caught:
            hook.write(1, 0, answers("a"))
        thread.join()
    assert str(caught.value) in ("webhook: BadStatusLine", "webhook: HTTPException")


@pytest.mark.parametrize(
    "url", ["https://somebody:hunter2@example.com/x", "ftp://hunter2", "https://x/hunter2 ", "http://"]
)
def test_an_address_that_is_none_or_holds_a_password_is_refused_without_printing_it(url: str) -> None:
    with pytest.raises(UserError, match=r"destination\.url") as caught:
        sink_of(Destination("webhook", url=url))
    assert "hunter2" not in str(caught.value)


def test_a_webhook_address_and_its_secret_are_checked_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOOK_SECRET", raising=False)
    with pytest.raises(UserError, match="an http or https address"):
        sink_of(Destination("webhook", url="file:///etc/passwd"))
    with pytest.raises(UserError, match="no HOOK_SECRET"):
        sink_of(Destination("webhook", url="https://example.com/hook", secret_env="HOOK_SECRET"))


def test_a_new_destination_gets_what_was_under_way_to_the_old_one(
    tmp_path: Path, receiver: Receiver, api: MessagesApi, job: Job
) -> None:
    hooked = dataclasses.replace(job, destination=Destination("webhook", url=receiver.url))
    fill(hooked, "a", "b")
    submit(hooked, api)
    receiver.fates = [404]
    assert collect(hooked, api).delivered == 0
    assert collect(job, api).delivered == 2
    assert delivered(job) == ["a", "b"]
