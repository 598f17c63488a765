"""From an assessment to the commitment to sign: dates, regret, the sheet and the command."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from audit_rows import DAY_US, add_requests
from click.testing import CliRunner
from report_fixture import SCRIPT, empty, larkfield

from analyzer.cli import group
from analyzer.cli.commit import command
from analyzer.cli.report import command as report
from analyzer.commitment import Advice, Growth, Terms, Tier, advise
from analyzer.commitment.document import advice_document, sentences, shown_curve
from analyzer.commitment.sheet import TABLE_POINTS, build_sheet
from analyzer.errors import UserError, UserErrors
from analyzer.money import add
from analyzer.savings import Assessment
from analyzer.store.audit import open_audit

LAST_DAY = date(2026, 10, 31)
TERMS = Terms(
    months=12,
    tiers=(Tier(Decimal(0), Decimal(0)), Tier(Decimal(1000), Decimal("0.2"))),
    starts_on=date(2026, 11, 1),
    growth=(Growth("stays", Decimal(0), Decimal(1)),),
    growth_is_assumed=False,
    migration_first_on=date(2026, 10, 1),
    migration_every_days=0,
)
DOCUMENTED = (Path(__file__).parents[2] / "docs" / "commit.md").read_text(encoding="utf-8")


def steady(*workloads: str) -> Assessment:
    """Larkfield Books with 100 USD on each of the last 28 days of October."""
    days = tuple((LAST_DAY - timedelta(days=n), "batchable", Decimal(100)) for n in range(28))
    return replace(larkfield(*workloads), by_day=days)


@pytest.fixture(scope="module")
def advice() -> Advice:
    return advise(steady(), TERMS)


def test_a_year_of_a_steady_log_is_365_days_of_it_less_the_savings(advice: Advice) -> None:
    """365 · 100 = 36,500. A saving goes evenly from low over base to high: on average (low + 2·base + high) / 4."""
    found = steady()
    parts = [c for w in found.workloads for c in w.components]
    saved = [add(c.baseline_usd - c.optimized_usd[case] for c in parts) for case in ("low", "base", "base", "high")]
    left = 1 - float(add(saved) / 4 / found.baseline_usd)
    assert advice.demand_today_usd[1] == pytest.approx(36_500, rel=0.002)
    assert advice.demand_usd[1] == pytest.approx(36_500 * left, rel=0.005)
    assert (advice.starts_on, advice.ends_on) == (date(2026, 11, 1), date(2027, 10, 31))


def test_the_best_is_the_lowest_of_the_curve_and_regret_is_what_the_other_costs_more(advice: Advice) -> None:
    by_commit = {level.commit_usd: level.expected_cost_usd for level in advice.curve}
    best = by_commit[advice.best.commit_usd]
    assert best == min(by_commit.values())
    assert advice.unoptimized.commit_usd > advice.best.commit_usd
    assert advice.regret_unoptimized_usd == pytest.approx(by_commit[advice.unoptimized.commit_usd] - best)
    assert advice.regret_unoptimized_usd > 0
    assert advice.good_from_usd < advice.best.commit_usd < advice.good_to_usd


def test_the_best_commitment_follows_the_newsvendor_on_the_paths(advice: Advice) -> None:
    """d = 0.2: C* = 0.8 · the 20 % quantile of demand. One week's level is log-normal with s = 0.35 after four weeks:
    the quantile is mean · e^(−0.8416·0.35 − 0.35²/2) = mean · 0.7006.
    """
    assert float(advice.best.commit_usd) == pytest.approx(0.8 * 0.7006 * advice.demand_usd[1], rel=0.03)


def test_where_nothing_saves_there_is_no_regret() -> None:
    found = advise(steady("returns-agent"), TERMS)
    assert found.moves == ()
    assert found.regret_unoptimized_usd == 0
    assert found.unoptimized == found.best
    assert found.demand_usd == found.demand_today_usd


def test_savings_set_in_by_order_of_the_kits_or_on_their_own_date() -> None:
    dated = replace(
        TERMS,
        migration_first_on=None,
        migration_every_days=7,
        migration_on=(("evaluation-runs", date(2027, 5, 1)),),
    )
    moves = advise(steady("catalogue-enrichment", "evaluation-runs", "support-tickets", "nightly-digest"), dated).moves
    assert [(move.workload, str(move.on), move.is_dated) for move in moves] == [
        ("catalogue-enrichment", "2026-11-14", False),
        ("nightly-digest", "2026-11-21", False),
        ("support-tickets", "2026-11-28", False),
        ("evaluation-runs", "2027-05-01", True),
    ]


def test_months_before_a_saving_use_more_and_the_worst_comes_after() -> None:
    """November: 30 · 100 · 0.8 = 2,400 at the tier's discount; from May on less."""
    late = replace(TERMS, migration_first_on=date(2027, 5, 1))
    found = advise(steady(), late)
    assert found.best.commit_usd >= 1000
    assert found.months[0].expected_usd == pytest.approx(2400, rel=0.005)
    assert found.months[6].expected_usd < found.months[0].expected_usd
    assert found.worst_month.first_day == date(2027, 6, 1)  # 30 days, and after May
    assert len(found.months) == 12


