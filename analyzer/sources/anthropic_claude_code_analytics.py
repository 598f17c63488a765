"""How a saved page comes apart: one record a model that an actor used on a day."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from analyzer.sources.formats import Unfold


def open_unfold(path: str) -> Unfold:
    """A page is read by itself, wherever it was saved."""
    return _records


def _records(page: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Rows of `data` with one entry of model_breakdown each, under `used`; a row that used no model has none."""
    pulled = page.get("pulled")
    told = pulled.get("anthropic_claude_code_analytics") if isinstance(pulled, dict) else None
    pulled_at = told.get("at") if isinstance(told, dict) else None
    if not isinstance(page.get("data"), list):
        raise ValueError("data: expected a list of rows")
    for row in page["data"]:
        if not isinstance(row, dict):
            yield {"problem": "a row of data that is no object"}
            continue
        models = row.get("model_breakdown")
        named = {key: value for key, value in row.items() if key not in ("model_breakdown", "tool_actions")}
        for used in models if isinstance(models, list) and models else [None]:
            yield {**named, "used": used, "pulled_at": pulled_at}
