"""How numbers, dates and verdicts are written for people.

Shares are whole percents with a space, `89 %`, everywhere: in tables, in sentences, on the command line. The evidence
sentences of the rules write them so; a decimal would promise a precision that no verdict has.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from analyzer.money import to_cents as to_cents
from analyzer.savings.assessment import ComponentPlan, LeverFinding, WorkloadPlan
from analyzer.waiting.verdicts import Evidence
from analyzer.workloads.spend import counted_usage

_TURNING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_UNIT = re.compile(r"(?<=\d) (?=(?:%|s|min|h|days?|tokens)(?!\w))")

LEVER_NAMES = {
    "output": "Tighten output",
    "routing": "Use smaller model",
    "caching": "Cache the prompt",
    "batch": "Move to batch",
}
PLACEMENT_NAMES = {
    "real-time": "Stays real-time",
    "batchable": "Batchable",
    "batchable-with-guard": "Batchable with a guard",
    "unpriced": "Unpriced",
}
OUTCOME_NAMES = {"waits": "waits", "does-not-wait": "does not wait", "cannot-tell": "cannot tell"}
SAYS_NAMES = {
    "someone-waits": "someone waits",
    "process-waits": "a process waits",
    "nobody-waits": "nobody waits",
    "window-does-not-fit": "the window does not fit",
}
BASIS_NAMES = {
    "declared": "declared in the log",
    "owner": "the owner's answer",
    "inferred": "inferred from the traffic",
    "opinion": "a model's opinion",
    "none": "no evidence",
}
FINDING_NAMES = {
    "applied": "in the plan",
    "does-not-pay": "does not pay",
    "unknown": "unknown",
    "needs-evidence": "needs evidence",
    "not-allowed": "not allowed",
    "nothing-to-do": "nothing to do",
}
URGENCY_NAMES = {
    "now": "Now",
    "minutes": "Within minutes",
    "within-the-hour": "Within the hour",
    "by-morning": "By morning",
    "within-the-day": "Within the day",
    "whenever": "Whenever",
}
URGENCY_BASIS_NAMES = {
    "deadline": "from its deadline",
    "evidence": "from the evidence",
    "assumed": "assumed, as nobody has said",
}
VERDICT_KINDS = ("batchable", "splittable", "real-time", "cannot-tell")
VERDICT_NAMES = {
    "batchable": "Batchable",
    "splittable": "Splittable",
    "real-time": "Real-time",
    "cannot-tell": "Cannot tell",
}


def shown_verdict(plan: WorkloadPlan) -> str:
    """The badge of a workload: its verdict, or `cannot-tell` where real-time is only the careful assumption."""
    if plan.verdict.cannot_tell and plan.verdict.verdict == "real-time":
        return "cannot-tell"
    return plan.verdict.verdict


def count(number: int) -> str:
    """`1,234,567`."""
    return f"{number:,}"


def counted(number: int, noun: str) -> str:
    """`1 workload`, `1,234 workloads`."""
    return f"{count(number)} {noun}{'' if number == 1 else 's'}"


def percent(part: Decimal | int, whole: Decimal | int) -> str:
    """`37 %` of the whole; `n/a` where the whole is 0."""
    return share_text(Decimal(part) / Decimal(whole)) if whole else "n/a"


def share_text(share: Decimal | float | None) -> str:
    """A share (0 to 1) as `37 %`; `under 1 %` and `over 99 %` where rounding would say none or all; None is `n/a`."""
    if share is None:
        return "n/a"
    value = Decimal(share) * 100
    if 0 < abs(value) < Decimal("0.5"):
        return "under 1 %"
    if Decimal("99.5") <= value < 100:
        return "over 99 %"
    return f"{value.quantize(Decimal(1), rounding=ROUND_HALF_UP)} %".replace("-", "−")


def plain(text: str) -> str:
    """The text without control characters and without what turns its direction about: a name may not look like another.

    Each is shown as `�`. Right-to-left letters stay, and so do the joiners that scripts and emoji need.
    """
    return _TURNING.sub("�", text)


def unbroken(text: str) -> str:
    """A sentence for the page: `plain`, with each number on one line with its unit: `89 %`, `8 h`, `2 days`."""
    return _UNIT.sub("\N{NO-BREAK SPACE}", plain(text))


def day_text(day: date) -> str:
    """`3 October 2026`."""
    return f"{day.day} {day:%B %Y}"


def period_text(first: date | None, last: date | None) -> str:
    """`1–31 October 2026`, as short as it stays clear; `no dated requests` without dates."""
    if first is None or last is None:
        return "no dated requests"
    if first == last:
        return day_text(first)
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}–{day_text(last)}"
    if first.year == last.year:
        return f"{first.day} {first:%B} – {day_text(last)}"
    return f"{day_text(first)} – {day_text(last)}"


def weight_text(evidence: Evidence) -> str:
    """`decisive`, or the log-odds with its sign: above 0 speaks for waiting, below 0 against."""
    if evidence.strength is None:
        return "decisive"
    return f"{evidence.strength:+.1f}".replace("-", "−")


def finding_amount(finding: LeverFinding) -> Decimal | None:
    """What the lever alone is worth, USD; None where it is not known or there is nothing to do."""
    return None if finding.status == "nothing-to-do" else finding.alone_usd


def shortened(name: str, length: int) -> str:
    """The name on one line, cut to `length` characters with an ellipsis."""
    line = " ".join(plain(name).split()) or "(no name)"
    return line if len(line) <= length else line[: length - 1].rstrip() + "…"


def unpriced_text(parts: Iterable[ComponentPlan]) -> str:
    """What of some components has no price: `1,501 requests`; empty where all has one."""
    found = [(part.unpriced_requests, part.unpriced_rows) for part in parts]
    requests, rows = sum(one for one, _ in found), sum(one for _, one in found)
    return counted_usage(requests, rows) if requests or rows else ""
