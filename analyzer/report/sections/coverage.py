"""What was read and what was not: nothing is left out in silence."""

from __future__ import annotations

from typing import Any

from analyzer.report.display import percent, period_text, share_text
from analyzer.savings.assessment import Assessment

title = "What was read, and what was not"
order = 70

_FILES = 200


def build(assessment: Assessment) -> dict[str, Any]:
    """Files by format, reasons of rejection, unpriced models, and which waiting signals the logs carry."""
    coverage = assessment.coverage
    files = sorted(coverage.files, key=lambda file: (file.source or "￿", file.path))
    return {
        "formats": _formats(assessment),
        "files": files[:_FILES],
        "files_left_off": max(len(files) - _FILES, 0),
        "total": {
            "files": len(files),
            "lines": sum(file.lines for file in files),
            "accepted": sum(file.accepted for file in files),
            "duplicates": sum(file.duplicates for file in files),
            "rejected": sum(file.rejected for file in files),
            "context_lines": sum(file.context_lines for file in files),
        },
        "period": period_text(coverage.first_day, coverage.last_day),
        "days": coverage.days,
        "requests": coverage.requests,
        "priced_requests": coverage.priced_requests,
        "priced_percent": percent(coverage.priced_requests, coverage.requests),
        "reject_reasons": coverage.reject_reasons,
        "remarks": coverage.remarks,
        "unpriced": coverage.unpriced,
        "signals": [
            {"name": name.replace("_", " "), "share": share, "text": share_text(share)}
            for name, share in sorted(coverage.signal_shares.items(), key=lambda item: (-item[1], item[0]))
        ],
        "models": assessment.by_model,
        "reported_cost_usd": assessment.reported_cost_usd,
    }


def _formats(assessment: Assessment) -> list[dict[str, Any]]:
    formats: dict[str | None, dict[str, Any]] = {}
    for file in assessment.coverage.files:
        row = formats.setdefault(
            file.source,
            {"source": file.source, "files": 0, "lines": 0, "accepted": 0, "duplicates": 0, "rejected": 0},
        )
        row["files"] += 1
        for name in ("lines", "accepted", "duplicates", "rejected"):
            row[name] += getattr(file, name)
    return sorted(formats.values(), key=lambda row: (row["source"] is None, -row["accepted"], row["source"] or ""))
