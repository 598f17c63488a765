"""The ten requests of docs/method.md, priced by the code: each bold figure of the page is one that the code gives.

Ten requests of 12,000 input (10,000 of them shared) and 1,000 output tokens on Sonnet 4.6.
"""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from savings_values import ASSUMPTIONS, PRICES, VERDICT, context, key, part, shared, usd

from analyzer.config import CommittedRate, Config
from analyzer.resources import shipped
from analyzer.savings.assessment import Case
from analyzer.savings.contract import Terms
from analyzer.savings.levers import batch, caching
from analyzer.savings.plans import plan_component
from analyzer.savings.stack import projected
from analyzer.savings.state import Part, Prefix, State
from analyzer.savings.uncertainty import simulate_saving
from analyzer.tokens import TokenSums

SHARED = shared(10_000, requests=10, prefixes=1, reads_5m=5, reads_1h=7)
TEN: State = (part(120_000, 10_000, SHARED),)
SEVEN_READ = SHARED._replace(held_today_tokens=100_000, read_today_tokens=70_000)
HOUR_IN_USE: State = (Part(TokenSums(20_000, 0, 30_000, 70_000, 10_000), key(), (SEVEN_READ,)),)
FIVE_READ = SHARED._replace(held_today_tokens=100_000, read_today_tokens=50_000)
FIVE_IN_USE: State = (Part(TokenSums(20_000, 50_000, 0, 50_000, 10_000), key(), (FIVE_READ,)),)
TALK: State = (part(36_000, 0, Prefix(8192, held_5m_tokens=36_000, read_5m_tokens=22_000)),)
PAGE = (shipped("rules").parent / "docs" / "method.md").read_text(encoding="utf-8")
SHORTER, ROUTED = {"output_share": usd("0.6")}, {"route_to": "claude-haiku-4-5", "pass_rate": usd("0.9")}


def bold(text: str) -> set[str]:
    return set(re.findall(r"\*\*(\d[\d.]*)\*\*", text))


@pytest.mark.parametrize(
    ("levers", "case", "told", "figure"),
    [
        ((), "low", {}, "0.51"),
        (("batch",), "low", {}, "0.26775"),
        (("batch",), "base", {}, "0.2601"),
        (("batch",), "high", {}, "0.255"),
        (("batch",), "low", {"verdict": replace(VERDICT, placement="batchable-with-guard")}, "0.340425"),
        (("caching",), "low", {}, "0.42975"),
        (("caching",), "low", {"ttl": "1h"}, "0.4509"),
        (("caching",), "high", {}, "0.4125"),
        (("batch", "caching"), "low", {}, "0.337575"),
        (("batch", "caching"), "base", {}, "0.24408"),
        (("routing",), "base", ROUTED, "0.221"),
        (("routing",), "low", ROUTED, "0.24395"),
        (("output",), "high", SHORTER, "0.45"),
        (("output",), "low", SHORTER, "0.462"),
        (("output", "batch"), "low", SHORTER, "0.24255"),
    ],
)
def test_a_set_of_levers_costs_what_the_page_says(
    levers: tuple[Any, ...], case: Case, told: dict[str, Any], figure: str
) -> None:
    assert PRICES.cost(projected(TEN, context(**told), frozenset(levers), case)) == usd(figure)
    assert figure in bold(PAGE)


def test_a_cold_batch_costs_what_the_page_says() -> None:
    cold = caching.cold(batch.project(TEN, context(), "low"), context())
    assert PRICES.cost(cold) == usd("0.303375") and "0.303375" in bold(PAGE)


@pytest.mark.parametrize(
    ("state", "ttl", "case", "figure"),
    [
        (HOUR_IN_USE, None, "low", "0.411"),
        (HOUR_IN_USE, "5m", "low", "0.4125"),
        (HOUR_IN_USE, "none", "low", "0.51"),
        (FIVE_IN_USE, None, "low", "0.4125"),
        (FIVE_IN_USE, "1h", "low", "0.4224"),
        (TALK, None, "low", "0.108"),
        (TALK, "5m", "high", "0.0591"),
        (TALK, "5m", "low", "0.06669"),
    ],
)
def test_a_cache_in_use_and_a_conversation_cost_what_the_page_says(
    state: State, ttl: Any, case: Case, figure: str
) -> None:
    after = caching.project(state, context(ttl=ttl, cached_already=state != TALK), case) if ttl else state
    assert PRICES.cost(after) == usd(figure)
    assert figure in bold(PAGE)


def test_the_plan_and_its_credit_are_those_of_the_page() -> None:
    plan = plan_component(VERDICT, (), TEN, context(**SHORTER))
    assert plan.levers == ("output", "batch")
    assert (plan.credit_usd["output"], plan.credit_usd["batch"]) == (usd("0.0366"), usd("0.23085"))
    assert {"0.0366", "0.23085"} <= bold(PAGE)


def test_without_a_batch_the_plan_of_the_page_is_the_cache() -> None:
    plan = plan_component(VERDICT, (), TEN, context(allow_batch=False))
    assert (plan.levers, plan.optimized_usd["low"]) == (("caching",), usd("0.42975"))


def test_the_quantiles_are_those_of_the_page() -> None:
    """A million times the ten, so that cents show them."""
    plan = plan_component(VERDICT, (), (part(120_000 * 10**6, 10_000 * 10**6),), context())
    found = simulate_saving([("w", plan)], ASSUMPTIONS, draws=40_000).saving
    for quantile, figure in ((found.p10_usd, "0.2454"), (found.p50_usd, "0.2492"), (found.p90_usd, "0.2525")):
        assert float(quantile) / 10**6 == pytest.approx(float(figure), abs=0.0002)
        assert figure in bold(PAGE)


def test_the_contracted_cost_is_that_of_the_page() -> None:
    rate = CommittedRate("claude-sonnet-4-6", "standard", (("uncached_input", usd("2.40")),))
    terms = Terms(Config(discount_share=usd("0.10"), committed_rates=(rate,)), PRICES)
    assert terms.cost(TEN) == usd("0.423")
    assert terms.cost(batch.project(TEN, context(), "low")) == usd("0.239175")
    assert {"0.423", "0.239175"} <= bold(PAGE)


def test_no_bold_figure_of_the_page_is_without_a_test() -> None:
    here = set(re.findall(r'"(\d\.\d+)"', (shipped("rules").parent / "tests/unit/test_method_by_hand.py").read_text()))
    assert bold(PAGE) <= here
    assert all(Decimal(figure) < 1 for figure in bold(PAGE))
