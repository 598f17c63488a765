"""Requests written straight into an audit, for tests of what is made of them."""

from __future__ import annotations

from typing import Any

from analyzer.store.audit import Audit

MONDAY_US = 1_790_553_600_000_000  # 2026-09-28T00:00:00Z
SECOND_US = 1_000_000
HOUR_US = 3600 * SECOND_US
DAY_US = 24 * HOUR_US
_DEFAULTS: dict[str, Any] = {
    "source": "whowaits_jsonl",
    "duplicate_rank": 0,
    "file_id": 1,
    "provider": "anthropic",
    "raw_model": "claude-haiku-4-5",
    "status": "ok",
    "uncached_input_tokens": 1000,
    "cache_write_5m_tokens": 0,
    "cache_write_1h_tokens": 0,
    "cache_read_tokens": 0,
    "output_tokens": 100,
    "web_searches": 0,
}


def add_requests(audit: Audit, rows: list[dict[str, Any]]) -> None:
    """Insert rows; what a row leaves out is ordinary, `at` is microseconds from Monday 2026-09-28T00:00Z."""
    (first,) = audit.connection.execute("select coalesce(max(request_no), 0) + 1 from requests").fetchone() or (1,)
    for number, row in enumerate(rows, first):
        values = {**_DEFAULTS, **row}
        values["started_us"] = MONDAY_US + values.pop("at", 0)
        values |= {"request_no": number, "duplicate_key": str(number), "line_no": number}
        columns = ", ".join(values)
        marks = ", ".join(f"${name}" for name in values)
        audit.connection.execute(f"insert into requests ({columns}) values ({marks})", values)


def add_rollups(audit: Audit, rows: list[dict[str, Any]]) -> None:
    """Insert days of a report; what a row leaves out is ordinary, `at` as in `add_requests`, `ended_at` from there."""
    (first,) = audit.connection.execute("select coalesce(max(rollup_no), 0) + 1 from usage_rollups").fetchone() or (1,)
    for number, row in enumerate(rows, first):
        values = {**_DEFAULTS, "source": "anthropic_usage_report", "series": "1d by model", **row}
        del values["status"]
        values["started_us"] = MONDAY_US + values.pop("at", 0)
        values["ended_us"] = values["started_us"] + values.pop("ended_at", DAY_US)
        values |= {"rollup_no": number, "duplicate_key": str(number), "line_no": number}
        columns = ", ".join(values)
        marks = ", ".join(f"${name}" for name in values)
        audit.connection.execute(f"insert into usage_rollups ({columns}) values ({marks})", values)


def add_cost_lines(audit: Audit, rows: list[dict[str, Any]]) -> None:
    """Insert lines of an invoice; what a row leaves out is ordinary, `at` and `ended_at` as in `add_rollups`."""
    (first,) = audit.connection.execute("select coalesce(max(cost_no), 0) + 1 from cost_lines").fetchone() or (1,)
    for number, row in enumerate(rows, first):
        values: dict[str, Any] = {
            "source": "anthropic_cost_report",
            "series": "1d by description",
            "duplicate_rank": 0,
            "file_id": 1,
            "provider": "anthropic",
            "raw_model": "Claude Haiku 4.5",
            "cost_type": "tokens",
            "rounded_to_usd": 0,
            **row,
        }
        values["started_us"] = MONDAY_US + values.pop("at", 0)
        values["ended_us"] = values["started_us"] + values.pop("ended_at", DAY_US)
        values |= {"cost_no": number, "duplicate_key": str(number), "line_no": number}
        columns = ", ".join(values)
        marks = ", ".join(f"${name}" for name in values)
        audit.connection.execute(f"insert into cost_lines ({columns}) values ({marks})", values)


def feature_rows(audit: Audit) -> list[dict[str, Any]]:
    """The rows of `features` by name of column."""
    cursor = audit.connection.execute("select * from features order by component_no")
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
