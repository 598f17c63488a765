"""What the configuration does not allow a plan to do, for all workloads or for one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from savings_values import ASSUMPTIONS, PRICES, VERDICT, context, key, part, usd

from analyzer.config import Config, Constraints, load_config
from analyzer.errors import UserErrors
from analyzer.pricing import stays_in
from analyzer.savings.analysis import assess, component_context, refuse_unknown_constraints, with_known_models
from analyzer.savings.assessment import LeverFinding
from analyzer.savings.levers import batch, routing
from analyzer.savings.plans import plan_component
from analyzer.savings.state import Part, State
from analyzer.store.audit import open_audit
from analyzer.tokens import TokenSums

TOML = """
[constraints]
allowed_models = ["claude-haiku-4-5", "claude-sonnet-4-6"]
allow_1h_cache = false

[[constraints.workload]]
name = "nightly digest"
allow_batch = false

[[constraints.workload]]
name = "eu desk"
allow_1h_cache = true
regions = ["eu-central-1"]
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "whowaits.toml"
    path.write_text(text)
    return path


def placed(geography: str, provider: str = "anthropic", model: str = "claude-sonnet-4-6") -> State:
    """1,000,000 input tokens."""
    where = key(model, provider=provider)._replace(geography=geography)
    return (Part(TokenSums(uncached_input_tokens=1_000_000), where),)


def status(finding: LeverFinding | None) -> str | None:
    return finding.status if finding else None


def test_a_workload_has_its_own_constraints_and_those_of_all_where_it_has_none(tmp_path: Path) -> None:
    config = load_config(written(tmp_path, TOML))
    both = ("claude-haiku-4-5", "claude-sonnet-4-6")
    assert config.constraints_for("another") == Constraints(both, False)
    assert config.constraints_for("nightly digest") == Constraints(both, False, False)
    assert config.constraints_for("eu desk") == Constraints(both, True, None, ("eu-central-1",))


def test_what_the_levers_know_of_a_component_holds_the_constraints_of_its_workload(tmp_path: Path) -> None:
    config = load_config(written(tmp_path, TOML))
    made = component_context(VERDICT, config, PRICES, ASSUMPTIONS, None, None)
    assert (made.allow_batch, made.allow_1h_cache, made.regions) == (False, False, None)
    other = component_context(replace(VERDICT, workload="eu desk"), config, PRICES, ASSUMPTIONS, None, None)
    assert (other.allow_batch, other.allow_1h_cache, other.regions) == (True, True, ("eu-central-1",))


def test_every_problem_of_the_constraints_is_listed(tmp_path: Path) -> None:
    text = """
[constraints]
regions = "us"
[[constraints.workload]]
allow_batch = "no"
[[constraints.workload]]
name = "a"
batches = false
[[constraints.workload]]
name = "a"
regions = []
"""
    with pytest.raises(UserErrors) as caught:
        load_config(written(tmp_path, text))
    places = [str(error).split(", ", 1)[1] for error in caught.value.errors]
    expected = (
        "constraints.regions",
        "constraints.workload 1",
        "constraints.workload 1.allow_batch",
        "constraints.workload 2.batches",
        "constraints.workload 3.name",
        "constraints.workload 3.regions",
    )
    assert [any(place.startswith(start + ":") for place in places) for start in expected] == [True] * 6


@pytest.mark.parametrize("name", ["gobal", "US", "U.S.", "europe", "eu central 1"])
def test_a_region_that_is_none_is_told(name: str, tmp_path: Path) -> None:
    with pytest.raises(UserErrors, match=r"constraints\.regions: '.*'; expected us, global"):
        load_config(written(tmp_path, f'[constraints]\nregions = ["{name}"]\n'))


@pytest.mark.parametrize("name", ["us", "global", "us-east-1", "eu-central-1", "europe-west1", "us-gov-west-1"])
def test_regions_of_the_clouds_are_known(name: str, tmp_path: Path) -> None:
    assert load_config(written(tmp_path, f'[constraints]\nregions = ["{name}"]\n')).constraints_for("any").regions == (
        name,
    )


