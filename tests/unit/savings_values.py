"""Hand-made components for the savings tests."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from analyzer.config import Config
from analyzer.savings.analysis import component_context, list_prices
from analyzer.savings.assumptions import load_assumptions
from analyzer.savings.context import Context
from analyzer.savings.simulation import ComponentCache
from analyzer.savings.state import Part, Prefix, PriceKey
from analyzer.tokens import TokenSums
from analyzer.waiting.verdicts import ComponentVerdict

DAY = date(2026, 11, 2)
PRICES = list_prices()
ASSUMPTIONS = load_assumptions()

VERDICT = ComponentVerdict(
    component_no=1,
    workload="nightly digest",
    component="all calls",
    requests=500,
    outcome="does-not-wait",
    placement="batchable",
    awaited_probability=0.02,
    confidence="high",
    basis="declared",
    evidence=(),
    deadline_s=None,
    chain_length=1,
    question="",
)
WAITS = replace(VERDICT, outcome="waits", placement="real-time", awaited_probability=0.98)
CANNOT_TELL = replace(VERDICT, outcome="cannot-tell", placement="real-time", awaited_probability=0.5, basis="none")


def context(verdict: ComponentVerdict = VERDICT, **changes: Any) -> Context:
    made = component_context(verdict, Config(), PRICES, ASSUMPTIONS, None, ComponentCache())
    return replace(made, **changes)


def key(model: str = "claude-sonnet-4-6", mode: str = "standard", provider: str = "anthropic") -> PriceKey:
    return PriceKey(model, mode, provider, "global", 0, DAY)


def part(uncached: int, output: int = 0, *prefixes: Prefix, model: str = "claude-sonnet-4-6") -> Part:
    return Part(TokenSums(uncached_input_tokens=uncached, output_tokens=output), key(model), prefixes)


def shared(length: int, requests: int, prefixes: int, reads_5m: int, reads_1h: int) -> Prefix:
    """Requests with prefixes of one length, each read as a whole or written as a whole."""
    held = length * requests
    return Prefix(length, held, length * reads_5m, held, length * reads_1h, 0, 0, held, length * prefixes)


def usd(text: str) -> Decimal:
    return Decimal(text)
