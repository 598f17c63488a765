"""Schedules are found and people are not taken for schedules, kind by kind, over seeds the calibration has not seen."""

from __future__ import annotations

from typing import Any

import pytest
from arrivals import KINDS, label_of, window_of

from analyzer.config import Config
from analyzer.store.audit import open_audit
from analyzer.waiting import judge
from analyzer.workloads import scan

SEEDS = range(1000, 1004)
KNOWN_TO_FAIL = {"after meetings"}  # the calendar of people keeps time like a schedule: docs/accuracy.md says so


def add_starts(audit: Any, workloads: dict[str, list[int]]) -> None:
    """Requests that have a workload and a start, and nothing else that could tell."""
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
    assert seen == [("scheduled", "does-not-wait", "medium")] * len(SEEDS)


@pytest.mark.parametrize(
    "kind", [kind for kind in KINDS if label_of(kind) != "scheduled" and kind not in KNOWN_TO_FAIL]
)
def test_people_and_events_cannot_be_told_by_their_timing(parts, kind):
    assert [part.outcome for part in parts[kind]] == ["cannot-tell"] * len(SEEDS)


def test_a_few_runs_at_the_end_of_the_month_are_insufficient(parts):
    assert {(part.timing, part.outcome) for part in parts["month-end"]} == {("insufficient", "cannot-tell")}


def test_work_that_keeps_to_the_calendar_of_people_is_never_surer_than_medium(parts):
    assert {part.confidence for part in parts["after meetings"]} <= {"medium", "low"}
