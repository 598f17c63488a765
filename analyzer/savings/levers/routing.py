"""Routing: a smaller model answers, and what fails is paid again on the model of today.

    cost' = tokens × tokenizer factor × price(smaller) + (1 − pass rate × kept) × tokens × price(today)

The pass rate comes from an answer (`route_to`, `pass_rate`) of an owner or of a trial; without it the saving is a
what-if, outside every total. Where the answer says of how many it is the share (`tried`), the low case takes the lower
end of its 95 % interval (Wilson) and no other allowance; base and high take the rate itself. The tokenizer factor
applies across the 4.7 line. Where the smaller model's card depends on the size of a request and the log does not show
that all requests are below, every token is put on the highest card.

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
from analyzer.savings.state import Part, PriceKey, State, grown, portion, remainder, whole_up
from analyzer.savings.wilson import wilson
from analyzer.tokens import TokenSums

title = "Smaller model"
_KEPT = "routing_pass_kept_share"
_SAME = Fraction(1)
_TURNED: dict[Case, Case] = {"low": "high", "base": "base", "high": "low"}


def routed(tokens: TokenSums, factor: Fraction, passed: Fraction) -> tuple[TokenSums, TokenSums]:
    """Tokens on the smaller model, and tokens paid again on today's (both rounded up)."""
    return grown(tokens, factor), remainder(tokens, portion(tokens, passed))


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
    return None


def _what_if(state: State, context: Context) -> LeverFinding:
    names = {part.key.model for part in state}
    last = max((part.key.on for part in state), default=date.min)
    smaller = smaller_models(names.pop(), last) if len(names) == 1 else ()
    candidates = [name for name in smaller if _fits(name, context)]
    if not candidates:
        sentence = "No smaller model is on the price list for this component, or it uses several models."
        return LeverFinding("routing", "nothing-to-do", Decimal(0), sentence)
    trial = replace(context, route_to=candidates[0], pass_rate=Decimal(1))
    saving = add((context.prices.cost(state), -context.prices.cost(project(state, trial, "base"))))
    if saving <= 0:
        return LeverFinding("routing", "nothing-to-do", saving, f"{candidates[0]} would not be cheaper.")
    return LeverFinding(
        "routing",
        "needs-evidence",
        saving,
        f"If {candidates[0]} passed every answer, that is worth {dollars(saving)}; "
        "only a trial or the owner can say (route_to and pass_rate in whowaits.toml).",
    )


def _fits(name: str, context: Context) -> bool:
    """Allowed by the configuration, and large enough for the largest request."""
    window = context.prices.models[name].context_window_tokens
    return (context.allowed_models is None or name in context.allowed_models) and (
        context.largest_request_tokens is None or context.largest_request_tokens <= window
    )


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
        parts.append(Part(moved, key, prefixes))
        if some_fail:
            parts.append(Part(again, part.key))
    return tuple(parts)


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
    return (f"Send it to {context.route_to} first; what fails the check goes to today's model ({told}).",)
