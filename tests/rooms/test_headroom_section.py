"""The section on the rate limits, and the measure behind it on calls that a reader can count."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any

import duckdb
import pytest
from report_fixture import empty, larkfield

from analyzer.config import Config, Limits
from analyzer.errors import UserErrors
from analyzer.report.build import report_environment
from analyzer.report.sections import headroom
from analyzer.savings.analysis import list_prices
from analyzer.savings.assessment import Assessment, ComponentPlan, Headroom, MinuteLimits, Peak, Pool
from analyzer.savings.assumptions import load_assumptions
from analyzer.savings.headroom import measure_headroom, published_limits
from analyzer.savings.state import Part, PriceKey
from analyzer.store.audit import Audit
from analyzer.tokens import TokenSums
from analyzer.waiting.verdicts import ComponentVerdict

SONNET = "claude-sonnet-4-6"
MINUTE_US = 60_000_000
VERDICT = ComponentVerdict(
    1, "digest", "all", 900, "does-not-wait", "batchable", 0.0, "high", "declared", (), None, 1, ""
)


@pytest.fixture
def audit() -> Iterator[Audit]:
    """The two tables of the scan that the measure reads, empty."""
    connection = duckdb.connect(":memory:")
    connection.execute("create table calls (request_no bigint, component_no bigint, started_us bigint)")
    connection.execute(
        "create table priced_requests (request_no bigint, provider varchar, model varchar, mode varchar, day_us bigint,"
        " uncached_input_tokens bigint, cache_write_5m_tokens bigint, cache_write_1h_tokens bigint,"
        " cache_read_tokens bigint, output_tokens bigint)"
    )
    yield Audit(None, connection, "salt")
    connection.close()


def add_calls(
    audit: Audit, first_no: int, count: int, component_no: int, *, at_us: int = 0, mode: str = "standard"
) -> None:
    """Each of 100 uncached, 10 + 20 written, 5,000 read and 7 output tokens."""
    span = f"range({first_no}, {first_no + count}) as t(no)"
    audit.connection.execute(f"insert into calls select no, {component_no}, {at_us} + no from {span}")
    audit.connection.execute(
        f"insert into priced_requests select no, 'anthropic', '{SONNET}', '{mode}', 0, 100, 10, 20, 5000, 7 from {span}"
    )


def plan(placement: Any = "batchable") -> ComponentPlan:
    """Of component 1, to batch."""
    key = PriceKey(SONNET, "standard", "anthropic", "global", 0, date(2026, 11, 2))
    return ComponentPlan(
        verdict=replace(VERDICT, placement=placement),
        requests=900,
        tokens=TokenSums(),
        models=(SONNET,),
        baseline_usd=Decimal(2),
        unpriced_requests=0,
        levers=("batch",),
        credit_usd={"batch": Decimal(1)},
        optimized_usd={"low": Decimal(1), "base": Decimal(1), "high": Decimal(1)},
        upside_usd=Decimal(0),
        findings=(),
        steps=(),
        today=(Part(TokenSums(), key),),
    )


def measured(audit: Audit, some: ComponentPlan, limits: Limits | None = None) -> Headroom:
    return measure_headroom(audit, [some], Config(limits=limits), list_prices(), load_assumptions())


def test_what_moves_leaves_its_share_in_the_minute_that_it_had(audit: Audit) -> None:
    """100 + 900 x 0.05 = 145 requests stay; 130 tokens of input without the cache reads, 7 of output for each."""
    add_calls(audit, 1, 100, component_no=2)
    add_calls(audit, 101, 900, component_no=1)
    (pool,) = measured(audit, plan()).pools
    assert (pool.provider, pool.family, pool.limits) == ("anthropic", "sonnet", None)
    assert pool.today == Peak(1000, 130_000, 7000)
    assert pool.planned == Peak(145, 145 * 130, 145 * 7)


def test_the_minute_that_is_busiest_afterwards_may_be_another(audit: Audit) -> None:
    """900 of the digest in minute 0, 300 of another component in minute 1: 45 and 300 remain."""
    add_calls(audit, 1, 900, component_no=1)
    add_calls(audit, 901, 300, component_no=2, at_us=MINUTE_US)
    (pool,) = measured(audit, plan()).pools
    assert (pool.today.requests, pool.planned.requests) == (900, 300)


def test_a_guard_leaves_more_in_real_time_and_parts_of_a_request_are_rounded_up(audit: Audit) -> None:
    """0.95 x 0.70 = 0.665 placed: 10 x 0.335 = 3.35, so 4."""
    add_calls(audit, 1, 10, component_no=1)
    assert measured(audit, plan("batchable-with-guard")).pools[0].planned.requests == 4


def test_batches_take_nothing_of_real_time_and_are_counted_by_day(audit: Audit) -> None:
    add_calls(audit, 1, 5, component_no=2, mode="batch")
    add_calls(audit, 6, 3, component_no=1)
    found = measured(audit, plan())
    assert found.pools[0].today.requests == 3 and found.batch_requests_a_day == 8


def test_the_tier_sets_the_limits_and_own_figures_come_before_it(audit: Audit) -> None:
    add_calls(audit, 1, 1, component_no=1)
    limits = Limits(tier="build", requests_per_minute=4000)
    found = measured(audit, plan(), limits)
    assert (found.tier, found.queued_batch_requests) == ("Build", 300_000)
    assert found.pools[0].limits == MinuteLimits(4000, 5_000_000, 1_000_000)


def test_a_tier_that_is_not_published_is_told(audit: Audit) -> None:
    with pytest.raises(UserErrors, match="did you mean 'Scale'"):
        measured(audit, plan(), Limits(tier="Scales"))


def test_an_audit_without_calls_has_no_pools(audit: Audit) -> None:
    found = measured(audit, plan())
    assert (found.pools, found.batch_requests_a_day) == ((), 0)


def test_higher_tiers_never_have_lower_limits() -> None:
    tiers = published_limits().tiers
    assert [tier.name for tier in tiers] == ["Start", "Build", "Scale"]
    for lower, higher in pairwise(tiers):
        assert lower.queued_batch_requests < higher.queued_batch_requests
        for family, limits in lower.families.items():
            more = higher.families[family]
            assert (limits.requests or 0) < (more.requests or 0)
            assert (limits.input_tokens or 0) < (more.input_tokens or 0)


def with_headroom(limits: MinuteLimits | None, queue: int | None) -> Assessment:
    pool = Pool("anthropic", "sonnet", Peak(1000, 130_000, 7000), Peak(145, 18_850, 1015), limits)
    aws = Pool("aws_bedrock", "haiku", Peak(9, 90, 9), Peak(9, 90, 9), None)
    found = Headroom("Build" if limits else None, (pool, aws), 3077, queue, None, None)
    return replace(larkfield(), headroom=found)


def rendered(assessment: Assessment) -> str:
    template = report_environment().get_template("sections/headroom.html.j2")
    return " ".join(template.render(**headroom.build(assessment)).replace("\xa0", " ").split())


def test_the_page_tells_today_the_plan_and_what_is_freed() -> None:
    html = rendered(with_headroom(MinuteLimits(500, 5_000_000, None), 300_000))
    for text in ("against the Build tier", "1,000", "145", "855", "200 % (over)", "29 %", "not known", "300,000"):
        assert text in html, text
    assert "must be spread" not in html and "None" not in html


def test_a_day_that_outgrows_the_queue_is_told() -> None:
    assert "that day must be spread" in rendered(with_headroom(MinuteLimits(500, None, None), 3000))


def test_without_limits_the_page_says_how_to_name_them() -> None:
    html = rendered(with_headroom(None, None))
    assert "[limits] in whowaits.toml" in html and "Used today" not in html and "855" in html


def test_without_calls_there_is_no_busiest_minute() -> None:
    assert "no busiest minute" in rendered(empty())
