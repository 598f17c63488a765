"""The columns of the worksheet, and how the cells that people fill are read."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from analyzer import pricing
from analyzer.errors import nearest_name
from analyzer.worksheet.names import bare, visible

Kind = Literal["text", "money", "count", "choice", "share", "date", "key"]
AWAITED = ("yes", "no")
DEADLINES = {
    "at once": 10,
    "within 15 minutes": 900,
    "within 1 hour": 3600,
    "by the next morning": 57_600,
    "within 1 day": 86_400,
    "within 1 week": 604_800,
}
"""What the drop-down offers, in seconds; the tiers of urgency have the same limits."""
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_DURATION = re.compile(
    r"(?:within |in )?(\d{1,9}) ?(s|m|h|d|w|secs?|seconds?|mins?|minutes?|hours?|hrs?|days?|weeks?)", re.IGNORECASE
)
_LONGEST_S = 100 * 366 * 86_400
_WHO_LENGTH = 120
_DEADLINE = "one of the list, or a time such as 90 s, 10 min, 8 h or 2 days"


@dataclass(frozen=True)
class Column:
    """One column. `field`: the part of an Answer that people fill in; "" where the column is ours."""

    title: str
    width: int
    kind: Kind
    field: str = ""


COLUMNS = (
    Column("workload", 26, "text"),
    Column("kind of call", 20, "text"),
    Column("question", 36, "text"),
    Column("our guess", 24, "text"),
    Column("evidence", 46, "text"),
    Column("requests", 11, "count"),
    Column("list cost, USD", 12, "money"),
    Column("hangs on the answer, USD", 12, "money"),
    Column("smaller model, at most, USD", 12, "money"),
    Column("owner", 18, "text", "who"),
    Column("Does a person or a process wait for this result before going on?", 19, "choice", "awaited"),
    Column("How soon is it truly needed?", 19, "choice", "needed_within_s"),
    Column("Which smaller model was tried?", 21, "choice", "route_to"),
    Column("Share of its answers that were good enough", 14, "share", "pass_rate"),
    Column("Share of today's output that is enough", 14, "share", "output_share"),
    Column("answered on", 12, "date", "on"),
    Column("note", 24, "text", "note"),
    Column("row", 14, "key"),
)
ANSWERS = ("awaited", "needed_within_s", "route_to", "pass_rate", "output_share")
"""What decides something; the other fields say who, when and why, and of how many answers a share is (`tried`)."""


def column_of(field: str) -> Column:
    """The column that people fill a field in."""
    return next(column for column in COLUMNS if column.field == field)


def read_cell(field: str, value: Any) -> Any:
    """The value of a field; None = not answered.

    Raises: ValueError with what was expected.
    """
    if isinstance(value, str):
        value = bare(value)
    if value is None or value == "":
        return None
    return _READERS[field](value)


def _awaited(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    text = str(value).strip().lower()
    if text in ("yes", "y", "true"):
        return True
    if text in ("no", "n", "false"):
        return False
    raise ValueError("yes or no; empty where it is not known")


def _needed_within_s(value: Any) -> int:
    if not isinstance(value, str):
        raise ValueError(_DEADLINE)
    text = " ".join(value.split()).lower()
    if text in DEADLINES:
        return DEADLINES[text]
    match = _DURATION.fullmatch(text)
    seconds = int(match[1]) * _UNITS[match[2][0].lower()] if match else 0
    if not match or seconds > _LONGEST_S:
        raise ValueError(_DEADLINE)
    return seconds


def _route_to(value: Any) -> str:
    name = str(value).strip()
    model = pricing.resolve_model(name, "anthropic").model
    if model is None:
        raise ValueError(f"a model of the price list; {nearest_name(name, pricing.models())}")
    return model


def _share(value: Any) -> Decimal:
    expected = "a share such as 97 % or 0.97"
    if isinstance(value, bool):
        raise ValueError(expected)
    text = str(value).strip()
    per_cent = text.endswith("%")
    try:
        share = Decimal(text.rstrip("% ").replace(",", "."))
        share = share / 100 if per_cent else share
        if not 0 <= share <= 1:
            raise ValueError(expected)
        return share.quantize(Decimal("0.000001")).normalize()
    except InvalidOperation:
        raise ValueError(expected) from None


def _tried(value: Any) -> int:
    if isinstance(value, int | float | str) and not isinstance(value, bool) and str(value).strip().isdecimal():
        return int(value)
    raise ValueError("how many answers were tried")


def _who(value: Any) -> str:
    return _text(value, _WHO_LENGTH)


def _text(value: Any, limit: int = 2000) -> str:
    text = _plain(value)
    if len(text) > limit:
        raise ValueError(f"at most {limit} characters")
    return text


def _plain(value: Any) -> str:
    return visible(" ".join(str(value).split()), limit=4000)


def _on(value: Any) -> date:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value).strip())
    except ValueError:
        raise ValueError("a day such as 2026-11-21") from None


_READERS: dict[str, Callable[[Any], Any]] = {
    "awaited": _awaited,
    "needed_within_s": _needed_within_s,
    "route_to": _route_to,
    "pass_rate": _share,
    "tried": _tried,
    "output_share": _share,
    "who": _who,
    "on": _on,
    "note": _text,
}


def shown(field: str, value: Any) -> str:
    """A value as it stands in a cell and in what is printed; `read_cell` reads it back."""
    if value is None:
        return ""
    if field == "awaited":
        return "yes" if value else "no"
    if field == "needed_within_s":
        named = {seconds: text for text, seconds in DEADLINES.items()}
        return named.get(value) or exact_duration(value)
    if field in ("pass_rate", "output_share"):
        return f"{(value * 100).normalize():f} %"
    return _plain(value)


def as_read(field: str, value: Any) -> Any:
    """A value of whowaits.toml as it comes back from a cell; as it is where no cell can hold it."""
    try:
        return read_cell(field, shown(field, value))
    except ValueError:
        return value


def exact_duration(seconds: int) -> str:
    """`8h`, `90s`: the largest unit of whatever gives a whole number, as whowaits.toml has it."""
    unit = next(unit for unit in ("d", "h", "m", "s") if seconds % _UNITS[unit] == 0)
    return f"{seconds // _UNITS[unit]}{unit}"
