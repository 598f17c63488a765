"""Plans for 1,000 and 10,000 components of 30 days with all four levers, and their simulation.

Run `python benchmarks/savings.py`. The clock sees what `assess` does with priced rows: starting state, every set
of levers, Shapley credit, the three cases, the corners of the assumptions, then the draws over all components.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from analyzer.config import Answer, Config
from analyzer.money import add
from analyzer.pricing import Price, list_cost
from analyzer.savings.analysis import component_context, list_prices
from analyzer.savings.assessment import ComponentPlan
from analyzer.savings.assumptions import load_assumptions
from analyzer.savings.plans import plan_component, starting_state
from analyzer.savings.simulation import ComponentCache, ComponentInput
from analyzer.savings.state import Prefix, PriceKey, Prices
from analyzer.savings.uncertainty import simulate_saving
from analyzer.tokens import TokenSums
from analyzer.waiting.verdicts import ComponentVerdict
from analyzer.workloads.spend import PricedUsage, Usage

MODEL = "claude-sonnet-4-6"
FIRST = date(2026, 10, 1)
KEYS = [PriceKey(MODEL, "standard", "anthropic", "global", 0, FIRST + timedelta(days=day)) for day in range(30)]
ANSWER = Answer("w", output_share=Decimal("0.9"), route_to="claude-haiku-4-5", pass_rate=Decimal("0.9"))
PREFIXES = {key: (Prefix(4096, 500_000, 450_000, 500_000, 475_000, 0, 0, 500_000, 5_000),) for key in KEYS}
VERDICT = ComponentVerdict(0, "w", "c", 3000, "does-not-wait", "batchable", 0.0, "high", "declared", (), None, 1, "")


def plan_many(count: int) -> tuple[float, float]:
    """Seconds of processor time for the plans of `count` components, and for the simulation over them.

    All money must add up.
    """
    config, prices, assumptions = Config(answers=(ANSWER,)), list_prices(), load_assumptions()
    plans: list[ComponentPlan] = []
    planning = 0.0
    for no, rows in _components(count, prices):
        started = time.process_time()
        context = component_context(
            replace(VERDICT, component_no=no),
            config,
            prices,
            assumptions,
            ComponentInput(8000, 0),
            ComponentCache(PREFIXES),
        )
        plans.append(plan_component(context.verdict, rows, starting_state(rows, PREFIXES, context), context))
        planning += time.process_time() - started
    started = time.process_time()
    simulate_saving((("w", plan) for plan in plans), assumptions)
    simulating = time.process_time() - started
    for plan in plans:
        if plan.saving_usd <= 0 or add(plan.credit_usd.values()) != plan.saving_usd:
            raise AssertionError(f"component {plan.verdict.component_no} does not reconcile")
    return planning, simulating


def _components(count: int, prices: Prices) -> Iterator[tuple[int, tuple[PricedUsage, ...]]]:
    for no in range(count):
        tokens = TokenSums(uncached_input_tokens=600_000 + no, output_tokens=50_000)
        yield no, tuple(PricedUsage(_usage(no, key, tokens), _cost(tokens, prices.price(key)), None) for key in KEYS)


def _usage(no: int, key: PriceKey, tokens: TokenSums) -> Usage:
    return Usage(no, "w", "c", "anthropic", MODEL, MODEL, "standard", "global", 0, key.on, 100, tokens)


def _cost(tokens: TokenSums, price: Price | None) -> Decimal:
    if price is None:
        raise AssertionError(f"{MODEL} has no price")
    return list_cost(tokens, price)


if __name__ == "__main__":
    print("seconds of processor time")
    for count in (1_000, 10_000):
        planning, simulating = plan_many(count)
        each = planning / count * 1000
        print(f"{count:>7,} components  {planning:6.2f} s, {each:.2f} ms each; simulation {simulating:.2f} s")
