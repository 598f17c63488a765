"""The best plan of a component: every set of allowed levers is costed, and the credit is shared by Shapley value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cache
from itertools import combinations
from math import factorial
from pathlib import Path
from types import ModuleType
from typing import NamedTuple, cast

from analyzer.money import add, split_exactly, times
from analyzer.rooms import room_modules
from analyzer.savings.assessment import LEVERS, Case, Lever
from analyzer.savings.breakpoints import Ttl
from analyzer.savings.context import Context
from analyzer.savings.state import PICOS, State, usd_of

ORDER: tuple[Lever, ...] = ("output", "routing", "batch", "caching")
"""The order of projection: routing changes the tokenizer and the minimum prefix, batch changes who hits the cache."""

Subset = frozenset[Lever]
_NONE: Subset = frozenset()
Reached = dict[tuple[Subset, Ttl], State]


@dataclass(frozen=True)
class Plan:
    """Levers, in the order of `LEVERS`; cost by case; credit by lever in the low case; the life of a real-time cache.

    `cache_ttl`: the life of the cache in the plan, else of the cache by itself; none = caching is not allowed, or a
    cache in use is best left out.

    `alone_usd`: saving of each allowed lever alone, low case. `beside_usd`: what each allowed lever that was left out
    would save beside the plan (low case, base case). `set_costs_usd`: low case cost of every set of allowed levers.
    `states`: the parts after every set, low case.
    """

    levers: tuple[Lever, ...]
    ttl: Ttl
    cache_ttl: Ttl
    credit_usd: dict[Lever, Decimal]
    optimized_usd: dict[Case, Decimal]
    alone_usd: dict[Lever, Decimal]
    beside_usd: dict[Lever, tuple[Decimal, Decimal]]
    set_costs_usd: Mapping[Subset, Decimal]
    states: Mapping[Subset, State]

    @property
    def state(self) -> State:
        """The parts after the plan, low case."""
        return self.states[frozenset(self.levers)]


class _Costed(NamedTuple):
    """A set of levers in the low case: its cost, the life of the real-time cache that is cheapest, the parts."""

    pico: int
    ttl: Ttl
    state: State


@cache
def lever_modules() -> Mapping[Lever, ModuleType]:
    """The lever rooms by name."""
    modules = room_modules("analyzer.savings.levers", Path(__file__).parent / "levers")
    return {cast(Lever, module.__name__.rpartition(".")[2]): module for module in modules}


def best_plan(state: State, context: Context, allowed: tuple[Lever, ...]) -> Plan:
    """The cheapest set of allowed levers in the low case; of equals the one with fewer levers."""
    prices = context.prices
    found: dict[Subset, _Costed] = {}
    for some, ttl, after in _every_set(state, context, allowed):
        pico = prices.cost_pico(after)
        if some not in found or pico < found[some].pico:
            found[some] = _Costed(pico, ttl, after)
    cost = {some: found[some].pico for some in subsets(allowed)}
    chosen = min(cost, key=cost.__getitem__)  # fewer levers come first, so a tie keeps the smaller set
    levers = in_order(chosen)
    with_life, baseline = context.living(found[chosen].ttl), cost[_NONE]
    optimized: dict[Case, Decimal] = {"low": usd_of(cost[chosen])}
    reached: dict[Case, Reached] = {"base": {}, "high": {}}
    for case in reached:
        optimized[case] = prices.cost(projected(state, with_life, chosen, case, reached[case]))
    alone = {lever: usd_of(baseline - cost[frozenset((lever,))]) for lever in allowed}
    beside: dict[Lever, tuple[Decimal, Decimal]] = {}
    for lever in allowed:
        if lever not in chosen:
            more = chosen | {lever}
            life = context.living(found[more].ttl)
            base = prices.cost(projected(state, life, more, "base", reached["base"]))
            beside[lever] = usd_of(cost[chosen] - cost[more]), add((optimized["base"], -base))
    cached: Subset = chosen if "caching" in chosen else frozenset(("caching",))
    return Plan(
        levers,
        found[chosen].ttl,
        found[cached].ttl if cached in found else "none",
        _shares(levers, _worth(cost, levers)),
        optimized,
        alone,
        beside,
        {some: usd_of(pico) for some, pico in cost.items()},
        {some: costed.state for some, costed in found.items()},
    )


def _every_set(state: State, context: Context, levers: tuple[Lever, ...]) -> list[tuple[Subset, Ttl, State]]:
    """Each set of the levers, low case, with the state after it; with caching, once for each life of the cache.

    What two sets begin with is projected once.
    """
    modules = lever_modules()
    reached: list[tuple[Subset, Ttl, State]] = [(_NONE, "5m", state)]
    for lever in ORDER:
        if lever in levers:
            project, grown = modules[lever].project, list(reached)
            lives = _lives(lever, context)
            for ttl in lives:
                with_life = context.living(ttl)
                grown += [
                    (some | {lever}, ttl, project(before, with_life, "low"))
                    for some, _, before in reached
                    if ttl == lives[0] or _in_real_time(before)
                ]
            reached = grown
    return reached


def _lives(lever: Lever, context: Context) -> tuple[Ttl, ...]:
    """The lives to cost; a cache in use may also be left out, and only that where it is not explained."""
    if lever != "caching":
        return ("5m",)
    lives: tuple[Ttl, ...] = ("5m", "1h") if context.allow_1h_cache else ("5m",)
    if not context.cached_already:
        return lives
    return (*lives, "none") if context.breakpoints.is_explained and context.has_prompt_shape else ("none",)


def _in_real_time(state: State) -> bool:
    """Some prefix, or cache in use, is not in a batch, where the life of a cache is always the hour."""
    return any(
        part.key.mode != "batch" and (part.prefixes or part.tokens.input_tokens > part.tokens.uncached_input_tokens)
        for part in state
    )


def projected(state: State, context: Context, levers: Subset, case: Case, reached: Reached | None = None) -> State:
    """The state after a set of levers. `reached` keeps what is projected once for sets that begin alike."""
    modules, known, some = lever_modules(), {} if reached is None else reached, _NONE
    for lever in ORDER:
        if lever in levers:
            some |= {lever}
            place = (some, context.ttl)
            if place not in known:
                known[place] = modules[lever].project(state, context, case)
            state = known[place]
    return state


@cache
def subsets(levers: tuple[Lever, ...]) -> tuple[Subset, ...]:
    """All subsets, the smaller first."""
    return tuple(frozenset(some) for size in range(len(levers) + 1) for some in combinations(levers, size))


@cache
def in_order(levers: Subset) -> tuple[Lever, ...]:
    """A set in the order of `LEVERS`."""
    return tuple(lever for lever in LEVERS if lever in levers)


def _worth(cost: Mapping[Subset, int], levers: tuple[Lever, ...]) -> dict[Subset, int]:
    """What each set saves at best, in pico-dollars: a lever in hand need not be pulled, so none makes it dearer."""
    best: dict[Subset, int] = {}
    for some in subsets(levers):
        best[some] = min([cost[some], *(best[some - {lever}] for lever in some)])
    return {some: cost[_NONE] - pico for some, pico in best.items()}


def shapley(levers: tuple[Lever, ...], saving: Callable[[Subset], Decimal]) -> dict[Lever, Decimal]:
    """Each lever's mean gain over all orders in which the levers could be pulled, USD; adds up to the saving exactly.

    `saving` of a set in USD, in whole pico-dollars.

    Worked by hand, two levers: alone 50 and 60, together 80: 50/2 + (80 − 60)/2 = 35, and 60/2 + (80 − 50)/2 = 45.
    Source: L. S. Shapley, A Value for n-Person Games, 1953.
    """
    return _shares(levers, {some: int(times(saving(some), PICOS)) for some in subsets(levers)})


def _shares(levers: tuple[Lever, ...], worth: Mapping[Subset, int]) -> dict[Lever, Decimal]:
    """`shapley` of what each set is worth in pico-dollars."""
    if not levers:
        return {}
    per_usd = factorial(len(levers)) * PICOS
    weights = [
        Fraction(sum([orders * (worth[more] - worth[some]) for some, more, orders in _joins(lever, levers)]), per_usd)
        for lever in levers
    ]
    return dict(zip(levers, split_exactly(usd_of(worth[frozenset(levers)]), weights), strict=True))


@cache
def _joins(lever: Lever, levers: tuple[Lever, ...]) -> tuple[tuple[Subset, Subset, int], ...]:
    """Each set that a lever can join, the set with it, and in how many orders of all levers it joins just then."""
    count = len(levers)
    return tuple(
        (some, some | {lever}, factorial(len(some)) * factorial(count - len(some) - 1))
        for some in subsets(levers)
        if lever not in some
    )
