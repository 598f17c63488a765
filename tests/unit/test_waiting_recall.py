"""Schedules are found and people are not taken for schedules, kind by kind, over seeds the calibration has not seen."""

from __future__ import annotations

from typing import Any

import pytest
from arrivals import KINDS, add_starts, label_of, window_of

from analyzer.config import Config
from analyzer.store.audit import open_audit
from analyzer.waiting import judge
from analyzer.workloads import scan

SEEDS = range(1000, 1004)


@pytest.fixture(scope="module")
def parts():
    """kind -> the components of its windows, one window a workload of a name that says nothing."""
    numbered = list(enumerate((kind, seed) for kind in KINDS for seed in SEEDS))
    with open_audit(None) as audit:
        add_starts(audit, {f"w{number:04d}": window_of(kind, seed) for number, (kind, seed) in numbered})
        scan(audit, Config())
        verdicts = {verdict.workload: verdict.components[0] for verdict in judge(audit, Config())}
    found: dict[str, list[Any]] = {}
    for number, (kind, _) in numbered:
        found.setdefault(kind, []).append(verdicts[f"w{number:04d}"])
    return found


@pytest.mark.parametrize("kind", [kind for kind in KINDS if label_of(kind) == "scheduled" and kind != "month-end"])
def test_a_schedule_is_recognised_by_its_timing_with_medium_confidence(parts, kind):
    seen = [(part.timing, part.outcome, part.confidence) for part in parts[kind]]
    assert seen.count(("scheduled", "does-not-wait", "medium")) >= 3
    assert {outcome for _, outcome, _ in seen} <= {"does-not-wait", "cannot-tell"}


@pytest.mark.parametrize("kind", [kind for kind in KINDS if label_of(kind) in ("people", "events")])
def test_people_and_events_cannot_be_told_by_their_timing(parts, kind):
    assert [part.outcome for part in parts[kind]] == ["cannot-tell"] * len(SEEDS)


def test_a_few_runs_at_the_end_of_the_month_are_insufficient(parts):
    assert {(part.timing, part.outcome) for part in parts["month-end"]} == {("insufficient", "cannot-tell")}


def test_work_that_keeps_to_the_calendar_of_people_asks_whether_it_is_a_job(parts):
    for part in parts["after meetings"]:
        assert [item.rule for item in part.evidence] == ["clock-or-calendar"]
        assert "meetings" in part.question


@pytest.mark.parametrize("kind", [kind for kind in KINDS if label_of(kind) == "mixed"])
def test_a_job_and_others_under_one_key_are_seldom_a_schedule_as_a_whole(parts, kind):
    assert [part.outcome for part in parts[kind]].count("cannot-tell") >= 3


def test_what_comes_beside_an_hourly_job_is_counted_and_asked_for(parts):
    for part in parts["an hourly job and a team"]:
        assert {item.rule for item in part.evidence} <= {"schedule-among-others", "schedule-in-part"}
        assert "what starts the others" in part.question
