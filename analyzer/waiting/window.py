"""Is a batch back in time? The turnaround of batches as a distribution, against the slack that the work has."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from analyzer.errors import UserError, UserErrors
from analyzer.resources import shipped
from analyzer.times import duration_s


@dataclass(frozen=True)
class Turnaround:
    """Points (seconds, share of batches back by then), both rising; `measured`: from the user's own batches."""

    points: tuple[tuple[float, float], ...]
    measured: bool = False

    def back_within(self, seconds: float) -> float:
        """Share of batches that are back within a time: 0 to 1, linear in the log of time between the points.

        Example: 25 % within 10 min and 85 % within 1 h give 25 + 60 · ln(30/10) / ln(60/10) = 62 % within 30 min.
        """
        (first_s, first), (last_s, last) = self.points[0], self.points[-1]
        if seconds <= first_s:
            return first if seconds == first_s else 0.0
        if seconds >= last_s:
            return last
        later = next(number for number, (at_s, _) in enumerate(self.points) if at_s > seconds)
        (low_s, low), (high_s, high) = self.points[later - 1], self.points[later]
        return low + (high - low) * math.log(seconds / low_s) / math.log(high_s / low_s)

    def in_time(self, slack_s: float, chain_length: int = 1) -> float:
        """Probability that `chain_length` batches, one after the other, are back within the slack; never overstated.

        Each gets an equal part of the slack: F(slack / n) ** n, a lower bound of the true value. Rounded to 4 places.
        """
        return round(self.back_within(slack_s / chain_length) ** chain_length, 4)


def load_turnaround(pack: Path | None = None) -> Turnaround:
    """`_turnaround.toml` of a client's rules where there is one, else rules/turnaround.toml.

    Raises: UserErrors.
    """
    own = pack / "_turnaround.toml" if pack is not None else None
    path = own if own is not None and own.is_file() else shipped("rules") / "turnaround.toml"
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
        points = tuple(_point(point) for point in document["point"])
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError, TypeError, ValueError) as error:
        raise UserErrors([UserError(path.name, f"{error}", "tables [[point]] with within and share")]) from None
    rising = all(a[0] < b[0] and a[1] <= b[1] for a, b in pairwise(points))
    if len(points) < 2 or not rising or not 0 <= points[0][1] <= points[-1][1] <= 1:
        raise UserErrors([UserError(path.name, "points out of order", "two or more points, both columns rising, to 1")])
    return Turnaround(points, measured=document.get("basis") == "MEASURED")


def _point(point: Mapping[str, Any]) -> tuple[float, float]:
    return float(duration_s(point["within"])), float(point["share"])
