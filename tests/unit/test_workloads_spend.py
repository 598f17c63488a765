from __future__ import annotations

from decimal import Decimal

import pytest
from audit_rows import DAY_US, add_requests, add_rollups
from click.testing import CliRunner

from analyzer.cli.spend import command, spend_document
from analyzer.config import Config
from analyzer.money import add
from analyzer.store.audit import open_audit
from analyzer.workloads import SPEND_KEYS, price_usage, scan, spend_by, usage

# Haiku 4.5: $1 in, $5 out; Sonnet 4.6: $3 in, $15 out; a million tokens. Cache: read 0.1, write 1.25 (5 min), 2 (1 h).
HAIKU = Decimal("0.000001")


@pytest.fixture
def audit():
    with open_audit(None) as opened:
        yield opened


def three_models(audit):
    add_requests(audit, [{"api_key": "a", "uncached_input_tokens": 1_000_000, "output_tokens": 200_000}])
    add_requests(audit, [{"api_key": "b", "raw_model": "claude-sonnet-4-6", "at": DAY_US}] * 2)
    add_requests(audit, [{"api_key": "b", "raw_model": "nobody-knows-1", "output_tokens": 7}] * 3)


def test_list_cost_is_tokens_times_price_and_unknown_models_stand_apart(audit):
    three_models(audit)
    spend = spend_by(audit, Config(), "model")
    assert [(row.key, row.requests, row.list_cost_usd) for row in spend.rows] == [
        ("claude-haiku-4-5", 1, Decimal(1) + Decimal(5) / 5),
        ("claude-sonnet-4-6", 2, 2 * (1000 * 3 * HAIKU + 100 * 15 * HAIKU)),
    ]
    assert (spend.unpriced.requests, spend.unpriced.tokens.output_tokens) == (3, 21)
    assert spend.unpriced.list_cost_usd is None
    assert spend.total.requests == 6
    assert spend.total.list_cost_usd == Decimal("2.009")
    assert [(model.raw_model, model.requests) for model in spend.unpriced_models] == [("nobody-knows-1", 3)]


@pytest.mark.parametrize("by", SPEND_KEYS)
def test_rows_and_unpriced_add_up_to_the_total_whatever_the_key(audit, by):
    three_models(audit)
    spend = spend_by(audit, Config(), by)
    assert sum(row.requests for row in spend.rows) + spend.unpriced.requests == spend.total.requests == 6
    assert add(row.list_cost_usd for row in spend.rows) == spend.total.list_cost_usd == Decimal("2.009")


def test_days_are_in_order_and_keys_are_named(audit):
    three_models(audit)
    assert [row.key for row in spend_by(audit, Config(), "day").rows] == ["2026-09-28", "2026-09-29"]
    assert [row.key for row in spend_by(audit, Config(), "api_key").rows] == ["a", "b"]


def test_batch_is_half_price_on_every_bucket(audit):
    tokens = {
        "uncached_input_tokens": 1000,
        "cache_write_5m_tokens": 1000,
        "cache_write_1h_tokens": 1000,
        "cache_read_tokens": 1000,
        "output_tokens": 1000,
    }
    add_requests(audit, [tokens, {**tokens, "is_batch": True}, {**tokens, "service_tier": "batch"}])
    scan(audit, Config())
    costs = {row.usage.mode: row.list_cost_usd for row in price_usage(usage(audit))}
    standard = 1000 * HAIKU * (Decimal(1) + Decimal("1.25") + 2 + Decimal("0.1") + 5)
    assert costs == {"standard": standard, "batch": 2 * standard / 2}


def test_the_size_of_each_request_decides_its_card(audit):
    sizes = (100_000, 100_001, 40_000)
    rows = [{"raw_model": "claude-haiku-5-5", "uncached_input_tokens": size} for size in sizes]
    rows.append({"raw_model": "claude-haiku-5-5", "uncached_input_tokens": 1, "cache_read_tokens": 100_000})
    add_requests(audit, [{**row, "at": 40 * DAY_US} for row in rows])
    scan(audit, Config())
    assert sorted((row.over_tokens, row.requests) for row in usage(audit)) == [(0, 2), (100_000, 2)]


def test_an_empty_audit_costs_nothing_and_says_so(audit):
    spend = spend_by(audit, Config(), "workload")
    assert (spend.rows, spend.total.requests, spend.total.list_cost_usd) == ((), 0, Decimal(0))


