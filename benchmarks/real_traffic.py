"""Real traffic more closely: window by window, with thresholds chosen elsewhere, and merged with a key that tells."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

from windows import CUTS, Window, add_windows, arrivals, made_up, pairs, read_actors, same_days, windows_of

from analyzer.config import Config
from analyzer.store.audit import open_audit
from analyzer.waiting import Rule, judge
from analyzer.waiting.rulebook import RuleBench
from analyzer.workloads import scan
from analyzer.workloads.features import FEATURES

GRID: dict[str, tuple[float, ...]] = {
    "off_share <= 0.35": (0.25, 0.3, 0.35, 0.4, 0.45),
    "phase_score >= 10": (10, 14),
    "slot_score >= 5": (4, 5, 6, 7, 8),
    "wide_slot_score >= 30": (20, 30, 45),
}
"""The thresholds of the rules that are chosen, as they stand, and the values looked at."""
PEOPLE_LIMIT = 0.004


@dataclass(frozen=True)
class Seen:
    """Windows of one actor under one cut: how many, found, kept back by a guard, and not seen by any measure."""

    actor: str
    cut: int | str
    windows: int
    found: int
    kept_back: int

    @property
    def unseen(self) -> int:
        """Windows whose timing no measure takes for a schedule."""
        return self.windows - self.found - self.kept_back


@dataclass(frozen=True)
class Choice:
    """What thresholds chosen without one scheduler and half of the people make of these: found, and mistaken."""

    held_out: str
    thresholds: str
    windows: int
    found: int
    people: int
    mistaken: int


@dataclass(frozen=True)
class Merged:
    """Merges of a scheduler and a person that differ by one key: split exactly, and called splittable."""

    key: str
    merges: int
    split: int
    splittable: int


def features_of(windows: Sequence[Window]) -> list[dict[str, Any]]:
    """One row of features a window, numbered by its place."""
    names = [feature.name for feature in FEATURES]
    rows: list[dict[str, Any]] = []
    for start in range(0, len(windows), 200):
        some = {f"w{number:06d}": window for number, window in enumerate(windows[start : start + 200], start)}
        with open_audit(None) as audit:
            add_windows(audit, some)
            scan(audit, Config())
            query = f"select {', '.join(names)} from features order by workload"
            rows += [dict(zip(names, row, strict=True)) for row in audit.connection.execute(query).fetchall()]
    return [row | {"component_no": number} for number, row in enumerate(rows)]


def hits(rules: Sequence[Rule], rows: Sequence[dict[str, Any]]) -> dict[str, set[int]]:
    """By id of the rule: the numbers of the rows that it matches."""
    bench = RuleBench(rows)
    try:
        return {rule.id: {number for number, hit in bench.matches(rule).items() if hit} for rule in rules}
    finally:
        bench.close()


def window_by_window(path: Path, rules: Sequence[Rule]) -> list[Seen]:
    """Every scheduler and all people under every cut."""
    actors = read_actors(path)
    groups = [(a.name, [a]) for a in actors if a.is_scheduler] + [("people", [a for a in actors if not a.is_scheduler])]
    rhythm = [rule for rule in rules if rule.family == "rhythm"]
    seen = []
    for (name, members), cut in product(groups, CUTS):
        windows = [window for actor in members for window in windows_of(actor, cut)]
        rows = features_of(windows)
        enough = {row["component_no"] for row in rows if row["runs"] >= 14}
        found = hits(rhythm, rows)
        schedules = set().union(*(numbers for rule, numbers in found.items() if rule.startswith("schedule-by-")))
        asked = set().union(*found.values()) - schedules
        seen.append(Seen(name, cut, len(enough), len(schedules & enough), len(asked & enough)))
    return seen


def chosen_elsewhere(path: Path, rules: Sequence[Rule]) -> Iterator[Choice]:
    """Thresholds of GRID chosen on the made-up kinds, the other scheduler and half of the people (by source).

    Best is the share of made-up schedules found, plus that of the other scheduler, less that of mixtures mistaken,
    where at most PEOPLE_LIMIT of the people are.
    """
    actors = read_actors(path)
    made = list(made_up(range(500, 520)))
    alone = [window for actor in actors for window in windows_of(actor)]
    windows = [*made, *alone, *(w for a in actors if a.is_scheduler for cut in CUTS[1:] for w in windows_of(a, cut))]
    rows = features_of(windows)
    tried = dict(_tried([r for r in rules if r.id.startswith("schedule-by-")], rows))
    sources = sorted({window.source for window in alone if window.waits})
    enough = {row["component_no"] for row in rows if row["runs"] >= 14}
    for held in [actor.name for actor in actors if actor.is_scheduler]:
        numbers = {"held": set(), "other": set(), "train": set(), "test": set(), "made": set(), "mixed": set()}
        for number in enough:
            window = windows[number]
            if window.waits is False:
                group = "held" if window.actor == held else "other" if window.actor else "made"
            elif window.waits is None:
                group = "mixed" if arrivals.label_of(window.kind) == "mixed" else ""
            else:
                group = "" if not window.actor else "train" if sources.index(window.source) % 2 else "test"
            if group:
                numbers[group].add(number)

        def worth(matched: set[int], numbers: dict[str, set[int]] = numbers) -> tuple[bool, float]:
            share = {group: len(matched & some) / len(some) for group, some in numbers.items() if some}
            return share["train"] <= PEOPLE_LIMIT, share["made"] + share["other"] - share["mixed"]

        best = max(tried, key=lambda values: worth(tried[values]))
        matched = tried[best]
        said = ", ".join(
            name.split()[0] + " " + name.split()[1] + f" {value:g}" for name, value in zip(GRID, best, strict=True)
        )
        held_windows, people = numbers["held"], numbers["test"]
        yield Choice(held, said, len(held_windows), len(matched & held_windows), len(people), len(matched & people))


def _tried(rules: Sequence[Rule], rows: Sequence[dict[str, Any]]) -> Iterator[tuple[tuple[float, ...], set[int]]]:
    known: dict[tuple[str, str], set[int]] = {}
    bench = RuleBench(rows)
    for values in product(*GRID.values()):
        matched: set[int] = set()
        for rule in rules:
            when = rule.when
            for name, value in zip(GRID, values, strict=True):
                when = when.replace(name, name.rsplit(" ", 1)[0] + f" {value:g}")
            if (rule.id, when) not in known:
                found = bench.matches(replace(rule, when=when))
                known[rule.id, when] = {number for number, hit in found.items() if hit}
            matched |= known[rule.id, when]
        yield values, matched
    bench.close()


def merged(path: Path) -> Iterator[Merged]:
    """Windows of a scheduler and a person under one key that differ by model or by a tag; and of one of the two alone,
    whose calls carry a tag and a model at random.
    """
    actors = read_actors(path)
    schedulers = [w for a in actors if a.is_scheduler for cut in (0, "month") for w in windows_of(a, cut)]
    people = [w for a in actors if not a.is_scheduler for w in windows_of(a) if len(w.starts) >= 40]
    both = list(pairs(schedulers, people, random.Random(7)))
    starts = {f"w{number:06d}": (same_days(one), same_days(other)) for number, (one, other) in enumerate(both)}
    told = {
        "model": "raw_model = ['claude-haiku-4-5', 'claude-sonnet-4-5'][side]",
        "a tag": "tags = map(['kind'], ['k' || side])",
    }
    for key, column in told.items():
        parts = _parts(
            {f"{name} {side}": some for name, two in starts.items() for side, some in enumerate(two, 1)}, column
        )
        right = sum(
            sorted(requests for requests, _ in parts[name][1]) == sorted(map(len, two)) for name, two in starts.items()
        )
        yield Merged(key, len(starts), right, sum(parts[name][0] == "splittable" for name in starts))
    alone = {f"w{number:06d} 0": window.starts for number, window in enumerate((*schedulers, *people))}
    random_tags = (
        "tags = map(['kind'], ['k' || hash(request_no) % 3]), "
        "raw_model = if(hash(-request_no) % 2 = 0, 'claude-haiku-4-5', 'claude-sonnet-4-5')"
    )
    parts = _parts(alone, random_tags)
    counts = Counter(len(some) > 1 for _, some in parts.values())
    yield Merged(
        "nothing (both at random)", len(alone), counts[True], sum(v == "splittable" for v, _ in parts.values())
    )


def _parts(starts: dict[str, Sequence[int]], column: str) -> dict[str, tuple[str, list[tuple[int, str]]]]:
    """By workload the verdict, and of each part its requests and outcome. `starts` by workload and side."""
    with open_audit(None) as audit:
        arrivals.add_starts(audit, starts)
        told = column.replace("side", "cast(split_part(api_key, ' ', 2) as bigint)")
        audit.connection.execute(f"update requests set {told}")
        audit.connection.execute("update requests set api_key = split_part(api_key, ' ', 1)")
        scan(audit, Config())
        return {
            v.workload: (v.verdict, [(p.requests, p.outcome) for p in v.components]) for v in judge(audit, Config())
        }
