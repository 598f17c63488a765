"""The best plan of a component: every set of allowed levers is costed, and the credit is shared by Shapley value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from functools import cache
from itertools import combinations
from math import factorial
from pathlib import Path
from types import ModuleType
from typing import cast

from analyzer.money import add, split_exactly
from analyzer.rooms import room_modules
from analyzer.savings.assessment import LEVERS, Case, Lever
from analyzer.savings.context import Context, Ttl
from analyzer.savings.state import State

_ORDER: tuple[Lever, ...] = ("output", "routing", "batch", "caching")
"""The order of projection: routing changes the tokenizer and the minimum prefix, batch changes who hits the cache."""

Subset = frozenset[Lever]


@dataclass(frozen=True)
class Plan:
    """Levers, in the order of `LEVERS`; cost by case; credit by lever in the low case; the life of a real-time cache.

    `alone_usd`: saving of each allowed lever alone, low case. `beside_usd`: what each allowed lever that was left out
    would save beside the plan (low case, base case). `set_costs_usd`: low case cost of every set of allowed levers.
    """

    levers: tuple[Lever, ...]
    ttl: Ttl
    credit_usd: dict[Lever, Decimal]
    optimized_usd: dict[Case, Decimal]
    alone_usd: dict[Lever, Decimal]
    beside_usd: dict[Lever, tuple[Decimal, Decimal]]
    set_costs_usd: Mapping[Subset, Decimal]


@cache
def lever_modules() -> Mapping[Lever, ModuleType]:
    """The lever rooms by name."""
    modules = room_modules("analyzer.savings.levers", Path(__file__).parent / "levers")
    return {cast(Lever, module.__name__.rpartition(".")[2]): module for module in modules}


def best_plan(state: State, context: Context, allowed: tuple[Lever, ...]) -> Plan:
    """The cheapest set of allowed levers in the low case; of equals the one with fewer levers."""
    baseline = context.prices.cost(state)
    cost: dict[Subset, Decimal] = {}
    life: dict[Subset, Ttl] = {}
    for subset in subsets(allowed):
        for ttl in _lives(subset, context):
            low = context.prices.cost(projected(state, replace(context, ttl=ttl), subset, "low"))
            if subset not in cost or low < cost[subset]:
                cost[subset], life[subset] = low, ttl
    chosen: Subset = frozenset()
    for subset in cost:  # fewer levers come first, so a tie keeps the smaller set
        if cost[subset] < cost[chosen]:
            chosen = subset
    levers = tuple(lever for lever in LEVERS if lever in chosen)
    with_life = replace(context, ttl=life[chosen])
    optimized: dict[Case, Decimal] = {"low": cost[chosen]}
    for case in ("base", "high"):
        optimized[case] = context.prices.cost(projected(state, with_life, chosen, case))
    alone = {lever: add((baseline, -cost[frozenset((lever,))])) for lever in allowed}
    beside: dict[Lever, tuple[Decimal, Decimal]] = {}
    for lever in allowed:
        if lever not in chosen:
            more = chosen | {lever}
            base = context.prices.cost(projected(state, replace(context, ttl=life[more]), more, "base"))
            beside[lever] = add((cost[chosen], -cost[more])), add((optimized["base"], -base))
    return Plan(levers, life[chosen], shapley(levers, _savings(cost, baseline)), optimized, alone, beside, cost)


def projected(state: State, context: Context, levers: Subset, case: Case) -> State:
    """The state after a set of levers."""
    modules = lever_modules()
    for lever in _ORDER:
        if lever in levers:
            state = modules[lever].project(state, context, case)
    return state


def subsets(levers: tuple[Lever, ...]) -> tuple[Subset, ...]:
    """All subsets, the smaller first."""
    return tuple(frozenset(some) for size in range(len(levers) + 1) for some in combinations(levers, size))


def _lives(subset: Subset, context: Context) -> tuple[Ttl, ...]:
    return ("5m", "1h") if "caching" in subset and context.allow_1h_cache else ("5m",)


def _savings(cost: Mapping[Subset, Decimal], baseline: Decimal) -> Callable[[Subset], Decimal]:
    """What a set of levers saves at best: a lever in hand need not be pulled, so no set is worth less than nothing."""

    def saving(levers: Subset) -> Decimal:
        return max(add((baseline, -cost[some])) for some in cost if some <= levers)

    return saving


def shapley(levers: tuple[Lever, ...], saving: Callable[[Subset], Decimal]) -> dict[Lever, Decimal]:
    """Each lever's mean gain over all orders in which the levers could be pulled; adds up to the saving exactly.

    Worked by hand, two levers: alone 50 and 60, together 80: 50/2 + (80 − 60)/2 = 35, and 60/2 + (80 − 50)/2 = 45.
    Source: L. S. Shapley, A Value for n-Person Games, 1953.
    """
    count = len(levers)
    if not count:
        return {}
    value = {subset: saving(subset) for subset in subsets(levers)}
    weights: list[Fraction] = []
    for lever in levers:
        credit = Fraction(0)
        for subset in value:
            if lever in subset:
                continue
            orders = factorial(len(subset)) * factorial(count - len(subset) - 1)
            gain = Fraction(value[subset | {lever}]) - Fraction(value[subset])
            credit += gain * Fraction(orders, factorial(count))
        weights.append(credit)
    return dict(zip(levers, split_exactly(value[frozenset(levers)], weights), strict=True))
