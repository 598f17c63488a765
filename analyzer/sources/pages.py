"""docs/sources.md, made from the front matter of the formats: `python -m analyzer.sources.pages > docs/sources.md`."""

from __future__ import annotations

import sys

from analyzer.sources.formats import SourceFormat, formats
from analyzer.sources.mapping import FIELDS, REQUIRED


def sources_page() -> str:
    """The page, in Markdown."""
    parts = [
        "# Log formats",
        "",
        "Made by `python -m analyzer.sources.pages`; edit the front matter in `analyzer/sources/*.sql` instead.",
        "A format is recognised from the content of a file; `--format NAME` forces one.",
        "",
    ]
    parts += [_section(source) for source in formats().values()]
    parts += [
        "## `generic`: any log, through a mapping",
        "",
        "`whowaits sources --suggest FILE > mapping.toml` drafts a mapping from the names of the fields;",
        "look at each line, then `whowaits ingest --mapping mapping.toml FILE`.",
        "JSON, CSV and Parquet alike; `a.b` reaches into objects.",
        "",
        "`input_includes_cache` must be said: `true` where the input count holds cache reads and writes.",
        "",
        "Required columns: " + ", ".join(f"`{name}`" for name in REQUIRED) + ".",
        "Optional: " + ", ".join(f"`{name}`" for name in FIELDS if name not in REQUIRED) + ".",
        "Each entry of `[tags]` becomes a tag.",
        "",
    ]
    return "\n".join(parts)


def _section(source: SourceFormat) -> str:
    def listed(items: tuple[str, ...]) -> str:
        return "\n".join(f"- {item}" for item in items)

    recognised = "\n".join("- " + ", ".join(f"`{path}`" for path in paths) for paths in source.recognise)
    return f"""## `{source.name}`: {source.title}

Grain: {source.grain}. Source: <{source.url}>, checked {source.checked}.

How to export: {source.how_to_export}

Recognised by a record that has all of one of:

{recognised}

Two records are the same call by: {source.duplicate}. Kept: {source.winner}.

It can tell: {", ".join(source.signals)}. It cannot tell: {", ".join(source.cannot_tell)}.

Traps that the projection minds:

{listed(source.traps)}
"""


if __name__ == "__main__":
    sys.stdout.write(sources_page())
