"""`whowaits rules`: the waiting rules, and whether their examples hold."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from analyzer.cli._options import json_option, print_json
from analyzer.cli._terminal import counted, table
from analyzer.cli._verdicts import rules_option

if TYPE_CHECKING:
    from analyzer.waiting import Rule

_KEYS = ("id", "title", "question", "when", "says", "basis", "family", "sentence", "source", "checked")


@click.group()
def command() -> None:
    """List the waiting rules, explain one, or test them with their own examples."""


@command.command("list")
@rules_option
@json_option
def list_rules(rules_folder: Path | None, as_json: bool) -> None:
    """Print every rule in force: what it says and how strongly."""
    from analyzer.waiting import rules_in_force
    from analyzer.waiting.rulebook import rests_on

    rules = rules_in_force(rules_folder)
    if as_json:
        print_json({"rules": [_document(rule) for rule in rules]})
        return
    heads = ["rule", "says", "strength", "rests on", "family", "when"]
    rows = [[r.id, r.says, _strength(r.strength), rests_on(r), r.family, r.title] for r in rules]
    if rules_folder is not None:
        heads.append("from")
        for row, rule in zip(rows, rules, strict=True):
            row.append("ours" if rule.pack is None else "yours")
    click.echo(table(heads, rows, right=(2,)))


@command.command("explain")
@click.argument("rule_id", metavar="RULE")
@rules_option
@json_option
def explain_rule(rule_id: str, rules_folder: Path | None, as_json: bool) -> None:
    """Print all of one RULE: its condition, what it says, what its strength rests on, its examples."""
    from analyzer.errors import UserError, nearest_name
    from analyzer.waiting import rules_in_force

    rules = {rule.id: rule for rule in rules_in_force(rules_folder)}
    if rule_id not in rules:
        raise UserError(
            rule_id, "no such rule", "an id that `whowaits rules list` prints", nearest_name(rule_id, rules)
        )
    rule = rules[rule_id]
    if as_json:
        print_json(_document(rule))
        return
    click.echo(f"{rule.id}: {rule.title}")
    click.echo(f"  when      {rule.when}")
    click.echo(f"  says      {rule.says}, {_strength(rule.strength)} ({_grounds(rule)}); family {rule.family}")
    click.echo(f"  sentence  {rule.sentence}")
    if rule.question:
        click.echo(f"  asks      {rule.question}")
    click.echo(f"  source    {rule.source}, checked {rule.checked}")
    for example in rule.examples:
        given = ", ".join(f"{name} = {value}" for name, value in example.given.items())
        click.echo(f"  {example.expects:<8}  {given}")


@command.command("test")
@rules_option
def test_rules(rules_folder: Path | None) -> None:
    """Run every rule's examples; exit 1 when one comes out otherwise."""
    from analyzer.errors import UserError, UserErrors
    from analyzer.waiting import example_outcomes, rules_in_force

    rules = rules_in_force(rules_folder)
    problems = []
    for rule in rules:
        for number, (example, outcome) in enumerate(zip(rule.examples, example_outcomes(rule), strict=True), 1):
            if outcome != example.expects:
                problems.append(UserError(f"{rule.id}.toml, example {number}", outcome, example.expects))
    if problems:
        raise UserErrors(problems)
    examples = sum(len(rule.examples) for rule in rules)
    click.echo(f"{counted(len(rules), 'rule')}, {counted(examples, 'example')}: all as they say")


def _document(rule: Rule) -> dict[str, Any]:
    from analyzer.waiting.rulebook import rests_on

    return {
        **{key: getattr(rule, key) for key in _KEYS},
        "strength": "decisive" if rule.strength is None else rule.strength,
        "judgement": rule.judgement,
        "rests_on": rests_on(rule),
        "fitted_on": rule.fitted_on,
        "from": "ours" if rule.pack is None else "yours",
    }


def _strength(strength: float | None) -> str:
    return "decisive" if strength is None else f"{strength:+g}".replace("-", "−")


def _grounds(rule: Rule) -> str:
    if rule.strength is None:
        return "a declared fact"
    if rule.fitted_on is not None:
        return f"log-odds measured on labelled data on {rule.fitted_on}; by judgement {_strength(rule.judgement)}"
    return "log-odds by judgement: no labelled data"
