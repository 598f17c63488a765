"""Langfuse in its export shapes, one record an observation or a trace, under the names of the blob export.

A trace document holds its observations under `observations`, a page of the API its rows under `data`; every other
shape is a row by itself. What a model answered is not handed on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from analyzer.sources.formats import Unfold

_OF_A_TRACE = ("id", "timestamp", "name", "user_id", "session_id", "tags", "environment", "release", "metadata")
_OF_AN_OBSERVATION = (
    *("id", "trace_id", "parent_observation_id", "type", "name", "start_time", "end_time", "level"),
    *("completion_start_time", "latency", "time_to_first_token", "provided_model_name", "model", "model_parameters"),
    *("usage_details", "usage", "input_usage", "output_usage", "total_usage"),
    *("prompt_tokens", "completion_tokens", "total_tokens"),
    *("total_cost", "calculated_total_cost", "input", "tool_definitions"),
    *("trace_name", "user_id", "session_id", "tags", "environment", "release", "metadata"),
)
_TOLD_BY_A_TRACE = ("user_id", "session_id", "trace_name", "tags")


def open_unfold(path: str) -> Unfold:
    """Rows of one document; `path` tells nothing."""
    return rows_of


def rows_of(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The observations and traces of one document.

    Raises: ValueError when a list of observations holds something else.
    """
    observations = document.get("observations")
    rows = document.get("data")
    if isinstance(observations, list):
        trace = document.get("trace")
        trace = _trace(trace if isinstance(trace, dict) else document)
        yield trace
        for row in _objects(observations, "observations"):
            yield _observation({"traceId": trace.get("id")} | row)
    elif isinstance(rows, list) and "type" not in document:
        for row in _objects(rows, "data"):
            yield _row(row)
    else:
        yield _row(document)


def _row(row: dict[str, Any]) -> dict[str, Any]:
    spoken = {_snake(key) for key in row}
    if "timestamp" in spoken and not spoken & {"trace_id", "start_time", "type"}:
        return _trace(row)
    return _observation(row)


def _trace(row: Mapping[str, Any]) -> dict[str, Any]:
    return _picked(row, _OF_A_TRACE) | {"is_trace": True}


def _observation(row: Mapping[str, Any]) -> dict[str, Any]:
    picked = _picked(row, _OF_AN_OBSERVATION)
    return picked | {"lacks_trace": not any(name in picked for name in _TOLD_BY_A_TRACE)}


def _picked(row: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {_snake(key): value for key, value in row.items() if _snake(key) in names}


@lru_cache(maxsize=4096)
def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])([A-Z])", r"_\1", name).lower()


def _objects(rows: list[Any], field: str) -> list[dict[str, Any]]:
    if not all(isinstance(row, dict) for row in rows):
        raise ValueError(f"{field}: found a row that is no object, expected rows of observations")
    return rows
