"""What `worksheet`, `review` and `trial waiting` share: the open questions of an audit, and where answers go."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from analyzer.cli._audits import open_audit_with_requests
from analyzer.cli._configuration import NAME, read_config

if TYPE_CHECKING:
    from analyzer.config import Config
    from analyzer.savings import Assessment
    from analyzer.store.audit import Audit
    from analyzer.worksheet.opinion import Opinion


@dataclass(frozen=True)
class Questioned:
    """An open audit, what it comes to with the configuration in force, and the file that answers are written to."""

    audit: Audit
    config: Config
    assessment: Assessment
    answers_path: Path

    @property
    def opinions(self) -> tuple[Opinion, ...]:
        """What `trial waiting` was told."""
        from analyzer.worksheet.opinion import known_opinions

        return known_opinions(self.audit)

    def assess(self, config: Config) -> Assessment:
        """What the audit comes to with another configuration."""
        from analyzer.savings import assess

        return assess(self.audit, config)


@contextmanager
def questioned(audit_path: Path, config_path: Path | None) -> Iterator[Questioned]:
    """Open and assess an audit.

    Answers go to the configuration in force; where there is none, to the --config that was named or ./whowaits.toml.
    Raises: UserError, UserErrors.
    """
    from analyzer.config import Config
    from analyzer.savings import assess

    is_new = config_path is not None and not config_path.exists()
    config = Config() if is_new else read_config(config_path, audit_path)
    with open_audit_with_requests(audit_path) as audit:
        yield Questioned(audit, config, assess(audit, config), config.path or config_path or Path(NAME))


def signature(who: str | None) -> str | None:
    """`--who` as one line. Raises: click.BadParameter."""
    from analyzer.worksheet import read_cell

    try:
        name: str | None = read_cell("who", who)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--who") from None
    return name
