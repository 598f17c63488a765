"""How alike two answers to one request are: content, JSON, stop reason, length. Pure; no answer text leaves it."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

_FENCE = re.compile(r"\s*```(?:json)?\s*\n(.*?)\n?\s*```\s*", re.DOTALL | re.IGNORECASE)
_NONE = object()

Message = Mapping[str, Any]


@dataclass(frozen=True)
class Likeness:
    """Pairs of answers compared, first with second. Counts are of pairs.

    `exact`: same text and same tool calls (ids and thinking aside). JSON: where an answer is JSON (a code fence around
    it is taken off) or calls a tool; `json_equal`: the same values in whatever order of keys; `json_same_fields`: the
    same fields of the same types. `stops`: (first, second) to count, where they differ. Medians over the pairs, None
    without one: tokens out of each, and second over first in characters, with its tenth and ninth decile.
    """

    pairs: int
    exact: int
    json_both: int
    json_equal: int
    json_same_fields: int
    json_first_only: int
    json_second_only: int
    stops: Mapping[tuple[str, str], int]
    first_output_tokens: float | None
    second_output_tokens: float | None
    length_ratio: float | None
    length_ratio_p10: float | None
    length_ratio_p90: float | None

    @property
    def stop_differs(self) -> int:
        """Pairs with different stop reasons."""
        return sum(self.stops.values())


def likeness(pairs: Iterable[tuple[Message, Message]]) -> Likeness:
    """Compare answer with answer.

    Example: `{"a": 1}` and `{"a": 1.0}` are no exact match, and equal as JSON.
    """
    compared = [(first, second, _content(first), _content(second)) for first, second in pairs]
    values = [(_value(first), _value(second)) for _, _, first, second in compared]
    both = [(one, other) for one, other in values if one is not _NONE and other is not _NONE]
    stops = Counter((str(one.get("stop_reason")), str(other.get("stop_reason"))) for one, other, _, _ in compared)
    ratios = sorted(_length(other) / _length(one) for _, _, one, other in compared if _length(one))
    return Likeness(
        pairs=len(compared),
        exact=sum(one == other for _, _, one, other in compared),
        json_both=len(both),
        json_equal=sum(_canonical(one) == _canonical(other) for one, other in both),
        json_same_fields=sum(_fields(one) == _fields(other) for one, other in both),
        json_first_only=sum(one is not _NONE and other is _NONE for one, other in values),
        json_second_only=sum(one is _NONE and other is not _NONE for one, other in values),
        stops={pair: count for pair, count in sorted(stops.items()) if pair[0] != pair[1]},
        first_output_tokens=_median([_output_tokens(one) for one, _, _, _ in compared]),
        second_output_tokens=_median([_output_tokens(other) for _, other, _, _ in compared]),
        length_ratio=_median(ratios),
        length_ratio_p10=_nearest(ratios, 10),
        length_ratio_p90=_nearest(ratios, 90),
    )


def are_equal(first: Message, second: Message) -> bool:
    """The same content, or the same values as JSON."""
    one, other = _content(first), _content(second)
    values = _value(one), _value(other)
    return one == other or (_NONE not in values and _canonical(values[0]) == _canonical(values[1]))


@dataclass(frozen=True)
class _Content:
    text: str
    calls: tuple[str, ...]


def _content(message: Message) -> _Content:
    """Text, and tool calls without their ids; thinking is not the answer."""
    content = message.get("content")
    blocks = [block for block in content if isinstance(block, dict)] if isinstance(content, list) else []
    text = "".join(str(block.get("text", "")) for block in blocks if block.get("type") == "text")
    calls = [_canonical([block.get("name"), block.get("input")]) for block in blocks if block.get("type") == "tool_use"]
    return _Content(text, tuple(calls))


def _value(content: _Content) -> Any:
    """The answer as JSON: its tool calls, else its text; _NONE where it is none."""
    if content.calls:
        return [json.loads(call) for call in content.calls]
    fenced = _FENCE.fullmatch(content.text)
    try:
        value = json.loads(fenced[1] if fenced else content.text)
    except (ValueError, RecursionError):
        return _NONE
    return value if isinstance(value, dict | list) else _NONE


def _canonical(value: Any) -> str:
    """JSON with keys in order and whole floats as whole numbers."""
    return json.dumps(_whole(value), sort_keys=True)


def _whole(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _whole(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_whole(part) for part in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _fields(value: Any, path: str = "") -> frozenset[tuple[str, str]]:
    """Path and kind of every field; the elements of a list together."""
    if isinstance(value, dict):
        found = [_fields(part, f"{path}.{name}") for name, part in value.items()]
        return frozenset({(path, "table")}).union(*found)
    if isinstance(value, list):
        return frozenset({(path, "list")}).union(*(_fields(part, f"{path}[]") for part in value))
    kind = "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__
    return frozenset({(path, kind)})


def _length(content: _Content) -> int:
    return len(content.text) + sum(map(len, content.calls))


def _output_tokens(message: Message) -> float:
    usage = message.get("usage")
    tokens = usage.get("output_tokens") if isinstance(usage, dict) else None
    return float(tokens) if isinstance(tokens, int) else 0.0


def _median(values: Sequence[float]) -> float | None:
    return float(median(values)) if values else None


def _nearest(ascending: Sequence[float], percent: int) -> float | None:
    return ascending[-(-len(ascending) * percent // 100) - 1] if ascending else None
