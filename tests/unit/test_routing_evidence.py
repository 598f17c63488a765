"""What a trial of a smaller model is worth: the lower end of its interval in the low case, its rate in the others."""

from __future__ import annotations

import doctest
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from savings_values import ASSUMPTIONS, PRICES, context, part, usd

from analyzer.config import Config, parse_config
from analyzer.errors import UserErrors
from analyzer.savings import wilson as wilson_module
from analyzer.savings.levers import routing
from analyzer.savings.plans import plan_component
from analyzer.savings.stack import best_plan
from analyzer.savings.uncertainty import plan_corners
from analyzer.savings.wilson import wilson

TRIED = {"route_to": "claude-haiku-4-5", "pass_rate": usd("0.9"), "tried": 10}
STATE = (part(1_000_000, 100_000),)


def config(text: str) -> Config:
    import tomllib

    return parse_config(tomllib.loads(text), Path("whowaits.toml"))


def test_the_interval_is_that_of_the_worked_example() -> None:
    assert doctest.testmod(wilson_module).attempted == 1
    assert doctest.testmod(wilson_module).failed == 0


@pytest.mark.parametrize(
    ("share", "tried", "low", "high"),
    [
        # all pass: n / (n + z²) = 10 / 13.841459
        ("1", 10, "0.722467", "1"),
        # none pass: z² / (n + z²) = 3.841459 / 13.841459
        ("0", 10, "0", "0.277533"),
        # half of 2: 0.5 ± 1.959964 × √(0.125 + 3.841459/16) / 2.920729 = 0.5 ± 0.405469
        ("0.5", 2, "0.094531", "0.905469"),
    ],
)
def test_the_interval_by_hand(share: str, tried: int, low: str, high: str) -> None:
    found = wilson(Decimal(share), tried)
    assert all(abs(one - Decimal(other)) <= Decimal("0.000001") for one, other in zip(found, (low, high), strict=True))


@given(st.integers(1, 10_000), st.data())
def test_the_share_lies_in_its_interval_and_more_answers_never_widen_it(tried: int, data: Any) -> None:
    share = Decimal(data.draw(st.integers(0, tried))) / tried
    low, high = wilson(share, tried)
    wider_low, wider_high = wilson(share, max(tried // 2, 1))
    assert 0 <= low <= share <= high <= 1
    assert wider_low <= low and high <= wider_high


def test_the_low_case_takes_the_lower_end_and_the_others_the_rate() -> None:
    """Haiku 4.5: 1.00 + 0.50 = 1.50. Fails: base 0.1 × 4.50; low 1 − 0.595849 of both."""
    told = context(**TRIED)
    assert PRICES.cost(routing.project(STATE, told, "base")) == usd("1.95")
    assert PRICES.cost(routing.project(STATE, told, "high")) == usd("1.95")
    # passed, cut to whole tokens: 595,849 and 59,584; again: 404,151 × 3 / M + 40,416 × 15 / M = 1.212453 + 0.60624
    assert PRICES.cost(routing.project(STATE, told, "low")) == usd("1.50") + usd("1.212453") + usd("0.60624")


def test_a_simulation_draws_within_the_interval_of_the_trial() -> None:
    told = context(**TRIED)
    corners = plan_corners(STATE, told, best_plan(STATE, told, ("routing",)))
    assert corners.names == ("routing_pass_kept_share",)
    low, high = (PRICES.cost(routing.project(STATE, told, case)) for case in ("low", "high"))
    assert corners.costs_usd == (low, high)


def test_between_the_ends_the_share_goes_in_step_with_what_is_kept() -> None:
    """0.975 lies half way from 0.95 to 1.00: (0.595849 + 0.9) / 2."""
    found = routing._within(usd("0.9"), 10, Fraction("0.975"), "0.95", "1.00")
    assert found == (Fraction("0.595849") + Fraction("0.9")) / 2


def test_the_step_says_on_how_many_answers_it_rests() -> None:
    (step,) = routing.steps(context(**TRIED), ("routing",))
    assert "90.0% of 10 passed; the low case takes 59.6%" in step


def test_without_evidence_routing_saves_nothing_and_with_it_what_the_low_case_says() -> None:
    told, untold = context(**TRIED), context()
    before = plan_component(untold.verdict, (), STATE, replace(untold, assumptions=ASSUMPTIONS))
    after = plan_component(told.verdict, (), STATE, told)
    assert "routing" not in before.levers and before.credit_usd["routing"] == 0
    assert "routing" in after.levers and after.credit_usd["routing"] > 0


def test_an_answer_says_of_how_many_it_is_the_share() -> None:
    text = '[[answer]]\nworkload = "digest"\nroute_to = "claude-haiku-5-5"\npass_rate = "0.93"\ntried = 200\n'
    (answer,) = config(text).answers
    assert (answer.pass_rate, answer.tried) == (usd("0.93"), 200)


@pytest.mark.parametrize("tried", ["0", "-5", "2.5", "true", '"many"'])
def test_a_count_that_is_none_is_a_problem_with_its_place(tried: str) -> None:
    with pytest.raises(UserErrors, match=r"answer 1\.tried"):
        config(f'[[answer]]\nworkload = "digest"\nroute_to = "x"\npass_rate = 1\ntried = {tried}\n')


def test_a_count_without_a_share_is_a_problem() -> None:
    with pytest.raises(UserErrors, match="no pass_rate beside it"):
        config('[[answer]]\nworkload = "digest"\ntried = 200\n')
