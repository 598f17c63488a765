"""Is a batch back in time, and how soon is a result needed."""

from __future__ import annotations

import math

import pytest
from audit_rows import DAY_US, HOUR_US, add_requests
from hypothesis import given
from hypothesis import strategies as st

from analyzer.config import Answer, Config
from analyzer.errors import UserErrors
from analyzer.store.audit import open_audit
from analyzer.waiting import judge, rules_in_force
from analyzer.waiting.urgency import tier_of, urgency
from analyzer.waiting.verdicts import URGENCIES
from analyzer.waiting.window import Turnaround, load_turnaround
from analyzer.workloads import scan

RULES = {rule.id: rule for rule in rules_in_force()}
POINTS = Turnaround(((600.0, 0.25), (3600.0, 0.85), (86_400.0, 0.99)))


def judged(rows, *answers, folder=None):
    config = Config(answers=tuple(answers), rules_folder=folder)
    with open_audit(None) as audit:
        add_requests(audit, rows)
        scan(audit, config)
        (verdict,) = judge(audit, config)
    return verdict


def test_between_two_points_the_share_is_linear_in_the_log_of_time():
    # 30 min lie ln(3)/ln(6) of the way from 10 min to 1 h
    assert POINTS.back_within(1800) == pytest.approx(0.25 + 0.60 * math.log(3) / math.log(6))
    assert [POINTS.back_within(s) for s in (599, 600, 3600, 86_400, 10**6)] == [0, 0.25, 0.85, 0.99, 0.99]


def test_a_chain_needs_every_window_in_its_part_of_the_slack():
    # two windows in two hours: each in one hour
    assert POINTS.in_time(7200, 2) == pytest.approx(0.85**2)
    assert POINTS.in_time(3600, 1) == 0.85


@given(st.floats(1, 10**6), st.floats(1, 10**6), st.integers(1, 9))
def test_more_slack_never_lowers_the_chance_and_a_longer_chain_never_raises_it(one_s, other_s, chain):
    low, high = sorted((one_s, other_s))
    shipped = load_turnaround()
    assert 0 <= shipped.in_time(low, chain) <= shipped.in_time(high, chain) <= 1
    assert shipped.in_time(low, chain + 1) <= shipped.in_time(low, chain)


def test_turnarounds_that_were_measured_replace_the_published_ones(tmp_path):
    (tmp_path / "_turnaround.toml").write_text(
        'basis = "MEASURED"\npoint = [{within = "5m", share = 0.5}, {within = "1h", share = 1.0}]\n', encoding="utf-8"
    )
    own = load_turnaround(tmp_path)
    assert (own.measured, own.back_within(300)) == (True, 0.5)
    part = judged([{"api_key": "w", "awaited": False, "needed_within_s": 3600.0}] * 3, folder=tmp_path).components[0]
    assert part.in_time_probability == 1.0


@pytest.mark.parametrize(
    "text",
    [
        "point = []",
        'point = [{within = "1h", share = 0.9}, {within = "2h", share = 0.5}]',
        'point = [{within = "soon", share = 0.9}]',
        "nonsense",
    ],
)
def test_a_turnaround_that_makes_no_sense_is_told_in_one_line(tmp_path, text):
    (tmp_path / "_turnaround.toml").write_text(text, encoding="utf-8")
    with pytest.raises(UserErrors, match=r"_turnaround\.toml"):
        load_turnaround(tmp_path)


def test_a_verdict_carries_the_chance_that_a_batch_is_back_in_time():
    # the shipped points say 85 % within an hour
    part = judged([{"api_key": "w", "awaited": False, "needed_within_s": 3600.0}] * 3).components[0]
    assert (part.placement, part.in_time_probability) == ("batchable-with-guard", 0.85)


def test_without_a_deadline_there_is_no_chance_to_give():
    verdict = judged([{"api_key": "w", "awaited": False}] * 3)
    assert (verdict.in_time_probability, verdict.components[0].in_time_probability) == (None, None)


def test_the_chance_of_a_workload_is_the_lowest_of_the_parts_that_move():
    rows = [
        {"api_key": "w", "tags": {"step": step}, "awaited": False, "needed_within_s": within}
        for step, within in (("a", 3600.0), ("b", 86_400.0), ("c", 60.0))
    ]
    assert judged(rows).in_time_probability == 0.85


@pytest.mark.parametrize(
    ("deadline_s", "tier"),
    [
        (10, "now"),
        (11, "minutes"),
        (900, "minutes"),
        (3600, "within-the-hour"),
        (8 * 3600, "by-morning"),
        (86_400, "within-the-day"),
        (86_401, "whenever"),
    ],
)
def test_the_tier_of_a_deadline(deadline_s, tier):
    assert tier_of(deadline_s) == tier


def test_a_deadline_goes_before_evidence():
    assert urgency("waits", 28_800.0, [RULES["browser-callers"]]) == ("by-morning", "deadline")


def test_without_a_deadline_the_best_evidence_gives_the_tier():
    assert urgency("waits", None, [RULES["human-sessions"]]) == ("now", "evidence")
    assert urgency("waits", None, [RULES["agent-chain"]]) == ("minutes", "evidence")
    assert urgency("does-not-wait", None, [RULES["schedule-by-phase"]]) == ("within-the-day", "evidence")
    both = [RULES["schedule-by-phase"], RULES["report-name"]]
    assert urgency("does-not-wait", None, both) == ("by-morning", "evidence")
    assert urgency("does-not-wait", None, [RULES["bulk-backlog"]]) == ("whenever", "evidence")


def test_what_cannot_be_told_is_assumed_to_be_needed_now():
    assert urgency("cannot-tell", None, [RULES["declared-queue"]]) == ("now", "assumed")
    verdict = judged([{"api_key": "w"}])
    assert (verdict.urgency, verdict.components[0].urgency_basis) == ("now", "assumed")


def test_the_owners_answer_gives_a_tier_of_its_own():
    rows = [{"api_key": "w", "at": day * DAY_US + HOUR_US} for day in range(20)]
    assert judged(rows, Answer("w", awaited=True)).urgency == "now"
    assert judged(rows, Answer("w", awaited=False)).urgency == "whenever"
    assert judged(rows, Answer("w", awaited=False, needed_within_s=3000)).urgency == "within-the-hour"


def test_a_workload_is_as_urgent_as_its_most_urgent_part():
    rows = [{"api_key": "w", "tags": {"step": "ack"}, "awaited": True}, {"api_key": "w", "tags": {"step": "b"}}]
    rows += [{"api_key": "w", "tags": {"step": "c"}, "awaited": False, "needed_within_s": 28_800.0}]
    verdict = judged(rows)
    assert verdict.urgency == "now"
    assert {part.urgency for part in verdict.components} <= set(URGENCIES)


def test_two_calls_one_after_the_other_in_eight_hours_as_worked_in_the_docs():
    # 95 % are back within 4 hours each
    assert load_turnaround().in_time(8 * 3600, 2) == pytest.approx(0.95**2)
