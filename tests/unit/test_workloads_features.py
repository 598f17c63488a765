from __future__ import annotations

import math
from pathlib import Path

import pytest
from audit_rows import DAY_US, HOUR_US, SECOND_US, add_requests, feature_rows

from analyzer.config import Config
from analyzer.sqlblocks import sql_blocks
from analyzer.store.audit import open_audit
from analyzer.workloads import scan
from analyzer.workloads.features import FEATURES, features_page


@pytest.fixture
def audit():
    with open_audit(None) as opened:
        yield opened


def only_row(audit):
    scan(audit, Config())
    (row,) = feature_rows(audit)
    return row


def test_every_feature_column_is_documented_with_its_type(audit):
    scan(audit, Config())
    described = audit.connection.execute("describe features").fetchall()
    assert [(row[0], row[1].lower()) for row in described] == [(f.name, f.kind) for f in FEATURES]


def test_the_page_of_features_is_fresh():
    page = Path(__file__).parents[2] / "docs" / "features.md"
    assert page.read_text(encoding="utf-8") == features_page()


def test_what_the_log_does_not_say_is_null_and_not_zero(audit):
    add_requests(audit, [{"status": "unknown"}])
    row = only_row(audit)
    silent = [
        feature.name
        for feature in FEATURES
        if feature.name.startswith(("trigger_", "awaited", "not_awaited", "needed", "read_", "think", "chain"))
        or feature.name
        in ("streamed_share", "first_token_share", "cancelled_share", "batch_share", "sessions", "users")
    ]
    assert len(silent) > 15
    assert {row[name] for name in silent} == {None}


def test_one_request_and_one_instant_have_one_run_and_no_gaps(audit):
    add_requests(audit, [{}] * 25)
    row = only_row(audit)
    assert (row["requests"], row["runs"], row["active_share"], row["gap_cv"]) == (25, 1, None, None)
    assert (row["days"], row["span_days"], row["burst_share"]) == (1, 1, 1.0)


def test_an_hourly_job_has_one_phase_even_gaps_and_even_days(audit):
    at = [day * DAY_US + hour * HOUR_US + 28 * 60 * SECOND_US for day in range(4) for hour in (1, 2, 3)]
    add_requests(audit, [{"at": place} for place in at])
    row = only_row(audit)
    assert (row["runs"], row["run_days"]) == (12, 4)
    assert row["phase_r"] == pytest.approx(1)
    assert row["phase_score"] == pytest.approx(12)
    assert row["runs_fano"] == 0
    # every hour comes back the next day, whatever chance would have given
    assert row["hour_repeat"] == pytest.approx(1)
    # 8 gaps of one hour, 3 of 22 hours: the median gap and its deviation are 1 h and 0
    assert (row["gap_cv"], row["gap_s_p50"]) == (0, 3600)
    # three times of day on 4 days each make 3 · 4·3/2 = 18 pairs; by chance 12·11/2 pairs · 3/1440 = 0.1375
    assert row["slot_ratio"] == pytest.approx(18 / 0.1375)
    assert row["slot_score"] == pytest.approx(18 * math.log(18 / 0.1375) - 17.8625)
    assert row["slot_min"] == 3
    # around, from 20 minutes to 2 hours off, each has the 6 runs of other days at the other two hours: ten widths of 20
    # minutes, so 0.6 a width; by chance 12 · 0.6 / 2 pairs
    assert row["wide_slot_ratio"] == pytest.approx(18 / 3.6)


@pytest.mark.parametrize(("others", "other_share"), [(14, 14 / 350), (13, 0)])
def test_fourteen_runs_off_a_sharp_schedule_are_other_work(audit, others, other_share):
    minute_us = 60 * SECOND_US
    # an hourly job for 14 days, at minute 0 and 6 in turn: 336 runs of one call, all in the first third of the hour
    job = [hour * HOUR_US + hour % 2 * 6 * minute_us for hour in range(14 * 24)]
    # and once a day, at minute 33 of another hour each day
    person = [day * DAY_US + day * 5 % 24 * HOUR_US + 33 * minute_us for day in range(others)]
    add_requests(audit, [{"at": place} for place in (*job, *person)])
    row = only_row(audit)
    assert (row["runs"], row["phase_period_min"]) == (336 + others, 60)
    assert row["other_share"] == pytest.approx(other_share, abs=1e-6)


def test_turns_kept_and_the_time_of_work_are_counted(audit):
    # on five days of two weeks at 09:00, and at 10:00 in the first week only: turns kept on 10 and on 5 of 10 days
    days = [week * 7 + day for week in range(2) for day in range(5)]
    at = [day * DAY_US + 9 * HOUR_US for day in days] + [day * DAY_US + 10 * HOUR_US for day in days[:5]]
    add_requests(audit, [{"at": place} for place in at])
    row = only_row(audit)
    assert (row["weekdays"], row["hours_of_day"], row["kept_share"]) == (5, 2, 0.75)


