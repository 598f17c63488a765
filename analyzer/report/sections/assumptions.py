"""Every number that was not measured in these logs, with its range and where it comes from."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from analyzer.savings.assessment import Assessment

title = "Assumptions"
order = 80

_BASES = {
    "MEASURED": "measured by us or published as a measurement",
    "MODELED": "computed from these logs by a stated model",
    "ASSUMED": "a judgement; replace it with your own figure",
}


def build(assessment: Assessment) -> dict[str, Any]:
    """`rows` in the order given. `host` is the source's site; the address itself is shown as text, never as a link."""
    rows = [
        {
            "title": item.title,
            "low": item.low,
            "base": item.base,
            "high": item.high,
            "basis": item.basis,
            "basis_note": _BASES.get(item.basis, ""),
            "source": item.source,
            "is_address": urlsplit(item.source).scheme in ("http", "https"),
            "checked": item.checked,
        }
        for item in assessment.assumptions
    ]
    return {"rows": rows, "bases": _BASES}
