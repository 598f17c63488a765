from __future__ import annotations

import sys

import pytest
from audit_rows import add_requests, feature_rows

from analyzer.config import Config
from analyzer.store.audit import open_audit
from analyzer.workloads import scan, usage


@pytest.fixture
def audit():
    with open_audit(None) as opened:
        yield opened


def components(audit, config=None):
    scan(audit, config or Config())
    rows = audit.connection.execute("select workload, component, requests from components order by component_no")
    return rows.fetchall()


def test_a_workload_is_the_first_configured_key_that_a_row_has(audit):
    add_requests(
        audit,
        [
            {"tags": {"job": "b"}, "api_key": "k"},
            {"tags": {"workload": "a", "job": "b"}},
            {"tags": {"workload": "  "}, "api_key": "k"},
            {"prefix_hash": "0123456789abcdef"},
            {},
        ],
    )
    assert [row[0] for row in components(audit)] == ["(unnamed)", "a", "b", "k", "prompt 0123456789ab"]


def test_a_configured_tag_with_a_quote_in_its_name_is_only_a_name(audit):
    add_requests(audit, [{"tags": {"it's": "mine"}}])
    assert components(audit, Config(workload_keys=("tag:it's",))) == [("mine", "all calls", 1)]


def test_steps_and_streaming_tell_components_apart(audit):
    add_requests(audit, [{"tags": {"workload": "w", "step": "ack"}, "is_streamed": True}] * 3)
    add_requests(audit, [{"tags": {"workload": "w", "operation": "analyse"}, "is_streamed": True}] * 2)
    add_requests(audit, [{"tags": {"workload": "w", "step": "analyse"}, "is_streamed": False}] * 2)
    assert components(audit) == [
        ("w", "step ack", 3),
        ("w", "step analyse · not streamed", 2),
        ("w", "step analyse · streamed", 2),
    ]


def test_a_stray_answer_not_streamed_does_not_make_a_component(audit):
    add_requests(audit, [{"api_key": "w", "is_streamed": True}] * 30)
    add_requests(audit, [{"api_key": "w", "is_streamed": False}])
    assert components(audit) == [("w", "all calls", 31)]


def test_declared_triggers_and_awaited_tell_components_apart(audit):
    add_requests(audit, [{"api_key": "w", "trigger": "user", "awaited": True}] * 2)
    add_requests(audit, [{"api_key": "w", "trigger": "schedule", "awaited": False}] * 2)
    assert components(audit) == [
        ("w", "set off by schedule · not awaited", 2),
        ("w", "set off by user · awaited", 2),
    ]


def test_prompts_tell_components_apart_when_there_are_two_to_eight(audit):
    add_requests(audit, [{"api_key": "two", "prefix_hash": mark * 16} for mark in "ab"])
    add_requests(audit, [{"api_key": "nine", "prefix_hash": mark * 16} for mark in "abcdefghi"])
    assert components(audit) == [
        ("nine", "all calls", 9),
        ("two", "prompt aaaaaaaa", 1),
        ("two", "prompt bbbbbbbb", 1),
    ]


def test_the_tail_of_many_steps_is_folded_with_its_share(audit):
    for number in range(15):
        add_requests(audit, [{"api_key": "w", "tags": {"step": f"s{number:02d}"}}] * (2 if number < 12 else 1))
    assert components(audit)[0] == ("w", "(other)", 3)
    assert len(components(audit)) == 13
    assert feature_rows(audit)[0]["request_share"] == pytest.approx(3 / 27)


def test_the_tail_of_too_many_workloads_is_folded(audit, monkeypatch):
    monkeypatch.setattr(sys.modules["analyzer.workloads.scan"], "WORKLOAD_LIMIT", 2)
    add_requests(audit, [{"api_key": key} for key in "aabbcd"])
    assert components(audit) == [("(other)", "all calls", 2), ("a", "all calls", 2), ("b", "all calls", 2)]


def test_scanning_twice_gives_the_same_and_leaves_no_other_tables(audit):
    add_requests(audit, [{"api_key": key, "at": place} for place, key in enumerate("abcab")])
    scan(audit, Config())
    before = (feature_rows(audit), usage(audit))
    scan(audit, Config())
    assert (feature_rows(audit), usage(audit)) == before
    query = """
        select table_name from duckdb_tables() where temporary
        union all
        select view_name from duckdb_views() where temporary and not internal
    """
    assert {row[0] for row in audit.connection.execute(query).fetchall()} == {
        "calls",
        "components",
        "disowned",
        "features",
        "model_names",
        "owned",
        "placed",
        "priced_requests",
        "rollup",
        "size_tiers",
    }


