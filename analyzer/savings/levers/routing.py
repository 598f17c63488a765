"""Routing: a smaller model answers, and what fails is paid again on the model of today.

    cost' = tokens × tokenizer factor × price(smaller) + (1 − pass rate × kept) × tokens × price(today)

The pass rate comes from an answer (`route_to`, `pass_rate`) of an owner or of a trial; without it the saving is a
what-if, outside every total. Where the answer says of how many it is the share (`tried`), the low case takes the lower
end of its 95 % interval (Wilson) and no other allowance; base and high take the rate itself. The tokenizer factor
applies across the 4.7 line. Where the smaller model's card depends on the size of a request and the log does not show
that all requests are below, every token is put on the highest card. A what-if takes the nearest smaller model that can
take the requests: its context window, its output limit and the features that the log shows in use.

Worked by hand: 1,000,000 input tokens, pass rate 0.90, of which 0.95 holds, to a model that makes 1.35 tokens for each:
1,350,000 tokens on the smaller model, and 1 − 0.855 = 0.145, so 145,000 tokens again on today's.

>>> routed(TokenSums(uncached_input_tokens=1_000_000), Fraction("1.35"), Fraction("0.9") * Fraction("0.95"))
(TokenSums(uncached_input_tokens=1350000, cache_write_5m_tokens=0, cache_write_1h_tokens=0, cache_read_tokens=0, \
output_tokens=0, web_searches=0), TokenSums(uncached_input_tokens=145000, cache_write_5m_tokens=0, \
cache_write_1h_tokens=0, cache_read_tokens=0, output_tokens=0, web_searches=0))
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from analyzer.money import add, dollars
from analyzer.pricing import Model, smaller_models
from analyzer.savings.assessment import Case, Lever, LeverFinding
from analyzer.savings.context import Context
from analyzer.savings.state import Part, Prefix, PriceKey, State, divided, grown, uncached, whole, whole_up
from analyzer.savings.wilson import wilson
from analyzer.tokens import TokenSums

title = "Smaller model"
_KEPT = "routing_pass_kept_share"
_SAME = Fraction(1)
_TURNED: dict[Case, Case] = {"low": "high", "base": "base", "high": "low"}


def routed(tokens: TokenSums, factor: Fraction, passed: Fraction) -> tuple[TokenSums, TokenSums]:
    """Tokens on the smaller model, and tokens paid again on today's (both rounded up)."""
    return grown(tokens, factor), divided(tokens, passed)[1]


def obstacle(state: State, context: Context) -> LeverFinding | None:
    """Why the lever may not be pulled; None = it may."""
    if context.route_to is None:
        return _what_if(state, context)
    if context.allowed_models is not None and context.route_to not in context.allowed_models:
        return LeverFinding(
            "routing", "not-allowed", None, f"{context.route_to} is not among the allowed models of the configuration."
        )
    if not any(_target(part.key, context, "low") for part in state):
        if context.regions is not None:
            sentence = f"Nothing here can move to {context.route_to} within the regions that the configuration allows."
            return LeverFinding("routing", "not-allowed", None, sentence)
        return LeverFinding("routing", "nothing-to-do", Decimal(0), f"Nothing here can move to {context.route_to}.")
    return _too_much(state, context)


def _too_much(state: State, context: Context) -> LeverFinding | None:
    """Of a word without a trial: some requests do not fit, and nobody knows how many; a trial counts them as failed."""
    model = context.prices.models.get(context.route_to or "")
    unfit = None if model is None else context.needs.obstacle(model, context.largest_request_tokens)
    if unfit is None or context.tried is not None:
        return None
    return LeverFinding(
        "routing",
        "needs-evidence",
        _worth(context.route_to or "", state, context),
        f"{context.route_to} {unfit}. Only a trial tells how much of the work that is (`whowaits trial routing`); "
        "until then nothing is counted.",
    )


def _what_if(state: State, context: Context) -> LeverFinding:
    """What the nearest smaller model that can take the requests would save if it passed every answer."""
    smaller = _smaller(state)
    if not smaller:
        sentence = "No smaller model is on the price list for what this component uses."
        return LeverFinding("routing", "nothing-to-do", Decimal(0), sentence)
    unfit = {name: told for name in smaller if (told := _unfit(name, state, context)) is not None}
    worth = {name: _worth(name, state, context) for name in smaller if name not in unfit}
    left_out = "".join(f" {name} is left out: it {told}." for name, told in unfit.items())
    paying = {name: saving for name, saving in worth.items() if saving > 0}
    if not paying:
        dearer = "".join(f" {name} would not be cheaper." for name in worth)
        return LeverFinding(
            "routing", "nothing-to-do", max(worth.values(), default=Decimal(0)), (dearer + left_out)[1:]
        )
    (first, saving), *others = paying.items()
    further = "".join(f" {name}: {dollars(usd)}." for name, usd in others)
    untold = f" Not logged: whether requests use {' or '.join(context.needs.untold)}." if context.needs.untold else ""
    return LeverFinding(
        "routing",
        "needs-evidence",
        saving,
        f"If {first} passed every answer, that is worth {dollars(saving)}; only a trial (`whowaits trial routing`) "
        f"or the owner can say.{further}{left_out}{untold}",
    )


def _smaller(state: State) -> tuple[str, ...]:
    """Models that are smaller and cheaper than each that is used, or the same; the nearest first."""
    last = max((part.key.on for part in state), default=date.min)
    below = {name: smaller_models(name, last) for name in {part.key.model for part in state}}
    longest = max(below.values(), key=len, default=())
    return tuple(name for name in longest if all(name == used or name in some for used, some in below.items()))


