"""Pages of Helicone's query API hold their rows under `data`; every other shape is a row by itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from analyzer.sources.formats import Unfold


def open_unfold(path: str) -> Unfold:
    """Rows of one document; `path` tells nothing."""
    return rows_of


def rows_of(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The rows of a page, or the row itself.

    Raises: ValueError when a row of a page is no object.
    """
    rows = document.get("data")
    if not isinstance(rows, list) or "request_created_at" in document:
        yield document
        return
    if not all(isinstance(row, dict) for row in rows):
        raise ValueError("data: found a row that is no object, expected rows of requests")
    yield from rows
