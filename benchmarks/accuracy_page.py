"""docs/accuracy.md and its curve, from what benchmarks/calibrate.py measured."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from calibrate import Judged, Weight
    from real_traffic import Choice, Merged, Seen

    from analyzer.waiting import Rule

ORDER = (
    ("scheduled", ("real scheduler", "daily", "multi-slot", "multi-slot, gated", "jittered 30 min", "jittered, gated",
                   "jittered, weekdays", "late pipeline", "weekdays", "hourly", "hourly, long", "hourly, late",
                   "quarter-hourly", "poll, gated", "month-end")),
    ("people", ("real person", "real people together", "person", "person of habit", "team",
                "users all over the world", "users in office hours")),
    ("events", ("webhooks", "after meetings", "queue drains", "one at a time", "gathered events")),
    ("mixed", ("real scheduler and person", "a person and a daily job", "an hourly job and a person",
               "an hourly job and a team", "an hourly job and webhooks", "a multi-slot job and a person",
               "a gated job and a person", "a poll and a person", "a jittered job and a person",
               "a multi-slot job and a person of habit")),
)  # fmt: skip


@dataclass(frozen=True)
class Bin:
    """Labelled windows whose probability lies in one bin."""

    low: float
    high: float
    count: int
    said: float
    waited: float


def reliability(found: Iterable[Judged]) -> list[Bin]:
    """Said probability of waiting against the share that waits, of what has a label; empty bins left out."""
    edges = (0.0, 0.02, 0.06, 0.2, 0.4, 0.6, 0.8, 0.94, 0.98, 1.0)
    known = [item for item in found if item.waits is not None]
    bins = []
    for low, high in pairwise(edges):
        part = [item for item in known if low <= item.probability < high or item.probability == high == 1.0]
        if part:
            said = sum(item.probability for item in part) / len(part)
            waited = sum(bool(item.waits) for item in part) / len(part)
            bins.append(Bin(low, high, len(part), said, waited))
    return bins


def page(
    rules: Sequence[Rule],
    weights: Sequence[Weight],
    table: Mapping[str, Counter[str]],
    found: Sequence[Judged],
    today: str,
    closer: Sequence[str] = (),
) -> str:
    """The whole page; `closer`: lines on real traffic, where a file of it was given."""
    known = {weight.rule.id for weight in weights}
    kept = [
        rule.id for rule in rules if rule.basis == "inferred" and rule.id not in known and rule.strength is not None
    ]
    parts = [HEAD.format(today=today), *_confusion(table), SAMPLE_HEAD, *_sample(found), *closer, WEIGHTS_HEAD]
    parts += [
        f"| `{w.rule.id}` | {w.waiting_matched} of {w.waiting:,} | {w.idle_matched} of {w.idle:,} | {_signed(w.raw)} "
        f"| {_signed(w.rule.judgement or 0)} | {_signed(w.strength)} |"
        for w in weights
    ]
    parts += ["", "By judgement, for want of labelled data: " + ", ".join(f"`{name}`" for name in kept) + "."]
    parts += [CURVE_HEAD]
    parts += [
        f"| {b.low:.2f} to {b.high:.2f} | {b.count:,} | {b.said:.2f} | {b.waited:.2f} |" for b in reliability(found)
    ]
    return "\n".join([*parts, TAIL])


def _confusion(table: Mapping[str, Counter[str]]) -> list[str]:
    lines = []
    for truth, kinds in ORDER:
        for kind in kinds:
            row = table.get(kind)
            if row is None:
                continue
            lines.append(
                f"| {truth} | {kind} | {row['windows']:,} | {row['enough']:,} | {row['does-not-wait']:,} "
                f"| {row['cannot-tell']:,} | {row['waits']:,} |"
            )
    return lines


def _sample(found: Sequence[Judged]) -> list[str]:
    lines = []
    for truth, name in ((True, "waits"), (False, "does not wait")):
        row = Counter(item.outcome for item in found if item.kind == "sample data" and item.waits is truth)
        lines.append(f"| {name} | {row['waits']} | {row['does-not-wait']} | {row['cannot-tell']} |")
    return lines


def closer(seen: Sequence[Seen], chosen: Sequence[Choice], merges: Sequence[Merged]) -> list[str]:
    """The lines on real traffic, window by window."""
    lines = [SEEN_HEAD]
    for item in seen:
        cut = "calendar months" if item.cut == "month" else f"28 days, from day {item.cut}"
        name = ACTORS.get(item.actor, item.actor)
        share = f"{100 * item.found / item.windows:.1f} %" if item.windows else ""
        lines.append(
            f"| {name} | {cut} | {item.windows:,} | {item.found:,} | {share} | {item.kept_back:,} | {item.unseen:,} |"
        )
    lines.append(CHOSEN_HEAD)
    lines += [
        f"| {ACTORS.get(made.held_out, made.held_out)} | {made.thresholds} | {made.found} of {made.windows} "
        f"| {made.mistaken} of {made.people} |"
        for made in chosen
    ]
    lines.append(MERGED_HEAD)
    lines += [f"| {item.key} | {item.merges:,} | {item.split:,} | {item.splittable:,} |" for item in merges]
    return lines


def _signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "−")


def curve_svg(bins: Sequence[Bin]) -> str:
    """The reliability curve: said across, found up; the size of a point grows with its windows."""
    points = []
    for item in bins:
        x, y = 50 + 300 * item.said, 330 - 300 * item.waited
        radius = 3 + min(9.0, item.count**0.5 / 4)
        points.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="#2f6f8f" fill-opacity="0.75">'
            f"<title>said {item.said:.2f}, found {item.waited:.2f}, {item.count} windows</title></circle>"
        )
    marks = [
        f'<text x="{50 + 300 * v:.0f}" y="348" text-anchor="middle">{v:g}</text>'
        f'<text x="42" y="{334 - 300 * v:.0f}" text-anchor="end">{v:g}</text>'
        for v in (0, 0.2, 0.5, 0.8, 1)
    ]
    return "\n".join(
        [
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 380 380" font-family="sans-serif" font-size="11">',
            "<title>Reliability of the probability that somebody waits</title>",
            '<rect width="380" height="380" fill="#ffffff"/>',
            '<path d="M50 30V330H350" fill="none" stroke="#444444"/>',
            '<path d="M50 330L350 30" stroke="#999999" stroke-dasharray="4 4"/>',
            *marks,
            *points,
            '<text x="200" y="370" text-anchor="middle">said: probability that somebody waits</text>',
            '<text x="14" y="180" text-anchor="middle" transform="rotate(-90 14 180)">found: share that waits</text>',
            "</svg>",
            "",
        ]
    )


HEAD = """# How often is it right?

