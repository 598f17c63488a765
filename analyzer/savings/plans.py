"""From a component's usage, verdict and answers to its plan, with a finding for every lever."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal

from analyzer.money import ZERO, add
from analyzer.savings.assessment import CASES, LEVERS, Case, ComponentPlan, Lever, LeverFinding, WorkloadPlan
from analyzer.savings.context import Context
from analyzer.savings.findings import finding_of
from analyzer.savings.stack import Plan, best_plan, in_order, lever_modules
from analyzer.savings.state import Prefix, PriceKey, State, merged, price_key, total
from analyzer.savings.uncertainty import plan_corners
from analyzer.tokens import TokenSums
from analyzer.waiting.verdicts import ComponentVerdict, WorkloadVerdict
from analyzer.workloads.spend import PricedUsage


def starting_state(
    priced: Iterable[PricedUsage], prefixes: Mapping[PriceKey, tuple[Prefix, ...]], context: Context
) -> State:
    """The priced usage of one component as it is today; days on which all its prices are the same are one part."""
    tokens: dict[int, list[TokenSums]] = {}
    keys: dict[int, dict[PriceKey, tuple[Prefix, ...]]] = {}
    for row in priced:
        key = price_key(row.usage)
        if key is not None and row.list_cost_usd is not None:
            group = context.prices.alike(key, context.route_to)
            tokens.setdefault(group, []).append(row.usage.tokens)
            keys.setdefault(group, {})[key] = prefixes.get(key, ())
    return tuple(merged(tokens[group], keys[group]) for group in tokens)


def plan_component(
    verdict: ComponentVerdict, priced: tuple[PricedUsage, ...], state: State, context: Context
) -> ComponentPlan:
    """The best allowed plan, what each lever can do, and what the component would save if it were batchable."""
    obstacles = {lever: module.obstacle(state, context) for lever, module in lever_modules().items()}
    if not state:
        obstacles = {lever: _no_cost(lever) for lever in LEVERS}
    allowed = tuple(lever for lever in LEVERS if obstacles[lever] is None)
    plan = best_plan(state, context, allowed)
    days = _days(priced)
    findings = tuple(obstacles[lever] or finding_of(lever, state, context, plan) for lever in LEVERS)
    return ComponentPlan(
        verdict=verdict,
        requests=sum(row.usage.requests for row in priced),
        tokens=total(row.usage.tokens for row in priced),
        models=tuple(sorted({row.usage.model for row in priced if row.usage.model})),
        baseline_usd=context.prices.cost(state),
        unpriced_requests=sum(row.usage.requests for row in priced if row.list_cost_usd is None),
        levers=plan.levers,
        credit_usd={lever: plan.credit_usd.get(lever, ZERO) for lever in LEVERS},
        optimized_usd={case: plan.optimized_usd[case] for case in CASES},
        upside_usd=_upside(state, context, allowed, plan),
        findings=findings,
        steps=_steps(plan, context),
        corners=plan_corners(state, context, plan),
        today=state,
        planned=plan.state,
        set_costs_usd=tuple((in_order(some), cost) for some, cost in plan.set_costs_usd.items()),
        set_parts=tuple(plan.states[some] for some in plan.set_costs_usd),
        busiest_day_usd=max((add(row.list_cost_usd or ZERO for row in day) for day in days), default=ZERO),
        busiest_day_requests=max((sum(row.usage.requests for row in day) for day in days), default=0),
    )


def _days(priced: Iterable[PricedUsage]) -> list[list[PricedUsage]]:
    """The rows of each UTC day; a row of several days stands on its first, as if it were one."""
    days: dict[date, list[PricedUsage]] = {}
    for row in priced:
        days.setdefault(row.usage.on, []).append(row)
    return list(days.values())


def plan_workload(verdict: WorkloadVerdict, components: Iterable[ComponentPlan]) -> WorkloadPlan:
    """The components of a workload, largest cost first, and their sums."""
    ordered = tuple(sorted(components, key=lambda c: (-c.baseline_usd, c.verdict.component)))
    return WorkloadPlan(
        verdict=verdict,
        components=ordered,
        baseline_usd=add(c.baseline_usd for c in ordered),
        optimized_usd=add(c.optimized_usd["low"] for c in ordered),
        saving_usd=add(add((c.baseline_usd, -c.optimized_usd["low"])) for c in ordered),
        upside_usd=add(c.upside_usd for c in ordered),
    )


def _no_cost(lever: Lever) -> LeverFinding:
    return LeverFinding(lever, "unknown", None, "None of its requests has a price.")


def _upside(state: State, context: Context, allowed: tuple[Lever, ...], plan: Plan) -> Decimal:
    """Base case, USD, beyond the plan: what batch would add were the answer 'nobody waits'; 0 where that is settled."""
    if context.verdict.outcome != "cannot-tell" or not state:
        return ZERO
    if_batchable = replace(context, verdict=replace(context.verdict, placement="batchable"))
    if lever_modules()["batch"].obstacle(state, if_batchable) is not None:
        return ZERO
    levers = tuple(lever for lever in LEVERS if lever in allowed or lever == "batch")
    case: Case = "base"
    other = best_plan(state, if_batchable, levers)
    return max(ZERO, add((plan.optimized_usd[case], -other.optimized_usd[case])))


def _steps(plan: Plan, context: Context) -> tuple[str, ...]:
    modules, with_life = lever_modules(), context.living(plan.ttl)
    return tuple(step for lever in plan.levers for step in modules[lever].steps(with_life, plan.levers))
