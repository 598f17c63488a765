"""What was read and what was not: nothing is left out in silence."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

from analyzer.money import add, cents_that_add_up
from analyzer.report.display import percent, period_text, share_text
from analyzer.savings.assessment import Assessment
from analyzer.workloads.spend import requests_text

title = "What was read, and what was not"
order = 70

_FILES = 200


def build(assessment: Assessment) -> dict[str, Any]:
    """Files by format, reasons of rejection, unpriced models, and which waiting signals the logs carry.

    Paths begin below the folder that all files share: where a machine keeps its logs is no business of the reader's.
    """
    coverage = assessment.coverage
    files = sorted(coverage.files, key=lambda file: (file.source or "￿", file.path))
    above = shared_folder([file.path for file in files])
    return {
        "formats": _formats(assessment),
        "files": [
            {
                "path": file.path.removeprefix(above),
                "source": file.source,
                "accepted": file.accepted,
                "duplicates": file.duplicates,
                "rejected": file.rejected,
                "context_lines": file.context_lines,
            }
            for file in files[:_FILES]
        ],
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
        "remarks": [(place.removeprefix(above), remark, lines) for place, remark, lines in coverage.remarks],
        "unpriced": [
            {
                "raw_model": row.raw_model,
                "reason": row.reason,
                "requests": requests_text(row.requests, row.uncounted),
                "tokens": row.tokens,
            }
            for row in coverage.unpriced
        ],
        "unpriced_rows": coverage.unpriced_rows,
        "seen_twice": coverage.seen_twice,
        "two_readings": coverage.two_readings,
        "signals": [
            {"name": name.replace("_", " "), "share": share, "text": share_text(share)}
            for name, share in sorted(coverage.signal_shares.items(), key=lambda item: (-item[1], item[0]))
        ],
        "models": _models(assessment),
        "reported_cost_usd": assessment.reported_cost_usd,
        "reported_share": coverage.signal_shares.get("reported cost"),
    }


def shared_folder(paths: Sequence[str]) -> str:
    """The folder above all files, with its slash, to leave out of what is shown; "" where they share none.

    >>> shared_folder(["/home/a/logs/x/1.jsonl", "/home/a/logs/y.csv"])
    '/home/a/logs/'
    """
    parents = [PurePath(path).parent.parts for path in paths]
    shared = 0
    for level in zip(*parents, strict=False):
        if len(set(level)) > 1:
            break
        shared += 1
    if not paths or not shared:
        return ""
    folder = str(PurePath(*parents[0][:shared]))
    return folder if folder.endswith("/") else folder + "/"


def _models(assessment: Assessment) -> list[dict[str, Any]]:
    """Priced requests by model; the cents add up to the list cost."""
    exact = [cost for _, _, _, cost in assessment.by_model]
    cents = cents_that_add_up(exact, add(exact))
    return [
        {
            "model": model,
            "requests": requests,
            "uncached_input_tokens": tokens.uncached_input_tokens,
            "cache_write_tokens": tokens.cache_write_5m_tokens + tokens.cache_write_1h_tokens,
            "cache_read_tokens": tokens.cache_read_tokens,
            "output_tokens": tokens.output_tokens,
            "list_cost_usd": cost,
        }
        for (model, requests, tokens, _), cost in zip(assessment.by_model, cents, strict=True)
    ]


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
