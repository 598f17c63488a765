from __future__ import annotations

import re
from pathlib import Path

import pytest

from analyzer.errors import UserErrors
from analyzer.waiting import Rule, example_outcomes, load_rules, rules_in_force
from analyzer.waiting.rulebook import rules_table

RULES = rules_in_force()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_every_example_of_a_rule_comes_out_as_it_says(rule: Rule):
    assert example_outcomes(rule) == tuple(example.expects for example in rule.examples)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_the_sentence_of_a_rule_shows_the_numbers_of_a_match(rule: Rule):
    given = next(example.given for example in rule.examples if example.expects == "match")
    told = rule.told(given)
    assert "{" not in told
    assert "}" not in told


def test_there_are_rules_for_every_family():
    assert len(RULES) >= 14
    assert {rule.family for rule in RULES} == {"declared", "shape", "rhythm", "name", "structure", "deadline"}


def test_only_declared_facts_are_decisive():
    assert {rule.basis for rule in RULES if rule.strength is None} == {"declared"}


def test_a_broken_rule_file_lists_every_problem_at_once(tmp_path):
    (tmp_path / "odd.toml").write_text(
        'id = "other"\ntitle = "t"\nquestion = "q"\nwhen = "true"\nsays = "someone-waits"\nbasis = "inferred"\n'
        'family = "rhythm"\nstrength = "decisive"\nsentence = "{nothing:pct}"\nsource = "s"\nchecked = 2026-11-21\n'
        'example = [{expects = "match", given = {runz = 3}}]\n',
        encoding="utf-8",
    )
    with pytest.raises(UserErrors) as raised:
        load_rules(tmp_path)
    text = str(raised.value)
    for part in ("id", "decisive", "timing can prove", "nothing", "no-match", "runz"):
        assert part in text


def test_the_table_of_rules_in_the_docs_is_fresh():
    page = Path(__file__).parents[2] / "docs" / "waiting.md"
    assert rules_table(RULES) in page.read_text(encoding="utf-8")


def test_the_rules_named_for_each_case_in_the_docs_are_there():
    page = (Path(__file__).parents[2] / "docs" / "waiting.md").read_text(encoding="utf-8")
    cases = page.split("## The cases")[1].split("\n## ")[0]
    named = set(re.findall(r"`([a-z-]+)`", cases))
    assert len(named) >= 20
    assert named <= {rule.id for rule in RULES}
