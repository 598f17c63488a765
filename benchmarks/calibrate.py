"""How often the waiting rules are right, and what each sign weighs, on traffic with known answers.

`python benchmarks/calibrate.py [--arrivals FILE.csv] [--write]`: prints the weights and the confusion matrix; `--write`
puts them into rules/calibration.toml, docs/accuracy.md and docs/accuracy.svg. Labelled data: the made-up kinds of
tests/arrivals.py, the components of sample_data/truth.csv, and a file of real arrivals where one is given
(columns actor, label = scheduled or human, ts_utc in seconds). Half of the windows fit, the other half is measured.
"""

from __future__ import annotations

import argparse
import csv
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import accuracy_page
import real_traffic
from windows import ROOT, Window, add_windows, made_up, real

from analyzer.config import Config, load_config
from analyzer.store.audit import Audit, open_audit
from analyzer.store.ingest import ingest_paths
from analyzer.waiting import Rule, judge, load_rules
from analyzer.waiting.rulebook import LARGEST_STRENGTH, RuleBench
from analyzer.workloads import scan
from analyzer.workloads.features import FEATURES

SEEDS = 40
PRIOR_SD = 1.0
"""How far, in log-odds, the stated judgement of a rule may be off: one standard deviation of the prior."""
LEAST_MATCHES = 20
"""A rule that matched fewer windows of the fitting half keeps its judgement."""


@dataclass(frozen=True)
class Judged:
    """What the rules made of a window or of a component of the sample."""

    kind: str
    waits: bool | None
    runs: int
    matched: frozenset[str]
    outcome: str
    probability: float


@dataclass(frozen=True)
class Weight:
    """The fitted strength of a rule, and the counts it comes from."""

    rule: Rule
    strength: float
    raw: float
    idle_matched: int
    idle: int
    waiting_matched: int
    waiting: int


def judged(windows: Sequence[Window], rules: Sequence[Rule]) -> list[Judged]:
    """Every window through the scan and the rules, as a workload of a name that says nothing."""
    found = []
    for start in range(0, len(windows), 200):
        some = windows[start : start + 200]
        with open_audit(None) as audit:
            add_windows(audit, {f"w{number:06d}": window for number, window in enumerate(some)})
            made = judged_audit(audit, Config(), rules)
        found += [_labelled(window, made[f"w{number:06d}", "all calls"]) for number, window in enumerate(some)]
    return found


def _labelled(window: Window, made: Judged) -> Judged:
    return Judged(window.kind, window.waits, made.runs, made.matched, made.outcome, made.probability)


def judged_audit(audit: Audit, config: Config, rules: Sequence[Rule]) -> dict[tuple[str, str], Judged]:
    """By workload and component: which rules matched, and the verdict."""
    scan(audit, config)
    names = [feature.name for feature in FEATURES]
    rows: list[dict[str, Any]] = [
        dict(zip(names, row, strict=True))
        for row in audit.connection.execute(f"select {', '.join(names)} from features").fetchall()
    ]
    bench = RuleBench(rows)
    hits = {rule.id: {number for number, hit in bench.matches(rule).items() if hit} for rule in rules}
    bench.close()
    parts = {(p.workload, p.component): p for verdict in judge(audit, config) for p in verdict.components}
    found = {}
    for row in rows:
        part = parts[row["workload"], row["component"]]
        matched = frozenset(name for name, numbers in hits.items() if row["component_no"] in numbers)
        found[part.workload, part.component] = Judged(
            "sample", None, row["runs"], matched, part.outcome, part.awaited_probability
        )
    return found


def sample(rules: Sequence[Rule]) -> list[Judged]:
    """The components of the sample whose truth is *waits* or *does not wait*; deadlines say nothing about waiting."""
    folder = ROOT / "sample_data"
    with open_audit(None) as audit:
        ingest_paths(audit, [str(folder / name) for name in ("gateway", "messages", "claude_code")])
        found = judged_audit(audit, load_config(folder / "whowaits.toml"), rules)
    labelled = []
    with (folder / "truth.csv").open(encoding="utf-8", newline="") as file:
        truth = {(row["workload"], row["component"]): row for row in csv.DictReader(file)}
    for (workload, component), made in found.items():
        row = truth.get((workload, component)) or truth[workload, ""]
        if row["cannot_tell"] == "true" or row["verdict"] == "splittable" or "Nobody watches" in row["why"]:
            continue
        waits = row["verdict"] == "real-time"
        labelled.append(Judged("sample data", waits, made.runs, made.matched, made.outcome, made.probability))
    return labelled