Made by `benchmarks/calibrate.py` on {today}. Windows of 28 days, each judged as a workload whose name says nothing and
whose log has only the start of each call: the poorest log there is. Half of the windows fit the weights, the other half
is counted here. *Real* windows are public activity, months of it, by people and by two schedulers (a job that looks for
work in several slots a day, and a pipeline that runs once a day); `tests/arrivals.py` makes up the other kinds.

The right answers: scheduled work *does not wait*; of people and of events timing *cannot tell*, nor of a key that
carries both. A person's work called *does not wait* is the error that breaks a product, and so is a mixture called so.
*Real scheduler and person*: windows of both laid on each other, each with a tenth of the calls or more.

| truth | kind | windows | with 14 runs | does not wait | cannot tell | waits |
|---|---|---|---|---|---|---|"""

SAMPLE_HEAD = """
The sample (`sample_data/`), whose logs say more than the time; made up by us, so this checks the rules, no more:

| truth | called waits | does not wait | cannot tell |
|---|---|---|---|"""

ACTORS = {"a1627": "several slots a day", "a2732": "daily pipeline", "people": "all people"}

SEEN_HEAD = """
## Real traffic, window by window

The two real schedulers and all people, cut in five ways; windows with 14 runs or more. *Kept back*: a measure sees a
schedule, and a guard against mixtures or calendars asks instead. *Unseen*: no measure sees one.

