"""What a trial will send and what that costs at most, before anything is sent."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from analyzer.batch.cost import Estimate, estimate, to_usd
from analyzer.batch.enqueue import NewItem, row_of
from analyzer.batch.job import Destination, Job
from analyzer.batch.preflight import refusal
from analyzer.errors import UserError, nearest_name
from analyzer.pricing import models, resolve_model
from analyzer.trial.judging import JUDGE_MAX_TOKENS, judge_params
from analyzer.trial.requests import Request, Requests, digest_of

SMALLER, TODAY = "smaller", "today"
_JUDGE_TOKENS = 300
_CHARS_A_TOKEN = 4
_MOST_CHARS = 8  # of long words, or of JSON, whose quotes are escaped twice
_POLL_S = 30


@dataclass(frozen=True)
class Lengths:
    """Tokens that today's model wrote: mean and most; 0 = not known, then a request's max_tokens.

    Only the mean prices anything: another model may write more than today's ever did.
    """

    mean_tokens: int = 0
    most_tokens: int = 0

    def on(self, target: str, today: Iterable[str]) -> Lengths:
        """As the smaller model's tokenizer may count them, where it is a newer one."""
        known = models()
        old = {known[name].tokenizer for name in today if name in known} - {known[target].tokenizer}
        factor = known[target].tokenizer_factor.high if old else Decimal(1)
        return Lengths(*(int(-(-tokens * factor // 1)) for tokens in (self.mean_tokens, self.most_tokens)))


@dataclass(frozen=True)
class Price:
    """List cost of so many calls in batches, USD: low, base and high case."""

    calls: int
    low_usd: Decimal
    base_usd: Decimal
    high_usd: Decimal

    def plus(self, other: Price) -> Price:
        """Both."""
        return Price(
            self.calls + other.calls,
            self.low_usd + other.low_usd,
            self.base_usd + other.base_usd,
            self.high_usd + other.high_usd,
        )


@dataclass(frozen=True)
class Trial:
    """What will be sent: `items` to the smaller model, and to today's where no answer is known; then to the judge.

    `job`, `judge_job`: one store, a cap each: the high case of what it sends. `judging`: as if every pair differed.
    All is priced as on the day `on`, and as if nothing had been sent yet.
    """

    target: str
    judge: str | None
    requests: tuple[Request, ...]
    passed_over: Mapping[str, int]
    items: tuple[NewItem, ...]
    job: Job
    judge_job: Job
    smaller: Price
    today: Price
    judging: Price
    on: date

    @property
    def folder(self) -> Path:
        """Where requests and answers are kept."""
        return self.job.store.parent

    @property
    def price(self) -> Price:
        """Of everything."""
        return self.smaller.plus(self.today).plus(self.judging)


def plan(
    found: Requests,
    target: str,
    folder: Path,
    *,
    on: date,
    judge: str | None = None,
    lengths: Lengths | None = None,
) -> Trial:
    """Price what would be sent; nothing is sent or written. The base case goes by `lengths`, the high by max_tokens.

    Raises: UserError when nothing is left to try, or a model has no price.
    """
    passed_over, requests = +Counter(found.passed_over), found.sampled
    if not requests:
        reasons = "; ".join(f"{reason}: {count}" for reason, count in passed_over.most_common(3))
        raise UserError("trial", f"no request to try ({reasons or 'none was given'})", "requests that a batch takes")
    if not any(request.unable is None for request in requests):
        raise UserError("--to", f"{target} takes none of the requests ({requests[0].unable})", "a model that can")
    expected = (lengths or Lengths()).on(target, {request.model for request in requests})
    smaller = [new_item(SMALLER, request, request.to(target)) for request in requests if request.unable is None]
    today = [new_item(TODAY, request, request.params) for request in requests if _asks_today(request, on)]
    job = Job(
        name="trial",
        store=folder / "jobs.sqlite",
        destination=Destination("jsonl", folder / "answers.jsonl"),
        poll_s=_POLL_S,
        output_tokens=expected.mean_tokens,
    )
    prices = [price_of(job, items, on) for items in (smaller, today)]
    judging = judging_price(judge, [r for r in requests if r.unable is None], expected.mean_tokens, on)
    whole = prices[0].plus(prices[1])
    return Trial(
        target=target,
        judge=judge,
        requests=requests,
        passed_over=passed_over,
        items=(*smaller, *today),
        job=replace(job, job_usd=whole.high_usd),
        judge_job=replace(_judge_job(job, judge, folder), job_usd=judging.high_usd),
        smaller=prices[0],
        today=prices[1],
        judging=judging,
        on=on,
    )


def item_key(way: str, request: Request, params: Mapping[str, Any]) -> str:
    """The name of one call: what it is for, of which request, and what was sent; what differs is another call."""
    return f"{way}-{digest_of(json.dumps([request.key, params], sort_keys=True))}"


def new_item(way: str, request: Request, params: Mapping[str, Any]) -> NewItem:
    """One call as the runner takes it."""
    return NewItem(params, item_key(way, request, params))


def _asks_today(request: Request, on: date) -> bool:
    """Today's answer is not known, a batch can get it, and its price is known, so that the cap holds."""
    if request.today is not None or request.unable is not None or refusal(dict(request.params)) is not None:
        return False
    return estimate(dict(request.params), "", on) is not None


def _judge_job(job: Job, judge: str | None, folder: Path) -> Job:
    return replace(
        job,
        name=f"trial-judge-{judge}",
        destination=Destination("jsonl", folder / f"judged-{judge}.jsonl"),
        output_tokens=_JUDGE_TOKENS,
    )


def price_of(job: Job, items: Iterable[NewItem], on: date) -> Price:
    """List cost of these calls; each writes up to its max_tokens.

    Raises: UserError where a model has no price.
    """
    rows = [row_of(job, item, 0)["params"] for item in items]
    return _sum([_priced(json.loads(text), text, on, mean_output_tokens=job.output_tokens) for text in rows])


def judging_price(judge: str | None, requests: Iterable[Request], mean_tokens: int, on: date) -> Price:
    """Each pair twice; answers still to come have `mean_tokens` (0 = not known), in the high case their max_tokens.

    Raises: UserError for a judge that batches do not take.
    """
    if judge is None:
        return _sum([])
    refused = refusal({"model": judge, "max_tokens": JUDGE_MAX_TOKENS})
    if refused is not None:
        raise UserError("--judge", refused, "a model that batches take", "")
    found = []
    for request in requests:
        most = int(request.params["max_tokens"])
        for chars, case in ((_CHARS_A_TOKEN * min(mean_tokens or most, most), "base"), (_MOST_CHARS * most, "high")):
            unknown = {"content": [{"type": "text", "text": "x" * chars}]}
            for params in judge_params(judge, request, request.today or unknown, unknown):
                text = json.dumps(params, ensure_ascii=False)
                found.append((case, _priced(params, text, on, mean_output_tokens=_JUDGE_TOKENS)))
    mean, high = (_sum([each for case, each in found if case == which]) for which in ("base", "high"))
    return Price(mean.calls, mean.low_usd, mean.base_usd, high.high_usd)


def _priced(params: dict[str, Any], text: str, on: date, **lengths: int) -> Estimate:
    found = estimate(params, text, on, **lengths)
    if found is None:
        raise UserError("trial", f"no price for {params['model']}", "a model with a price in batches", "")
    return found


def _sum(estimates: list[Estimate]) -> Price:
    return Price(
        len(estimates),
        to_usd(sum(each.low_pico for each in estimates)),
        to_usd(sum(each.base_pico for each in estimates)),
        to_usd(sum(each.high_pico for each in estimates)),
    )


def canonical(name: str, option: str) -> str:
    """The model that a name means.

    Raises: UserError with the nearest one.
    """
    model = resolve_model(name, "anthropic").model
    if model is None or model not in models():
        raise UserError(option, repr(name), "a model of the price list", nearest_name(name, models()))
    return model
