"""When calls happen: a shop's day, an office week, a jittered schedule. Times are seconds from the start."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random

MONTH_START = datetime(2026, 10, 1, tzinfo=UTC).timestamp()
DAYS = 31
DAY_S = 86_400.0
HOUR_S = 3_600.0

SHOP_HOURS = (2, 1, 1, 1, 1, 2, 5, 9, 13, 16, 17, 18, 20, 18, 16, 16, 17, 20, 25, 30, 31, 26, 16, 7)
OFFICE_HOURS = (0, 0, 0, 0, 0, 0, 1, 6, 18, 28, 30, 27, 16, 24, 29, 28, 22, 11, 4, 2, 1, 1, 0, 0)


def weekday(day: int) -> int:
    """Monday = 0 for day 0, 1, ... of the month (1 October 2026 is a Thursday)."""
    return (3 + day) % 7


def human_times(rng: Random, count: int, hours: tuple[int, ...], weekend: float, first_day: int = 0) -> list[float]:
    """`count` instants in order; `weekend` is the weight of a Saturday or Sunday, 1 = like other days."""
    days = list(range(first_day, DAYS))
    weights = [(weekend if weekday(day) >= 5 else 1.0) * rng.uniform(0.82, 1.18) for day in days]
    chosen_days = rng.choices(days, weights, k=count)
    chosen_hours = rng.choices(range(24), hours, k=count)
    return sorted(
        day * DAY_S + hour * HOUR_S + rng.random() * HOUR_S for day, hour in zip(chosen_days, chosen_hours, strict=True)
    )


def even_times(rng: Random, count: int, first_day: int = 0) -> list[float]:
    """`count` instants without any daily rhythm, in order."""
    return sorted(rng.uniform(first_day * DAY_S, DAYS * DAY_S) for _ in range(count))


@dataclass(frozen=True)
class Run:
    """One run of a job: its start and how many calls it makes, one each `every_s` seconds on average."""

    start: float
    calls: int
    every_s: float

    def times(self, rng: Random) -> Iterator[float]:
        """The instants of the calls, in order."""
        now = self.start
        for _ in range(self.calls):
            yield now
            now += rng.uniform(0.3, 1.7) * self.every_s


def scheduled_runs(
    rng: Random,
    hours: tuple[float, ...],
    calls: int,
    every_s: float,
    jitter_s: float,
    weekdays_only: bool = False,
) -> list[Run]:
    """A run at each of `hours` of each day, late by up to `jitter_s` seconds as real schedulers are."""
    return [
        Run(day * DAY_S + hour * HOUR_S + rng.uniform(0, jitter_s), max(1, calls), every_s)
        for day in range(DAYS)
        if not (weekdays_only and weekday(day) >= 5)
        for hour in hours
    ]
