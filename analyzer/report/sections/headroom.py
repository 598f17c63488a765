"""The real-time limits: how much room is left today, and how much once what moves is in batch."""

from __future__ import annotations

from typing import Any

from analyzer.report.display import day_text, percent
from analyzer.savings.assessment import Assessment

title = "Room under the rate limits"
order = 79

_MEASURES = (("requests", "requests"), ("input_tokens", "input tokens"), ("output_tokens", "output tokens"))


def build(assessment: Assessment) -> dict[str, Any]:
    """A row a pool and measure, a minute: the most today and with the plan, what is freed, and the limit (None = not
    known) with how much of it is used.
    """
    found = assessment.headroom
    if found is None or not found.pools:
        return {"rows": []}
    rows = []
    for pool in found.pools:
        for column, words in _MEASURES:
            today, planned = getattr(pool.today, column), getattr(pool.planned, column)
            limit = getattr(pool.limits, column) if pool.limits else None
            rows.append(
                {
                    "pool": f"{pool.family.capitalize()} ({pool.provider.replace('_', ' ')})",
                    "measure": words,
                    "today": today,
                    "planned": planned,
                    "freed": today - planned,
                    "limit": limit,
                    "used_today": None if limit is None else percent(today, limit),
                    "used_planned": None if limit is None else percent(planned, limit),
                    "is_over": limit is not None and today > limit,
                }
            )
    return {
        "rows": rows,
        "has_limits": any(row["limit"] is not None for row in rows),
        "tier": found.tier,
        "batch_requests_a_day": found.batch_requests_a_day,
        "queued_batch_requests": found.queued_batch_requests,
        "is_over_queue": found.queued_batch_requests is not None
        and found.batch_requests_a_day > found.queued_batch_requests,
        "source": found.source,
        "checked": day_text(found.checked) if found.checked else None,
    }
