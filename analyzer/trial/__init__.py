"""Whether a smaller model is good enough: the same requests, graded by the user's own check."""

from __future__ import annotations

from analyzer.trial.checks import Check, checks_of
from analyzer.trial.found import Found, grade
from analyzer.trial.plan import Trial, plan
from analyzer.trial.requests import Request, Requests, logged_requests, supplied_requests
from analyzer.trial.run import Run, answers_so_far, carry_out
from analyzer.trial.worth import Worth, evidence, worth

__all__ = [
    "Check",
    "Found",
    "Request",
    "Requests",
    "Run",
    "Trial",
    "Worth",
    "answers_so_far",
    "carry_out",
    "checks_of",
    "evidence",
    "grade",
    "logged_requests",
    "plan",
    "supplied_requests",
    "worth",
]