- **Several slots a day** looks for work at set times, jitters by minutes, often has none, and changed its times now and
  then over four years. What is missed are mostly months with a run or two on a dozen days: too few pairs of runs at the
  same time of day to stand out from those of people.
- **The daily pipeline** starts between a quarter of an hour and three hours late. It is found in every window but those
  with its first four days, when it started every few minutes all day.

| who | cut | windows | does not wait | share | kept back | unseen |
|---|---|---|---|---|---|---|"""

CHOSEN_HEAD = """
The thresholds were set by somebody who had seen these windows. So they are chosen again, by the script and without the
scheduler that is then judged, nor half of the people: on the made-up kinds, the other scheduler and the other people,
for the most schedules found less the mixtures mistaken. That is what to expect of another scheduler of such a kind,
as far as two can tell:

| judged | thresholds chosen without it | windows found, all cuts | people of the other half mistaken |
|---|---|---|---|"""

MERGED_HEAD = """
Merges under one key of a real scheduler and a real person that differ by one thing in the log, and nothing else is
known; and schedulers and people alone whose calls carry a tag and a model at random, which should stay whole. *Split*:
in parts with exactly the calls (and so the dollars) of each side. What is not split has a job that is not seen, or just
so.

| what tells | windows | split | called splittable |
|---|---|---|---|"""

WEIGHTS_HEAD = """
## What a sign weighs

The weight of a rule is the log of how much likelier it matches where somebody waits than where nobody does, shrunk
towards the judgement in the rule's file: both are averaged with weights 1 / variance, the standard deviation of the
judgement being 1. It stays on its side of zero and within ±2.2, so that no single sign is sure. A rule with fewer than
20 matches keeps its judgement. The table of `rules/calibration.toml`:

| rule | matched where somebody waits | where nobody waits | measured | judgement | in force |
|---|---|---|---|---|---|"""

CURVE_HEAD = """
Where a measured ratio is beyond ±2.2 the data say more than we let one sign say: they are commit times and made-up
arrivals, not API traffic.

## Said and found

Of the windows above and the sample's components with a label: the probability that somebody waits as it was said, and
the share where somebody does.

![Reliability curve](accuracy.svg)

| said | windows | mean said | share that waits |
|---|---|---|---|"""

TAIL = """
The bin around 0.5 holds what cannot be told; its share follows the mixture of windows here and means nothing elsewhere.

## What these data cannot show

- **That anyone waits.** Times alone never give *waits*; the signs that do (streams, sessions, declared facts) have no
  public labelled traffic, so their weights are judgement.
- **A clock that is no cron job.** Work set off by the calendar of people (notes written *after meetings*, which end on
  the half hour) keeps time like a schedule. It is told only by working hours, working days and turns mostly left out: a
  job with little to do in office hours then cannot be told either, and meetings held every day look like a job. So
  timing alone is of medium confidence, and we ask.
- **People of strict habit**, one call at the same time every day, look like a daily job with jitter.
- **Schedules in windows with fewer than 14 runs** (month-end, weekly): *insufficient*, and so *cannot tell*.
- **Others beside a job**, under one key and with nothing in the log that tells them apart. Where the schedule is sharp,
  other work shows from about a fiftieth of the requests on. Beside a loose one it often does not: more than a third of
  the windows of a real scheduler mixed with a real person are called a schedule, as its own late runs look the same. A
  guard that kept half of these back would lose one in ten windows of the real scheduler alone; it stands where one more
  step costs more mixtures than it finds schedules. A key that tells the two apart splits them; where there is none, we
  ask.
- **The deadline.** A schedule says that nobody sits and waits, not by when the result is needed.
- **Other schedulers.** The real ones are two; the thresholds, also those for mixtures and calendars, were set on their
  windows, on these people and on other draws of the made-up kinds. Expect somewhat less elsewhere.
"""
