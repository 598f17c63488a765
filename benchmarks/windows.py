"""Windows of arrivals with known answers: made up by tests/arrivals.py, and cut from a file of real ones."""

from __future__ import annotations

import csv
import importlib
import random
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "tests"))
arrivals = importlib.import_module("arrivals")
WINDOW_DAYS = 28
WAITS = {"people": True, "scheduled": False}
CUTS: tuple[int | str, ...] = (0, 7, 14, 21, "month")
"""How long series are cut: into 28 days from so many days after their first, or into calendar months (UTC)."""


@dataclass(frozen=True)
class Window:
    """Starts of calls (microseconds) of one workload; `waits` None = nobody knows. `actor`, `source`: "" = made up."""

    kind: str
    waits: bool | None
    starts: Sequence[int]
    actor: str = ""
    source: str = ""


@dataclass(frozen=True)
class Actor:
    """Whoever acted, a scheduler or a person, and when (microseconds, in order)."""

    name: str
    source: str
    is_scheduler: bool
    starts: Sequence[int]


def made_up(seeds: Iterable[int]) -> Iterator[Window]:
    """Windows of every kind of tests/arrivals.py."""
    numbers = list(seeds)
    for kind in arrivals.KINDS:
        for seed in numbers:
            label = arrivals.label_of(kind)
            yield Window(kind, WAITS.get(label), arrivals.window_of(kind, seed, WINDOW_DAYS))


def read_actors(path: Path) -> list[Actor]:
    """A file of real arrivals (source, actor, label = scheduled or human, ts_utc in seconds), by label and name."""
    starts: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            starts[row["label"], row["actor"], row["source"]].append(int(row["ts_utc"]) * arrivals.SECOND_US)
    return [
        Actor(name, source, label == "scheduled", sorted(times))
        for (label, name, source), times in sorted(starts.items())
    ]


def windows_of(actor: Actor, cut: int | str = 0) -> Iterator[Window]:
    """The windows of one actor with 14 calls or more."""
    parts: dict[object, list[int]] = defaultdict(list)
    first = actor.starts[0] - actor.starts[0] % arrivals.DAY_US
    for at in actor.starts:
        if isinstance(cut, int):
            parts[(at - first - cut * arrivals.DAY_US) // (WINDOW_DAYS * arrivals.DAY_US)].append(at)
        else:
            day = datetime.fromtimestamp(at // arrivals.SECOND_US, UTC)
            parts[day.year, day.month].append(at)
    kind = "real scheduler" if actor.is_scheduler else "real person"
    for starts in parts.values():
        if len(starts) >= 14:
            yield Window(kind, not actor.is_scheduler, starts, actor.name, actor.source)


def real(path: Path) -> Iterator[Window]:
    """28-day windows of every actor, of groups of people taken together, and of schedulers mixed with people."""
    actors = read_actors(path)
    schedulers = [window for actor in actors if actor.is_scheduler for window in windows_of(actor)]
    people = [actor for actor in actors if not actor.is_scheduler]
    alone = [window for actor in people for window in windows_of(actor)]
    yield from schedulers + alone
    draw = random.Random(4)
    for size in (3, 10, 40, 150):
        for _ in range(6):
            group = draw.sample(people, min(size, len(people)))
            starts = sorted(at for actor in group for at in actor.starts)
            for window in windows_of(Actor("", "", False, starts)):
                yield Window("real people together", True, window.starts)
    for one, other in pairs(schedulers, alone, draw):
        yield Window("real scheduler and person", None, sorted((*same_days(one), *same_days(other))))


def pairs(
    schedulers: Sequence[Window], people: Sequence[Window], draw: random.Random
) -> Iterator[tuple[Window, Window]]:
    """Each window of a scheduler with one of each of three people with 20 calls; each side has a tenth or more."""
    lively = [window for window in people if len(window.starts) >= 20]
    for window in schedulers:
        for other in draw.sample(lively, 3):
            if min(len(window.starts), len(other.starts)) * 10 >= len(window.starts) + len(other.starts):
                yield window, other


def same_days(window: Window) -> list[int]:
    """The starts from day 0 on, hours kept."""
    first = window.starts[0]
    return [at - first + first % arrivals.DAY_US for at in window.starts]


def add_windows(audit: object, windows: Mapping[str, Window]) -> None:
    """Each window into an empty audit as a workload of a name that says nothing."""
    arrivals.add_starts(audit, {name: window.starts for name, window in windows.items()})
