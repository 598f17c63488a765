"""The terms file: every problem at once, and what is taken where it says nothing."""

from __future__ import annotations

import tomllib
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from analyzer.commitment.terms import ASSUMED_GROWTH, Growth, Terms, Tier, load_terms, parse_terms
from analyzer.errors import UserErrors

SHORTEST = """
months = 12
[[tier]]
commit_usd = 1000
discount_share = 0.1
"""


def read(text: str, discount: str = "0") -> Terms:
    return parse_terms(tomllib.loads(text), "terms.toml", Decimal(discount))


def problems(text: str) -> list[str]:
    with pytest.raises(UserErrors) as caught:
        read(text)
    return [str(error) for error in caught.value.errors]


def test_the_shortest_file_forfeits_pays_as_it_goes_and_assumes_growth() -> None:
    found = read(SHORTEST, discount="0.05")
    assert found.tiers == (Tier(Decimal(0), Decimal("0.05")), Tier(Decimal(1000), Decimal("0.1")))
    assert (found.months, found.rollover_months, found.overage_price, found.prepaid_share) == (12, 0, 1, 0)
    assert (found.growth, found.growth_is_assumed) == (ASSUMED_GROWTH, True)
    assert (found.starts_on, found.migration_first_on, found.migration_every_days) == (None, None, 14)


def test_everything_that_can_be_said() -> None:
    found = read(
        """
        starts_on = 2027-01-01
        months = 24
        unused = "rollover"
        rollover_months = 6
        overage_price = "tier"
        prepaid_share = 0.5
        capital_cost_share = 0.08
        round_to_usd = 5000
        [[tier]]
        commit_usd = 500000
        discount_share = 0.12
        [[tier]]
        commit_usd = 0
        discount_share = 0.02
        [[growth]]
        name = "plan"
        monthly_share = 0.04
        weight = 2
        [migration]
        first_on = 2027-02-01
        every_days = 0
        on = {"nightly digest" = 2027-03-01}
        """,
        discount="0.3",
    )
    assert found == Terms(
        months=24,
        tiers=(Tier(Decimal(0), Decimal("0.02")), Tier(Decimal(500000), Decimal("0.12"))),
        starts_on=date(2027, 1, 1),
        rollover_months=6,
        overage_price=None,
        prepaid_share=Decimal("0.5"),
        capital_cost_share=Decimal("0.08"),
        round_to_usd=Decimal(5000),
        growth=(Growth("plan", Decimal("0.04"), Decimal(2)),),
        growth_is_assumed=False,
        migration_first_on=date(2027, 2, 1),
        migration_every_days=0,
        migration_on=(("nightly digest", date(2027, 3, 1)),),
    )


def test_all_problems_are_listed_at_once_with_the_nearest_name() -> None:
    found = problems(
        """
        month = 12
        unused = "lost"
        overage_price = "cheap"
        prepaid_share = 2
        starts_on = "2027-01-01"
        [[tier]]
        commit_usd = -5
        [[tier]]
        commit_usd = 10
        discount_share = 1
        [[growth]]
        monthly_share = 7
        [migration]
        every_days = 1.5
        on = {digest = "soon"}
        """
    )
    assert found[0] == "terms.toml, month: an unknown key; expected a known one; did you mean 'months'?"
    named = {line.split(":")[0].removeprefix("terms.toml, ") for line in found}
    assert named == {
        "month", "months", "unused", "overage_price", "prepaid_share", "starts_on", "tier 1.commit_usd",
        "tier 1.discount_share", "tier 2.discount_share", "growth 1.name", "growth 1.monthly_share", "growth 1.weight",
        "migration.every_days", "migration.on.digest",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ('unused = "rollover"', "rollover_months: no months"),
        ("rollover_months = 3", "months beside unused = 'forfeit'"),
        ("migration = 3", "migration: a int; expected a table"),
        ("growth = 3", "growth: no list of tables"),
    ],
)
def test_what_does_not_go_together_is_said(more: str, problem: str) -> None:
    assert any(problem in line for line in problems(more + SHORTEST))


def test_two_tiers_from_one_sum_on_are_one_too_many() -> None:
    again = "[[tier]]\ncommit_usd = 1000.0\ndiscount_share = 0.2\n"
    assert problems(SHORTEST + again) == ["terms.toml, tier: two tiers from 1000 USD on; expected one"]


def test_a_file_without_tiers_or_weights_is_refused() -> None:
    assert problems("months = 1")[0].startswith("terms.toml, tier: no tier")
    weightless = '[[growth]]\nname = "a"\nmonthly_share = 0\nweight = 0\n'
    assert problems(SHORTEST + weightless) == ["terms.toml, growth: weights that are all 0; expected a weight above 0"]


def test_a_missing_or_broken_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserErrors, match="no such file"):
        load_terms(tmp_path / "none.toml")
    broken = tmp_path / "terms.toml"
    broken.write_text("months = ")
    with pytest.raises(UserErrors, match="not valid TOML"):
        load_terms(broken)


def test_the_example_of_the_docs_is_a_valid_terms_file() -> None:
    page = (Path(__file__).parents[2] / "docs" / "commit.md").read_text(encoding="utf-8")
    example = page.split("```toml\n")[1].split("```")[0]
    assert read(example).months == 12