def test_the_json_names_the_key_and_keeps_money_decimal(audit):
    three_models(audit)
    document = spend_document(spend_by(audit, Config(), "source"))
    assert document["rows"][0]["source"] == "whowaits_jsonl"
    assert document["total"]["list_cost_usd"] == Decimal("2.009")
    assert document["unpriced"]["list_cost_usd"] is None


def test_calls_that_can_be_read_in_two_ways_show_both_costs(audit):
    """Haiku 4.5: 1,000 uncached at $1, 4,000 read at $0.10, 100 out at $5 a million; or 5,000 uncached."""
    add_requests(audit, [{"cache_read_tokens": 4000, "tags": {"input_convention": "ambiguous"}}, {}])
    both = spend_by(audit, Config()).two_readings
    assert both is not None
    assert both.requests == 1
    assert both.list_cost_usd == HAIKU * (1000 + 400 + 500)
    assert both.other_cost_usd == HAIKU * (5000 + 400 + 500)


def test_calls_that_can_be_read_in_one_way_only_have_no_second_cost(audit):
    three_models(audit)
    assert spend_by(audit, Config()).two_readings is None


def test_the_other_reading_of_a_call_takes_the_card_of_its_own_size(audit):
    """Haiku 5.5, a million tokens: $0.10 in and $0.01 read; of a request over 100,000 tokens $0.50 and $0.05.

    60,000 in, 50,000 of them read; or 60,000 in and 50,000 read, on the higher card. A call of half the size stays on
    the lower card both ways.
    """
    tags = {"input_convention": "ambiguous"}
    row = {"raw_model": "claude-haiku-5-5", "at": 40 * DAY_US, "output_tokens": 0, "tags": tags}
    add_requests(audit, [{**row, "uncached_input_tokens": 10_000, "cache_read_tokens": 50_000}])
    add_requests(audit, [{**row, "uncached_input_tokens": 5_000, "cache_read_tokens": 25_000}])
    both = spend_by(audit, Config()).two_readings
    assert both.requests == 2
    # 10,000 + 5,000 in at $0.10; 50,000 + 25,000 read at $0.01
    assert both.list_cost_usd == Decimal("0.0015") + Decimal("0.00075")
    # 60,000 in at $0.50, 50,000 read at $0.05; 30,000 in at $0.10, 25,000 read at $0.01
    assert both.other_cost_usd == Decimal("0.03") + Decimal("0.0025") + Decimal("0.003") + Decimal("0.00025")


WEEK = {"series": "7d by model", "ended_at": 7 * DAY_US, "output_tokens": 0}


def test_a_row_of_a_week_stays_a_row_of_a_week(audit):
    """7M tokens of Haiku 4.5 = $7; which day they fell on, the report does not say."""
    add_rollups(audit, [{**WEEK, "uncached_input_tokens": 7_000_000}, {"at": 7 * DAY_US, "output_tokens": 0}])
    spend = spend_by(audit, Config(), "day")
    assert [(row.key, row.list_cost_usd) for row in spend.rows] == [
        ("2026-09-28 to 2026-10-04", 7),
        ("2026-10-05", Decimal("0.001")),
    ]


def test_a_row_of_days_between_which_the_price_changed_has_no_price(audit):
    """Sonnet 5.5: cache reads $0.20 before 2026-10-07 and $0.10 since; input $2.00 before and after."""
    week = {**WEEK, "raw_model": "claude-sonnet-5-5", "at": 6 * DAY_US}  # from 2026-10-04
    add_rollups(audit, [{**week, "api_key": "plain", "uncached_input_tokens": 1_000_000}])
    add_rollups(audit, [{**week, "api_key": "cached", "cache_read_tokens": 1_000_000}])
    spend = spend_by(audit, Config(), "api_key")
    assert [(row.key, row.list_cost_usd) for row in spend.rows] == [("plain", 2)]
    assert spend.unpriced_models[0].reason.endswith(
        "its price changed within the 7 days that a row of the report covers"
    )


def test_rows_that_count_no_requests_are_named_where_they_have_no_price(tmp_path):
    with open_audit(tmp_path / "a.duckdb") as audit:
        add_rollups(audit, [{"raw_model": "claude-haiku-5-5", "requests": None}, {"raw_model": "nobody-1"}])
    shown = CliRunner().invoke(command, ["--audit", str(tmp_path / "a.duckdb")], catch_exceptions=False).output
    assert "unpriced: 1 row of usage reports, claude-haiku-5-5: its price depends on the size" in shown
    assert "unpriced: 1 row of usage reports, unknown model 'nobody-1'" in shown
    assert "0 requests" not in shown
