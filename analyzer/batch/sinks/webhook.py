"""A webhook: one POST an answer, signed, retried, with an idempotency key. At least once; once where that is honoured.

Headers: `Idempotency-Key` (the same for every POST of the same item), and where `secret_env` is set
`Whowaits-Signature: t=<unix seconds>,v1=<hex HMAC-SHA256 of "t.body">`.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import os
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

from analyzer.batch.job import Destination
from analyzer.batch.sinks import Answer, DeliveryError
from analyzer.errors import UserError

# The receiver says that this answer is wrong for it; another one may be right.
_UNWANTED = frozenset({400, 413, 415, 422})
_PAUSES_S = (1.0, 4.0)


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirected POST would arrive as a GET, or elsewhere."""

    def redirect_request(self, *anything: Any) -> None:
        """Never."""


class Webhook:
    """A Sink."""

    at_once = 20

    def __init__(
        self,
        url: str,
        secret: bytes | None,
        timeout_s: float,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._url, self._secret, self._timeout_s = url, secret, timeout_s
        self._clock, self._sleep = clock, sleep
        self._opener = urllib.request.build_opener(_NoRedirects)

    def mark(self) -> int:
        """Nothing to remember."""
        return 0

    def write(self, delivery_no: int, mark: int, answers: Iterator[Answer]) -> list[tuple[int, str]]:
        """One after the other; after a failure all of the delivery comes again, under the same keys."""
        unwanted = []
        for answer in answers:
            status = self._post(answer)
            if status in _UNWANTED:
                unwanted.append((answer.item_no, f"the webhook refused it with HTTP {status}; its answer is kept"))
        return unwanted

    def _post(self, answer: Answer) -> int:
        failure = ""
        for pause_s in (*_PAUSES_S, 0.0):
            try:
                with self._opener.open(self._request(answer), timeout=self._timeout_s) as response:
                    return int(response.status)
            except urllib.error.HTTPError as error:
                error.close()
                if error.code in _UNWANTED:
                    return error.code
                failure = f"HTTP {error.code}"
                if error.code < 500 and error.code not in (408, 409, 425, 429):
                    break
            except (OSError, http.client.HTTPException) as error:
                failure = type(error).__name__
            if pause_s:
                self._sleep(pause_s)
        raise DeliveryError(f"webhook: {failure}")

    def _request(self, answer: Answer) -> urllib.request.Request:
        body = answer.line
        headers = {"Content-Type": "application/json", "Idempotency-Key": idempotency_key(answer.job, answer.key)}
        if self._secret is not None:
            headers["Whowaits-Signature"] = signature(self._secret, int(self._clock()), body)
        return urllib.request.Request(self._url, data=body, headers=headers, method="POST")


def idempotency_key(job: str, key: str) -> str:
    """The same for every POST of the same item."""
    return hashlib.sha256(f"{job}\0{key}".encode("utf-8", "surrogatepass")).hexdigest()


def signature(secret: bytes, at_s: int, body: bytes) -> str:
    """What proves that a POST is ours, and when it was made."""
    digest = hmac.new(secret, f"{at_s}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at_s},v1={digest}"


def sink(destination: Destination) -> Webhook:
    """The webhook at `url`, its secret from the environment."""
    problem = _url_problem(destination.url)
    if problem is not None:
        raise UserError("destination.url", problem, "an http or https address; a secret goes into secret_env")
    secret = os.environ.get(destination.secret_env) if destination.secret_env else None
    if destination.secret_env and not secret:
        raise UserError("environment", f"no {destination.secret_env}", "the secret of destination.secret_env")
    return Webhook(destination.url, secret.encode() if secret else None, destination.timeout_s)


def _url_problem(url: str) -> str | None:
    """What is wrong with an address, without a word of it: it may hold a password."""
    try:
        parts = urllib.parse.urlsplit(url)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address or not url.isascii() or not url.isprintable() or " " in url:
        return "no such address"
    return "an address with a name or a password in it" if "@" in parts.netloc else None
