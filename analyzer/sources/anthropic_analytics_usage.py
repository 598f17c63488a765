"""How a saved page comes apart."""

from __future__ import annotations

from functools import partial

from analyzer.sources._anthropic_pages import page_rows
from analyzer.sources.formats import Unfold


def open_unfold(path: str) -> Unfold:
    """A page is read by itself, wherever it was saved."""
    return partial(page_rows, "anthropic_analytics_usage")
