"""The reports that can be pulled, and a range of days as the questions the API takes.

Limits and names: https://platform.claude.com/docs/en/manage-claude/usage-cost-analytics-api,
https://platform.claude.com/docs/en/manage-claude/usage-cost-api, checked 2026-11-21.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from analyzer.errors import UserError

WIDTHS = ("1d", "1h", "1m")
# Beta header without which the older usage report does not tell fast mode apart.
FAST_MODE_BETA = "fast-mode-2026-02-01"


@dataclass(frozen=True)
class Report:
    """One report. `format`: the log format that reads its pages. `width_name`: the parameter for the width of a bucket,
    None = a question asks for one day. `page_limits`: the most a page holds, by width.
    """

    name: str
    format: str
    path: str
    width_name: str | None
    page_limits: Mapping[str, int]
    group_by: tuple[str, ...] = ()
    most_groups: int = 20
    extra: tuple[tuple[str, str], ...] = ()
    first_day: date = date(2023, 1, 1)
    replaced_by: str = ""


_ROWS = dict.fromkeys(WIDTHS, 1000)
# What a price hangs on, and the key: five is the most that is allowed.
_PRICED = ("api_key_id", "inference_geo", "model", "service_tier", "speed")
_IN_TIME = (("order_by", "time"), ("order", "asc"))
_KEPT_FROM = date(2026, 1, 1)

USAGE = Report(
    "usage",
    "anthropic_analytics_usage",
    "/v1/organizations/analytics/usage",
    "time_bucket_width",
    _ROWS,
    _PRICED,
    5,
    _IN_TIME,
    _KEPT_FROM,
)
COST = Report(
    "cost",
    "anthropic_analytics_cost",
    "/v1/organizations/analytics/cost",
    "time_bucket_width",
    _ROWS,
    (*_PRICED, "cost_type", "token_type"),
    7,
    _IN_TIME,
    _KEPT_FROM,
)
USAGE_LEGACY = Report(
    "usage-legacy",
    "anthropic_usage_report",
    "/v1/organizations/usage_report/messages",
    "bucket_width",
    {"1d": 31, "1h": 168, "1m": 1440},
    ("api_key_id", "context_window", "inference_geo", "model", "service_tier", "speed", "workspace_id"),
)
COST_LEGACY = Report(
    "cost-legacy",
    "anthropic_cost_report",
    "/v1/organizations/cost_report",
    "bucket_width",
    {"1d": 31},
    ("description", "workspace_id"),
)
CLAUDE_CODE = Report(
    "claude-code",
    "anthropic_claude_code_analytics",
    "/v1/organizations/usage_report/claude_code",
    None,
    {"1d": 1000},
)


@dataclass(frozen=True)
class Question:
    """One range of days of one report. `query`: parameters as the API names them, the page left out."""

    report: Report
    folder: str
    query: Mapping[str, Any]


def questions(
    report: Report, from_on: date, to_on: date, *, width: str = "1d", group_by: Sequence[str] = ()
) -> Iterator[Question]:
    """The days from `from_on` up to and without `to_on`, cut at the same places whatever the range.

    Raises: UserError when the report cannot answer.
    """
    _check(report, from_on, to_on, width, group_by)
    names = sorted(group_by or report.group_by)
    start = from_on
    while start < to_on:
        end = start + timedelta(days=1)
        while end < to_on and not _is_cut(report, width, end):
            end += timedelta(days=1)
        query: dict[str, Any] = {"starting_at": start.isoformat(), "limit": report.page_limits[width]}
        if report.width_name:
            query |= {"starting_at": f"{start}T00:00:00Z", "ending_at": f"{end}T00:00:00Z", report.width_name: width}
            query |= dict(report.extra)
        if names:
            query["group_by"] = names
        series = f"{report.name}-{width}" if report.width_name else report.name
        yield Question(report, f"{series}/{start}_{end}", query)
        start = end


def _is_cut(report: Report, width: str, day: date) -> bool:
    """Months for days (a question spans 31 at most), seven days for hours, a day for minutes."""
    if report.width_name is None or width == "1m":
        return True
    return day.day in ((1, 8, 15, 22, 29) if width == "1h" else (1,))


def _check(report: Report, from_on: date, to_on: date, width: str, group_by: Sequence[str]) -> None:
    if from_on >= to_on:
        raise UserError("--to", f"{to_on}, not after --from {from_on}", "the first day you do not want")
    if from_on < report.first_day:
        raise UserError("--from", str(from_on), f"{report.first_day} or later", "older days: --legacy")
    if width not in report.page_limits:
        raise UserError("--bucket-width", width, "1d", f"{report.path} knows days alone")
    if "rbac_group_id" in group_by:
        raise UserError("--group-by", "rbac_group_id", "another dimension", "persons in two groups would count twice")
    if len(set(group_by)) > report.most_groups:
        raise UserError("--group-by", f"{len(set(group_by))} dimensions", f"at most {report.most_groups}")
