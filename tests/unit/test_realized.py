"""What became of the bill, by hand. List prices a million tokens: Sonnet 4.6 $3 in, $15 out; Haiku 4.5 $1 in."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from audit_rows import DAY_US, add_requests
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from report_fixture import SCRIPT, empty

from analyzer.cli import group
from analyzer.cli.realized import command
from analyzer.config import Answer, Config
from analyzer.errors import UserError
from analyzer.money import add
from analyzer.report.realized_page import _steps, against_forecast, build_realized, cents_along, saved_shown
from analyzer.savings.assessment import Case
from analyzer.savings.realized import Realized, compare, realized
from analyzer.store.audit import Audit, open_audit
from analyzer.tokens import TokenSums
from analyzer.workloads import PricedUsage, Usage, price_usage

M = 1_000_000
SONNET, HAIKU = "claude-sonnet-4-6", "claude-haiku-4-5"


def used(
    day: int,
    tokens: TokenSums,
    *,
    workload: str = "digest",
    requests: int = 1,
    model: str | None = SONNET,
    mode: str = "standard",
    uncounted: int = 0,
    days: int = 1,
) -> Usage:
    on = date(2026, 10, day)
    return Usage(
        1, workload, "all calls", "anthropic", model, model, mode, "global", 0, on, requests, tokens, uncounted, days
    )


def compared(before: list[Usage], after: list[Usage]) -> Realized:
    """With a plan that has nothing."""
    return compare(empty(), price_usage(before), price_usage(after))


def effects(found: Realized) -> dict[str, Decimal]:
    """Of the whole, without what is 0."""
    e = found.effects
    named = {"length": e.length_usd, "volume": e.volume_usd, "mix": e.mix_usd, "price": e.price_usd, **e.levers_usd}
    return {name: usd for name, usd in named.items() if usd}


def test_length_volume_mix_and_batch_by_hand() -> None:
    """Before, 10 days: 10 requests of 1M = $30. After, 5 days: 10 requests of 0.5M in batch = $7.50.

    Half the days: 30 to 15. Twice the requests a day: 15 to 30. Half the size: 30 to 15. Half the price: 15 to 7.50.
    """
    before = [used(day, TokenSums(M)) for day in range(1, 11)]
    after = [used(day, TokenSums(M), requests=2, mode="batch") for day in range(11, 16)]
    found = compared(before, after)
    assert effects(found) == {
        "length": Decimal(-15), "volume": Decimal(15), "mix": Decimal(-15), "batch": Decimal("-7.5")
    }  # fmt: skip
    assert found.effects.change_usd == Decimal("7.5") - Decimal(30)
    assert (found.before.days, found.after.days) == (10, 5)


def test_routing_and_batch_share_what_they_do_together() -> None:
    """1M of Sonnet $3 becomes 1M of Haiku in batch $0.50. Routing alone takes off 2.00, after batch 1.00: 1.50.
    Batch alone takes off 1.50, after routing 0.50: 1.00.
    """
    found = compared([used(1, TokenSums(M))], [used(2, TokenSums(M), model=HAIKU, mode="batch")])
    assert effects(found) == {"routing": Decimal("-1.5"), "batch": Decimal(-1)}


def test_caching_is_what_moves_input_between_prices() -> None:
    """1M uncached $3.00 becomes 0.1M written at $3.75 and 0.9M read at $0.30: 0.375 + 0.27 = 0.645."""
    after = TokenSums(cache_write_5m_tokens=M // 10, cache_read_tokens=9 * M // 10)
    assert effects(compared([used(1, TokenSums(M))], [used(2, after)])) == {"caching": Decimal("-2.355")}


def test_a_mode_that_the_new_model_lacks_is_priced_as_standard() -> None:
    """Fast Opus 5 $10 becomes Sonnet $3, never fast. The model takes off 7 first or 2 second, the mode 5 or 0."""
    found = compared([used(1, TokenSums(M), model="claude-opus-5", mode="fast")], [used(2, TokenSums(M))])
    assert effects(found) == {"routing": Decimal("-4.5"), "batch": Decimal("-2.5")}


def test_longer_answers_are_mix_where_nobody_planned_shorter_ones() -> None:
    """Output of 1M $15 becomes 0.4M $6."""
    before, after = used(1, TokenSums(output_tokens=M)), used(2, TokenSums(output_tokens=400_000))
    assert effects(compared([before], [after])) == {"mix": Decimal(-9)}


def test_a_price_that_changed_is_price_alone() -> None:
    """2M tokens of $6.00 on before's last day were $12.00 when they were used: +6."""
    before = price_usage([used(1, TokenSums(2 * M))])
    after = [PricedUsage(used(2, TokenSums(2 * M)), Decimal(12), None)]
    assert effects(compare(empty(), before, after)) == {"price": Decimal(6)}