def _unfit(name: str, state: State, context: Context) -> str | None:
    """Why the requests may or can not all go there, after `it`; None = nothing that is known speaks against it."""
    if context.allowed_models is not None and name not in context.allowed_models:
        return "is not allowed by the configuration"
    if not any(_target(part.key, replace(context, route_to=name), "low") for part in state):
        return "has no price here, or not in the regions that are allowed"
    return context.needs.obstacle(context.prices.models[name], context.largest_request_tokens)


def _worth(name: str, state: State, context: Context) -> Decimal:
    """Base case, every answer passing; negative = dearer."""
    trial = replace(context, route_to=name, pass_rate=Decimal(1), tried=None)
    return add((context.prices.cost(state), -context.prices.cost(project(state, trial, "base"))))


def project(state: State, context: Context, case: Case) -> State:
    """The state with all that can move on the smaller model, and the failed share on today's."""
    passed = _passed(context, case)
    some_fail = passed < 1
    parts: list[Part] = []
    for part in state:
        key = _target(part.key, context, case)
        if key is None:
            parts.append(part)
            continue
        factor = _factor(context, part.key.model, key.model, case)
        moved, again = routed(part.tokens, factor, passed)
        # Lengths are rounded down, tokens up: the prefixes of a part never outgrow its input.
        prefixes = part.prefixes if factor is _SAME else tuple(prefix.scaled(factor) for prefix in part.prefixes)
        if not _keeps_cache(part, key, prefixes, factor, context):
            moved, prefixes = uncached(moved), tuple(prefix.without_today() for prefix in prefixes)
        parts.append(Part(moved, key, prefixes))
        if some_fail:
            parts.append(Part(uncached(again), part.key))
    return tuple(parts)


def _keeps_cache(
    part: Part, target: PriceKey, prefixes: tuple[Prefix, ...], factor: Fraction, context: Context
) -> bool:
    """Whether what is in a cache today is long enough for the smaller model; where that is not known, it is not.

    What today's model caches is as long as its minimum; where the log tells the prefixes, as long as these.
    """
    least = context.prices.models[target.model].min_cacheable_tokens
    if whole(context.prices.models[part.key.model].min_cacheable_tokens, factor) >= least:
        return True
    held = [prefix for prefix in prefixes if prefix.held_today_tokens]
    return bool(held) and all(prefix.least_tokens >= least for prefix in held)


def _passed(context: Context, case: Case) -> Fraction:
    kept = context.assumed(_KEPT, case)
    if context.tried is None:
        return Fraction(context.pass_rate or Decimal(0)) * kept
    row = next(row for row in context.assumptions.rows if row.id == _KEPT)
    return _within(context.pass_rate or Decimal(0), context.tried, kept, row.low, row.high)


@lru_cache(maxsize=1024)
def _within(pass_rate: Decimal, tried: int, kept: Fraction, low: str, high: str) -> Fraction:
    """Where the share that is kept stands between its ends, from the lower end of the interval to the rate.

    So a simulation that draws what is kept draws from the trial's own interval.
    """
    worst, rate = Fraction(wilson(pass_rate, tried)[0]), Fraction(pass_rate)
    place = (kept - Fraction(low)) / (Fraction(high) - Fraction(low)) if low != high else 0
    return worst + (rate - worst) * place


def _target(key: PriceKey, context: Context, case: Case) -> PriceKey | None:
    """The price key on the smaller model; None = it has no price there, or it is the same model."""
    model = context.prices.models.get(context.route_to or "")
    if model is None or model.id == key.model:
        return None
    target = context.prices.on_model(key, model, _day(key, model), _size_tier(key, model, context, case))
    return target if target is not None and context.may_run(target) else None


def _day(key: PriceKey, model: Model) -> date:
    """The day of the request, or the model's first day where it came later."""
    return max(key.on, model.released_on or key.on)


def _size_tier(key: PriceKey, model: Model, context: Context, case: Case) -> int:
    """The highest card that the largest request of the component could reach."""
    tiers = context.prices.size_tiers(model.id, _day(key, model))
    if not tiers:
        return 0
    factor, largest = _factor(context, key.model, model.id, case), context.largest_request_tokens
    return max((tier for tier in tiers if largest is None or whole_up(largest, factor) > tier), default=0)


def _factor(context: Context, old: str, new: str, case: Case) -> Fraction:
    models = context.prices.models
    before, after = (models[name].tokenizer for name in (old, new))
    if before == after:
        return _SAME
    if after == "from-4.7":
        return context.assumed("tokenizer_factor", case)
    return 1 / context.assumed("tokenizer_factor", _TURNED[case])


def steps(context: Context, levers: tuple[Lever, ...]) -> tuple[str, ...]:
    """What the owner does."""
    passed = context.pass_rate or Decimal(0)
    told = f"{(passed * 100).normalize():f} % passed in the owner's trial"
    if context.tried is not None:
        low, high = wilson(passed, context.tried)
        told = f"{passed:.1%} of {context.tried:,} passed; the low case takes {low:.1%} (95 % interval to {high:.1%})"
    first = f"Send it to {context.route_to} first; what fails the check goes to today's model ({told})."
    model = context.prices.models.get(context.route_to or "")
    unfit = None if model is None else context.needs.obstacle(model, context.largest_request_tokens)
    return (
        (first,) if unfit is None else (first, f"Keep what does not fit on today's model: {context.route_to} {unfit}.")
    )
