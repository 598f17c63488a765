"""Pages on disk: what was asked, and the answer as it came. They are the audit trail, and the state of a pull."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analyzer.errors import UserError
from analyzer.pull.reports import Question


class TornPage(Exception):
    """An answer that is no page; the text says why and holds nothing of the answer."""


@dataclass(frozen=True)
class Page:
    """A page. `cursor`: what was asked for, None = the first one. `next_cursor` None = it is the last. `last_start`: of
    its latest bucket. `digest`: of its rows.
    """

    query: Mapping[str, Any]
    cursor: str | None
    next_cursor: str | None
    last_start: str | None
    digest: str


def parse_page(text: str, query: Mapping[str, Any], cursor: str | None) -> Page:
    """The page in an answer.

    Raises: TornPage.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise TornPage(f"an answer of {len(text)} characters that is no JSON (cut off?)") from None
    if not isinstance(document, dict) or not isinstance(document.get("data"), list):
        raise TornPage("JSON without a list under data")
    next_cursor = document.get("next_page")
    if document.get("has_more") is False or not next_cursor:
        if document.get("has_more"):
            raise TornPage("has_more without next_page")
        next_cursor = None
    elif not isinstance(next_cursor, str):
        raise TornPage("a next_page that is no text")
    if next_cursor is not None and next_cursor == cursor:
        raise TornPage("the same page again")
    starts = [entry.get("starting_at") for entry in document["data"] if isinstance(entry, dict)]
    last_start = max((start for start in starts if isinstance(start, str)), default=None)
    digest = hashlib.sha256(json.dumps(document["data"]).encode()).hexdigest()
    return Page(query, cursor, next_cursor, last_start, digest)


def save_page(folder: Path, number: int, told: Mapping[str, Any], text: str, question: Question) -> Path:
    """Write one page wholly or not at all: the answer as it came, with `pulled` put in front.

    Raises: OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"page-{number:04d}.json"
    opened = json.dumps({"pulled": {question.report.format: told}}, ensure_ascii=False)
    body = text.lstrip().removeprefix("{")
    descriptor, draft = tempfile.mkstemp(prefix=".page-", dir=folder)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as stream:
            stream.write(f"{opened[:-1]}, {body.lstrip()}")
            stream.flush()
            os.fsync(stream.fileno())
        Path(draft).replace(path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
    return path


def saved_pages(folder: Path, question: Question) -> list[Page]:
    """The pages that are there, in order.

    Raises: UserError when they answer another question, or one is missing or was changed.
    """
    pages = []
    for number, path in enumerate(sorted(folder.glob("page-*.json")), 1):
        text = path.read_text(encoding="utf-8")
        try:
            told = json.loads(text)["pulled"][question.report.format]
            page = parse_page(text, told["query"], told["page"])
        except (ValueError, KeyError, TypeError, RecursionError, TornPage):
            raise UserError(str(path), "no page as `whowaits pull` saves it", todo="move it away") from None
        if path.name != f"page-{number:04d}.json":
            raise UserError(
                str(path), f"no page-{number:04d}.json before it", todo="move the folder away and pull again"
            )
        if _without_start(page.query) != _without_start(question.query):
            raise UserError(
                str(path), "a page of another question (other groups?)", "the same question", "choose another --into"
            )
        pages.append(page)
    return pages


def _without_start(query: Mapping[str, Any]) -> dict[str, Any]:
    """A pull that was started again in the middle has a later start."""
    return {name: value for name, value in query.items() if name != "starting_at"}
