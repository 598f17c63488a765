"""The provider's own reports, fetched page by page into plain files that `ingest` reads."""

from __future__ import annotations

from analyzer.pull.api import AdminApi, from_environment
from analyzer.pull.reports import CLAUDE_CODE, COST, COST_LEGACY, USAGE, USAGE_LEGACY, Question, Report, questions
from analyzer.pull.run import Pulled, pull

__all__ = [
    "CLAUDE_CODE",
    "COST",
    "COST_LEGACY",
    "USAGE",
    "USAGE_LEGACY",
    "AdminApi",
    "Pulled",
    "Question",
    "Report",
    "from_environment",
    "pull",
    "questions",
]
