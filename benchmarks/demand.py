"""How often the range of the demand paths holds, by length of the log and of the time ahead.

`python benchmarks/demand.py [--arrivals FILE.csv] [--forecasts 40]`: with a file of real arrivals (columns source,
ts_utc in seconds) bundles of up to ten sources of unequal size stand for the spend of a company; without one, made-up
years that wander by 5 % a week. Prints the table of docs/commit.md, and what a trend always carried on would do.
"""

from __future__ import annotations

import argparse
import csv
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import numpy as np

from analyzer.commitment.backtest import tried_outlook
from analyzer.commitment.demand import Floats, History, Outlook, demand_paths, read_outlook
from analyzer.commitment.terms import Growth

DAY_S = 86_400
FIRST_DAY = date(2024, 1, 1)
DAYS, LEAD_IN = 900, 200
WEEKS, AHEAD = (2, 4, 8, 16, 26, 52), (28, 84, 182)
STAYS = (Growth("stays", Decimal(0), Decimal(1)),)
Years = Callable[[np.random.Generator, int, int], Floats]


def made_up(random: np.random.Generator, weeks: int, ahead: int) -> Floats:
    """Days of one made-up company: a wandering level, a weekday profile, noise."""
    days = weeks * 7 + ahead
    level = np.exp(np.cumsum(random.normal(0, 0.05 / 7**0.5, days)))
    profile = np.array([1.2, 1.2, 1.2, 1.2, 1.2, 0.5, 0.5])[(FIRST_DAY.weekday() + np.arange(days)) % 7]
    days_usd: Floats = level * profile * np.exp(random.normal(0, 0.2, days))
    return days_usd


def bundles(path: Path) -> Years:
    """Draws days of up to ten sources that were active in the weeks of the log, each scaled to a size of its own."""
    counts: dict[str, Counter[int]] = defaultdict(Counter)
    epoch = (FIRST_DAY - date(1970, 1, 1)).days
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            counts[row["source"]][int(float(row["ts_utc"])) // DAY_S - epoch] += 1
    days = np.array([[count[day] for day in range(DAYS)] for count in counts.values()], dtype=np.float64)

    def draw(random: np.random.Generator, weeks: int, ahead: int) -> Floats:
        while True:
            start = random.integers(LEAD_IN, DAYS - weeks * 7 - ahead)
            window = days[:, start : start + weeks * 7 + ahead]
            active = np.flatnonzero(window[:, : weeks * 7].sum(axis=1) >= 2 * weeks)
            if len(active) >= 3:
                chosen = window[random.choice(active, min(10, len(active)), replace=False)]
                size = random.lognormal(0, 1, len(chosen)) / chosen[:, : weeks * 7].mean(axis=1)
                together: Floats = (chosen * size[:, None]).sum(axis=0)
                return together

    return draw


def measured(draw: Years, weeks: int, ahead: int, forecasts: int, outlook: Callable[[History], Outlook]) -> str:
    """`79 % (0.40)`: how often P10 to P90 held, and the standard deviation of log(actual / forecast)."""
    random, inside, errors = np.random.default_rng(5), 0, []
    for _ in range(forecasts):
        usd = draw(random, weeks, ahead)
        known = History(FIRST_DAY, usd[: weeks * 7])
        sums = demand_paths(outlook(known), ahead, STAYS, 300, 1).sum(axis=1)
        p10, p90 = np.quantile(sums, (0.1, 0.9))
        actual = usd[weeks * 7 :].sum()
        inside += bool(p10 <= actual <= p90)
        errors.append(np.log(max(actual, 1e-9) / sums.mean()))
    return f"{inside / forecasts * 100:.0f} % ({np.std(errors):.2f})"


def main() -> None:
    """One row a length of log, one column a time ahead; then the same with the trend."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--arrivals", type=Path)
    parser.add_argument("--forecasts", type=int, default=40)
    options = parser.parse_args()
    draw = bundles(options.arrivals) if options.arrivals else made_up
    ways: dict[str, Callable[[History], Outlook]] = {
        "as it is": lambda known: tried_outlook(known, 1)[0],
        "always with the trend": lambda known: read_outlook(known, uses_trend=True),
    }
    for way, outlook in ways.items():
        print(f"{way}: P10 to P90 held (log error)\n| log | " + " | ".join(f"{days // 7} weeks" for days in AHEAD))
        for weeks in WEEKS:
            cells = [measured(draw, weeks, days, options.forecasts, outlook) for days in AHEAD]
            print(f"| {weeks} weeks | " + " | ".join(cells), flush=True)


if __name__ == "__main__":
    main()