def test_without_a_date_the_term_begins_with_the_next_month() -> None:
    assert advise(steady(), replace(TERMS, starts_on=None)).starts_on == date(2026, 11, 1)


def test_terms_that_give_nothing_say_do_not_commit() -> None:
    found = advise(steady(), replace(TERMS, tiers=(Tier(Decimal(0), Decimal(0)), Tier(Decimal(1000), Decimal(0)))))
    assert found.best.commit_usd == 0
    assert found.break_even_usd is None
    assert found.loss_share == 0
    assert sentences(found)[0].startswith("Do not commit")


def test_the_same_seed_gives_the_same_advice(advice: Advice) -> None:
    assert advice_document(advise(steady(), TERMS)) == advice_document(advice)
    first, other = (advise(larkfield(), TERMS, seed=seed).demand_usd for seed in (1, 2))  # days of unequal spend
    assert other != first
    assert other == pytest.approx(first, rel=0.03)


def test_a_term_inside_the_log_or_far_away_is_refused() -> None:
    for day, words in ((LAST_DAY, "but the log reaches to 2026-10-31"), (date(2040, 1, 1), "over ten years")):
        with pytest.raises(UserError, match=words):
            advise(steady(), replace(TERMS, starts_on=day))


def test_an_audit_without_spend_is_refused() -> None:
    with pytest.raises(UserError, match="no priced spend on any day"):
        advise(empty(), TERMS)


def test_a_date_for_a_workload_that_saves_nothing_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(UserErrors, match="did you mean 'nightly-digest'"):
        advise(steady(), replace(TERMS, migration_on=(("nightly digest", date(2027, 1, 1)),)))


def test_growth_that_nobody_named_is_called_assumed(advice: Advice) -> None:
    assert not any("ASSUMED" in line for line in sentences(advice))
    assumed = advise(steady(), Terms(months=1, tiers=TERMS.tiers))
    assert any("Growth is ASSUMED (shrinks -3 % a month" in line for line in sentences(assumed))
    assert [scenario.weight_share for scenario in assumed.scenarios] == [0.25, 0.5, 0.25]
    costs = [scenario.demand_usd for scenario in assumed.scenarios]
    assert costs == sorted(costs)


def test_requests_without_a_price_are_named(advice: Advice) -> None:
    unpriced = sum(row.requests for row in steady().coverage.unpriced)
    assert unpriced > 1
    assert f"Not counted: {unpriced:,} requests without a price (see whowaits spend)." in sentences(advice)


