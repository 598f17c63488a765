"""A client's own rules beside ours, and strengths that were measured."""

from __future__ import annotations

import json

import pytest
from audit_rows import add_requests
from click.testing import CliRunner

from analyzer.cli import group
from analyzer.config import Config, load_config
from analyzer.errors import UserErrors
from analyzer.store.audit import open_audit
from analyzer.waiting import judge, load_rules, rules_in_force
from analyzer.waiting.rulebook import calibrated, rests_on
from analyzer.workloads import scan

OWN = """
id = "{id}"
title = "Named after a night shift"
question = "Is it?"
when = "name like '%shift%'"
says = "nobody-waits"
basis = "inferred"
family = "name"
urgency = "by-morning"
strength = -2.0
sentence = "It is called “{{name}}”."
source = "the client's own convention"
checked = 2026-11-21
example = [
  {{ expects = "match", given = {{ name = "late shift" }} }},
  {{ expects = "no-match", given = {{ name = "chat" }} }},
  {{ expects = "unknown", given = {{ runs = 3 }} }},
]
"""


@pytest.fixture
def pack(tmp_path):
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "night-shift.toml").write_text(OWN.format(id="night-shift"), encoding="utf-8")
    return folder


def test_a_pack_stands_beside_ours(pack):
    rules = rules_in_force(pack)
    assert {rule.id for rule in rules} == {rule.id for rule in rules_in_force()} | {"night-shift"}
    assert [rule.id for rule in rules] == sorted(rule.id for rule in rules)


def test_a_rule_of_a_pack_wins_over_ours_of_the_same_id(pack):
    (pack / "offline-name.toml").write_text(OWN.format(id="offline-name"), encoding="utf-8")
    rules = {rule.id: rule for rule in rules_in_force(pack)}
    assert (rules["offline-name"].title, rules["offline-name"].pack) == ("Named after a night shift", pack)
    assert len(rules) == len(rules_in_force()) + 1


def test_a_configured_pack_takes_part_in_the_verdict(pack):
    (pack.parent / "whowaits.toml").write_text('[rules]\nfolder = "rules"\n', encoding="utf-8")
    config = load_config(pack.parent / "whowaits.toml")
    with open_audit(None) as audit:
        add_requests(audit, [{"api_key": "late shift"}] * 3)
        scan(audit, config)
        (with_pack,) = judge(audit, config)
        (without,) = judge(audit, Config())
    assert [evidence.rule for evidence in with_pack.components[0].evidence] == ["night-shift"]
    assert (with_pack.verdict, with_pack.urgency) == ("batchable", "by-morning")
    assert without.cannot_tell


def test_a_pack_that_is_not_there_or_is_broken_is_told(pack):
    with pytest.raises(UserErrors, match="no such folder"):
        rules_in_force(pack / "nowhere")
    (pack / "bad.toml").write_text("id = 3", encoding="utf-8")
    with pytest.raises(UserErrors, match=r"bad\.toml"):
        rules_in_force(pack)


def run(*arguments):
    return CliRunner().invoke(group, list(arguments), catch_exceptions=True)


def test_rules_list_says_whose_a_rule_is_and_what_its_strength_rests_on(pack):
    document = json.loads(run("rules", "list", "--rules", str(pack), "--json").output)
    by_id = {rule["id"]: rule for rule in document["rules"]}
    assert (by_id["night-shift"]["from"], by_id["night-shift"]["rests_on"]) == ("yours", "judgement")
    assert (by_id["schedule-by-phase"]["from"], by_id["schedule-by-phase"]["rests_on"]) == ("ours", "measured")
    assert by_id["declared-awaited"]["strength"] == "decisive"
    assert "yours" in run("rules", "list", "--rules", str(pack)).output


def test_rules_explain_tells_the_condition_and_the_grounds(pack):
    told = run("rules", "explain", "schedule-by-slots").output
    assert "slot_score >= 5" in told
    assert "measured on labelled data" in told
    assert "name like '%shift%'" in run("rules", "explain", "night-shift", "--rules", str(pack)).output
    missing = run("rules", "explain", "night-shft", "--rules", str(pack))
    assert "night-shift" in str(missing.exception)


def test_rules_test_runs_the_examples_of_a_pack_too(pack):
    assert run("rules", "test", "--rules", str(pack)).exit_code == 0
    broken = OWN.format(id="wrong").replace('"late shift"', '"early"')
    (pack / "wrong.toml").write_text(broken, encoding="utf-8")
    assert "wrong.toml, example 1: no-match" in str(run("rules", "test", "--rules", str(pack)).exception)


def test_measured_strengths_are_in_force_and_the_judgement_is_kept_beside():
    rules = {rule.id: rule for rule in rules_in_force()}
    measured = [rule for rule in rules.values() if rule.fitted_on is not None]
    assert {rule.family for rule in measured} == {"rhythm"}
    stated = {rule.id: rule.strength for rule in load_rules()}
    assert all(rule.judgement == stated[rule.id] for rule in rules.values())
    assert rests_on(rules["offline-name"]) == "judgement"


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ('rule = "no-such-rule"\nstrength = 1.0', "no such rule"),
        ('rule = "offline-name"\nstrength = 1.0', "the sign"),
        ('rule = "offline-name"\nstrength = -9.0', "the sign"),
    ],
)
def test_a_calibration_that_its_rule_may_not_have_is_refused(tmp_path, entry, told):
    path = tmp_path / "calibration.toml"
    path.write_text(f"fitted = 2026-11-21\n[[weight]]\n{entry}\n", encoding="utf-8")
    with pytest.raises(UserErrors, match=told):
        calibrated(load_rules(), path)
