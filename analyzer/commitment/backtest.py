"""How far off the forecast would have been on the audit's own past."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np

from analyzer.commitment.demand import WEEK, WEEKS_FOR_TREND, History, Outlook, demand_paths, read_outlook
from analyzer.commitment.terms import Growth

SHORTEST_PAST = 2 * WEEK
LONGEST_AHEAD = 4 * WEEK
SHORTEST_FOR_TREND = 2 * WEEKS_FOR_TREND * WEEK
TREND_KEEPS_OF_MISS = 0.8
PATHS = 500
_NO_GROWTH = (Growth("as the log", Decimal(0), Decimal(1)),)


@dataclass(frozen=True)
class Forecast:
    """One forecast from what was known by `made_on`; USD over `days` days."""

    made_on: date
    days: int
    expected_usd: float
    p10_usd: float
    p90_usd: float
    actual_usd: float

    @property
    def error_share(self) -> float | None:
        """Forecast over actual, less 1; above 0 = too high; None where nothing was spent."""
        return self.expected_usd / self.actual_usd - 1 if self.actual_usd else None

    @property
    def is_inside(self) -> bool:
        """Whether the actual lies from P10 to P90."""
        return self.p10_usd <= self.actual_usd <= self.p90_usd


@dataclass(frozen=True)
class Backtest:
    """Forecasts made a week apart, and their errors as shares; None where there is no forecast to judge."""

    forecasts: tuple[Forecast, ...]

    @property
    def mean_error_share(self) -> float | None:
        """Bias: above 0 = forecasts were too high."""
        errors = self._errors()
        return sum(errors) / len(errors) if errors else None

    @property
    def mean_absolute_error_share(self) -> float | None:
        """The usual miss."""
        errors = self._errors()
        return sum(map(abs, errors)) / len(errors) if errors else None

    @property
    def inside(self) -> int:
        """Forecasts whose P10 to P90 held."""
        return sum(forecast.is_inside for forecast in self.forecasts)

    def _errors(self) -> list[float]:
        return [error for forecast in self.forecasts if (error := forecast.error_share) is not None]


def tried_outlook(history: History, seed: int) -> tuple[Outlook, Backtest]:
    """The outlook and its backtest: with the log's trend only where that would have cut the usual miss by a fifth.

    On public arrival times a trend of eight weeks, always carried on, doubled the error and more (docs/commit.md).
    """
    plain = backtest(history, seed)
    if len(history.usd) >= SHORTEST_FOR_TREND:
        trended = backtest(history, seed, uses_trend=True)
        without, with_trend = plain.mean_absolute_error_share, trended.mean_absolute_error_share
        if without and with_trend is not None and with_trend <= TREND_KEEPS_OF_MISS * without:
            return read_outlook(history, uses_trend=True), trended
    return read_outlook(history), plain


def backtest(history: History, seed: int, *, uses_trend: bool = False) -> Backtest:
    """From every week of the past after the second: the next four weeks (or what is left, a week or more)."""
    found, days = [], len(history.usd)
    for known in range(SHORTEST_PAST, days - WEEK + 1, WEEK):
        ahead = min(LONGEST_AHEAD, days - known)
        past = history.until(known)
        sums = demand_paths(read_outlook(past, uses_trend=uses_trend), ahead, _NO_GROWTH, PATHS, seed).sum(axis=1)
        p10, p90 = np.quantile(sums, (0.1, 0.9))
        actual = float(history.usd[known : known + ahead].sum())
        found.append(Forecast(past.last_day, ahead, float(sums.mean()), float(p10), float(p90), actual))
    return Backtest(tuple(found))
