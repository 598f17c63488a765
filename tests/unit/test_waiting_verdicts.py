from __future__ import annotations

import random
from dataclasses import replace

import pytest
from arrivals import add_starts
from audit_rows import DAY_US, HOUR_US, MONDAY_US, SECOND_US, add_requests
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.config import Answer, Config
from analyzer.store.audit import open_audit
from analyzer.waiting import judge, rules_in_force
from analyzer.waiting.judge import awaited_probability, judge_features, placed
from analyzer.waiting.rulebook import RuleBench
from analyzer.waiting.verdicts import Evidence
from analyzer.workloads import scan
from analyzer.workloads.features import FEATURES

RULES = rules_in_force()


@pytest.fixture
def audit():
    with open_audit(None) as opened:
        yield opened


def verdicts(audit, *answers):
    config = Config(answers=tuple(answers))
    scan(audit, config)
    return judge(audit, config)


def only(audit, *answers):
    (verdict,) = verdicts(audit, *answers)
    return verdict


def rules_of(verdict):
    return [evidence.rule for part in verdict.components for evidence in part.evidence]


def test_an_empty_audit_has_no_verdicts(audit):
    assert verdicts(audit) == ()


def test_one_silent_request_cannot_be_told_and_stays_real_time(audit):
    add_requests(audit, [{"api_key": "w"}])
    verdict = only(audit)
    assert (verdict.verdict, verdict.cannot_tell, verdict.basis) == ("real-time", True, "none")
    assert verdict.awaited_probability == 0.5
    assert "“w” (1 request on one day)" in verdict.question


def test_declared_awaited_beats_a_declared_schedule(audit):
    add_requests(audit, [{"api_key": "w", "trigger": "schedule", "awaited": True}] * 5)
    verdict = only(audit)
    assert (verdict.verdict, verdict.confidence, verdict.basis) == ("real-time", "high", "declared")
    assert verdict.awaited_probability == 0.99


def test_a_declared_schedule_is_batchable_and_the_deadline_is_the_question(audit):
    add_requests(audit, [{"api_key": "w", "trigger": "schedule"}] * 5)
    verdict = only(audit)
    assert (verdict.verdict, verdict.confidence, verdict.cannot_tell) == ("batchable", "high", False)
    assert verdict.question.startswith("By when")


def test_the_owner_beats_what_the_log_declares(audit):
    add_requests(audit, [{"api_key": "w", "awaited": True}] * 5)
    verdict = only(audit, Answer("w", awaited=False, who="press desk"))
    assert (verdict.verdict, verdict.basis, verdict.question) == ("batchable", "owner", "")
    assert verdict.components[0].evidence[0].sentence == "press desk answered: nobody waits for this result."


def test_a_queue_alone_proves_nothing(audit):
    add_requests(audit, [{"api_key": "w", "trigger": "queue"}] * 5)
    assert only(audit).cannot_tell


def test_a_user_as_trigger_is_no_evidence(audit):
    add_requests(audit, [{"api_key": "w", "trigger": "user"}] * 5)
    verdict = only(audit)
    assert (verdict.cannot_tell, rules_of(verdict)) == (True, [])


def test_set_off_by_a_user_and_read_hours_later_is_not_awaited(audit):
    rows = [{"at": n * HOUR_US, "read_us": 1_790_553_600_000_000 + (n + 5) * HOUR_US} for n in range(9)]
    add_requests(audit, [{"api_key": "w", "trigger": "user", **row} for row in rows])
    verdict = only(audit)
    assert (verdict.verdict, verdict.components[0].placement) == ("batchable", "batchable-with-guard")
    assert verdict.components[0].deadline_s == 5 * 3600


@pytest.mark.parametrize(
    ("within_s", "placement"),
    [(600, "real-time"), (3600, "batchable-with-guard"), (86_399, "batchable-with-guard"), (86_400, "batchable")],
)
def test_the_deadline_decides_where_work_nobody_waits_for_goes(audit, within_s, placement):
    add_requests(audit, [{"api_key": "w", "awaited": False, "needed_within_s": within_s}] * 5)
    part = only(audit).components[0]
    assert (part.outcome, part.placement) == ("does-not-wait", placement)


