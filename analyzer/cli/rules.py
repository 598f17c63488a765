"""`whowaits rules`: the waiting rules, and whether their examples hold."""

from __future__ import annotations

from pathlib import Path

import click

from analyzer.cli._options import json_option, print_json
from analyzer.cli._terminal import counted, table

_FOLDER = click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    default=None,
    help="A folder of rules. [default: the shipped ones]",
)


@click.group()
def command() -> None:
    """List the waiting rules, or test them with their own examples."""


@command.command("list")
@_FOLDER
@json_option
def list_rules(folder: Path | None, as_json: bool) -> None:
    """Print every rule: what it says and how strongly."""
    from analyzer.waiting import load_rules

    rules = load_rules(folder)
    if as_json:
        keys = ("id", "title", "question", "when", "says", "basis", "family", "sentence", "source", "checked")
        documents = [
            {**{key: getattr(rule, key) for key in keys}, "strength": _strength(rule.strength)} for rule in rules
        ]
        print_json({"rules": documents})
        return
    rows = [(rule.id, rule.says, str(_strength(rule.strength)), rule.family, rule.title) for rule in rules]
    click.echo(table(("rule", "says", "strength", "family", "when"), rows, right=(2,)))


@command.command("test")
@_FOLDER
def test_rules(folder: Path | None) -> None:
    """Run every rule's examples; exit 1 when one comes out otherwise."""
    from analyzer.errors import UserError, UserErrors
    from analyzer.waiting import example_outcomes, load_rules

    rules = load_rules(folder)
    problems = []
    for rule in rules:
        for number, (example, outcome) in enumerate(zip(rule.examples, example_outcomes(rule), strict=True), 1):
            if outcome != example.expects:
                problems.append(UserError(f"{rule.id}.toml, example {number}", outcome, example.expects))
    if problems:
        raise UserErrors(problems)
    examples = sum(len(rule.examples) for rule in rules)
    click.echo(f"{counted(len(rules), 'rule')}, {counted(examples, 'example')}: all as they say")


def _strength(strength: float | None) -> str | float:
    return "decisive" if strength is None else strength
