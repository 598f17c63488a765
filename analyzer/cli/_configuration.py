"""Which `whowaits.toml` counts, and the copy that stays beside the figures made with it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from analyzer.config import Config, load_config

NAME = "whowaits.toml"
BEFORE = "whowaits.toml.before"
RULES = "whowaits.rules"


def read_config(given: Path | None, audit_path: Path) -> Config:
    """The given file, else ./whowaits.toml, else the copy beside the audit, else the empty configuration.

    The file a person edits comes before the copy. One line on standard error says so where the copy is used, and
    where it differs from the ./whowaits.toml that is used in its place.
    Raises: UserErrors.
    """
    if given is not None:
        return load_config(given)
    here, copy = Path(NAME), audit_path.parent / NAME
    if not copy.is_file():
        return load_config(here if here.exists() else None)
    if not here.exists():
        click.echo(f"configuration: {copy}, the copy beside the audit (--config FILE for another)", err=True)
        config = load_config(copy)
        return config if config.rules_folder is None else replace(config, rules_folder=copy.parent / RULES)
    if here.read_bytes() != copy.read_bytes():
        click.echo(f"configuration: ./{NAME}, which differs from {copy} of the last analyze", err=True)
    return load_config(here)


def keep_copy(config: Config, folder: Path) -> None:
    """Put copies of the configuration's file and of the rules that it names into `folder`.

    A configuration that is there and differs is kept as `whowaits.toml.before`.
    """
    source, copy = config.path, folder / NAME
    if source is None or not source.is_file():
        return
    _keep_rules(config.rules_folder, folder / RULES)
    content = source.read_bytes()
    if copy.is_file():
        if copy.read_bytes() == content:
            return
        copy.replace(folder / BEFORE)
        click.echo(f"{copy} is replaced by {source}; what it said is in {folder / BEFORE}", err=True)
    copy.write_bytes(content)


def _keep_rules(rules: Path | None, copy: Path) -> None:
    """The copy holds what `rules` holds, and nothing that an earlier run left there."""
    texts = {} if rules is None else {path.name: path.read_bytes() for path in rules.glob("*.toml")}
    for path in copy.glob("*.toml"):
        if path.name not in texts:
            path.unlink()
    if rules is not None:
        copy.mkdir(exist_ok=True)
    for name, content in texts.items():
        (copy / name).write_bytes(content)
