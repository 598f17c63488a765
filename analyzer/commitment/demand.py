"""Demand paths: how spend could go on, from the days of a log.

A path is the last level of the log, times a weekday profile, times noise drawn from the log in blocks of a week, times
what nobody has seen yet: the wandering of the level, the trend (damped) and growth. Plain numpy, seeded; why no
state-space model: docs/decisions/0007-demand-is-a-bootstrap.md.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from analyzer.commitment.terms import Growth

Floats = npt.NDArray[np.float64]

WEEK = 7
WEEKS_OF_LEVEL = 4
WEEKS_FOR_TREND = 8
UNSEEN_SHARE = 0.7
"""MODELED: n weeks of log leave 0.7 / sqrt(n) of the level open, as a log-normal share; fitted so that P10 to P90 holds
on public arrival times (docs/commit.md)."""
TREND_KEPT = 0.9
"""ASSUMED: of a trend this share is left every week, so that it adds up to no more than nine weeks of itself."""


@dataclass(frozen=True)
class History:
    """Spend of consecutive UTC days, USD, at least one; days without a call are 0."""

    first_day: date
    usd: Floats

    @property
    def last_day(self) -> date:
        """The last day of the log."""
        return self.first_day + timedelta(days=len(self.usd) - 1)

    def until(self, days: int) -> History:
        """Its first days alone."""
        return History(self.first_day, self.usd[:days])


@dataclass(frozen=True)
class Outlook:
    """What the log says of the days to come. USD a day; shares 0 to 1; logs are natural.

    `profile`: factor of each weekday, Monday first, mean 1. `noise`: share of the level that each day of the log was
    off its profile. `trend`: log growth a week, None = under eight weeks; `uses_trend`: the paths go on with it.
    `wander`: standard deviation of the log level after one week, 0 = not measured. `unseen`: standard deviation of the
    log level that the log's shortness leaves.
    """

    last_day: date
    level_usd: float
    profile: Floats
    noise: Floats
    first_weekday: int
    trend: float | None
    uses_trend: bool
    wander: float
    unseen: float
    remarks: tuple[str, ...]


def daily_history(amounts: Mapping[date, Decimal]) -> History:
    """Spend by day without gaps. Raises: ValueError when there is no day."""
    first, last = min(amounts), max(amounts)
    days = (last - first).days + 1
    return History(first, np.array([float(amounts.get(first + timedelta(days=n), 0)) for n in range(days)]))


def read_outlook(history: History, *, uses_trend: bool = False) -> Outlook:
    """Level, weekday profile, noise, trend and spread of a history of any length; remarks say what it is too short for.

    Worked by hand: 28 days of 10 USD give the level 10, a flat profile, no noise, and 0.7 / sqrt(4) = 0.35 unseen.
    """
    usd, days = history.usd, len(history.usd)
    weekdays = (history.first_day.weekday() + np.arange(days)) % WEEK
    profile = _profile(usd, weekdays)
    recent = slice(max(0, days - WEEKS_OF_LEVEL * WEEK), days)
    expected = profile[weekdays]
    level = _ratio(float(usd[recent].sum()), float(expected[recent].sum()))
    weekly = usd[days % WEEK :].reshape(-1, WEEK).sum(axis=1)
    trend, wander = _trend(weekly), _wander(weekly)
    local = _local_level(usd, expected)
    noise = np.divide(usd, local, out=expected.copy(), where=local > 0) - expected
    uses_trend = uses_trend and trend is not None
    lead = (trend or 0.0) * uses_trend * WEEKS_OF_LEVEL / 2  # the level is that of two weeks ago
    return Outlook(
        last_day=history.last_day,
        level_usd=level * math.exp(lead),
        profile=profile,
        noise=noise,
        first_weekday=int(weekdays[0]),
        trend=trend,
        uses_trend=uses_trend,
        wander=wander,
        unseen=UNSEEN_SHARE / math.sqrt(days / WEEK),
        remarks=_remarks(days, trend, uses_trend),
    )


def growth_of_paths(count: int, growth: Sequence[Growth]) -> tuple[npt.NDArray[np.intp], Floats]:
    """Of each path its scenario (in parts by weight, exact to a path) and that scenario's growth a month."""
    weights = np.array([float(scenario.weight) for scenario in growth])
    ends = np.round(np.cumsum(weights) / weights.sum() * count).astype(int)
    chosen = np.searchsorted(ends, np.arange(count), side="right")
    return chosen, np.array([float(scenario.monthly_share) for scenario in growth])[chosen]