def test_of_many_prompts_only_the_great_ones_are_parts(audit):
    rows = [{"api_key": "w", "prefix_hash": "a" * 16}] * 20
    rows += [{"api_key": "w", "prefix_hash": f"{number:02d}".ljust(16, "b")} for number in range(30)]
    add_requests(audit, rows)
    assert components(audit) == [("w", "other calls", 30), ("w", "prompt aaaaaaaa", 20)]


def test_the_key_whose_parts_separate_the_signs_of_waiting_is_chosen(audit):
    chat = {"tags": {"workload": "w"}, "is_streamed": True, "first_token_s": 0.3, "raw_model": "claude-haiku-4-5"}
    bulk = {
        "tags": {"workload": "w"},
        "read_us": 1_790_553_600_000_000 + 20 * 3_600_000_000,
        "raw_model": "claude-sonnet-4-5",
    }
    # two prompts that both kinds use tell nothing; the model tells them apart
    add_requests(audit, [{**row, "prefix_hash": mark * 16} for row in (chat, bulk) for mark in "ab"] * 3)
    assert components(audit) == [("w", "model claude-haiku-4-5", 6), ("w", "model claude-sonnet-4-5", 6)]


def test_a_model_that_separates_nothing_makes_no_components(audit):
    models = ("claude-haiku-4-5", "claude-sonnet-4-5")
    add_requests(audit, [{"api_key": "w", "raw_model": model} for model in models] * 4)
    assert components(audit) == [("w", "all calls", 8)]


def test_what_owners_named_comes_before_other_keys_that_separate_as_well(audit):
    awaited = {"api_key": "w", "tags": {"step": "ack"}, "awaited": True, "raw_model": "claude-haiku-4-5"}
    later = {"api_key": "w", "tags": {"step": "analyse"}, "awaited": False, "raw_model": "claude-sonnet-4-5"}
    add_requests(audit, [awaited, later] * 4)
    assert components(audit) == [("w", "step ack", 4), ("w", "step analyse", 4)]


def test_the_first_call_of_a_trace_is_told_from_later_ones_where_only_it_is_awaited(audit):
    rows = [
        {
            "api_key": "w",
            "trace_id": f"t{trace}",
            "at": place,
            "status": "ok" if place else "cancelled",
            "awaited": None,
        }
        | ({"is_streamed": True, "first_token_s": 0.2} if not place else {"is_streamed": True})
        for trace in range(5)
        for place in range(3)
    ]
    add_requests(audit, rows)
    assert components(audit) == [("w", "first call of a trace", 5), ("w", "later calls of a trace", 10)]


def test_applications_behind_one_workload_are_parts_of_it(audit):
    rows = [{"tags": {"workload": "w"}, "application": name} for name in ("crawler", "website")] * 3
    add_requests(audit, [*rows, {"tags": {"workload": "w"}}])
    assert components(audit) == [
        ("w", "application crawler", 3),
        ("w", "application website", 3),
        ("w", "no application", 1),
    ]


def test_a_small_part_stands_alone_when_it_has_enough_calls_to_show_a_rhythm(audit):
    # 14 of 314 are enough for a rhythm, though under 5 %
    add_requests(audit, [{"api_key": "w", "is_streamed": True}] * 300 + [{"api_key": "w", "is_streamed": False}] * 14)
    assert components(audit) == [("w", "not streamed", 14), ("w", "streamed", 300)]


@pytest.mark.parametrize(
    ("one", "other", "names"),
    [
        (
            {"user_agent": "node-fetch/1.0"},
            {"user_agent": "python-httpx/0.28"},
            ("caller node-fetch", "caller python-httpx"),
        ),
        ({"session_id": "s"}, {}, ("in sessions", "outside sessions")),
        ({"user_hash": "u"}, {}, ("for end users", "without an end user")),
        ({"tags": {"task": "chat"}}, {"tags": {"task": "sums"}}, ("task chat", "task sums")),
        ({"tags": {"workload": "w", "job": "a"}}, {"tags": {"workload": "w", "job": "b"}}, ("job a", "job b")),
    ],
)
def test_other_keys_tell_calls_apart_where_nothing_better_does(audit, one, other, names):
    add_requests(audit, [{"api_key": "w", **row} for row in (one, other) for _ in range(3)])
    assert components(audit) == [("w", name, 3) for name in names]


def test_calls_that_come_long_after_the_first_of_their_trace_are_told_from_it(audit):
    rows = [
        {"api_key": "w", "trace_id": f"t{trace}", "at": (trace * 86_400 + place * 3600) * 1_000_000}
        for trace in range(5)
        for place in range(2)
    ]
    add_requests(audit, rows)
    assert components(audit) == [("w", "first call of a trace", 5), ("w", "later calls of a trace", 5)]
    first, later = feature_rows(audit)
    assert (first["later_in_trace_s_p50"], later["later_in_trace_s_p50"]) == (None, 3600)
