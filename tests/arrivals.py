"""Made-up arrivals with known answers: when schedules, people and events set off calls. Seeded, standard library only.

Each kind is one habit of work, with its parameters drawn anew for every seed: a window of `days` days of call starts in
microseconds from its first midnight. Labels: *scheduled* (a clock starts the work), *people* (somebody acts),
*events* (other systems act; nobody knows who waits), *mixed* (a schedule and people under one key).
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
HOUR_US = 60 * MINUTE_US
DAY_US = 24 * HOUR_US
Starts = list[int]
Habit = Callable[[random.Random, int], Iterator[int]]


def window_of(kind: str, seed: int, days: int = 28) -> Starts:
    """The call starts of one window of a kind, in order."""
    draw = random.Random(f"{kind} {seed}")
    _, make = KINDS[kind]
    return sorted(at for at in make(draw, days) if 0 <= at < days * DAY_US)


def label_of(kind: str) -> str:
    """scheduled, people, events or mixed."""
    return KINDS[kind][0]


def add_starts(audit: Any, workloads: Mapping[str, Sequence[int]]) -> None:
    """Requests into an empty audit: a workload and a start in microseconds, and nothing else that could tell."""
    rows = [(name, start) for name, starts in workloads.items() for start in starts]
    audit.connection.execute(
        """
        insert into requests (
          request_no, source, duplicate_key, duplicate_rank, file_id, line_no, started_us, provider, raw_model, status,
          uncached_input_tokens, cache_write_5m_tokens, cache_write_1h_tokens, cache_read_tokens, output_tokens,
          web_searches, api_key
        )
        select number, 'whowaits_jsonl', cast(number as varchar), 0, 1, number, started_us, 'anthropic',
          'claude-haiku-4-5', 'ok', 1000, 0, 0, 0, 100, 0, name
        from (select unnest($numbers) as number, unnest($starts) as started_us, unnest($names) as name)
        """,
        {"numbers": list(range(len(rows))), "starts": [row[1] for row in rows], "names": [row[0] for row in rows]},
    )


def _weekday(day: int) -> bool:
    return day % 7 < 5


def _calls(draw: random.Random, at: float, most: int) -> Iterator[int]:
    """The calls of one job: 1 to `most`, one every half second to 5 seconds."""
    pace = draw.uniform(0.5, 5.0)
    for number in range(draw.randint(1, most)):
        yield int(at + number * pace * SECOND_US)


def _slots(
    draw: random.Random, days: int, slots: list[float], jitter_us: float, kept: float, weekdays: bool = False
) -> Iterator[int]:
    """A job at the same times every day, up to `jitter_us` early or late; `kept`: probability that it runs at all."""
    most = draw.choice((1, 3, 40))
    for day in range(days):
        if weekdays and not _weekday(day):
            continue
        for slot in slots:
            if draw.random() < kept:
                yield from _calls(draw, day * DAY_US + slot + draw.uniform(-jitter_us, jitter_us), most)


def _times_of_day(draw: random.Random, count: int) -> list[float]:
    return [draw.uniform(0.5 * HOUR_US, 23.5 * HOUR_US) for _ in range(count)]


def _daily(draw: random.Random, days: int) -> Iterator[int]:
    return _slots(draw, days, _times_of_day(draw, 1), draw.uniform(0, 5) * MINUTE_US, 0.98)


def _multi_slot(draw: random.Random, days: int) -> Iterator[int]:
    slots = _times_of_day(draw, draw.randint(2, 6))
    return _slots(draw, days, slots, draw.uniform(0, 10) * MINUTE_US, draw.uniform(0.8, 1.0))


def _gated_multi_slot(draw: random.Random, days: int) -> Iterator[int]:
    """Many slots a day, each run only when there is something to do."""
    slots = _times_of_day(draw, draw.randint(4, 14))
    return _slots(draw, days, slots, draw.uniform(1, 4) * MINUTE_US, draw.uniform(0.25, 0.7))


def _jittered(draw: random.Random, days: int) -> Iterator[int]:
    return _slots(draw, days, _times_of_day(draw, draw.randint(1, 4)), 30 * MINUTE_US, draw.uniform(0.85, 1.0))


def _jittered_gated(draw: random.Random, days: int) -> Iterator[int]:
    """Starts up to an hour late, and only when there is something to do."""
    slots = _times_of_day(draw, draw.randint(2, 6))
    return _slots(draw, days, slots, 30 * MINUTE_US, draw.uniform(0.55, 0.9))


def _late_pipeline(draw: random.Random, days: int) -> Iterator[int]:
    """Three or four times a day, some minutes late, each time a few steps minutes apart."""
    slots, delay = _times_of_day(draw, draw.randint(3, 4)), draw.uniform(10, 30)
    for day in range(days):
        for slot in slots:
            if draw.random() < 0.85:
                at = day * DAY_US + slot + draw.expovariate(1 / delay) * MINUTE_US
                for _ in range(draw.randint(1, 3)):
                    yield int(at)
                    at += draw.uniform(1, 15) * MINUTE_US


def _jittered_weekdays(draw: random.Random, days: int) -> Iterator[int]:
    slots = _times_of_day(draw, draw.randint(1, 4))
    return _slots(draw, days, slots, 30 * MINUTE_US, draw.uniform(0.85, 1.0), weekdays=True)


def _weekdays(draw: random.Random, days: int) -> Iterator[int]:
    slots = _times_of_day(draw, draw.randint(1, 3))
    return _slots(draw, days, slots, draw.uniform(0, 10) * MINUTE_US, 0.97, weekdays=True)


def _every(draw: random.Random, days: int, period_us: int, jitter_us: float, lasts_us: float) -> Iterator[int]:
    phase = draw.uniform(0, period_us)
    for number in range(days * DAY_US // period_us):
        at = phase + number * period_us + draw.uniform(0, jitter_us)
        yield int(at)
        pace = draw.uniform(20, 200) * SECOND_US
        yield from (int(at + pace * step) for step in range(1, int(lasts_us / pace) + 1))


def _hourly(draw: random.Random, days: int) -> Iterator[int]:
    return _every(draw, days, HOUR_US, draw.uniform(0, 12) * MINUTE_US, draw.uniform(0, 5) * MINUTE_US)


def _hourly_long(draw: random.Random, days: int) -> Iterator[int]:
    """An hourly job that takes up a good part of the hour."""
    return _every(draw, days, HOUR_US, draw.uniform(0, 5) * MINUTE_US, draw.uniform(15, 40) * MINUTE_US)


def _hourly_late(draw: random.Random, days: int) -> Iterator[int]:
    """Every half hour to two hours, up to an hour and a half late, and sometimes left out: a busy shared scheduler."""
    period, kept, delay = draw.choice((30, 60, 120)), draw.uniform(0.75, 1.0), draw.uniform(3, 20)
    for number in range(days * 24 * 60 // period):
        if draw.random() < kept:
            yield int((number * period + min(draw.expovariate(1 / delay), 90.0)) * MINUTE_US)


def _quarter_hourly(draw: random.Random, days: int) -> Iterator[int]:
    return _every(draw, days, 15 * MINUTE_US, draw.uniform(0, 3) * MINUTE_US, draw.uniform(0, 2) * MINUTE_US)


def _gated_poll(draw: random.Random, days: int) -> Iterator[int]:
    """Looks every 20, 30 or 60 minutes whether there is something to do, mostly by day."""
    period = draw.choice((20, 30, 60)) * MINUTE_US
    phase, busy = draw.uniform(0, period), draw.uniform(0.05, 0.3)
    for number in range(days * DAY_US // period):
        at = phase + number * period
        if draw.random() < busy * _day_profile(at):
            yield from _calls(draw, at + draw.uniform(0, 4) * MINUTE_US, 3)


def _month_end(draw: random.Random, days: int) -> Iterator[int]:
    """Closing of the books: a few runs in the last three days. Too few to tell by timing."""
    for day in range(days - 3, days):
        yield from _calls(draw, day * DAY_US + 22 * HOUR_US, 400)


def _day_profile(at: float) -> float:
    """Activity by hour of the day, 0 to 1: low at night, high by day."""
    hour = (at % DAY_US) / HOUR_US
    return max(0.05, math.sin(math.pi * (hour - 6) / 16)) if 6 <= hour < 22 else 0.05


def _poisson(draw: random.Random, days: int, a_day: float, profile: Callable[[float], float]) -> Iterator[float]:
    """Instants at random, `a_day` at full activity, thinned by the profile."""
    at = 0.0
    while True:
        at += draw.expovariate(a_day / DAY_US)
        if at >= days * DAY_US:
            return
        if draw.random() < profile(at):
            yield at


def _person(draw: random.Random, days: int) -> Iterator[int]:
    """Sits down a few times on working days, and then calls some times with pauses to think."""
    morning, evening = draw.uniform(7, 10), draw.uniform(16, 20)
    lively, sessions_a_day = draw.uniform(0.6, 1.0), draw.uniform(1, 6)
    for day in range(days):
        if draw.random() > (lively if _weekday(day) else 0.15):
            continue
        for _ in range(max(1, round(draw.gauss(sessions_a_day, 1)))):
            at = day * DAY_US + draw.uniform(morning, evening) * HOUR_US
            for _ in range(draw.randint(1, 12)):
                yield int(at)
                at += draw.lognormvariate(math.log(120), 1.1) * SECOND_US


def _habitual_person(draw: random.Random, days: int) -> Iterator[int]:
    """Acts at a favourite hour of most days, as over breakfast."""
    hour, spread, kept = draw.uniform(7, 22), draw.uniform(0.5, 1.5), draw.uniform(0.5, 0.9)
    for day in range(days):
        if draw.random() < kept:
            yield from _calls(draw, day * DAY_US + draw.gauss(hour, spread) * HOUR_US, 6)
        if draw.random() < 0.3:
            yield from _calls(draw, day * DAY_US + draw.uniform(7, 23) * HOUR_US, 6)


def _team(draw: random.Random, days: int) -> Iterator[int]:
    for _ in range(draw.randint(3, 12)):
        yield from _person(draw, days)


def _global_users(draw: random.Random, days: int) -> Iterator[int]:
    return (int(at) for at in _poisson(draw, days, 10 ** draw.uniform(1, 3.3), _day_profile))


def _office_users(draw: random.Random, days: int) -> Iterator[int]:
    def office(at: float) -> float:
        hour = (at % DAY_US) / HOUR_US
        return (1.0 if 8 <= hour < 12 or 13 <= hour < 17.5 else 0.02) if _weekday(int(at // DAY_US)) else 0.02

    return (int(at) for at in _poisson(draw, days, 10 ** draw.uniform(1, 3.3), office))


def _webhooks(draw: random.Random, days: int) -> Iterator[int]:
    """Events of another system, each with a burst of others after it."""
    more = draw.uniform(0.5, 8)
    for at in _poisson(draw, days, 10 ** draw.uniform(0.5, 2), _day_profile):
        later = at
        for _ in range(int(draw.expovariate(1 / more)) + 1):
            yield int(later)
            later += draw.expovariate(1 / (40 * SECOND_US))


def _after_meetings(draw: random.Random, days: int) -> Iterator[int]:
    """Notes written when meetings of people end, on the half hour or a little later."""
    for day in range(days):
        if _weekday(day):
            for _ in range(draw.randint(2, 8)):
                half_hour = draw.randint(18, 35)
                yield from _calls(
                    draw, day * DAY_US + half_hour * HOUR_US / 2 + draw.expovariate(1 / 200) * SECOND_US, 4
                )


def _queue_drains(draw: random.Random, days: int) -> Iterator[int]:
    """A pile comes at any time and is worked off at an even pace."""
    for at in _poisson(draw, days, draw.uniform(0.8, 5), lambda _: 1.0):
        pace = draw.uniform(2, 20) * SECOND_US
        yield from (int(at + pace * number) for number in range(draw.randint(50, 500)))


def _one_at_a_time(draw: random.Random, days: int) -> Iterator[int]:
    """A bot that works off what people leave in its queue, one after the other, each for nearly the same time."""
    takes, spread, free = draw.uniform(6, 60) * MINUTE_US, draw.uniform(0.01, 0.15), 0.0
    for at in _poisson(draw, days, 10 ** draw.uniform(0.5, 1.8), _day_profile):
        free = max(at, free) + takes * draw.gauss(1, spread)
        yield int(free)


def _gathered(draw: random.Random, days: int) -> Iterator[int]:
    """A bot that waits some minutes after an event for others, and then takes all of them at once."""
    waits, done = draw.uniform(6, 60) * MINUTE_US, 0.0
    for at in _poisson(draw, days, 10 ** draw.uniform(1, 2.5), _day_profile):
        if at >= done:
            done = at + waits
            yield int(done)


def _both(one: Habit, other: Habit) -> Habit:
    """Two habits under one key."""

    def make(draw: random.Random, days: int) -> Iterator[int]:
        yield from one(draw, days)
        yield from other(draw, days)

    return make


KINDS: dict[str, tuple[str, Habit]] = {
    "daily": ("scheduled", _daily),
    "multi-slot": ("scheduled", _multi_slot),
    "multi-slot, gated": ("scheduled", _gated_multi_slot),
    "jittered 30 min": ("scheduled", _jittered),
    "jittered, gated": ("scheduled", _jittered_gated),
    "jittered, weekdays": ("scheduled", _jittered_weekdays),
    "late pipeline": ("scheduled", _late_pipeline),
    "weekdays": ("scheduled", _weekdays),
    "hourly": ("scheduled", _hourly),
    "hourly, long": ("scheduled", _hourly_long),
    "hourly, late": ("scheduled", _hourly_late),
    "quarter-hourly": ("scheduled", _quarter_hourly),
    "poll, gated": ("scheduled", _gated_poll),
    "month-end": ("scheduled", _month_end),
    "person": ("people", _person),
    "person of habit": ("people", _habitual_person),
    "team": ("people", _team),
    "users all over the world": ("people", _global_users),
    "users in office hours": ("people", _office_users),
    "webhooks": ("events", _webhooks),
    "after meetings": ("events", _after_meetings),
    "queue drains": ("events", _queue_drains),
    "one at a time": ("events", _one_at_a_time),
    "gathered events": ("events", _gathered),
    "a person and a daily job": ("mixed", _both(_person, _daily)),
    "an hourly job and a person": ("mixed", _both(_hourly, _person)),
    "an hourly job and a team": ("mixed", _both(_hourly, _team)),
    "an hourly job and webhooks": ("mixed", _both(_hourly, _webhooks)),
    "a multi-slot job and a person": ("mixed", _both(_multi_slot, _person)),
    "a gated job and a person": ("mixed", _both(_gated_multi_slot, _person)),
    "a poll and a person": ("mixed", _both(_gated_poll, _person)),
    "a jittered job and a person": ("mixed", _both(_jittered, _person)),
    "a multi-slot job and a person of habit": ("mixed", _both(_multi_slot, _habitual_person)),
}
