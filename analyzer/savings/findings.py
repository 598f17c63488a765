"""What is said of a lever that may be pulled: what it gives, what it would have cost, and why a cache is not read."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from analyzer.money import dollars
from analyzer.savings.assessment import Lever, LeverFinding
from analyzer.savings.context import Context
from analyzer.savings.levers import caching
from analyzer.savings.stack import Plan, lever_modules
from analyzer.savings.state import State


def finding_of(lever: Lever, state: State, context: Context, plan: Plan) -> LeverFinding:
    """Of a lever that is allowed: applied or not, with its figures."""
    alone, name = plan.alone_usd[lever], lever_modules()[lever].title
    if lever == "caching" and context.cached_already:
        name = "No prompt cache" if plan.cache_ttl == "none" else "Another prompt cache"
    if lever in plan.levers:
        sentence = f"{name}: {dollars(plan.credit_usd[lever])} of the saving; {dollars(alone)} by itself."
    elif alone > 0:
        low, base = plan.beside_usd[lever]
        sentence = (
            f"{name} would save {dollars(alone)} by itself; beside the plan it {_changes(low)} in the low case "
            f"and {_changes(base)} in the base case."
        )
    elif alone < 0:
        sentence = f"{name} would cost {dollars(-alone)} more."
    else:
        sentence = f"{name} would change nothing."
    if lever == "caching":
        sentence = " ".join((sentence, *_about_the_cache(state, context, plan)))
    return LeverFinding(lever, "applied" if lever in plan.levers else "does-not-pay", alone, sentence)


def _changes(saving: Decimal) -> str:
    if not saving:
        return "changes nothing"
    return f"saves {dollars(saving)}" if saving > 0 else f"costs {dollars(-saving)} more"


def _about_the_cache(state: State, context: Context, plan: Plan) -> Iterator[str]:
    found = context.breakpoints
    told = [caching.not_explained(context)] if context.cached_already else []
    if context.cached_already and found.today:
        told.insert(0, f"Today's looks like {caching.LIVES[found.today_ttl]}, {found.words(found.today)}.")
    pays = plan.alone_usd["caching"] > 0
    if pays and plan.cache_ttl != "none":
        told.append(f"Breakpoints: {found.words(found.of(plan.cache_ttl))}, for {caching.LIVES[plan.cache_ttl]}.")
    elif context.misses is not None and pays == context.cached_already:  # no cache pays, or leaving one out does
        told.append(context.misses.reason(context.prices.models) or "")
    yield from filter(None, told)
    yield from _in_a_batch(state, context, plan)


def _in_a_batch(state: State, context: Context, plan: Plan) -> Iterator[str]:
    """Cold and primed, both costed in the low case, and which of them the plan takes."""
    if "batch" not in plan.alone_usd and not any(part.key.mode == "batch" for part in state):
        return
    without = frozenset(plan.levers) - {"caching"}
    without |= {"batch"} if "batch" in plan.alone_usd else frozenset()
    sent = plan.states[without]
    if not any(caching.is_primable(part, context) for part in sent):
        return
    if not context.allow_1h_cache:
        yield "In a batch it needs the 1-hour cache, which the configuration does not allow."
        return
    cold = context.prices.cost(caching.cold(sent, context))
    plain, primed = plan.set_costs_usd[without], plan.set_costs_usd[without | {"caching"}]
    in_batch = "batch" in plan.levers or "batch" not in plan.alone_usd
    if not in_batch:
        taken = "the plan does without a batch"
    else:
        taken = "the plan primes" if "caching" in plan.levers else "the plan sends it without a cache"
    yield (
        f"Low case in a batch: {dollars(primed)} primed (one request first, then the rest reads), {dollars(cold)} cold "
        f"(all at once: every request writes, none reads), {dollars(plain)} without a cache; {taken}."
    )
