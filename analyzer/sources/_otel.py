"""OTLP/JSON taken apart: attributes as plain values, ids as hex, one dict a span, log record or data point.

Field names come in camelCase (the specification) and in snake_case (some exporters).
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from typing import Any

_HEX = re.compile(r"(?:0x)?([0-9a-fA-F]{16}|[0-9a-fA-F]{32})")
_ID_BYTES = (8, 16)


def field(holder: Mapping[str, Any], name: str) -> Any:
    """The value of a field by its camelCase name, whichever way it is spelled."""
    if name in holder:
        return holder[name]
    return holder.get(re.sub(r"([A-Z])", r"_\1", name).lower())


def objects(holder: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """The objects of a list.

    Raises: ValueError when the field is there and is no list of objects.
    """
    found = field(holder, name)
    if found is None:
        return []
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise ValueError(f"{name}: found {type(found).__name__}, expected a list of objects")
    return found


def scoped(document: Mapping[str, Any], signal: str, items: str) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """The items of one signal (`Spans`, `Logs`, `Metrics`) and what holds for them: `resource` and `scope`.

    Raises: ValueError when the document is not built as OTLP says.
    """
    for batch in objects(document, f"resource{signal}"):
        resource = attributes_of(_object(batch, "resource"))
        groups = objects(batch, f"scope{signal}") or objects(batch, f"instrumentationLibrary{signal}")
        for group in groups:
            scope = _object(group, "scope") or _object(group, "instrumentationLibrary")
            for item in objects(group, items):
                yield item, {"resource": resource, "scope": scope.get("name"), "scope_version": scope.get("version")}


def attributes_of(holder: Mapping[str, Any], levels: int = 8) -> dict[str, Any]:
    """The attributes as one dict, maps in them `levels` deep; entries that are none are left out."""
    found = field(holder, "attributes")
    if isinstance(found, dict):
        return found
    entries = found if isinstance(found, list) else []
    return {
        str(entry["key"]): plain_value(entry.get("value"), levels)
        for entry in entries
        if isinstance(entry, dict) and "key" in entry
    }


def plain_value(value: Any, levels: int = 8) -> Any:
    """An AnyValue (`{"intValue": "7"}`) as the value inside; lists and maps of them likewise, `levels` deep."""
    if not isinstance(value, dict) or len(value) != 1 or not levels:
        return value
    kind, inner = next(iter(value.items()))
    kind = kind.replace("_", "").lower()
    if kind == "arrayvalue" and isinstance(inner, dict):
        values = inner.get("values")
        return [plain_value(item, levels - 1) for item in values] if isinstance(values, list) else []
    if kind == "kvlistvalue" and isinstance(inner, dict):
        return attributes_of({"attributes": inner.get("values")}, levels - 1)
    return inner if kind in ("stringvalue", "intvalue", "doublevalue", "boolvalue", "bytesvalue") else value


def hex_id(value: Any) -> str | None:
    """A trace or span id as hex digits, given as hex, with 0x, or as base64; None for none or all zeros."""
    if not isinstance(value, str) or not value:
        return None
    found = _HEX.fullmatch(value)
    digits = found[1].lower() if found else _from_base64(value)
    return digits if digits.strip("0") else None


def _from_base64(value: str) -> str:
    try:
        raw = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return value
    return raw.hex() if len(raw) in _ID_BYTES else value


def _object(holder: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = field(holder, name)
    return found if isinstance(found, dict) else {}
