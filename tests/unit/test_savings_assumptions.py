"""`rules/assumptions.toml` is read strictly."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from analyzer import pricing
from analyzer.errors import UserErrors
from analyzer.resources import shipped
from analyzer.savings.assumptions import IDS, load_assumptions

TEXT = (shipped("rules") / "assumptions.toml").read_text(encoding="utf-8")


def problems(tmp_path: Path, text: str) -> str:
    path = tmp_path / "assumptions.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UserErrors) as caught:
        load_assumptions(path)
    return str(caught.value)


def test_every_assumption_is_there_with_source_and_date() -> None:
    found = load_assumptions()
    assert tuple(sorted(row.id for row in found.rows)) == tuple(sorted(IDS))
    assert all(row.source and row.checked for row in found.rows)
    assert found.value("batch_cache_hit_share", "base") == Fraction(65, 100)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('id = "guard_share"', 'id = "gard_share"', "did you mean 'guard_share'?"),
        ('low = "0.70"', 'low = "a lot"', "expected a number from 0 to 1"),
        ('low = "0.70"', "low = 0.70", "expected a text"),
        ('low = "0.70"', 'low = "0.90"', "not in order"),
        ('high = "0.95"', 'high = "1.95"', "expected a number from 0 to 1"),
        ('basis = "MODELED"', 'basis = "GUESSED"', "one of MEASURED, MODELED, ASSUMED"),
        ("checked = 2026-11-20", "", "checked: None"),
        ('unit = "factor"', 'unit = "furlong"', "one of share, factor, seconds"),
        ('unit = "factor"', 'unit = "factor"\nwhim = "yes"', "unknown key whim"),
        ('id = "guard_share"', 'id = "batch_placed_share"', "stands 2 times"),
        ("[[assumption]]", "[assumption]", "not valid TOML"),
        ("[[assumption]]", "other = 1\n[[assumption]]", "other keys at the top"),
    ],
)
def test_a_wrong_file_is_told_in_one_line(tmp_path: Path, old: str, new: str, says: str) -> None:
    assert old in TEXT
    assert says in problems(tmp_path, TEXT.replace(old, new, 1))


def test_all_problems_come_at_once(tmp_path: Path) -> None:
    text = TEXT.replace('low = "0.70"', 'low = "x"').replace('low = "0.30"', 'low = "y"')
    assert len(problems(tmp_path, text).splitlines()) == 2


def test_an_unknown_assumption_is_no_number() -> None:
    with pytest.raises(KeyError):
        load_assumptions().value("luck", "low")


def test_the_tokenizer_factor_is_that_of_the_models() -> None:
    found, factor = load_assumptions(), pricing.models()["claude-haiku-5-5"].tokenizer_factor
    ends = {found.value("tokenizer_factor", "low"), found.value("tokenizer_factor", "high")}
    assert ends == {Fraction(factor.low), Fraction(factor.high)}
    assert found.value("tokenizer_factor", "base") == Fraction(factor.base)


def test_the_method_paper_shows_the_assumptions_of_the_file() -> None:
    page = (shipped("rules").parent / "docs" / "method.md").read_text(encoding="utf-8")
    table = [line for line in page.splitlines() if line.startswith("| `")]
    assert table == [
        f"| `{row.id}` | {row.low} | {row.base} | {row.high} | {row.basis} | {row.checked} |"
        for row in load_assumptions().rows
    ]
    assert all(f"`{row.id}`: {row.title}. Source: {row.source}." in page for row in load_assumptions().rows)
