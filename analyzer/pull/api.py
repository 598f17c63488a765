"""The Admin API through the anthropic client, which is imported when it is needed. The key never leaves this module."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from analyzer.errors import UserError
from analyzer.pull.reports import COST, FAST_MODE_BETA, USAGE, Question, Report
from analyzer.times import retry_after_s

if TYPE_CHECKING:
    from anthropic import Anthropic

KEY_NAME = "ANTHROPIC_ADMIN_KEY"
BASE_URL = "https://api.anthropic.com"
_TIMEOUT_S = 120.0
_PASSING_STATUS = frozenset({408, 409, 429, 500, 502, 503, 504, 529})


@dataclass(frozen=True)
class Answer:
    """The text of an answer as it came, and what its headers say."""

    text: str
    request_id: str | None
    organization_id: str | None


class PassingError(Exception):
    """Worth another try; `retry_after_s` as the API asks, None = it does not say."""

    def __init__(self, reason: str, retry_after_s: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s


class CursorExpiredError(Exception):
    """HTTP 410: the page that was asked for is gone."""


def from_environment(base_url: str = BASE_URL) -> AdminApi:
    """The API with the key in the environment, and with no other key.

    Raises: UserError when there is none or it cannot be one.
    """
    key = os.environ.get(KEY_NAME, "").strip()
    if not key:
        raise UserError(
            "environment",
            f"no {KEY_NAME}",
            "an Admin key (sk-ant-admin…) of the organisation",
            "an admin makes one in the Claude Console under Settings, Admin keys",
        )
    if not key.isascii() or not key.isprintable() or " " in key:
        raise UserError("environment", f"{KEY_NAME} with characters that no key has", "an Admin key (sk-ant-admin…)")
    from anthropic import Anthropic, DefaultHttpxClient

    client = Anthropic(
        api_key=key,
        base_url=base_url,
        max_retries=0,
        timeout=_TIMEOUT_S,
        open_telemetry=False,
        http_client=DefaultHttpxClient(follow_redirects=False),
    )
    return AdminApi(client, key)


class AdminApi:
    """Asks one page at a time, once."""

    def __init__(self, client: Anthropic, key: str) -> None:
        self._client = client
        self._key = key

    @property
    def base_url(self) -> str:
        """What is contacted."""
        return str(self._client.base_url).rstrip("/")

    def ask(self, question: Question, query: Mapping[str, Any], cursor: str | None) -> Answer:
        """One page.

        Raises: PassingError, CursorExpiredError, UserError when the API refuses for good.
        """
        import anthropic

        asked = {**query, "page": cursor} if cursor is not None else dict(query)
        try:
            response = self._response(question.report, asked)
        except anthropic.APIStatusError as error:
            raise self._told_apart(error, question.report) from None
        except anthropic.APIConnectionError as error:
            raise PassingError(f"no connection to {self.base_url} ({type(error.__cause__).__name__})") from None
        text = response.content.decode("utf-8", errors="replace").removeprefix("\ufeff")
        headers = response.headers
        return Answer(self._without_key(text), headers.get("request-id"), headers.get("anthropic-organization-id"))

    def _response(self, report: Report, asked: dict[str, Any]) -> Any:
        analytics = self._client.beta.organization.analytics
        if report is USAGE:
            return analytics.usage.with_raw_response.list(**asked).http_response
        if report is COST:
            return analytics.cost.with_raw_response.list(**asked).http_response
        import httpx2

        headers = {"anthropic-beta": FAST_MODE_BETA} if "speed" in asked.get("group_by", ()) else {}
        return self._client.get(report.path, cast_to=httpx2.Response, options={"params": asked, "headers": headers})

    def _told_apart(self, error: Any, report: Report) -> Exception:
        status = error.status_code
        reason = f"HTTP {status}: {self._message(error)}"
        if status == 410:
            return CursorExpiredError(reason)
        if status in _PASSING_STATUS or status > 500:
            return PassingError(reason, retry_after_s(error.response.headers))
        expected, todo = "", ""
        if status in (401, 403):
            expected = f"a key in {KEY_NAME} that may read {report.path}"
            todo = "use an Admin key (sk-ant-admin…) of the organisation"
        elif status == 404 and report in (USAGE, COST):
            todo = "this organisation may not have the report yet: try --legacy"
        return UserError(f"{self.base_url}{report.path}", reason, expected, todo)

    def _message(self, error: Any) -> str:
        """The API's own message on one line, never the request, never the key."""
        text = " ".join(str(getattr(error, "api_message", None) or type(error).__name__).split())
        return self._without_key(text)[:300]

    def _without_key(self, text: str) -> str:
        return text.replace(self._key, f"({KEY_NAME})")