def test_workloads_that_ended_or_began_are_volume() -> None:
    before = [used(1, TokenSums(M)), used(1, TokenSums(M), workload="old")]
    after = [used(2, TokenSums(M)), used(2, TokenSums(2 * M), workload="new")]
    found = compared(before, after)
    assert {w.workload: (w.status, w.effects.volume_usd) for w in found.workloads} == {
        "digest": ("both", Decimal(0)), "old": ("ended", Decimal(-3)), "new": ("new", Decimal(6))
    }  # fmt: skip
    assert all(w.forecast_usd is None for w in found.workloads)


def test_reports_that_count_no_requests_are_compared_by_tokens() -> None:
    before = [used(1, TokenSums(M), requests=0, uncounted=1)]
    found = compared(before, [used(2, TokenSums(3 * M), requests=0, uncounted=4)])
    assert found.workloads[0].volume_in == "tokens"
    assert effects(found) == {"volume": Decimal(6)}


def test_a_row_of_a_week_makes_the_period_a_week_long() -> None:
    """7M of Sonnet 4.6 in a row of seven days = $21, then 2M on two days = $6: the length explains all of it."""
    found = compared([used(1, TokenSums(7 * M), requests=7, days=7)], [used(day, TokenSums(M)) for day in (8, 9)])
    assert (found.before.last_day, found.before.days) == (date(2026, 10, 7), 7)
    assert effects(found) == {"length": Decimal(-15)}


def test_requests_without_a_price_are_counted_and_in_no_figure() -> None:
    odd = used(1, TokenSums(M), model=None, requests=7)
    found = compared([used(1, TokenSums(M)), odd], [used(2, TokenSums(M))])
    assert (found.before.unpriced_requests, found.after.unpriced_requests) == (7, 0)
    assert effects(found) == {}


def test_audits_of_the_same_days_are_refused() -> None:
    with pytest.raises(UserError, match="begin on 2026-10-01, but before reaches to 2026-10-02"):
        compared([used(2, TokenSums(M))], [used(1, TokenSums(M))])


def test_an_audit_without_a_price_is_refused() -> None:
    with pytest.raises(UserError, match="--after: no priced usage"):
        compared([used(1, TokenSums(M))], [used(2, TokenSums(M), model=None)])


counts = st.integers(0, 10**15)
usages = st.builds(
    lambda tokens, workload, requests, model, mode: (tokens, workload, requests, model, mode),
    st.builds(TokenSums, counts, counts, counts, counts, counts, st.integers(0, 9)),
    st.sampled_from("ab"),
    st.integers(1, 10**9),
    st.sampled_from([SONNET, HAIKU, "claude-opus-4-7"]),
    st.sampled_from(["standard", "batch"]),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(usages, min_size=1, max_size=4), st.lists(usages, min_size=1, max_size=4))
