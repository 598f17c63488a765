"""Plans for 1,000 and 10,000 components of 30 days with all four levers: `python benchmarks/savings.py`."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from analyzer.config import Answer, Config
from analyzer.pricing import Price, list_cost
from analyzer.savings.analysis import component_context, list_prices
from analyzer.savings.assumptions import load_assumptions
from analyzer.savings.plans import plan_component, starting_state
from analyzer.savings.simulation import ComponentInput
from analyzer.savings.state import Prefix, PriceKey
from analyzer.tokens import TokenSums
from analyzer.waiting.verdicts import ComponentVerdict
from analyzer.workloads.spend import PricedUsage, Usage

MODEL = "claude-sonnet-4-6"
FIRST = date(2026, 10, 1)
ANSWER = Answer("w", output_share=Decimal("0.9"), route_to="claude-haiku-4-5", pass_rate=Decimal("0.9"))


def plan_many(count: int) -> float:
    """Seconds for `count` components."""
    config, prices, assumptions = Config(answers=(ANSWER,)), list_prices(), load_assumptions()
    verdict = ComponentVerdict(
        0, "w", "c", 3000, "does-not-wait", "batchable", 0.0, "high", "declared", (), None, 1, ""
    )
    keys = [PriceKey(MODEL, "standard", "anthropic", "global", 0, FIRST + timedelta(days=d)) for d in range(30)]
    started = time.perf_counter()
    for no in range(count):
        tokens = TokenSums(uncached_input_tokens=600_000 + no, output_tokens=50_000)
        mine = tuple(PricedUsage(_usage(no, key, tokens), _cost(tokens, prices.price(key)), None) for key in keys)
        prefixes = {(no, key): (Prefix(5000, 100, 1, 90, 95),) for key in keys}
        inputs = ComponentInput(8000, 0)
        context = component_context(replace(verdict, component_no=no), config, prices, assumptions, inputs, True)
        plan = plan_component(context.verdict, mine, starting_state(mine, prefixes, context), context)
        assert plan.saving_usd > 0
    return time.perf_counter() - started


def _usage(no: int, key: PriceKey, tokens: TokenSums) -> Usage:
    return Usage(no, "w", "c", "anthropic", MODEL, MODEL, "standard", "global", 0, key.on, 100, tokens)


def _cost(tokens: TokenSums, price: Price | None) -> Decimal:
    assert price is not None
    return list_cost(tokens, price)


if __name__ == "__main__":
    for count in (1_000, 10_000):
        seconds = plan_many(count)
        print(f"{count:>7,} components  {seconds:6.1f} s  {seconds / count * 1000:5.2f} ms each")
