"""Which `whowaits.toml` counts, and the copy that stays beside the figures made with it."""

from __future__ import annotations

from pathlib import Path

import click

from analyzer.config import Config, load_config

NAME = "whowaits.toml"
BEFORE = "whowaits.toml.before"


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
        return load_config(copy)
    if here.read_bytes() != copy.read_bytes():
        click.echo(f"configuration: ./{NAME}, which differs from {copy} of the last analyze", err=True)
    return load_config(here)


def keep_copy(config: Config, folder: Path) -> None:
    """Put a copy of the configuration's file into `folder`; one that is there and differs is kept as `*.before`."""
    source, copy = config.path, folder / NAME
    if source is None or not source.is_file():
        return
    content = source.read_bytes()
    if copy.is_file():
        if copy.read_bytes() == content:
            return
        copy.replace(folder / BEFORE)
        click.echo(f"{copy} is replaced by {source}; what it said is in {folder / BEFORE}", err=True)
    copy.write_bytes(content)
