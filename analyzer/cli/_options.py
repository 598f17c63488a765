"""Options that every command shares, and how results are printed."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, TypedDict, TypeVar

import click

from analyzer.money import as_text


class HowToRead(TypedDict, total=False):
    """What `reading_options` gives; the keywords of `ingest_paths`."""

    format: str | None
    mapping: Path | None
    assumed_us: int | None
    strict: bool


_FIRST_YEAR = 2010  # as for the times in logs
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
    """`--config FILE`; `read_config` says what counts without it."""
    return click.option(
        "--config",
        "config_path",
        type=click.Path(path_type=Path, dir_okay=False),
        default=None,
        help="Configuration and owners' answers. [default: ./whowaits.toml, else the one beside the audit]",
    )(function)


def reading_options(function: F) -> F:
    """`--format`, `--mapping`, `--at`, `--strict`, `--endpoint-url`: how logs are read."""
    for option in (
        click.option(
            "--endpoint-url",
            metavar="URL",
            expose_value=False,
            callback=_set_endpoint,
            help="Object store for s3:// paths, where it is not Amazon's. [env: AWS_ENDPOINT_URL]",
        ),
        click.option("--strict", is_flag=True, help="Stop at the first file or record that cannot be used."),
        click.option(
            "--at",
            "assumed_us",
            metavar="TIME",
            callback=_instant_us,
            help="When calls without a time of their own were made: 2026-10-01 or 2026-10-01T09:00:00Z.",
        ),
        click.option(
            "--mapping", type=click.Path(path_type=Path, dir_okay=False), help="Mapping file for a log of your own."
        ),
        click.option("--format", help="Read every file as this log format (whowaits sources)."),
    ):
        function = option(function)
    return function


def _set_endpoint(context: click.Context, parameter: click.Parameter, url: str | None) -> None:
    """Where every tool of AWS looks for it."""
    if url is not None:
        os.environ["AWS_ENDPOINT_URL"] = url


def owner_option(function: F) -> F:
    """`--owner`: which log or report counts what several of them hold."""
    return click.option(
        "--owner",
        "owners",
        multiple=True,
        metavar="STREAM[+STREAM][,key=NAME][,from=DAY][,to=DAY]",
        help="Who counts what two logs or reports both hold (docs/owners.md). May be given again.",
    )(function)


def _instant_us(context: click.Context, parameter: click.Parameter, text: str | None) -> int | None:
    if text is None:
        return None
    try:
        instant = datetime.fromisoformat(text)
        instant = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
        if instant.year < _FIRST_YEAR:
            raise ValueError(text)
    except ValueError:
        expected = f"a time from {_FIRST_YEAR} on such as 2026-10-01 or 2026-10-01T09:00:00Z"
        raise click.BadParameter(f"found {text!r}, expected {expected}") from None
    return (instant - datetime.fromtimestamp(0, UTC)) // timedelta(microseconds=1)


def json_option(function: F) -> F:
    """`--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON for machines (docs/json.md).")(function)


def print_json(document: Any) -> None:
    """Money as decimal strings; keys in the order given."""

    def plain(value: Any) -> Any:
        if isinstance(value, Decimal):
            return as_text(value)
        return str(value)

    click.echo(json.dumps(document, indent=2, default=plain, ensure_ascii=False))
