"""Merges of kinds of calls are told apart by whatever the log has; what is of one kind stays whole."""

from __future__ import annotations

from decimal import Decimal

import pytest
from arrivals import KINDS, add_starts, label_of, window_of

from analyzer.config import Config
from analyzer.store.audit import open_audit
from analyzer.waiting import judge
from analyzer.workloads import price_usage, scan, usage

SEED = 2000
KEYED = {
    "model": ("raw_model", "'claude-haiku-4-5'", "'claude-haiku-4-5-20251001'"),
    "a tag": ("tags", "map(['flavour'], ['blue'])", "map(['flavour'], ['green'])"),
    "a tag that only one has": ("tags", "map(['flavour'], ['blue'])", "null"),
    "operation": ("tags", "map(['operation'], ['fill'])", "map(['operation'], ['ask'])"),
    "prompt": ("prefix_hash", "'aaaaaaaaaaaaaaaa'", "'bbbbbbbbbbbbbbbb'"),
    "many prompts of people": ("prefix_hash", "'aaaaaaaaaaaaaaaa'", "lpad(cast(request_no % 9 as varchar), 16, 'b')"),
    "caller": ("user_agent", "'python-httpx/0.28'", "'node-fetch/1.0'"),
    "session": ("session_id", "null", "cast(request_no as varchar)"),
    "streamed": ("is_streamed", "false", "true"),
    "answer limit": ("max_output_tokens", "4096", "1024"),
    "tools": ("has_tools", "false", "true"),
    "source": ("source", "'litellm'", "'helicone'"),
    "destination": ("destination", "'warehouse'", "'browser'"),
    "workspace": ("workspace", "'batch'", "'web'"),
}
"""How two kinds of calls differ: a column, and its value for the one and for the other."""


def judged(audit):
    scan(audit, Config(workload_keys=("api_key",)))
    return {verdict.workload: verdict for verdict in judge(audit, Config())}


def merge(audit, pairs, column, one, other):
    """Per name two windows under one key that differ in a column; returns the calls of each: {name: (one, other)}."""
    starts = {f"{name} {side}": window for name, pair in pairs.items() for side, window in enumerate(pair)}
    add_starts(audit, starts)
    audit.connection.execute(f"update requests set {column} = case when api_key like '% 0' then {one} else {other} end")
    audit.connection.execute("update requests set api_key = split_part(api_key, ' ', 1)")
    return {name: (len(pair[0]), len(pair[1])) for name, pair in pairs.items()}


@pytest.mark.parametrize("how", KEYED)
def test_a_job_and_people_under_one_key_are_split_by_what_tells_them_apart(how):
    column, one, other = KEYED[how]
    pairs = {
        "a": (window_of("quarter-hourly", SEED), window_of("person", SEED)),
        "b": (window_of("multi-slot", SEED), window_of("team", SEED)),
        "c": (window_of("daily", SEED), window_of("users all over the world", SEED)),
    }
    with open_audit(None) as audit:
        calls = merge(audit, pairs, column, one, other)
        verdicts = judged(audit)
        costs = price_usage(usage(audit))
    for name, (job, people) in calls.items():
        assert verdicts[name].verdict == "splittable"
        idle = [part for part in verdicts[name].components if part.outcome == "does-not-wait"]
        assert sum(part.requests for part in idle) == job
        assert sum(part.requests for part in verdicts[name].components) == job + people
        # Haiku 4.5: 1,000 tokens in at $1 and 100 out at $5 a million are $0.0015 a call
        numbers = {part.component_no for part in idle}
        cost = sum((row.list_cost_usd for row in costs if row.usage.component_no in numbers), Decimal(0))
        assert cost == Decimal("0.0015") * job