def fitted(rules: Sequence[Rule], found: Sequence[Judged]) -> list[Weight]:
    """The weight of every inferred rule with enough matches.

    raw = ln(P(match | waits) / P(match | does not wait)), each share smoothed by half a match; strength = its mean with
    the judgement, each weighed by 1 / variance (the judgement's standard deviation is PRIOR_SD), on the rule's own side
    of zero and within ±LARGEST_STRENGTH. Example: no match in 999 that wait, 499 in 999 that do not, judgement −1.8:
    raw = ln(0.0005 / 0.4995) = −6.91, variance 2.00; (−1.8 − 6.91 / 2.00) / (1 + 1 / 2.00) = −3.50, so −2.2.
    """
    waiting = [item for item in found if item.waits is True]
    idle = [item for item in found if item.waits is False]
    weights = []
    for rule in rules:
        if rule.basis != "inferred" or rule.strength is None:
            continue
        hit_waiting = sum(rule.id in item.matched for item in waiting)
        hit_idle = sum(rule.id in item.matched for item in idle)
        if hit_waiting + hit_idle < LEAST_MATCHES:
            continue
        raw, variance = log_ratio(hit_waiting, len(waiting), hit_idle, len(idle))
        mean = (rule.strength / PRIOR_SD**2 + raw / variance) / (1 / PRIOR_SD**2 + 1 / variance)
        side = math.copysign(1, rule.strength)
        strength = side * min(max(mean * side, 0.1), LARGEST_STRENGTH)
        weights.append(Weight(rule, round(strength, 2), raw, hit_idle, len(idle), hit_waiting, len(waiting)))
    return weights


def log_ratio(hit_a: int, count_a: int, hit_b: int, count_b: int) -> tuple[float, float]:
    """ln of the ratio of two smoothed shares, and its variance (delta method)."""
    share_a, share_b = (hit_a + 0.5) / (count_a + 1), (hit_b + 0.5) / (count_b + 1)
    variance = 1 / (hit_a + 0.5) - 1 / (count_a + 1) + 1 / (hit_b + 0.5) - 1 / (count_b + 1)
    return math.log(share_a / share_b), variance


def confusion(found: Iterable[Judged]) -> dict[str, Counter[str]]:
    """By kind: windows, those with 14 runs, and the outcomes."""
    table: dict[str, Counter[str]] = defaultdict(Counter)
    for item in found:
        table[item.kind]["windows"] += 1
        table[item.kind]["enough"] += item.runs >= 14
        table[item.kind][item.outcome] += 1
    return table


def calibration_toml(weights: Sequence[Weight], today: str) -> str:
    """rules/calibration.toml as text."""
    lines = [
        "# Strengths measured on labelled traffic; made by benchmarks/calibrate.py, explained in docs/accuracy.md.",
        "# A rule that is not here keeps the strength of its own file, by judgement.",
        f"fitted = {today}",
        f"prior_sd = {PRIOR_SD}",
        f"least_matches = {LEAST_MATCHES}",
    ]
    for weight in weights:
        lines += [
            "",
            "[[weight]]",
            f'rule = "{weight.rule.id}"',
            f"strength = {weight.strength}",
            f"judgement = {weight.rule.judgement}",
            f"log_ratio = {weight.raw:.2f}",
            f"idle = {{ matched = {weight.idle_matched}, windows = {weight.idle} }}",
            f"waiting = {{ matched = {weight.waiting_matched}, windows = {weight.waiting} }}",
        ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Fit on one half, measure on the other; write on request."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--arrivals", type=Path, help="a CSV of real arrivals")
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    rules = load_rules()
    windows = [*made_up(range(options.seeds)), *(real(options.arrivals) if options.arrivals else ())]
    fit = judged(windows[::2], rules)
    held = judged(windows[1::2], rules)
    components = sample(rules)
    weights = fitted(rules, [*fit, *components])
    today = datetime.now(UTC).date().isoformat()
    closer = (
        accuracy_page.closer(
            real_traffic.window_by_window(options.arrivals, rules),
            list(real_traffic.chosen_elsewhere(options.arrivals, rules)),
            list(real_traffic.merged(options.arrivals)),
        )
        if options.arrivals
        else []
    )
    page = accuracy_page.page(rules, weights, confusion(held), [*held, *components], today, closer)
    print(page)
    if options.write:
        (ROOT / "rules" / "calibration.toml").write_text(calibration_toml(weights, today), encoding="utf-8")
        (ROOT / "docs" / "accuracy.md").write_text(page, encoding="utf-8")
        curve = accuracy_page.reliability([*held, *components])
        (ROOT / "docs" / "accuracy.svg").write_text(accuracy_page.curve_svg(curve), encoding="utf-8")


if __name__ == "__main__":
    main()
