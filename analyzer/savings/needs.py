"""What the requests of a component ask of a model: whether a smaller one can take them at all."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from analyzer.pricing import Model
from analyzer.sqlblocks import sql_blocks
from analyzer.store.audit import Audit

FEATURES = ("thinking", "tools", "images")
"""What a log can tell of requests; `lacks` of a model names the same."""


@dataclass(frozen=True)
class Needs:
    """`most_output_tokens`: the largest max_tokens, or the largest answer where none is logged; None = not known.

    `uses`: features of some request; `untold`: those that the log does not tell of.
    """

    most_output_tokens: int | None = None
    uses: tuple[str, ...] = ()
    untold: tuple[str, ...] = FEATURES

    def obstacle(self, model: Model, largest_request_tokens: int | None) -> str | None:
        """Why the model cannot take them all, in words; None when nothing that is known speaks against it.

        `largest_request_tokens`: input of the largest request; None = not known.
        """
        if largest_request_tokens is not None and largest_request_tokens > model.context_window_tokens:
            return f"reads {model.context_window_tokens:,} tokens, the largest request has {largest_request_tokens:,}"
        most = self.most_output_tokens
        if most is not None and model.max_output_tokens is not None and most > model.max_output_tokens:
            return f"writes {model.max_output_tokens:,} tokens, up to {most:,} are asked for"
        lacking = [feature for feature in self.uses if feature in model.lacks]
        return f"has no {' and no '.join(lacking)}" if lacking else None


def read_needs(audit: Audit) -> dict[int, Needs]:
    """By component_no. Takes the temp tables of `analyzer.workloads.scan`."""
    rows = audit.connection.execute(sql_blocks(Path(__file__).with_suffix(".sql"))["needs"]).fetchall()
    found = {}
    for no, most, *told in rows:
        uses = tuple(name for name, value in zip(FEATURES, told, strict=True) if value)
        untold = tuple(name for name, value in zip(FEATURES, told, strict=True) if value is None)
        found[no] = Needs(most, uses, untold)
    return found