def test_the_effects_add_up_to_the_last_decimal(before: list[Any], after: list[Any]) -> None:
    sides = [
        [used(day, t, workload=w, requests=n, model=m, mode=mode) for t, w, n, m, mode in rows]
        for day, rows in ((1, before), (2, after))
    ]
    found = compared(*sides)
    assert found.effects.change_usd == add((found.after.list_cost_usd, -found.before.list_cost_usd))
    for one in found.workloads:
        assert one.effects.change_usd == add((one.after_usd, -one.before_usd))


def test_the_page_adds_up_escapes_names_and_runs_nothing() -> None:
    found = compared(
        [used(1, TokenSums(M), workload=SCRIPT)], [used(2, TokenSums(M // 3), workload=SCRIPT, mode="batch")]
    )
    page = build_realized(found, SCRIPT)
    assert "<script" not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") == 3
    steps = page.split("Why the list cost changed")[1].split("</table>")[0]
    amounts = [
        Decimal(t.replace("−", "-").replace("$", "")) for t in re.findall(r"<td class=\"num\">([^<]+)</td><td", steps)
    ]
    assert amounts[-1] == sum(amounts[:-1]) == Decimal("0.50")  # a third of 3.00, at half the price


def test_the_figure_on_top_is_that_of_the_tables_to_the_cent() -> None:
    """$30.004002, of mix −0.010002, of batch −14.997, is $14.997: to the cent 30.00 − 0.01 − 14.99 = 15.00.

    Rounded by itself the lever is 15.00; then the column would come to 14.99. The figure on top is that of the column.
    """
    before = used(1, TokenSums(10_001_334))  # $30.004002
    after = used(2, TokenSums(9_998_000), mode="batch")  # $14.997
    found = compared([before], [after])
    line = cents_along(found.before.list_cost_usd, found.effects)
    assert line[0] + sum(line[1:-1]) == line[-1] == Decimal("15.00")
    assert saved_shown(found) == -line[5] == Decimal("14.99")
    assert sum(step["usd"] for step in _steps(found)) == line[-1]
    assert [step["usd"] for step in _steps(found) if step["detail"] == "lever"] == [line[5]]


def test_a_workload_without_tokens_before_is_not_new() -> None:
    found = compared([used(1, TokenSums())], [used(2, TokenSums(M))])
    assert found.workloads[0].status == "both"
    assert effects(found) == {"volume": Decimal(3)}


def test_levers_that_made_it_dearer_are_said_to_have_added(tmp_path: Path) -> None:
    """1M read from the cache $0.30, then 1M uncached in batch $1.50: dearer by 1.20, and nobody had planned it."""
    for name, day, row in (
        ("a.duckdb", 1, {"uncached_input_tokens": 0, "cache_read_tokens": M}),
        ("b.duckdb", 2, {"is_batch": True}),
    ):
        with open_audit(tmp_path / name) as audit:
            add_requests(audit, calls(range(day, day + 1), **row))
    page = tmp_path / "page.html"
    words = ["--before", str(tmp_path / "a.duckdb"), "--after", str(tmp_path / "b.duckdb"), "-o", str(page)]
    shown = CliRunner().invoke(command, words, catch_exceptions=False).stdout
    said = "Of the work done since, nothing had been planned to be cheaper."
    assert f"The levers added $1.20. {said}" in shown
    assert '<p class="hero-label">The levers added' in page.read_text()
    assert said in page.read_text()


def test_the_fact_is_set_against_the_range_of_the_plan() -> None:
    plan: dict[Case, Decimal] = {"low": Decimal(10), "base": Decimal(12), "high": Decimal(15)}
    said = [against_forecast(Decimal(usd), plan) for usd in ("9.99", "10", "15.004", "15.01")]
    assert said == ["under the plan", "as planned", "as planned", "over the plan"]
    assert against_forecast(Decimal(1), None) == "no plan"
    assert against_forecast(Decimal(1), dict.fromkeys(plan, Decimal(0))) == "nothing planned"


def calls(days: range, **row: Any) -> list[dict[str, Any]]:
    common = {"raw_model": SONNET, "application": "digest", "awaited": False, "trigger": "schedule"}
    return [{**common, "at": day * DAY_US, "output_tokens": 0, "uncached_input_tokens": M, **row} for day in days]


@pytest.fixture
def before() -> Iterator[Audit]:
    with open_audit(None) as audit:
        yield audit


@pytest.fixture
def after() -> Iterator[Audit]:
    with open_audit(None) as audit:
        yield audit


def test_the_forecast_is_the_planned_share_of_the_work_since(before: Audit, after: Audit) -> None:
    """Planned for $30 of batchable work, low: 0.95 · 0.5 = 47.5 %. Since: 10M tokens, $30 as before, $15 in batch."""
    add_requests(before, calls(range(10)))
    add_requests(after, calls(range(10, 20), is_batch=True))
    (found,) = realized(before, after, Config()).workloads
    assert found.forecast_usd == {"low": Decimal("14.25"), "base": Decimal("14.7"), "high": Decimal(15)}
    assert found.credit_usd == {"output": 0, "routing": 0, "caching": 0, "batch": Decimal("14.25")}
    assert found.effects.saved_usd == Decimal(15)


def test_shorter_answers_are_the_lever_where_they_were_planned(before: Audit, after: Audit) -> None:
    """Per request 1M output $15 becomes 0.4M $6; the owner had said that half is enough."""
    shape = {"uncached_input_tokens": 0, "awaited": True, "trigger": "user"}
    add_requests(before, calls(range(2), **shape, output_tokens=M))
    add_requests(after, calls(range(2, 4), **shape, output_tokens=400_000))
    config = Config(answers=(Answer("digest", output_share=Decimal("0.5")),))
    assert effects(realized(before, after, config)) == {"output": Decimal(-18)}


def test_the_command_prints_parts_that_add_up(tmp_path: Path) -> None:
    for name, days, batch in (("a.duckdb", range(10), False), ("b.duckdb", range(10, 15), True)):
        with open_audit(tmp_path / name) as audit:
            add_requests(audit, calls(days, is_batch=batch))
    page = tmp_path / "realized.html"
    words = ["--before", str(tmp_path / "a.duckdb"), "--after", str(tmp_path / "b.duckdb"), "-o", str(page)]
    shown = CliRunner().invoke(command, words, catch_exceptions=False)
    assert "The levers took off $7.50." in shown.stdout
    assert re.search(r"^digest +\$30.00 +−\$15.00 +\$0.00 +\$0.00 +\$0.00 +−\$7.50 +\$7.50", shown.stdout, re.MULTILINE)
    assert "the fact is <strong>as planned</strong>" in page.read_text()  # 7.125 to 7.50
    document = json.loads(CliRunner().invoke(command, [*words, "--json"], catch_exceptions=False).stdout)
    parts = [usd for name, usd in document["effects"].items() if name != "levers"]
    whole = add(map(Decimal, [document["before"]["list_cost_usd"], *parts, *document["effects"]["levers"].values()]))
    assert whole == Decimal(document["after"]["list_cost_usd"]) == Decimal("7.5")
    assert document["workloads"][0]["saved_usd"] == "7.50"
    report = tmp_path / "report.html"
    told = ["report", "--audit", words[3], "--before", words[1], "-o", str(report)]
    assert CliRunner().invoke(group, told, catch_exceptions=False).exit_code == 0
    section = report.read_text().split('id="realized"')[1].split("</section>")[0]
    assert "the fact is <strong>as planned</strong>" in section
    assert "<h3>From before to after</h3>" in section
    documented = (Path(__file__).parents[2] / "docs" / "realized.md").read_text(encoding="utf-8")
    named = {*document, *document["before"], *document["effects"], *document["workloads"][0], *document["forecast"]}
    assert named - set(re.findall(r'"(\w+)"', documented)) == set()