@pytest.mark.parametrize("job", ["daily", "multi-slot", "hourly"])
def test_a_few_calls_of_people_beside_a_job_are_told_apart_without_a_rhythm_of_their_own(job):
    """Under 14 runs show no rhythm: the job has one which the whole lacks, or they lie off that of the whole."""
    window = window_of(job, SEED)
    person = window_of("person", SEED)
    few = person[:: max(1, len(person) // max(16, len(window) // 15))]
    with open_audit(None) as audit:
        column, one, other = KEYED["a tag"]
        merge(audit, {"w": (window, few)}, column, one, other)
        verdict = judged(audit)["w"]
    assert verdict.verdict == "splittable"
    assert {part.component: (part.requests, part.outcome) for part in verdict.components} == {
        "flavour blue": (len(window), "does-not-wait"),
        "flavour green": (len(few), "cannot-tell"),
    }


def test_of_two_keys_that_tell_as_much_the_more_nameable_splits():
    pairs = {"w": (window_of("quarter-hourly", SEED), window_of("person", SEED))}
    with open_audit(None) as audit:
        merge(audit, pairs, "tags", "map(['b', 'a'], ['1', '2'])", "map(['b', 'a'], ['3', '4'])")
        audit.connection.execute(
            "update requests set prefix_hash = case tags['a'] when '2' then 'aaaa' else 'bbbb' end"
        )
        audit.connection.execute(
            "update requests set max_output_tokens = case tags['a'] when '2' then 4096 else 512 end"
        )
        assert [part.component for part in judged(audit)["w"].components] == ["a 2", "a 4"]
        audit.connection.execute("update requests set tags = null")
        assert [part.component for part in judged(audit)["w"].components] == ["prompt aaaa", "prompt bbbb"]
        audit.connection.execute("update requests set prefix_hash = null")
        assert [part.component for part in judged(audit)["w"].components] == [
            "answers up to 4096 tokens",
            "answers up to 512 tokens",
        ]


def test_a_tag_with_a_value_a_request_or_a_name_that_looks_like_sql_splits_nothing_and_breaks_nothing():
    pairs = {"w": (window_of("quarter-hourly", SEED), window_of("person", SEED))}
    names = """['request', '{value}', 'it''s', '"', '{key_counts}', 'half']"""
    values = "[cast(request_no as varchar), 'x', 'y', 'z', 'u', cast(request_no % 2 as varchar)]"
    told = "map(['it''s {value}'], ['so'])"
    with open_audit(None) as audit:
        job, _ = merge(audit, pairs, "tags", f"map({names}, {values})", f"map({names}, {values})")["w"]
        assert [part.component for part in judged(audit)["w"].components] == ["all calls"]
        audit.connection.execute(f"update requests set tags = map_concat(tags, {told}) where request_no < {job}")
        parts = {part.component: part.requests for part in judged(audit)["w"].components}
    assert parts["it's {value} so"] == job


def test_of_a_tag_with_a_hundred_thousand_values_only_the_great_ones_are_parts():
    job = window_of("hourly", SEED)
    people = range(0, 100_000 * 20_000_000, 20_000_000)  # a call every 20 seconds, each of another customer
    one, other = "map(['customer'], ['nobody'])", "map(['customer'], ['number ' || request_no])"
    with open_audit(None) as audit:
        merge(audit, {"w": (job, people)}, "tags", one, other)
        parts = {part.component: part.requests for part in judged(audit)["w"].components}
    assert parts == {"customer nobody": len(job), "other calls": 100_000}


@pytest.mark.parametrize("label", ["scheduled", "people", "events"])
def test_work_of_one_kind_stays_whole_whatever_its_calls_carry(label):
    kinds = [kind for kind in KINDS if label_of(kind) == label and kind != "month-end"]
    with open_audit(None) as audit:
        add_starts(audit, {f"w{place}": window_of(kind, SEED) for place, kind in enumerate(kinds)})
        audit.connection.execute(
            """
            update requests set
              tags = map(['a', 'b'], ['f' || (hash(request_no) % 3), 's' || (hash(request_no + 1000000) % 5)]),
              raw_model = if(hash(request_no + 2000000) % 2 = 0, 'claude-haiku-4-5', 'claude-haiku-4-5-20251001'),
              max_output_tokens = 1024 * (1 + hash(request_no + 3000000) % 4)
            """
        )
        assert {len(verdict.components) for verdict in judged(audit).values()} == {1}