def demand_paths(outlook: Outlook, days: int, growth: Sequence[Growth], count: int, seed: int) -> Floats:
    """Spend of the `days` after the log, USD: one row a path, one column a day; the same seed gives the same paths."""
    random = np.random.default_rng(seed)
    ahead = np.arange(1, days + 1)
    weeks = ahead / WEEK
    log_level = np.repeat(random.permutation(_normal_quantiles(count))[:, None] * outlook.unseen, days, axis=1)
    if outlook.wander:
        log_level += np.cumsum(random.normal(0.0, outlook.wander / math.sqrt(WEEK), (count, days)), axis=1)
    if outlook.uses_trend and outlook.trend:
        log_level += outlook.trend * (1 - TREND_KEPT**weeks) / (1 - TREND_KEPT)
    spread = outlook.unseen**2 + outlook.wander**2 * weeks
    _, monthly = growth_of_paths(count, growth)
    log_level += np.log1p(monthly)[:, None] * ahead / (365 / 12) - spread / 2  # the mean stays where the level is
    weekdays = (outlook.last_day.weekday() + ahead) % WEEK
    shape = outlook.profile[weekdays] + _drawn_noise(outlook, weekdays, count, random)
    paths: Floats = outlook.level_usd * np.exp(log_level) * np.maximum(shape, 0.0)
    return paths


def _normal_quantiles(count: int) -> Floats:
    """The normal distribution as evenly as `count` values can: no luck in the widest part of the spread."""
    normal = NormalDist()
    return np.array([normal.inv_cdf((number + 0.5) / count) for number in range(count)])


def _drawn_noise(outlook: Outlook, weekdays: npt.NDArray[np.int_], count: int, random: np.random.Generator) -> Floats:
    """Blocks of a week from the log, laid so that weekdays meet; single days where the log has no two weeks."""
    days, known = len(weekdays), len(outlook.noise)
    if known < 2 * WEEK:
        return outlook.noise[random.integers(0, known, (count, days))]
    starts = np.arange(known - WEEK + 1)
    fitting = starts[(outlook.first_weekday + starts) % WEEK == weekdays[0]]
    blocks = fitting[random.integers(0, len(fitting), (count, -(-days // WEEK)))]
    places = (blocks[:, :, None] + np.arange(WEEK)).reshape(count, -1)[:, :days]
    laid: Floats = outlook.noise[places]
    return laid


def _profile(usd: Floats, weekdays: npt.NDArray[np.int_]) -> Floats:
    """Mean of each weekday over the mean of them all; flat under two weeks, or without spend."""
    flat = np.ones(WEEK)
    if len(usd) < 2 * WEEK or not usd.any():
        return flat
    sums = np.bincount(weekdays, weights=usd, minlength=WEEK)
    means = sums / np.bincount(weekdays, minlength=WEEK)
    profile: Floats = means / means.mean()
    return profile


def _local_level(usd: Floats, expected: Floats) -> Floats:
    """Level of each day: spend over profile of the 28 days around it (fewer at the ends)."""
    half, days = WEEKS_OF_LEVEL * WEEK // 2, len(usd)
    spent, shape = np.insert(np.cumsum(usd), 0, 0.0), np.insert(np.cumsum(expected), 0, 0.0)
    low = np.maximum(np.arange(days) - half, 0)
    high = np.minimum(np.arange(days) + half, days)
    weight = shape[high] - shape[low]
    level: Floats = np.divide(spent[high] - spent[low], weight, out=np.zeros(days), where=weight > 0)
    return level


def _trend(weekly: Floats) -> float | None:
    """Median slope of the log of weekly spend (Theil and Sen); None under eight weeks or with an empty week."""
    count = len(weekly)
    if count < WEEKS_FOR_TREND or (weekly <= 0).any():
        return None
    logs = np.log(weekly)
    first, second = np.triu_indices(count, 1)
    return float(np.median((logs[second] - logs[first]) / (second - first)))


def _wander(weekly: Floats) -> float:
    """Standard deviation of the weekly steps of the level: what the changes of weekly spend hold beyond their noise.

    A level that wanders by s a week, seen with noise o, has var(change) = s² + 2·o² and cov(change, next) = −o², so
    s² = var + 2·cov. Example: no noise and steps of ±0.1 in no order give s = 0.1.
    """
    if len(weekly) < WEEKS_FOR_TREND or (weekly <= 0).any():
        return 0.0
    steps = np.diff(np.log(weekly))
    steps = steps - steps.mean()
    return math.sqrt(max(0.0, float((steps**2).mean() + 2 * (steps[1:] * steps[:-1]).mean())))


def counted_days(days: int) -> str:
    """`1 day`, `31 days`."""
    return f"{days} day{'' if days == 1 else 's'}"


def _remarks(days: int, trend: float | None, uses_trend: bool) -> tuple[str, ...]:
    """What the history is too short for, and what became of its trend, as sentences."""
    found = []
    if days < 2 * WEEK:
        found.append(f"{counted_days(days)} of log: too short for a weekday profile (two weeks).")
    if trend is None:
        found.append(
            "No trend: one is measured from eight weeks with spend in each, and carried on from sixteen; growth comes "
            "from the scenarios alone."
        )
    else:
        monthly = math.expm1(trend * 365 / 12 / WEEK) * 100
        what = "goes on, and dies down" if uses_trend else "is left out, as it would not have helped on its own past"
        found.append(f"The log's trend of {monthly:+.1f} % a month {what}.")
    if days < 365:
        share = UNSEEN_SHARE / math.sqrt(days / WEEK)
        found.append(f"{counted_days(days)} of log: no season of a year; that widens the level by {share * 100:.0f} %.")
    return tuple(found)


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 0.0