def test_a_chain_of_n_calls_needs_n_windows():
    assert placed("does-not-wait", 7200.0, 2) == "batchable-with-guard"
    assert placed("does-not-wait", 7199.0, 2) == "real-time"
    assert placed("does-not-wait", 86_400.0, 2) == "batchable-with-guard"
    assert placed("does-not-wait", None, 30) == "batchable"
    assert placed("cannot-tell", None, 1) == "real-time"


def test_the_owners_deadline_replaces_the_declared_one(audit):
    add_requests(audit, [{"api_key": "w", "awaited": False, "needed_within_s": 60}] * 5)
    later = only(audit, Answer("w", needed_within_s=86_400)).components[0]
    assert (later.placement, "deadline-inside-window" in [e.rule for e in later.evidence]) == ("batchable", False)
    sooner = only(audit, Answer("w", needed_within_s=600)).components[0]
    assert sooner.placement == "real-time"
    assert "10 min" in next(e.sentence for e in sooner.evidence if e.rule == "owner-deadline")


def test_a_schedule_shown_by_timing_alone_is_batchable_with_medium_confidence(audit):
    add_requests(audit, [{"api_key": "w", "at": day * DAY_US + HOUR_US} for day in range(20)])
    verdict = only(audit)
    assert (verdict.verdict, verdict.confidence, verdict.basis) == ("batchable", "medium", "inferred")


def test_a_second_family_makes_a_schedule_sure(audit):
    add_requests(audit, [{"api_key": "nightly-sums", "at": day * DAY_US + HOUR_US} for day in range(20)])
    verdict = only(audit)
    assert (verdict.verdict, verdict.confidence) == ("batchable", "high")


def test_under_fourteen_runs_timing_is_insufficient(audit):
    add_requests(audit, [{"api_key": "w", "at": day * DAY_US + HOUR_US} for day in range(13)])
    assert only(audit).cannot_tell


def test_a_process_that_waits_for_each_answer_stays_real_time(audit):
    calls = [
        {"at": trace * HOUR_US * 5 + step * 4 * SECOND_US, "trace_id": f"t{trace}", "duration_s": 3.0}
        for trace in range(6)
        for step in range(8)
    ]
    add_requests(audit, [{"api_key": "w", **call} for call in calls])
    verdict = only(audit)
    assert (verdict.verdict, verdict.cannot_tell) == ("real-time", False)
    assert verdict.components[0].evidence[0].says == "process-waits"
    assert verdict.components[0].chain_length == 8


def test_components_that_disagree_make_a_workload_splittable(audit):
    add_requests(audit, [{"api_key": "w", "tags": {"step": "ack"}, "awaited": True}] * 3)
    add_requests(audit, [{"api_key": "w", "tags": {"step": "analyse"}, "awaited": False}] * 7)
    verdict = only(audit)
    assert (verdict.verdict, verdict.cannot_tell) == ("splittable", False)
    assert [part.placement for part in verdict.components] == ["real-time", "batchable"]
    assert verdict.awaited_probability == pytest.approx((0.99 * 3 + 0.01 * 7) / 10)


def test_an_undecided_component_counts_as_real_time_in_a_split(audit):
    add_requests(audit, [{"api_key": "w", "tags": {"step": "a"}}] * 3)
    add_requests(audit, [{"api_key": "w", "tags": {"step": "b"}, "awaited": False}] * 7)
    verdict = only(audit)
    assert (verdict.verdict, verdict.cannot_tell) == ("splittable", True)
    assert "step a" in verdict.question


