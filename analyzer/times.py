"""Instants as integer microseconds since 1970-01-01T00:00:00Z, and durations as people and servers write them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Who asks to wait for longer than this has told something else.
_LONGEST_WAIT_S = 30 * 86_400.0
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


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds that a server asks to wait, in `retry-after-ms` or `retry-after` (seconds or a date); None = not told.

    Never below 0; what is not finite or longer than 30 days is not believed.
    """
    for name, unit_s in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        seconds = _wait_s(headers.get(name) or "", unit_s)
        if seconds is not None:
            return max(seconds, 0.0)
    return None


def _wait_s(told: str, unit_s: float) -> float | None:
    try:
        seconds = float(told) * unit_s
    except ValueError:
        seconds = _until_s(told)
    return seconds if math.isfinite(seconds) and seconds <= _LONGEST_WAIT_S else None


def _until_s(told: str) -> float:
    from email.utils import parsedate_to_datetime  # half of what importing the runner would take

    try:
        at = parsedate_to_datetime(told)
    except (TypeError, ValueError, OverflowError):
        return math.nan
    return ((at if at.tzinfo else at.replace(tzinfo=UTC)) - datetime.now(UTC)).total_seconds()
