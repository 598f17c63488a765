"""How it was reckoned, and what this never does."""

from __future__ import annotations

from typing import Any

from analyzer.savings.assessment import Assessment

title = "Method, and what this never does"
order = 90


def build(assessment: Assessment) -> dict[str, Any]:
    """The method is the same for every audit; only whether a log named its own cost differs."""
    return {"has_reported_cost": assessment.reported_cost_usd is not None}