def test_streaming_by_habit_is_weaker_than_streaming_to_a_reader(audit):
    streamed = {"is_streamed": True, "first_token_s": 0.4}
    add_requests(audit, [{"api_key": "a", **streamed}] * 3)
    add_requests(audit, [{"api_key": "b", **streamed, "user_agent": "python-httpx/0.28"}] * 3)
    reader, habit = verdicts(audit)
    assert (reader.cannot_tell, habit.cannot_tell) == (False, True)
    assert rules_of(habit) == ["streamed-by-habit"]


def test_evidence_of_one_family_does_not_add_up():
    one = [rule for rule in RULES if rule.id == "schedule-by-phase"]
    more = [rule for rule in RULES if rule.family == "rhythm"]
    assert len(more) > 2
    assert awaited_probability(as_evidence(one)) == awaited_probability(as_evidence(more))


def as_evidence(rules):
    return [(rule, Evidence(rule.id, rule.says, rule.basis, rule.strength, "")) for rule in rules]


@given(st.sets(st.sampled_from(range(len(RULES)))), st.sampled_from(range(len(RULES))))
def test_more_evidence_of_one_kind_never_moves_the_other_way(chosen, added):
    before = awaited_probability(as_evidence([RULES[index] for index in sorted(chosen)]))
    after = awaited_probability(as_evidence([RULES[index] for index in sorted(chosen | {added})]))
    if RULES[added].says in ("someone-waits", "process-waits"):
        assert after >= before
    else:
        assert after <= before


_FIXED = {"component_no": 1, "workload": "w", "component": "all calls", "name": "w", "requests": 10}


def test_features_that_say_nothing_never_give_batchable():
    silent = {feature.name: None for feature in FEATURES}
    (verdict,) = judge_features([{**silent, **_FIXED}], Config(), RULES)
    assert (verdict.verdict, verdict.cannot_tell) == ("real-time", True)


@settings(max_examples=25, deadline=None)
@given(
    st.fixed_dictionaries(
        {
            f.name: st.sampled_from([None, 0, 0.0, 0.5, 1, 20])
            if f.kind == "double"
            else st.none() | st.integers(0, 999)
            for f in FEATURES
            if f.name not in _FIXED and f.kind != "varchar" and not f.name.startswith(("trigger", "not_awaited"))
        }
    )
)
def test_the_absence_of_human_signs_never_makes_work_batchable(features):
    features |= {"batch_share": None, "read_delay_s_p10": None, "runs": 3, "destination": None}
    (verdict,) = judge_features([{**features, **_FIXED}], Config(), RULES)
    assert verdict.verdict == "real-time"


_SEEN: dict[str, list[object]] = {}
for _rule in RULES:
    for _example in _rule.examples:
        for _column, _value in _example.given.items():
            _SEEN.setdefault(_column, []).append(_value)


def hits(rule, *rows):
    bench = RuleBench([{**row, "component_no": number} for number, row in enumerate(rows)])
    try:
        return {number for number, hit in bench.matches(rule).items() if hit}
    finally:
        bench.close()


@settings(max_examples=30, deadline=None)
@given(
    st.sampled_from([rule for rule in RULES if rule.says == "nobody-waits"]),
    st.fixed_dictionaries({column: st.none() | st.sampled_from(values) for column, values in _SEEN.items()}),
    st.sets(st.sampled_from(sorted(_SEEN))),
)
def test_what_is_not_known_never_makes_a_rule_say_that_nobody_waits(rule, features, forgotten):
    known = {**_FIXED, **features}
    less = {**known, **dict.fromkeys(forgotten)}
    assert hits(rule, less) <= hits(rule, known)


def test_work_of_one_second_cannot_be_told(audit):
    add_starts(audit, {"w": [MONDAY_US + place * 1000 for place in range(999)]})
    part = only(audit).components[0]
    assert (part.outcome, part.timing, part.requests) == ("cannot-tell", "insufficient", 999)


