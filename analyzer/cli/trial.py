"""`whowaits trial`: what is tried out with Claude before anybody relies on it."""

from __future__ import annotations

import click

from analyzer.cli._trial_routing import routing
from analyzer.cli._trial_waiting import waiting


@click.group()
def command() -> None:
    """Try something out with Claude before you rely on it; says its price first."""


command.add_command(routing)
command.add_command(waiting)
