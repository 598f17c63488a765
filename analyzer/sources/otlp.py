"""Spans of OTLP/JSON documents, or single spans written flat: one record a span, its attributes under one roof."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from analyzer.sources._otel import attributes_of, field, hex_id, scoped
from analyzer.sources.formats import Unfold

_HOLDERS = ("attributes", "SpanAttributes", "span_attributes")
_NAMESPACES = ("gen_ai", "llm", "openinference", "traceloop", "session", "user", "tag", "input", "output")
_WHOLE = ("metadata", "llm.invocation_parameters", "input.value", "output.value")
_TRACE_IDS = ("traceId", "trace_id", "TraceId", "context.trace_id")
_SPAN_IDS = ("spanId", "span_id", "SpanId", "context.span_id")
_PARENT_IDS = ("parentSpanId", "parent_span_id", "ParentSpanId", "parent_id", "parentId")
_STARTS = ("startTimeUnixNano", "start_time_unix_nano", "start_time", "startTime", "Timestamp", "timestamp")
_ENDS = ("endTimeUnixNano", "end_time_unix_nano", "end_time", "endTime")
_NAMES = ("name", "SpanName", "span_name")
_SCOPES = ("scope.name", "ScopeName", "scope_name", "instrumentation_scope.name", "otel.library.name")


def open_unfold(path: str) -> Unfold:
    """Spans of one document; `path` tells nothing."""
    return spans_of


def spans_of(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """One record a span.

    Each has trace_id, span_id, parent_id, name, start, end, status, dropped, scope, resource, attributes.
    Raises: ValueError when the document is not built as OTLP says.
    """
    if field(document, "resourceSpans") is not None:
        for span, around in scoped(document, "Spans", "spans"):
            yield _span(span) | around
    elif field(document, "resourceLogs") is not None or field(document, "resourceMetrics") is not None:
        yield {"other_signal": True}
    else:
        yield _flat_span(document)


def _span(span: Mapping[str, Any]) -> dict[str, Any]:
    status = field(span, "status")
    return {
        "trace_id": hex_id(field(span, "traceId")),
        "span_id": hex_id(field(span, "spanId")),
        "parent_id": hex_id(field(span, "parentSpanId")),
        "name": field(span, "name"),
        "start": field(span, "startTimeUnixNano"),
        "end": field(span, "endTimeUnixNano"),
        "status": status.get("code") if isinstance(status, dict) else None,
        "dropped": field(span, "droppedAttributesCount"),
        "attributes": attributes_of(span),
    }


def _flat_span(document: Mapping[str, Any]) -> dict[str, Any]:
    around = _flat({key: document.get(key) for key in ("context", "scope", "instrumentation_scope", "status")})
    around |= {key: value for key, value in document.items() if not isinstance(value, dict)}
    resource = document.get("resource")
    return {
        "trace_id": hex_id(_first(around, _TRACE_IDS)),
        "span_id": hex_id(_first(around, _SPAN_IDS)),
        "parent_id": hex_id(_first(around, _PARENT_IDS)),
        "name": _first(around, _NAMES),
        "start": _first(around, _STARTS),
        "end": _first(around, _ENDS),
        "duration_ns": around.get("Duration"),
        "status": _first(around, ("status.status_code", "status.code", "StatusCode", "status_code")),
        "scope": _first(around, _SCOPES),
        "resource": attributes_of(resource if isinstance(resource, dict) else {})
        or _object_of(document.get("ResourceAttributes")),
        "attributes": _flat_attributes(document),
    }


def _flat_attributes(document: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes under `attributes`, as columns `attributes.…`, or at the top."""
    found: dict[str, Any] = {}
    for holder in _HOLDERS:
        value = document.get(holder)
        found |= attributes_of({"attributes": value}) if isinstance(value, list) else _flat(_object_of(value))
    for key, value in document.items():
        name = key.removeprefix("attributes.")
        if name != key or key.split(".", 1)[0] in _NAMESPACES:
            found |= _flat({name: value})
    return found


def _flat(values: Mapping[str, Any], prefix: str = "", levels: int = 8) -> dict[str, Any]:
    """Nested objects under dotted names, `levels` deep; what is a value as a whole stays one."""
    found: dict[str, Any] = {}
    for key, value in values.items():
        name = prefix + key
        if isinstance(value, dict) and levels and name not in _WHOLE:
            found |= _flat(value, name + ".", levels - 1)
        else:
            found[name] = value
    return found


def _object_of(value: Any) -> dict[str, Any]:
    if isinstance(value, str) and value.startswith("{"):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return {}
    return value if isinstance(value, dict) else {}


def _first(values: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((values[name] for name in names if values.get(name) not in (None, "")), None)
