"""`whowaits sources`: the log formats, and a draft mapping for a log of one's own."""

from __future__ import annotations

from pathlib import Path

import click

from analyzer.cli._options import json_option, print_json


@click.command()
@click.option(
    "--suggest",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Draft a mapping file for this log, from the names of its fields.",
)
@json_option
def command(suggest: Path | None, as_json: bool) -> None:
    """List the log formats, or draft a mapping with --suggest FILE."""
    if suggest is not None:
        click.echo(_draft(suggest), nl=False)
        return
    from analyzer.sources.formats import formats

    if as_json:
        print_json(
            {
                "sources": [
                    {
                        "name": source.name,
                        "title": source.title,
                        "url": source.url,
                        "checked": source.checked,
                        "signals": source.signals,
                        "cannot_tell": source.cannot_tell,
                        "how_to_export": source.how_to_export,
                    }
                    for source in formats().values()
                ]
            }
        )
        return
    for source in formats().values():
        click.echo(f"{source.name:<26} {source.title}\n{'':<26} {source.how_to_export}")
    click.echo(f"{'generic':<26} any JSON, CSV or Parquet log through --mapping FILE (draft one: --suggest LOG)")


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
