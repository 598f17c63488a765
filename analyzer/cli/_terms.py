"""The terms on the table, for the commands that put the commitment into the report."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from analyzer.commitment.terms import Terms
    from analyzer.config import Config
    from analyzer.report.build import Section
    from analyzer.savings.assessment import Assessment

_ORDER = 65  # after the workloads, before what was read
F = TypeVar("F", bound=Callable[..., Any])


def terms_option(*, required: bool) -> Callable[[F], F]:
    """`--terms FILE`; where it is not required it adds the commitment to the report."""
    what = (
        "The terms on the table" if required else "Put the commitment to sign into the report: the terms on the table"
    )
    return click.option(
        "--terms",
        "terms_path",
        type=click.Path(path_type=Path, dir_okay=False),
        required=required,
        help=f"{what}, a TOML file (docs/commit.md).",
    )


def read_terms(path: Path | None, config: Config) -> Terms | None:
    """The terms of a file, None without one.

    Raises: UserErrors with every problem found.
    """
    if path is None:
        return None
    from analyzer.commitment import load_terms

    return load_terms(path, config.discount_share)


def commitment_sections(assessment: Assessment, terms: Terms | None) -> tuple[Section, ...]:
    """The commitment as a section of the report; none without terms."""
    if terms is None:
        return ()
    from analyzer.commitment import advise
    from analyzer.commitment.sheet import commitment_html
    from analyzer.report.build import Section

    html = commitment_html(advise(assessment, terms), level=3)
    return (Section("commitment", "The commitment to sign", html, _ORDER),)
