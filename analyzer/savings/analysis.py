"""The whole analysis in one call: scan, verdicts, prices, levers, plans, coverage."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from analyzer import pricing
from analyzer.config import Config, Constraints
from analyzer.errors import UserError, UserErrors, nearest_name
from analyzer.money import add, split_exactly
from analyzer.savings.assessment import CASES, LEVERS, Assessment, ComponentPlan
from analyzer.savings.assumptions import Assumptions, load_assumptions
from analyzer.savings.breakpoints import Breakpoints
from analyzer.savings.context import Context, answered
from analyzer.savings.contract import contracted_plans
from analyzer.savings.coverage import read_coverage, reported_cost_usd
from analyzer.savings.headroom import measure_headroom
from analyzer.savings.needs import Needs, read_needs
from analyzer.savings.output_signs import OutputSigns, read_output_signs
from analyzer.savings.plans import plan_component, plan_workload, starting_state
from analyzer.savings.simulation import ComponentCache, ComponentInput, component_inputs, simulate_cache
from analyzer.savings.state import Prices, total
from analyzer.savings.uncertainty import simulate_saving
from analyzer.store.audit import Audit
from analyzer.tokens import TokenSums
from analyzer.waiting import judge
from analyzer.waiting.verdicts import ComponentVerdict, WorkloadVerdict
from analyzer.workloads import price_usage, scan, usage
from analyzer.workloads.reconcile import reconcile
from analyzer.workloads.spend import PricedUsage, list_price, without_price


def list_prices() -> Prices:
    """The prices of the pricing room."""

    return Prices(list_price, pricing.models(), pricing.size_tiers)


def assess(audit: Audit, config: Config) -> Assessment:
    """Everything that report, exports and kits are made from; an empty audit gives an empty one, with sums of 0.

    Builds the temp tables of `scan` anew. Raises: UserErrors when an answer routes to a model that nobody knows, or a
    constraint is on a workload that is not there.
    """
    config = with_known_models(config)
    scan(audit, config)
    verdicts = judge(audit, config)
    refuse_unknown_constraints(config, [verdict.workload for verdict in verdicts])
    priced = price_usage(usage(audit))
    prices, assumptions = list_prices(), load_assumptions()
    caches, inputs = simulate_cache(audit, prices, assumptions), component_inputs(audit)
    signs, needs = read_output_signs(audit), read_needs(audit)
    plans = _plan_components(verdicts, priced, config, prices, assumptions, caches, inputs, signs, needs)
    workloads = tuple(
        plan_workload(verdict, (plans[c.component_no] for c in verdict.components)) for verdict in verdicts
    )
    components = tuple(plans.values())
    placements: dict[int, str] = {no: plan.verdict.placement for no, plan in plans.items()}
    return Assessment(
        company=config.company,
        coverage=read_coverage(audit, priced),
        workloads=tuple(sorted(workloads, key=lambda w: (-w.baseline_usd, w.verdict.workload))),
        baseline_usd=add(c.baseline_usd for c in components),
        optimized_usd=add(c.optimized_usd["low"] for c in components),
        saving_usd={case: add(add((c.baseline_usd, -c.optimized_usd[case])) for c in components) for case in CASES},
        lever_credit_usd={lever: add(c.credit_usd[lever] for c in components) for lever in LEVERS},
        upside_usd=add(c.upside_usd for c in components),
        assumptions=assumptions.rows,
        by_day=spend_by_day(priced, placements),
        by_model=spend_by_model(priced),
        reported_cost_usd=reported_cost_usd(audit),
        reconciliation=reconcile(audit, config),
        uncertainty=simulate_saving(((w.verdict.workload, c) for w in workloads for c in w.components), assumptions),
        contracted=contracted_plans(components, config, prices),
        headroom=measure_headroom(audit, components, config, prices, assumptions),
    )


def _plan_components(
    verdicts: Iterable[WorkloadVerdict],
    priced: Iterable[PricedUsage],
    config: Config,
    prices: Prices,
    assumptions: Assumptions,
    caches: Mapping[int, ComponentCache],
    inputs: Mapping[int, ComponentInput],
    signs: Mapping[int, OutputSigns],
    needs: Mapping[int, Needs],
) -> dict[int, ComponentPlan]:
    rows: dict[int, list[PricedUsage]] = {}
    for row in priced:
        rows.setdefault(row.usage.component_no, []).append(row)
    plans: dict[int, ComponentPlan] = {}
    for verdict in (c for w in verdicts for c in w.components):
        no = verdict.component_no
        cache = caches.get(no)
        context = component_context(verdict, config, prices, assumptions, inputs.get(no), cache)
        context = replace(context, output_signs=signs.get(no, OutputSigns()), needs=needs.get(no, Needs()))
        mine = tuple(rows.get(no, ()))
        plan = plan_component(verdict, mine, starting_state(mine, cache.prefixes if cache else {}, context), context)
        plans[no] = replace(plan, unpriced_rows=sum(row.uncounted for row in without_price(mine)))
    return plans


def component_context(
    verdict: ComponentVerdict,
    config: Config,
    prices: Prices,
    assumptions: Assumptions,
    inputs: ComponentInput | None,
    cache: ComponentCache | None,
) -> Context:
    """What the levers know of a component: its verdict, the owner's answers, the constraints.

    `cache` None = the log has no prompt shape.
    """
    answer, constraints = answered(config, verdict), config.constraints_for(verdict.workload)
    return Context(
        verdict=verdict,
        prices=prices,
        assumptions=assumptions,
        output_share=answer.output_share,
        route_to=answer.route_to,
        pass_rate=answer.pass_rate,
        tried=answer.tried,
        allow_1h_cache=constraints.allow_1h_cache is not False,
        allow_batch=constraints.allow_batch is not False,
        allowed_models=constraints.allowed_models,
        regions=constraints.regions,
        largest_request_tokens=inputs.largest_request_tokens if inputs else None,
        has_prompt_shape=cache is not None,
        cached_already=bool(inputs and inputs.cache_tokens),
        breakpoints=cache.breakpoints if cache else Breakpoints(),
        misses=cache.misses if cache else None,
    )


def refuse_unknown_constraints(config: Config, workloads: Collection[str]) -> None:
    """A constraint that fits nothing would forbid nothing. Raises: UserErrors for each."""
    where = f"{config.path or 'whowaits.toml'}, constraints.workload"
    errors = [
        UserError(where, repr(name), "a workload of this audit", nearest_name(name, workloads))
        for name, _ in config.workload_constraints
        if name not in workloads
    ]
    if errors:
        raise UserErrors(errors)


def with_known_models(config: Config) -> Config:
    """The configuration with canonical model ids in answers, constraints and terms."""
    errors: list[UserError] = []

    def canonical(name: str, where: str) -> str:
        model = pricing.resolve_model(name, "anthropic").model
        if model is None:
            nearest = nearest_name(name, pricing.models())
            errors.append(UserError(f"{config.path or 'whowaits.toml'}, {where}", name, "a known model", nearest))
        return model or name

    answers = tuple(
        replace(a, route_to=canonical(a.route_to, f"answer {number}.route_to")) if a.route_to else a
        for number, a in enumerate(config.answers, 1)
    )

    def constrained(some: Constraints, where: str) -> Constraints:
        names = some.allowed_models
        if names is None:
            return some
        return replace(some, allowed_models=tuple(canonical(name, f"{where}.allowed_models") for name in names))

    every = constrained(config.constraints, "constraints")
    own = tuple((name, constrained(some, f"constraints of {name}")) for name, some in config.workload_constraints)
    discounts = tuple((canonical(name, "prices.models"), share) for name, share in config.model_discounts)
    rates = tuple(replace(rate, model=canonical(rate.model, "prices.committed")) for rate in config.committed_rates)
    for mode in (rate.mode for rate in rates if rate.mode not in pricing.MODES):
        where, nearest = f"{config.path or 'whowaits.toml'}, prices.committed", nearest_name(mode, pricing.MODES)
        errors.append(UserError(where, mode, "a known mode", nearest))
    if errors:
        raise UserErrors(errors)
    return replace(
        config,
        answers=answers,
        constraints=every,
        workload_constraints=own,
        model_discounts=discounts,
        committed_rates=rates,
    )


def spend_by_day(priced: Iterable[PricedUsage], placements: Mapping[int, str]) -> tuple[tuple[date, str, Decimal], ...]:
    """(UTC day, placement, list cost in USD) of what has a price, in order; a row of many days is spread evenly."""
    sums: dict[tuple[date, str], list[Decimal]] = {}
    for row in priced:
        if row.list_cost_usd is not None:
            a_day = Fraction(row.list_cost_usd) / row.usage.days
            for number, cost in enumerate(split_exactly(row.list_cost_usd, [a_day] * row.usage.days)):
                key = (row.usage.on + timedelta(days=number), placements[row.usage.component_no])
                sums.setdefault(key, []).append(cost)
    return tuple((day, placement, add(sums[day, placement])) for day, placement in sorted(sums))


def spend_by_model(priced: Iterable[PricedUsage]) -> tuple[tuple[str, int, TokenSums, Decimal], ...]:
    """(model, requests, tokens, list cost in USD) of what has a price, largest cost first."""
    rows: dict[str, list[PricedUsage]] = {}
    for row in priced:
        if row.list_cost_usd is not None and row.usage.model is not None:
            rows.setdefault(row.usage.model, []).append(row)
    found = [
        (
            model,
            sum(row.usage.requests for row in some),
            total(row.usage.tokens for row in some),
            add(row.list_cost_usd for row in some if row.list_cost_usd is not None),
        )
        for model, some in rows.items()
    ]
    return tuple(sorted(found, key=lambda row: (-row[3], row[0])))
