"""One owner a call: usage seen through two streams is counted once, and never added blindly."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from audit_rows import DAY_US, SECOND_US, add_requests, add_rollups, feature_rows

from analyzer.config import Config
from analyzer.errors import UserError
from analyzer.store.audit import Audit, open_audit
from analyzer.workloads import scan, spend_by, usage
from analyzer.workloads.owners import Owner, parse_owner, remember_owners

MILLION = {"uncached_input_tokens": 1_000_000, "output_tokens": 0}


@pytest.fixture
def audit() -> Iterator[Audit]:
    with open_audit(None) as opened:
        yield opened


def calls(source: str, count: int, **more: Any) -> list[dict[str, Any]]:
    """Calls a minute apart, each of its own size."""
    return [
        {"source": source, "at": i * 60 * SECOND_US, "uncached_input_tokens": 1000 + i, "output_tokens": 10 + i, **more}
        for i in range(count)
    ]


def seen_by_both(audit: Audit) -> None:
    """Ten calls through a gateway, seen 2 s later by the application; five more that only the application saw."""
    add_requests(audit, calls("litellm_spend_logs", 10))
    shifted = [{**row, "at": row["at"] + 2 * SECOND_US} for row in calls("whowaits_jsonl", 15)]
    add_requests(audit, shifted)


def test_calls_with_the_same_tokens_at_the_same_time_in_two_logs_are_not_added_blindly(audit: Audit) -> None:
    seen_by_both(audit)
    with pytest.raises(UserError, match="litellm_spend_logs and whowaits_jsonl both count 2026-09-28") as refused:
        spend_by(audit, Config())
    assert "say which counts: `whowaits owners --owner 'litellm_spend_logs'`" in str(refused.value)


def test_the_owner_counts_what_both_saw_and_each_log_what_it_alone_saw(audit: Audit) -> None:
    seen_by_both(audit)
    remember_owners(audit, [parse_owner("litellm_spend_logs")])
    spend = spend_by(audit, Config(), "source")
    assert {row.key: row.requests for row in spend.rows} == {"litellm_spend_logs": 10, "whowaits_jsonl": 5}
    assert spend.total.tokens.uncached_input_tokens == sum(1000 + i for i in range(15))


def test_different_traffic_is_added_when_the_user_says_so(audit: Audit) -> None:
    seen_by_both(audit)
    remember_owners(audit, [parse_owner("litellm_spend_logs+whowaits_jsonl")])
    assert spend_by(audit, Config()).total.requests == 25


def test_two_logs_with_a_chance_equal_call_are_added(audit: Audit) -> None:
    add_requests(audit, calls("litellm_spend_logs", 30))
    add_requests(audit, calls("whowaits_jsonl", 1) + calls("whowaits_jsonl", 29, output_tokens=7777))
    assert spend_by(audit, Config()).total.requests == 60


def test_a_report_over_days_that_a_log_has_is_not_added_blindly(audit: Audit) -> None:
    add_requests(audit, calls("litellm_spend_logs", 3))
    add_rollups(audit, [MILLION, {**MILLION, "at": DAY_US}])
    with pytest.raises(UserError, match="anthropic_usage_report and litellm_spend_logs"):
        spend_by(audit, Config())
    remember_owners(audit, [parse_owner("litellm_spend_logs")])
    spend = spend_by(audit, Config(), "source")
    assert {row.key: (row.requests, row.uncounted) for row in spend.rows} == {
        "litellm_spend_logs": (3, 0),
        "anthropic_usage_report": (0, 1),
    }


def test_a_report_of_another_model_or_another_day_is_added(audit: Audit) -> None:
    add_requests(audit, calls("litellm_spend_logs", 3))
    add_rollups(audit, [{**MILLION, "raw_model": "claude-sonnet-4-6"}, {**MILLION, "at": DAY_US}])
    spend = spend_by(audit, Config())
    # Haiku 4.5 $1, Sonnet 4.6 $3 a million input tokens; the calls: 1000+1001+1002 in, 10+11+12 out at $1 and $5.
    calls_usd = Decimal(3003) / 1_000_000 + Decimal(33) * 5 / 1_000_000
    assert spend.total.list_cost_usd == Decimal(4) + calls_usd


def test_two_series_of_one_report_count_the_same_usage(audit: Audit) -> None:
    add_rollups(audit, [MILLION, {**MILLION, "series": "1d by api_key_id,model", "api_key": "k"}])
    with pytest.raises(UserError, match="1d by model"):
        spend_by(audit, Config())
    remember_owners(audit, [parse_owner("anthropic_usage_report (1d by model)")])
    assert spend_by(audit, Config()).total.tokens.uncached_input_tokens == 1_000_000


def test_an_answer_can_be_for_one_key_and_some_days_only(audit: Audit) -> None:
    add_requests(audit, calls("litellm_spend_logs", 2, api_key="a") + calls("litellm_spend_logs", 2, api_key="b"))
    add_rollups(audit, [{**MILLION, "api_key": "a"}])
    remember_owners(
        audit,
        [parse_owner("anthropic_usage_report,key=a,from=2026-09-28,to=2026-09-28"), Owner(("litellm_spend_logs",))],
    )
    spend = spend_by(audit, Config(), "api_key")
    assert {row.key: row.tokens.uncached_input_tokens for row in spend.rows} == {"a": 1_000_000, "b": 2001}


def test_a_key_that_the_other_stream_names_otherwise_is_not_counted_by_both(audit: Audit) -> None:
    """The log says shop and batch, the report apikey_01 and apikey_02 of 3,000 and 1,000,000 input tokens."""
    add_requests(
        audit, calls("litellm_spend_logs", 2, api_key="shop") + calls("litellm_spend_logs", 1, api_key="batch")
    )
    add_rollups(
        audit,
        [{**MILLION, "api_key": "apikey_02"}, {**MILLION, "uncached_input_tokens": 3000, "api_key": "apikey_01"}],
    )
    remember_owners(audit, [parse_owner("litellm_spend_logs,key=shop"), parse_owner("anthropic_usage_report")])
    with pytest.raises(UserError, match="anthropic_usage_report has no key 'shop'") as refused:
        spend_by(audit, Config())
    assert "key=shop,key=" in str(refused.value)
    remember_owners(audit, [parse_owner("litellm_spend_logs,key=shop,key=apikey_01")])
    spend = spend_by(audit, Config(), "api_key")
    assert {row.key: row.tokens.uncached_input_tokens for row in spend.rows} == {"shop": 2001, "apikey_02": 1_000_000}


def test_a_call_that_two_logs_give_different_keys_has_one_owner(audit: Audit) -> None:
    add_requests(audit, calls("litellm_spend_logs", 4, api_key="shop"))
    add_requests(audit, calls("whowaits_jsonl", 4, api_key="apikey_01"))
    remember_owners(audit, [parse_owner("litellm_spend_logs,key=shop"), parse_owner("whowaits_jsonl")])
    spend = spend_by(audit, Config(), "source")
    assert {row.key: row.requests for row in spend.rows} == {"litellm_spend_logs": 4}


def test_an_answer_for_a_key_that_nobody_has_is_refused(audit: Audit) -> None:
    add_requests(audit, calls("litellm_spend_logs", 2, api_key="shop"))
    with pytest.raises(UserError, match="did you mean 'shop'"):
        remember_owners(audit, [parse_owner("litellm_spend_logs,key=shopp")])


def test_the_newest_answer_decides(audit: Audit) -> None:
    seen_by_both(audit)
    remember_owners(audit, [parse_owner("litellm_spend_logs")])
    remember_owners(audit, [parse_owner("whowaits_jsonl")])
    spend = spend_by(audit, Config(), "source")
    assert {row.key: row.requests for row in spend.rows} == {"whowaits_jsonl": 15}


def test_an_owner_is_read_from_text() -> None:
    assert parse_owner("a+b,key=k,from=2026-10-01,to=2026-10-31") == Owner(
        ("a", "b"), ("k",), date(2026, 10, 1), date(2026, 10, 31)
    )
    assert parse_owner("report (1d by key,model),key=k") == Owner(("report (1d by key,model)",), ("k",))
    assert parse_owner("a,key=shop,key=apikey_01").api_keys == ("shop", "apikey_01")
    wrong_ones = (
        "",
        "a,key=",
        "a,from=yesterday",
        "a+",
        "a,from=2026-10-02,to=2026-10-01",
        "a,to=2026-10-01,to=2026-10-02",
    )
    for wrong in wrong_ones:
        with pytest.raises(UserError, match="--owner"):
            parse_owner(wrong)


def test_an_answer_names_a_log_that_the_audit_has(audit: Audit) -> None:
    seen_by_both(audit)
    with pytest.raises(UserError, match="did you mean 'litellm_spend_logs'"):
        remember_owners(audit, [parse_owner("litelm_spend_logs")])


def test_a_report_named_without_its_series_does_not_own_against_itself(audit: Audit) -> None:
    add_requests(audit, calls("litellm_spend_logs", 1))
    add_rollups(audit, [MILLION, {**MILLION, "series": "1d by api_key_id,model", "api_key": "k"}])
    remember_owners(audit, [parse_owner("anthropic_usage_report")])
    with pytest.raises(UserError, match="1d by api_key_id,model"):
        spend_by(audit, Config())
    remember_owners(audit, [parse_owner("anthropic_usage_report (1d by model)")])
    assert spend_by(audit, Config()).total.tokens.uncached_input_tokens == 1_000_000


def test_a_component_of_a_report_knows_its_batch_share_and_nothing_else(audit: Audit) -> None:
    add_rollups(
        audit,
        [
            {**MILLION, "api_key": "nightly", "is_batch": True},
            {**MILLION, "api_key": "web", "is_batch": False, "at": DAY_US},
        ],
    )
    scan(audit, Config())
    found = {row["workload"]: row for row in feature_rows(audit)}
    assert {name: row["batch_share"] for name, row in found.items()} == {"nightly": 1.0, "web": 0.0}
    assert {row["streamed_share"] for row in found.values()} == {None}
    assert {row.workload: row.mode for row in usage(audit)} == {"nightly": "batch", "web": "standard"}


def test_a_price_that_depends_on_the_request_is_not_guessed_from_sums(audit: Audit) -> None:
    haiku = {**MILLION, "raw_model": "claude-haiku-5-5", "at": 30 * DAY_US}
    add_rollups(audit, [haiku])
    spend = spend_by(audit, Config())
    assert spend.unpriced.uncounted == 1
    assert "size of each request" in spend.unpriced_models[0].reason


def test_a_row_of_many_days_is_left_out_only_when_all_of_them_are_counted_elsewhere(audit: Audit) -> None:
    """A report of a week, and a log of its first day: dropping the row would lose six days."""
    add_requests(audit, calls("litellm_spend_logs", 1))
    week = {**MILLION, "uncached_input_tokens": 7_000_000, "series": "7d by model", "ended_at": 7 * DAY_US}
    add_rollups(audit, [week])
    remember_owners(audit, [parse_owner("litellm_spend_logs")])
    with pytest.raises(UserError, match="anthropic_usage_report and litellm_spend_logs both count"):
        spend_by(audit, Config())
    remember_owners(audit, [parse_owner("anthropic_usage_report")])
    assert spend_by(audit, Config()).total.tokens.uncached_input_tokens == 7_000_000
