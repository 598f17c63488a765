"""What a trial of a smaller model is worth: the lower end of its interval in the low case, its rate in the others."""

from __future__ import annotations

import doctest
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from audit_rows import add_requests
from hypothesis import given
from hypothesis import strategies as st
from savings_values import ASSUMPTIONS, PRICES, context, part, usd

from analyzer.config import Config, parse_config
from analyzer.errors import UserErrors
from analyzer.pricing import models
from analyzer.savings import wilson as wilson_module
from analyzer.savings.assessment import LeverFinding
from analyzer.savings.levers import routing
from analyzer.savings.needs import Needs, read_needs
from analyzer.savings.plans import plan_component
from analyzer.savings.stack import best_plan
from analyzer.savings.uncertainty import plan_corners
from analyzer.savings.wilson import wilson
from analyzer.store.audit import open_audit
from analyzer.workloads.scan import scan

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


# what requests ask of a model


def needing(**needs: Any) -> Any:
    return context(needs=Needs(**{"untold": (), **needs}))


def what_if(told: Any, *parts: Any) -> LeverFinding:
    finding = routing.obstacle(parts or (part(1_000_000, 100_000, model="claude-opus-4-5"),), told)
    assert finding is not None
    return finding


def test_the_nearest_smaller_model_that_can_take_the_requests_is_the_what_if() -> None:
    """Opus 4.5: 5.00 + 2.50 = 7.50. Sonnet 5.5 (× 1.3): 2.60 + 1.30 = 3.90; Haiku 5.5, dearer card: 0.65 + 0.325."""
    finding = what_if(needing())
    assert finding.alone_usd == usd("3.60")
    assert "If claude-sonnet-5-5 passed every answer, that is worth $3.60" in finding.sentence
    assert "claude-haiku-5-5: $6.53." in finding.sentence  # 6.525


@pytest.mark.parametrize(
    ("told", "why"),
    [
        (needing(most_output_tokens=200_000), "it writes 128,000 tokens, up to 200,000 are asked for"),
        (
            context(needs=Needs(untold=()), largest_request_tokens=1_200_000),
            "it reads 1,000,000 tokens, the largest request has 1,200,000",
        ),
        (context(allowed_models=("claude-opus-4-5",)), "it is not allowed by the configuration"),
    ],
)
def test_a_model_that_cannot_take_the_requests_is_left_out_and_why_is_told(told: Any, why: str) -> None:
    finding = what_if(told)
    assert finding.status == "nothing-to-do"
    for name in ("claude-sonnet-5-5", "claude-haiku-5-5"):
        assert f"{name} is left out: {why}." in finding.sentence


def test_an_answer_for_a_model_that_some_requests_do_not_fit_says_what_to_keep() -> None:
    told = context(route_to="claude-haiku-4-5", pass_rate=usd("0.9"), largest_request_tokens=300_000)
    first = "Keep what does not fit on today's model: claude-haiku-4-5 reads 200,000 tokens, "
    assert routing.steps(told, ("routing",))[1] == first + "the largest request has 300,000."
    assert len(routing.steps(replace(told, largest_request_tokens=200_000), ("routing",))) == 1


def test_what_the_log_does_not_tell_is_said() -> None:
    assert "Not logged: whether requests use thinking or tools or images." in what_if(context(needs=Needs())).sentence
    assert "Not logged" not in what_if(needing()).sentence


def test_a_model_without_thinking_cannot_take_requests_that_think() -> None:
    old = models()["claude-3-5-haiku"]
    assert Needs(uses=("thinking", "tools")).obstacle(old, None) == "has no thinking"
    assert Needs(uses=("tools",)).obstacle(old, None) is None
    assert Needs(uses=("thinking",)).obstacle(models()["claude-haiku-4-5"], None) is None


def test_a_component_of_two_models_may_move_to_what_is_smaller_than_the_other() -> None:
    """Opus 4.5 and Haiku 5.5: Haiku may take the rest, Sonnet would make half of it dearer."""
    both = (part(1_000_000, model="claude-opus-4-5"), part(1_000_000, model="claude-haiku-5-5"))
    finding = what_if(needing(), *both)
    assert "If claude-haiku-5-5 passed" in finding.sentence and "sonnet" not in finding.sentence


def test_needs_are_read_from_the_log_and_what_it_does_not_tell_is_not_guessed() -> None:
    rows: list[dict[str, Any]] = [
        {"api_key": "a", "max_output_tokens": 900, "has_tools": True, "thinking_tokens": 0, "prompt_hash": "p"},
        {"api_key": "a", "max_output_tokens": 700, "has_tools": False, "thinking_tokens": 50, "media_hashes": ["m"]},
        {"api_key": "b", "output_tokens": 120, "prompt_hash": "p"},
        {"api_key": "b", "output_tokens": 100_000, "status": "error"},
    ]
    with open_audit(None) as audit:
        add_requests(audit, [{**row, "at": number * 1_000_000} for number, row in enumerate(rows)])
        scan(audit, Config())
        names = dict(audit.connection.execute("select component_no, workload from components").fetchall())
        found = {names[no]: needs for no, needs in read_needs(audit).items()}
    assert found == {
        "a": Needs(900, ("thinking", "tools", "images"), ()),
        "b": Needs(120, (), ("thinking", "tools")),
    }