def test_repeat_of_hours_is_measured_over_chance_and_days_left_out_count_against_it(audit):
    # runs at 02:00 on days 0, 1 and 3: day 1 is repeated by day 0 only, day 0 by day 1, day 3 by nobody
    add_requests(audit, [{"at": day * DAY_US + 2 * HOUR_US} for day in (0, 1, 3)])
    # of the neighbours 0→1, 1→0, 1→2, 3→2 two repeat; chance is 3/24 for the two neighbours with runs
    assert only_row(audit)["hour_repeat"] == pytest.approx((2 - 2 * 3 / 24) / (4 - 2 * 3 / 24))


def test_runs_of_a_person_within_an_hour_repeat_no_slot(audit):
    minutes = (3, 31, 12, 47, 55, 22)
    at = [(day * 24 + 9) * HOUR_US + minute * 60 * SECOND_US for day, minute in enumerate(minutes)]
    add_requests(audit, [{"at": place} for place in at])
    row = only_row(audit)
    assert (row["runs"], row["slot_score"]) == (6, 0)


def test_a_gap_of_exactly_300_seconds_does_not_end_a_run(audit):
    add_requests(audit, [{"at": place * SECOND_US} for place in (0, 300, 601)])
    assert only_row(audit)["runs"] == 2


def test_a_chain_is_calls_that_start_within_ten_seconds_of_the_answer_before(audit):
    # starts at 0, 5, 12 and 40; each takes 3 s: gaps 2, 4 and 25 s
    calls = [{"at": place * SECOND_US, "duration_s": 3.0, "trace_id": "t"} for place in (0, 5, 12, 40)]
    add_requests(audit, calls)
    row = only_row(audit)
    assert row["chained_share"] == 0.5
    assert (row["chain_depth_p50"], row["chain_depth_p90"]) == (3, 3)


def test_calls_side_by_side_are_no_chain(audit):
    add_requests(audit, [{"at": place, "duration_s": 9.0, "trace_id": "t"} for place in range(4)])
    row = only_row(audit)
    assert (row["chained_share"], row["chain_depth_p90"]) == (0, 1)


def test_turns_of_a_session_log_tell_loops_from_people(audit):
    turns = ("first", "loop", "loop", "first")
    add_requests(audit, [{"at": n * SECOND_US, "session_id": "s", "tags": {"turn": t}} for n, t in enumerate(turns)])
    row = only_row(audit)
    assert (row["chained_share"], row["chain_depth_p90"], row["human_turn_share"]) == (0.5, 3, 0.5)


def test_pauses_are_from_the_end_of_the_answer_to_the_next_question(audit):
    add_requests(
        audit, [{"at": place * SECOND_US, "duration_s": 10.0, "session_id": "s"} for place in (0, 70, 200, 500)]
    )
    row = only_row(audit)
    assert (row["think_s_p25"], row["think_s_p50"], row["think_s_p75"]) == (60, 120, 290)
    assert (row["sessions"], row["turns_per_session_p50"]) == (1, 4)


def test_weekends_and_office_hours_are_in_utc(audit):
    at = [9 * HOUR_US, 7 * HOUR_US, 5 * DAY_US + 9 * HOUR_US, 6 * DAY_US + 9 * HOUR_US]
    add_requests(audit, [{"at": place} for place in at])
    row = only_row(audit)
    assert (row["office_share"], row["weekend_share"]) == (0.25, 0.5)


def test_declared_shares_are_of_all_requests(audit):
    add_requests(audit, [{"trigger": "queue", "needed_within_s": 60.0}] * 39)
    add_requests(audit, [{"trigger": None}])
    row = only_row(audit)
    assert (row["trigger_queue_share"], row["trigger_user_share"], row["needed_within_s_p10"]) == (0.975, 0, 60)


def test_a_fan_out_is_calls_that_start_before_the_one_before_has_ended(audit):
    # 0 to 9 s, 1 to 10 s, 2 to 11 s, 20 to 29 s: two of the three that have a call before them start beside it
    add_requests(audit, [{"at": at * SECOND_US, "duration_s": 9.0, "trace_id": "t"} for at in (0, 1, 2, 20)])
    row = only_row(audit)
    assert row["fan_out_share"] == pytest.approx(2 / 3)
    assert row["trace_calls_p50"] == 4


def test_a_retry_is_the_same_prompt_soon_after_it_failed(audit):
    calls = [(0, "a", "error"), (60, "a", "ok"), (90, "a", "ok"), (0, "b", "error"), (301, "b", "ok")]
    add_requests(audit, [{"at": at * SECOND_US, "prompt_hash": p, "status": status} for at, p, status in calls])
    assert only_row(audit)["retry_share"] == 0.2


