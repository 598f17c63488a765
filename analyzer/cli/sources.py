"""`whowaits sources`: the log formats, and a draft mapping for a log of one's own."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from analyzer.cli._options import json_option, print_json

if TYPE_CHECKING:
    from analyzer.sources.formats import SourceFormat

KINDS = {
    "requests": "calls, one by one",
    "usage_rollups": "sums of usage in a period, no single calls",
    "cost_lines": "money: an invoice or cost report, for `whowaits reconcile`",
}


@click.command()
@click.argument("name", required=False)
@click.option(
    "--suggest",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Draft a mapping file for this log, from the names of its fields.",
)
@json_option
def command(name: str | None, suggest: Path | None, as_json: bool) -> None:
    """List the log formats with what each carries and cannot tell; of one NAME also how to export it, and its traps.

    With --suggest FILE: draft a mapping for a log of your own.
    """
    if suggest is not None:
        click.echo(_draft(suggest), nl=False)
        return
    from analyzer.errors import UserError, nearest_name
    from analyzer.sources.formats import formats

    known = formats()
    if name is not None and name not in known:
        raise UserError("sources", repr(name), "the name of a format", nearest_name(name, known))
    shown = [known[name]] if name else list(known.values())
    if as_json:
        print_json({"sources": [_document(source) for source in shown]})
        return
    for source in shown:
        click.echo(f"{source.name}: {source.title}")
        lines = [
            ("holds", KINDS[source.into]),
            ("carries", ", ".join(source.signals)),
            ("cannot tell", ", ".join(source.cannot_tell)),
        ]
        if name:
            lines += [("export", source.how_to_export), *(("trap", trap) for trap in source.traps)]
            lines += [("counted once", f"{source.duplicate}; kept: {source.winner}"), ("source", source.url)]
        for label, text in lines:
            click.echo(textwrap.fill(text, 100, initial_indent=f"  {label + ':':<13} ", subsequent_indent=" " * 16))
    if not name:
        click.echo("generic: any JSON, CSV or Parquet log through --mapping FILE (draft one: --suggest LOG)")


def _document(source: SourceFormat) -> dict[str, Any]:
    return {
        "name": source.name,
        "title": source.title,
        "holds": source.into,
        "url": source.url,
        "checked": source.checked,
        "signals": source.signals,
        "cannot_tell": source.cannot_tell,
        "how_to_export": source.how_to_export,
    }


def _draft(path: Path) -> str:
    from analyzer.errors import UserError
    from analyzer.sources.suggestion import suggest_mapping
    from analyzer.store.feed import read_chunks
    from analyzer.store.streams import raw_blocks

    if not path.is_file():
        raise UserError(str(path), "no such file", "a log", "check the path")
    first = next(read_chunks(str(path), raw_blocks(str(path))), None)
    if first is None or not first.texts:
        raise UserError(str(path), "no records", "JSON, CSV or Parquet", "look at the file")
    return suggest_mapping(first.texts[:200])
