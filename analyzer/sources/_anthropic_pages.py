"""Saved pages of the provider's usage and cost reports, taken apart into rows.

A page is `{data, has_more, next_page}`. `data` holds buckets with `results`, or rows that carry their period: those of
the Usage and Cost Analytics API under `group` and `usage` or `cost`, those of a report by user flat with an `actor`.
A page that `whowaits pull` saved says under `pulled` what was asked.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

_PERIOD = frozenset({"starting_at", "ending_at"})
_MEASURES = frozenset(
    {
        "uncached_input_tokens",
        "cache_creation",
        "cache_read_input_tokens",
        "output_tokens",
        "server_tool_use",
        "requests",
        "total_tokens",
        "amount",
        "list_amount",
        "currency",
    }
)
# Grouped by description, the cost report adds these of its own accord.
_TOLD_BY_DESCRIPTION = frozenset(
    {"cost_type", "token_type", "model", "service_tier", "context_window", "inference_geo", "speed"}
)
_ACTOR_IDS = ("user_id", "api_key_id", "service_account_id", "subject")


def page_rows(name: str, page: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The rows of one page of the format `name`.

    Each has starting_at, ending_at, dimensions (sorted, without the absent ones, a person by id alone), measures,
    grouped_by (what the whole page is grouped by), bucket_rows (rows of its bucket), nth (of equal rows of this page:
    identities the server cannot show come as equal rows), refreshed_at, pulled_at, organization_id; or `problem`.
    Raises: ValueError when `data` is no list.
    """
    pulled = _dict(_dict(page.get("pulled")).get(name))
    query = _dict(pulled.get("query"))
    if not isinstance(page.get("data"), list):
        raise ValueError(f"data: found {_kind(page.get('data'))}, expected a list")
    rows = [row for index, entry in enumerate(page["data"]) for row in _entry_rows(entry, f"data[{index}]")]
    grouped_by = _grouped_by([row["dimensions"] for row in rows if "dimensions" in row], query.get("group_by"))
    seen: Counter[tuple[Any, ...]] = Counter()
    for row in rows:
        if "problem" not in row:
            for bound in _PERIOD:
                row[bound] = row[bound] or query.get(bound)
            key = (str(row["starting_at"]), str(row["ending_at"]), *row["dimensions"].items())
            row["nth"] = seen[key]
            seen[key] += 1
        row["grouped_by"] = grouped_by
        row["refreshed_at"] = page.get("data_refreshed_at")
        row["pulled_at"] = pulled.get("at")
        row["organization_id"] = page.get("organization_id") or pulled.get("organization_id")
        yield row


def _entry_rows(entry: Any, where: str) -> Iterator[dict[str, Any]]:
    """One bucket with its results, or one row that carries its period."""
    if not isinstance(entry, dict):
        yield {"problem": f"{where}: found {_kind(entry)}, expected an object"}
        return
    period = {bound: entry.get(bound) for bound in _PERIOD}
    if "results" not in entry:
        yield {**_row(entry, where), **period, "bucket_rows": 1}
        return
    results = entry["results"]
    if not isinstance(results, list):
        yield {"problem": f"{where}.results: found {_kind(results)}, expected a list"}
        return
    for index, result in enumerate(results):
        yield {**_row(result, f"{where}.results[{index}]"), **period, "bucket_rows": len(results)}


def _row(entry: Any, where: str) -> dict[str, Any]:
    if not isinstance(entry, dict):
        return {"problem": f"{where}: found {_kind(entry)}, expected an object"}
    named = entry.get("group", entry)
    if not isinstance(named, dict):
        return {"problem": f"{where}.group: found {_kind(named)}, expected an object"}
    measured = entry.get("usage", entry.get("cost", {})) if "group" in entry else entry
    return {
        "dimensions": _dimensions(named),
        "measures": {key: value for key, value in _dict(measured).items() if key in _MEASURES},
    }


def _dimensions(named: dict[str, Any]) -> dict[str, str]:
    """Names and values, sorted; a product has one spelling in all reports."""
    found = {}
    for key in sorted(named.keys() - _PERIOD - _MEASURES):
        value = named[key]
        if key == "actor":
            value = _actor(value)
        elif key == "product" and isinstance(value, str):
            value = value.replace("-", "_")
        if value is not None:
            found[key] = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    return found


def _actor(actor: Any) -> str | None:
    """`user_actor:user_01...`: kind and id, never a name or an address."""
    if not isinstance(actor, dict):
        return None
    identity = next((actor[name] for name in _ACTOR_IDS if actor.get(name)), None)
    return None if identity is None else f"{actor.get('type')}:{identity}"


def _grouped_by(dimensions: list[dict[str, Any]], asked: Any) -> list[str]:
    """What was asked for, else every dimension that any row of the page has."""
    seen = {name for named in dimensions for name in named}
    if isinstance(asked, list):
        seen = {name for name in asked if isinstance(name, str)} | (seen & {"actor"})
    return sorted(seen - _TOLD_BY_DESCRIPTION if "description" in seen else seen)


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _kind(value: Any) -> str:
    return {"list": "a list", "dict": "an object", "NoneType": "nothing", "str": "text"}.get(
        type(value).__name__, "a number or truth value"
    )
