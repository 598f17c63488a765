"""What became of one request: passed, or failed for one of a few reasons that are told apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from analyzer.trial.checks import Check
from analyzer.trial.requests import Request

Outcome = Literal[
    "passed", "unable", "no-answer", "refused", "cut-off", "check", "worse", "split", "unjudged", "ungraded"
]
FAILURES: Mapping[Outcome, str] = {
    "unable": "the smaller model cannot take the request",
    "no-answer": "no answer came",
    "refused": "the smaller model refused",
    "cut-off": "the answer was cut off",
    "check": "failed a check",
    "worse": "the judge found it worse in both positions",
    "split": "the judge changed its mind when the positions were swapped",
    "unjudged": "the judge gave no verdict",
}
"""Each counts as failed. What is `ungraded` counts for neither: no whole answer of today's is there to compare with."""
_CUT_OFF = ("max_tokens", "model_context_window_exceeded", "pause_turn")


def broken(message: Mapping[str, Any]) -> Outcome | None:
    """`refused` or `cut-off` by the stop reason; None = a whole answer."""
    stop = message.get("stop_reason")
    return "refused" if stop == "refusal" else "cut-off" if stop in _CUT_OFF else None


def outcome_before_judge(
    request: Request,
    smaller: Mapping[str, Any] | None,
    today: Mapping[str, Any] | None,
    checks: Sequence[Check],
    *,
    is_judged: bool,
) -> Outcome | None:
    """What is settled without a judge; None = the answer is whole and passes every check.

    Raises: UserError when a function of the user's fails.
    """
    if request.unable is not None:
        return "unable"
    if smaller is None:
        return "no-answer"
    found = broken(smaller)
    if found is not None:
        return found
    needs_today = is_judged or any(check.needs_today for check in checks)
    if needs_today and (today is None or broken(today) is not None):
        return "ungraded"
    return None if all(check.passes(smaller, request, today) for check in checks) else "check"
