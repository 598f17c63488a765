"""The API wraps a generation, or a page of them, in `data`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from analyzer.sources.formats import Unfold


def open_unfold(path: str) -> Unfold:
    """Nothing is kept from one document to the next."""
    return _generations


def _generations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    inside = document.get("data", document)
    for one in inside if isinstance(inside, list) else [inside]:
        if not isinstance(one, dict):
            raise ValueError(f"data: found {type(one).__name__}, expected a generation object")
        yield one
