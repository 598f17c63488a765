"""How strengths are fitted: benchmarks/calibrate.py, on counts by hand."""

from __future__ import annotations

import importlib
import math
import sys
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from analyzer.waiting import load_rules
from analyzer.waiting.rulebook import calibrated

ROOT = Path(__file__).parents[2]
RULES = {rule.id: rule for rule in load_rules()}


@pytest.fixture(scope="module")
def calibrate():
    sys.path.append(str(ROOT / "benchmarks"))
    yield importlib.import_module("calibrate")
    sys.path.remove(str(ROOT / "benchmarks"))


def seen(calibrate, rule, waiting, idle):
    """Of so many that wait, and do not wait, so many matched: (matched, all) each."""
    made = []
    for (hits, count), waits in ((waiting, True), (idle, False)):
        for number in range(count):
            matched = frozenset({rule.id} if number < hits else ())
            made.append(calibrate.Judged("k", waits, 20, matched, "cannot-tell", 0.5))
    return made


def test_the_worked_example_of_the_docstring(calibrate):
    rule = RULES["schedule-by-phase"]
    (weight,) = calibrate.fitted([rule], seen(calibrate, rule, (0, 999), (499, 999)))
    assert weight.raw == pytest.approx(math.log(0.0005 / 0.4995))
    assert calibrate.log_ratio(0, 999, 499, 999)[1] == pytest.approx(2.0, abs=0.001)
    assert weight.strength == -2.2


def test_a_few_matches_stay_near_the_judgement_and_many_follow_the_data(calibrate):
    rule = replace(RULES["offline-name"], strength=-1.1)
    # 10 of 40 against 20 of 40: raw = ln(10.5/20.5) = -0.669, variance 1/10.5 + 1/20.5 - 2/41 = 0.0952
    (weight,) = calibrate.fitted([rule], seen(calibrate, rule, (10, 40), (20, 40)))
    assert weight.strength == pytest.approx((-1.1 - 0.669 / 0.0952) / (1 + 1 / 0.0952), abs=0.01)
    assert calibrate.fitted([rule], seen(calibrate, rule, (5, 40), (14, 40))) == []


def test_data_against_a_rule_leave_it_next_to_nothing_and_never_turn_it_round(calibrate):
    rule = RULES["offline-name"]
    (weight,) = calibrate.fitted([rule], seen(calibrate, rule, (900, 1000), (10, 1000)))
    assert weight.strength == -0.1


def test_declared_facts_are_not_fitted(calibrate):
    rule = RULES["declared-schedule"]
    assert calibrate.fitted([rule], seen(calibrate, rule, (0, 500), (400, 500))) == []


def test_what_is_written_can_be_read_and_is_what_is_in_force(calibrate, tmp_path):
    rule = RULES["schedule-by-phase"]
    weights = calibrate.fitted([rule], seen(calibrate, rule, (0, 999), (499, 999)))
    path = tmp_path / "calibration.toml"
    path.write_text(calibrate.calibration_toml(weights, "2026-11-21"), encoding="utf-8")
    in_force = {rule.id: rule.strength for rule in calibrated(load_rules(), path)}
    assert in_force["schedule-by-phase"] == -2.2
    assert in_force["offline-name"] == RULES["offline-name"].strength


def test_the_shipped_table_states_the_judgement_that_the_rules_state():
    document = tomllib.loads((ROOT / "rules" / "calibration.toml").read_text(encoding="utf-8"))
    assert {entry["rule"]: entry["judgement"] for entry in document["weight"]} == {
        entry["rule"]: RULES[entry["rule"]].strength for entry in document["weight"]
    }
