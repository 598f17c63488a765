"""A pull: every page of every question, each saved before the next is asked, so that it can stop anywhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from analyzer.errors import UserError
from analyzer.pull.api import Answer, CursorExpiredError, PassingError
from analyzer.pull.pages import Page, TornPage, parse_page, save_page, saved_pages
from analyzer.pull.reports import Question

TRIES = 8
_LONGEST_WAIT_S = 60.0
_RESTARTS = 3


class Api(Protocol):
    """What a pull needs of the API."""

    def ask(self, question: Question, query: Any, cursor: str | None) -> Answer:
        """One page."""


@dataclass(frozen=True)
class Pulled:
    """Pages that were fetched now, and that were there before."""

    fetched: int
    known: int


def pull(
    api: Api,
    asked: Iterable[Question],
    into: Path,
    *,
    say: Callable[[str], None] = lambda line: None,
    sleep: Callable[[float], None] = time.sleep,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Pulled:
    """Fetch what is not yet in `into`. Pages on disk are the state: run it again after any stop.

    Raises: UserError when the API refuses, fails TRIES times in a row or leads in circles; pages so far stay.
    """
    fetched = known = 0
    for question in asked:
        window = _Window(api, question, into / question.folder, say, sleep, now)
        known += len(window.pages)
        fetched += window.fetch()
    return Pulled(fetched, known)


class _Window:
    """One question, and the pages that answer it."""

    def __init__(
        self,
        api: Api,
        question: Question,
        folder: Path,
        say: Callable[[str], None],
        sleep: Callable[[float], None],
        now: Callable[[], datetime],
    ) -> None:
        self.pages = saved_pages(folder, question)
        self._api = api
        self._question = question
        self._folder = folder
        self._say = say
        self._sleep = sleep
        self._now = now
        self._restarts: dict[str, int] = {}

    def fetch(self) -> int:
        """The pages still missing; returns how many."""
        before = len(self.pages)
        query, cursor = self._question.query, None
        if self.pages:
            query, cursor = self.pages[-1].query, self.pages[-1].next_cursor
            if cursor is None:
                return 0
        while True:
            try:
                page = self._page(query, cursor)
            except CursorExpiredError as error:
                query, cursor = self._restarted(query, cursor, error), None
                continue
            self.pages.append(page)
            if page.next_cursor is None:
                return len(self.pages) - before
            self._check_no_circle(page)
            cursor = page.next_cursor

    def _page(self, query: Any, cursor: str | None) -> Page:
        """One page, saved; asked again while what goes wrong may pass."""
        for attempt in range(1, TRIES + 1):
            try:
                answer = self._api.ask(self._question, query, cursor)
                page = parse_page(answer.text, query, cursor)
                if cursor is not None and page.digest == self.pages[-1].digest:
                    raise TornPage("the rows of the page before")
                break
            except (PassingError, TornPage) as error:
                if attempt == TRIES:
                    raise UserError(
                        self._question.report.path,
                        f"{error}, {TRIES} times in a row",
                        todo="the pages so far are kept: run the same command again later",
                    ) from None
                asked_s = error.retry_after_s if isinstance(error, PassingError) else None
                wait_s = asked_s if asked_s is not None else min(2.0 ** (attempt - 1), _LONGEST_WAIT_S)
                self._say(f"{error}; trying again in {wait_s:g} s")
                self._sleep(wait_s)
        told = {
            "path": self._question.report.path,
            "query": dict(query),
            "page": cursor,
            "at": self._now().isoformat(timespec="seconds").replace("+00:00", "Z"),
            "request_id": answer.request_id,
            "organization_id": answer.organization_id,
        }
        saved = save_page(self._folder, len(self.pages) + 1, told, answer.text, self._question)
        self._say(f"saved {saved}")
        return page

    def _restarted(self, query: Any, cursor: str | None, error: CursorExpiredError) -> dict[str, Any]:
        """The question from the end of the last complete bucket on; a bucket that was cut off comes again."""
        start = max((page.last_start for page in self.pages if page.last_start), default=query["starting_at"])
        if self._question.report.width_name is None:
            start = query["starting_at"]
        self._restarts[start] = self._restarts.get(start, 0) + 1
        if cursor is None or self._restarts[start] > _RESTARTS:
            raise UserError(
                self._question.report.path, str(error), "pages that stay until they are read", "ask for fewer days"
            )
        self._say(f"the page expired: going on from {start}")
        return {**query, "starting_at": start}

    def _check_no_circle(self, page: Page) -> None:
        chain = []
        for earlier in reversed(self.pages):
            chain.append(earlier.cursor)
            if earlier.cursor is None:
                break
        if page.next_cursor in chain:
            raise UserError(
                self._question.report.path,
                "a next page that was read already",
                "pages that come to an end",
                "move the folder away and pull again",
            )
