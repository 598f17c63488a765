"""Options that every command shares, and how results are printed."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import click

from analyzer.money import as_text

F = TypeVar("F", bound=Callable[..., Any])


def audit_option(function: F) -> F:
    """`--audit FILE`."""
    return click.option(
        "--audit",
        "audit_path",
        type=click.Path(path_type=Path, dir_okay=False),
        default=Path("audit.duckdb"),
        show_default=True,
        help="The audit file.",
    )(function)


def config_option(function: F) -> F:
    """`--config FILE`; ./whowaits.toml is used when it is there."""
    return click.option(
        "--config",
        "config_path",
        type=click.Path(path_type=Path, dir_okay=False),
        default=None,
        help="Configuration and owners' answers. [default: whowaits.toml where it exists]",
    )(function)


def json_option(function: F) -> F:
    """`--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON for machines (docs/json.md).")(function)


def config_path_or_default(path: Path | None) -> Path | None:
    """The given path, else ./whowaits.toml where it exists, else None."""
    default = Path("whowaits.toml")
    return path if path is not None else (default if default.exists() else None)


def print_json(document: Any) -> None:
    """Money as decimal strings; keys in the order given."""

    def plain(value: Any) -> Any:
        if isinstance(value, Decimal):
            return as_text(value)
        return str(value)

    click.echo(json.dumps(document, indent=2, default=plain, ensure_ascii=False))