def test_runs_in_no_slot_and_out_of_phase_are_off_the_schedule(audit):
    # 10 days at 02:00, and 10 runs whose minutes are spread over the hour at other hours of other days
    job = [day * DAY_US + 2 * HOUR_US for day in range(10)]
    person = [(day * 24 + 8 + day) * HOUR_US + day * 6 * 60 * SECOND_US for day in range(10)]
    add_requests(audit, [{"api_key": "job", "at": at} for at in job])
    add_requests(audit, [{"api_key": "mixed", "at": at} for at in job + person])
    scan(audit, Config())
    shares = {row["workload"]: row["off_share"] for row in feature_rows(audit)}
    assert shares["job"] == 0
    # no run of the person repeats another; in ten minutes the person is at minutes 0, 2, 4, 6 and 8, twice each, and
    # the fullest third holds minutes 0 and 2
    assert shares["mixed"] == pytest.approx(6 / 20)


def test_a_late_run_in_a_turn_of_its_own_is_no_other_work(audit):
    minute_us = 60 * SECOND_US
    # an hourly job for 14 days, at minute 0 and 6 in turn; every sixth run is late, at a minute from 20 to 59
    late = {turn: 20 + turn // 6 * 7 % 40 for turn in range(5, 14 * 24, 6)}
    job = [turn * HOUR_US + late.get(turn, turn % 2 * 6) * minute_us for turn in range(14 * 24)]
    # and 14 runs of a person at minute 25, each at another hour, in turns that the job keeps
    hours = [hour for hour in range(24) if hour % 6 != 5][:14]
    person = [day * DAY_US + hour * HOUR_US + 25 * minute_us for day, hour in enumerate(hours)]
    add_requests(audit, [{"api_key": "job", "at": at} for at in job])
    add_requests(audit, [{"api_key": "mixed", "at": at} for at in job + person])
    scan(audit, Config())
    shares = {row["workload"]: row["off_share"] for row in feature_rows(audit)}
    assert shares["job"] == 0
    assert shares["mixed"] == pytest.approx(14 / 350, abs=1e-6)


def test_runs_on_both_sides_of_midnight_are_at_the_same_time_of_day(audit):
    # a minute before midnight and a minute after it, day by day in turn: all 6 pairs within 3 minutes
    minute_us = 60 * SECOND_US
    add_requests(audit, [{"at": day * DAY_US + side * minute_us} for day, side in ((1, -1), (2, 1), (4, -1), (5, 1))])
    row = only_row(audit)
    # of 4·3/2 pairs those two minutes apart are not within 1.5 minutes of each other, but all within 2.5
    assert (row["slot_min"], row["slot_ratio"]) == (5, pytest.approx(6 / (6 * 5 / 1440)))


@pytest.mark.parametrize(
    ("runs", "calls", "day_squares", "other_share"),
    [
        (15, 3, 15, 45 / 180),  # of another size
        (15, 1, 15, 0),  # like the others, one a day
        (15, 1, 75, 15 / 150),  # like the others, but five a day on three days
        (6, 3, 6, 18 / 162),  # few, of another size
        (6, 1, 36, 0),  # few, like the others
    ],
)
def test_runs_off_a_loose_schedule_are_other_work_by_their_size_or_their_heaps(
    audit, runs, calls, day_squares, other_share
):
    # on it 150 - runs of one call. 15 of three calls: apart by 2, variance 270/150 - 1.2² = 0.36, and
    # 2² > 5.0625 · 0.36 · (1/15 + 1/135). 15 in heaps of five: a day 75/28 - (15/28)² = 2.4 > 2 · 15/28
    requests = 150 - runs + runs * calls
    squares = 150 - runs + runs * calls * calls
    for table in (
        f"run_sizes as select 1 as component_no, 150 as runs, {requests}.0 as requests, {squares}.0 as squares",
        f"off_schedule as select 1 as component_no, {runs} as runs, {runs * calls} as requests,"
        f" {day_squares}.0 as day_squares",
        "phase_shape as select 1 as component_no, 0.4 as phase_r",
        "slot_shape as select 1 as component_no, 4.0 as slot_ratio",
        "day_shape as select 1 as component_no, 28 as span_days",
    ):
        audit.connection.execute(f"create temp table {table}")
    block = sql_blocks(Path(__file__).parents[2] / "analyzer" / "workloads" / "schedule.sql")["other_work"]
    found = audit.connection.execute(f"select off_share, other_share from ({block})").fetchone()
    assert found == (pytest.approx(runs * calls / requests, abs=1e-6), pytest.approx(other_share, abs=1e-6))