def test_the_sheet_is_one_safe_page_with_the_figures(advice: Advice) -> None:
    page = build_sheet(advice, f"Larkfield {SCRIPT}")
    assert "<script" not in page
    assert SCRIPT.replace("<", "&lt;").replace(">", "&gt;") in page
    assert not re.search(r"(src|href)=\"(?!data:)", page)
    assert "nan" not in "".join(re.findall(r'points="([^"]*)"', page))
    for sentence in sentences(advice)[:1]:
        assert sentence in page
    rows = page.split("<caption>Cost of the term by commitment ")[1].split("</table>")[0].count("<tr")
    assert rows == len(shown_curve(advice, TABLE_POINTS)) + 1
    assert advice.best in shown_curve(advice)
    assert page == build_sheet(advice, f"Larkfield {SCRIPT}")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    common = {"application": "digest", "awaited": False, "trigger": "schedule", "output_tokens": 0}
    with open_audit(tmp_path / "audit.duckdb") as audit:
        add_requests(audit, [{**common, "at": n * DAY_US, "uncached_input_tokens": 10**8} for n in range(21)])
    (tmp_path / "terms.toml").write_text("months = 6\n[[tier]]\ncommit_usd = 100\ndiscount_share = 0.25\n")
    yield tmp_path


def keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from keys(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from keys(inner)


def test_the_command_prints_documented_json_and_writes_the_sheet(folder: Path) -> None:
    words = ["--terms", "terms.toml", "--json", "-o", "sheet.html"]
    document = json.loads(CliRunner().invoke(command, words, catch_exceptions=False).stdout)
    assert set(keys(document)) - set(re.findall(r'"(\w+)"', DOCUMENTED)) == set()
    assert set(document) >= {
        "recommended_usd", "expected_cost_usd", "p10_usd", "p90_usd", "curve", "regret_unoptimized_usd"
    }  # fmt: skip
    # a day of 10^8 input tokens of Haiku 4.5 at $1 a million is $100; the log's 21 days make the forecast of 181 days
    assert Decimal(document["demand_today"]["expected_usd"]) == pytest.approx(Decimal(18_100), rel=Decimal("0.02"))
    assert document["moves"][0]["savings_usd"] == "997.50"  # 2,100 · 0.475 in batch
    assert document["history"] | {"unseen_share": 0} == {
        "first_day": "2026-09-28", "last_day": "2026-10-18", "days": 21,
        "weekly_trend": None, "uses_trend": False, "unseen_share": 0,
    }  # fmt: skip
    assert Decimal(document["recommended_usd"]) > 100
    assert "<title>Whowaits: The commitment to sign</title>" in (folder / "sheet.html").read_text()


def test_the_command_says_it_in_sentences(folder: Path) -> None:
    shown = CliRunner().invoke(command, ["--terms", "terms.toml"], catch_exceptions=False).stdout
    assert shown.startswith("Commit $")
    assert "for 2026-11-01 to 2027-04-30" in shown
    assert "Today's usage would suggest" in shown
    assert "Backtest on the log's own past: 1 forecast of up to four weeks missed by" in shown
    assert re.search(r"^digest +2026-11-01", shown, re.MULTILINE)


def test_the_report_has_the_commitment_where_terms_are_given(folder: Path) -> None:
    for words in ([], ["--terms", "terms.toml"]):
        CliRunner().invoke(report, ["-o", "report.html", *words], catch_exceptions=False)
        page = (folder / "report.html").read_text()
        assert ('<section id="commitment"' in page) == bool(words)
    sentence = CliRunner().invoke(command, ["--terms", "terms.toml"], catch_exceptions=False).stdout.splitlines()[0]
    assert sentence in page and page.count("<caption>Cost of the term by commitment ") == 1


def test_terms_that_cannot_be_read_stop_the_report_before_anything_is_written(folder: Path) -> None:
    (folder / "terms.toml").write_text("months = 0\n")
    for words in (["report", "-o", "report.html"], ["analyze", "audit.duckdb", "-o", "out"]):
        with pytest.raises(UserErrors, match=r"terms\.toml, months"):
            CliRunner().invoke(group, [*words, "--terms", "terms.toml"], catch_exceptions=False)
    assert not (folder / "report.html").exists() and not (folder / "out").exists()
