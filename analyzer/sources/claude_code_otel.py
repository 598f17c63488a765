"""OTLP/JSON logs and metrics: one record a log record or a metric's data point; a log record written flat is itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from analyzer.sources._otel import attributes_of, field, hex_id, objects, plain_value, scoped
from analyzer.sources.formats import Unfold

_POINTS = ("sum", "gauge", "histogram", "exponentialHistogram", "summary")


def open_unfold(path: str) -> Unfold:
    """Records of one document; `path` tells nothing."""
    return records_of


def records_of(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """One record a log record (event, time, trace_id, resource, attributes) or a data point (metric).

    Raises: ValueError when the document is not built as OTLP says.
    """
    if field(document, "resourceLogs") is not None:
        for log, around in scoped(document, "Logs", "logRecords"):
            yield _event(log) | around
    elif field(document, "resourceMetrics") is not None:
        for metric, _ in scoped(document, "Metrics", "metrics"):
            yield from _points(metric)
    elif field(document, "resourceSpans") is not None:
        yield {"other_signal": True}
    else:
        yield _event(document) | {"resource": attributes_of(_object(document.get("resource")))}


def _event(log: Mapping[str, Any]) -> dict[str, Any]:
    attributes = attributes_of(log)
    body = plain_value(log.get("body"))
    return {
        "event": field(log, "eventName") or attributes.get("event.name") or (body if isinstance(body, str) else None),
        "time": field(log, "timeUnixNano") or field(log, "observedTimeUnixNano") or log.get("timestamp"),
        "trace_id": hex_id(field(log, "traceId")),
        "attributes": attributes,
    }


def _points(metric: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for kind in _POINTS:
        yield from ({"metric": metric.get("name")} for _ in objects(_object(field(metric, kind)), "dataPoints"))


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