def test_a_daily_job_over_a_year_is_a_schedule_and_two_calls_a_year_apart_are_none(audit):
    daily = [MONDAY_US + day * DAY_US + HOUR_US for day in range(366)]
    add_starts(audit, {"daily-sums": daily, "twice": [daily[0], daily[-1]]})
    daily, twice = verdicts(audit)
    assert (daily.verdict, daily.confidence, daily.components[0].timing) == ("batchable", "high", "scheduled")
    assert (twice.cannot_tell, twice.components[0].timing) == (True, "insufficient")


def test_a_weekly_job_over_half_a_year_is_a_schedule_by_its_even_gaps(audit):
    add_starts(audit, {"w": [MONDAY_US + week * 7 * DAY_US + week % 5 * 60 * SECOND_US for week in range(26)]})
    part = only(audit).components[0]
    assert (part.outcome, part.urgency) == ("does-not-wait", "within-the-day")
    assert "schedule-by-gaps" in [evidence.rule for evidence in part.evidence]


def test_two_kinds_of_calls_under_one_key_come_apart_by_their_prompt_and_keep_their_requests(audit):
    nightly = [
        {"prefix_hash": "b" * 16, "at": day * DAY_US + HOUR_US + call * SECOND_US}
        for day in range(28)
        for call in range(4)
    ]
    draw = random.Random(5)
    chat = [
        {
            "prefix_hash": f"{number:03d}".ljust(16, "a"),
            "at": draw.randrange(28 * DAY_US),
            "is_streamed": True,
            "first_token_s": 0.3,
            "session_id": f"s{number // 4}",
        }
        for number in range(120)
    ]
    add_requests(audit, [{"api_key": "one-key", **row} for row in nightly + chat])
    verdict = only(audit)
    assert (verdict.verdict, verdict.cannot_tell) == ("splittable", False)
    found = {(part.component, part.placement, part.requests) for part in verdict.components}
    assert found == {("prompt bbbbbbbb", "batchable", 112), ("other calls", "real-time", 120)}


def test_a_rule_cannot_reach_the_outside(tmp_path):
    secret = tmp_path / "secret.csv"
    secret.write_text("a\n1\n", encoding="utf-8")
    rule = replace(RULES[0], when=f"exists (select * from read_csv('{secret}'))")
    with pytest.raises(Exception, match=r"disabled|Permission"):
        judge_features([dict(_FIXED)], Config(), [rule])
    changed = replace(RULES[0], when="1 = 1) ; set enable_external_access = true; --")
    with pytest.raises(Exception, match="rule"):
        judge_features([dict(_FIXED)], Config(), [changed])


def test_a_second_opinion_is_shown_among_the_evidence_and_moves_nothing() -> None:
    from audit_rows import add_requests

    from analyzer.store.audit import open_audit
    from analyzer.waiting import judge
    from analyzer.workloads import scan

    with open_audit(None) as audit:
        add_requests(audit, [{"api_key": "k", "at": n * 977_000_000} for n in range(5)])
        scan(audit, Config())
        (before,) = judge(audit, Config())
        audit.connection.execute(
            "insert into second_opinions values ('k', 'all calls', 'nobody waits', 'because', 'claude-x', '2026-11-21')"
        )
        (after,) = judge(audit, Config())
    old, new = before.components[0], after.components[0]
    assert (new.outcome, new.awaited_probability, new.placement) == (
        old.outcome,
        old.awaited_probability,
        old.placement,
    )
    assert new.evidence[:-1] == old.evidence
    assert (new.evidence[-1].basis, new.evidence[-1].strength) == ("opinion", 0.0)


def test_of_a_hundred_thousand_workloads_each_is_judged(audit):
    add_starts(audit, {f"w{number:06d}": (number * SECOND_US,) for number in range(100_000)})
    audit.connection.execute("update requests set awaited = false, trigger = 'schedule' where api_key = 'w031415'")
    found = verdicts(audit)
    assert len(found) == sum(part.requests for verdict in found for part in verdict.components) == 100_000
    assert [verdict.workload for verdict in found if verdict.verdict != "real-time"] == ["w031415"]
    assert sum(verdict.cannot_tell for verdict in found) == 99_999