def test_an_unknown_model_among_the_constraints_of_a_workload_is_told() -> None:
    config = Config(workload_constraints=(("a", Constraints(allowed_models=("claude-haiku-4-6",))),))
    with pytest.raises(UserErrors, match=r"constraints of a\.allowed_models"):
        with_known_models(config)


def test_a_constraint_on_a_workload_that_is_not_there_is_told() -> None:
    config = Config(workload_constraints=(("nightly digests", Constraints(allow_batch=False)),))
    with pytest.raises(UserErrors, match="nightly digest"):
        refuse_unknown_constraints(config, ["nightly digest"])
    with open_audit(None) as audit, pytest.raises(UserErrors, match="a workload of this audit"):
        assess(audit, config)


def test_a_workload_that_may_not_use_batches_keeps_its_cost() -> None:
    """1,000,000 input tokens at 3.00, which a batch would bring to 1.575."""
    plan = plan_component(VERDICT, (), (part(1_000_000),), context(allow_batch=False))
    assert (plan.levers, plan.optimized_usd["low"]) == ((), usd("3.00"))
    assert next(f for f in plan.findings if f.lever == "batch").status == "not-allowed"


@pytest.mark.parametrize(
    ("geography", "model", "mode", "provider", "held"),
    [
        ("global", "claude-haiku-4-5", "batch", "anthropic", True),
        ("us", "claude-opus-4-6", "batch", "anthropic", True),
        ("us", "claude-haiku-4-5", "standard", "anthropic", False),
        ("regional", "claude-haiku-4-5", "standard", "aws_bedrock", True),
        ("regional", "claude-opus-4-1", "standard", "gcp_vertex", True),
        ("regional", "claude-haiku-4-5", "batch", "aws_bedrock", False),
        ("regional", "claude-haiku-4-5", "standard", "anthropic", False),
    ],
)
def test_what_a_place_can_hold(geography: str, model: str, mode: str, provider: str, held: bool) -> None:
    assert stays_in(geography, model, mode, provider) is held


def test_a_batch_may_be_held_in_the_us_and_costs_the_factor_there() -> None:
    """3.00 x 1.1 = 3.30; in batch 1.65; 0.95 placed: 1.5675 + 0.165 = 1.7325."""
    state, told = placed("us"), context(regions=("us",))
    assert batch.obstacle(state, told) is None
    assert PRICES.cost(state) == usd("3.30")
    assert PRICES.cost(batch.project(state, told, "low")) == usd("1.7325")


@pytest.mark.parametrize(
    ("state", "regions"),
    [
        (placed("global"), ("us",)),
        (placed("regional", "aws_bedrock", "claude-sonnet-4-5"), ("eu-central-1",)),
        (placed("regional", "gcp_vertex"), ("europe-west1", "us")),
    ],
)
def test_a_batch_that_cannot_be_held_in_the_allowed_regions_is_not_planned(state: State, regions: Any) -> None:
    told = context(regions=regions)
    assert batch.obstacle(state, context()) is None
    finding = batch.obstacle(state, told)
    assert status(finding) == "not-allowed" and finding is not None and ", ".join(regions) in finding.sentence
    assert batch.project(state, told, "low") == state


def test_a_smaller_model_that_the_place_does_not_hold_is_not_planned() -> None:
    """Haiku 4.5 has no data residency; Haiku 5.5 has."""
    told = context(regions=("us",), route_to="claude-haiku-4-5", pass_rate=usd("0.9"))
    assert status(routing.obstacle(placed("us"), told)) == "not-allowed"
    assert routing.project(placed("us"), told, "low") == placed("us")
    assert routing.obstacle(placed("us"), replace(told, route_to="claude-haiku-5-5")) is None
    assert routing.obstacle(placed("us"), replace(told, regions=None)) is None


def test_what_runs_in_an_allowed_region_of_a_cloud_may_be_routed_there() -> None:
    told = context(regions=("eu-central-1",), route_to="claude-haiku-4-5", pass_rate=usd("0.9"))
    assert routing.obstacle(placed("regional", "aws_bedrock"), told) is None
