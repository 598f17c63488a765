"""What a trial found: how many passed, within which interval, and what an answer that counts costs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from analyzer.batch.cost import actual, to_usd
from analyzer.batch.likeness import are_equal
from analyzer.savings.wilson import wilson
from analyzer.trial.checks import Check
from analyzer.trial.judging import verdict
from analyzer.trial.outcomes import FAILURES, Outcome, broken, outcome_before_judge
from analyzer.trial.plan import Trial
from analyzer.trial.requests import Request
from analyzer.trial.run import Run

_JUDGED: Mapping[str, Outcome] = {"as good": "passed", "worse": "worse", "split": "split", "none": "unjudged"}


@dataclass(frozen=True)
class Costs:
    """Synchronous list cost by usage, USD, of the `costed` requests whose cost is known on today's model.

    today: on today's model; smaller: on the smaller one (nothing where no answer came); fallback: on the smaller one,
    and what failed again on today's. Each request then has an answer that counts, so fallback / costed is the cost of
    an answer that passed.
    """

    costed: int
    today_usd: Decimal
    smaller_usd: Decimal
    fallback_usd: Decimal


@dataclass(frozen=True)
class Found:
    """`passed` of `tried`, the rest by reason (keys of FAILURES); `ungraded` are in neither.

    `pass_rate` (six decimals) and its 95 % `interval` are None where nothing was graded.
    `today_passed` of `today_checked`: today's own answers under the same checks, those that need no other answer.
    `reasons`: why requests could not be taken or got no answer. `spent_usd`: on the whole trial; None = not known.
    """

    target: str
    tried: int
    passed: int
    failures: Mapping[Outcome, int]
    ungraded: int
    today_checked: int
    today_passed: int
    costs: Costs | None
    spent_usd: Decimal | None
    reasons: Mapping[str, int]

    @property
    def pass_rate(self) -> Decimal | None:
        """Passed / tried."""
        return (Decimal(self.passed) / self.tried).quantize(Decimal("0.000001")) if self.tried else None

    @property
    def interval(self) -> tuple[Decimal, Decimal] | None:
        """Its 95 % interval."""
        return wilson(self.pass_rate, self.tried) if self.pass_rate is not None else None


def grade(trial: Trial, checks: Sequence[Check], run: Run, on: date) -> Found:
    """Grade what came back.

    Raises: UserError when a function of the user's fails.
    """
    outcomes = {request.key: _outcome(trial, request, run, checks) for request in trial.requests}
    counts = Counter(outcomes.values())
    own = [check for check in checks if not check.needs_today]
    todays = [(r, run.today(r)) for r in trial.requests] if own else []
    whole = [(r, message) for r, message in todays if message is not None and broken(message) is None]
    return Found(
        target=trial.target,
        tried=sum(counts.values()) - counts["ungraded"],
        passed=counts["passed"],
        failures={name: counts[name] for name in FAILURES if counts[name]},
        ungraded=counts["ungraded"],
        today_checked=len(whole),
        today_passed=sum(all(check.passes(message, r, message) for check in own) for r, message in whole),
        costs=_costs(trial, [r for r in trial.requests if outcomes[r.key] != "ungraded"], outcomes, run, on),
        spent_usd=run.spent_usd,
        reasons=_reasons(trial, run),
    )


def _outcome(trial: Trial, request: Request, run: Run, checks: Sequence[Check]) -> Outcome:
    smaller, today = run.smaller(request, trial.target), run.today(request)
    settled = outcome_before_judge(request, smaller, today, checks, is_judged=trial.judge is not None)
    if settled is not None:
        return settled
    if trial.judge is None or (smaller is not None and today is not None and are_equal(today, smaller)):
        return "passed"
    first, second = run.judged(request, trial.target, trial.judge)
    return _JUDGED[verdict(request, first, second)]


def _reasons(trial: Trial, run: Run) -> dict[str, int]:
    """Why the smaller model cannot take requests, or gave no answer, most first."""
    found: Counter[str] = Counter()
    keys = {str(item.key) for item in trial.items[: trial.smaller.calls]}
    found.update(request.unable for request in trial.requests if request.unable is not None)
    found.update(reason for key, reason in run.dead.items() if key in keys)
    return dict(found.most_common())


def _costs(
    trial: Trial, requests: Iterable[Request], outcomes: Mapping[str, Outcome], run: Run, on: date
) -> Costs | None:
    costed, today, smaller, again = 0, 0, 0, 0
    for request in requests:
        here = _pico(request.model, run.today(request), on)
        answer = run.smaller(request, trial.target)
        there = 0 if answer is None else _pico(trial.target, answer, on)
        if here is None or there is None:
            continue
        costed, today, smaller = costed + 1, today + here, smaller + there
        again += 0 if outcomes[request.key] == "passed" else here
    if not costed:
        return None
    return Costs(costed, to_usd(today), to_usd(smaller), to_usd(smaller + again))


def _pico(model: str, message: Mapping[str, Any] | None, on: date) -> int | None:
    """Synchronous list cost; None = no message, no usage or no price."""
    return None if message is None else actual(model, dict(message), on).direct_pico
