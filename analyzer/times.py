"""Instants as integer microseconds since 1970-01-01T00:00:00Z, and durations as people write them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNIT_S = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def from_us(us: int) -> datetime:
    """The instant in UTC."""
    return _EPOCH + timedelta(microseconds=us)


def day_of_us(us: int) -> date:
    """The UTC date of an instant."""
    return from_us(us).date()


def duration_s(text: str) -> int:
    """Seconds in `90s`, `10m`, `8h`, `1d`, or a bare number of seconds.

    Raises: ValueError when it is none of these.
    """
    match = re.fullmatch(r"\s*(\d+)\s*([smhd]?)\s*", text)
    if not match:
        raise ValueError(f"{text!r} is not a duration such as 90s, 10m, 8h or 1d")
    return int(match[1]) * _UNIT_S[match[2] or "s"]


def duration_text(seconds: float) -> str:
    """`45 s`, `10 min`, `8 h`, `2 days`: the largest unit that keeps the number at 1 or more."""
    for size, unit in ((86400, "days"), (3600, "h"), (60, "min")):
        if seconds >= size:
            value = seconds / size
            number = f"{value:.0f}" if value >= 10 or value == int(value) else f"{value:.1f}"
            return "1 day" if unit == "days" and number == "1" else f"{number} {unit}"
    return f"{seconds:.0f} s"
