"""The log formats: one .sql file each, front matter (TOML in a leading comment) and a projection.

A format whose documents hold many records has a .py file of the same name beside it, with
`open_unfold(path) -> Unfold`: called once a file, it gives the function that yields the records inside one document.
A document without records is context; a ValueError rejects it with its text as the reason.
"""

from __future__ import annotations

import importlib
import json
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from analyzer.rooms import room_files
from analyzer.sqlblocks import sql_blocks

FOLDER = Path(__file__).parent
_OPEN, _CLOSE = "/*---", "---*/"
_LOOK_AT = 50
INTO = ("requests", "usage_rollups", "cost_lines")

Unfold = Callable[[dict[str, Any]], Iterator[dict[str, Any]]]


@dataclass(frozen=True)
class SourceFormat:
    """One log format.

    `recognise`: sets of JSON paths (`a.b`, `a[].b` for any element); a document that has every path of one set is of
    this format, unless it has every path of a set in `recognise_not`. `shape` is what json_transform takes.
    `projection` reads record(record_no, text, r); `whole_file`, where there is one, reads `projected` once at the end.
    `into`: the table that the rows are for, one of INTO.
    """

    name: str
    title: str
    url: str
    checked: date
    grain: str
    recognise: tuple[tuple[str, ...], ...]
    recognise_not: tuple[tuple[str, ...], ...]
    signals: tuple[str, ...]
    cannot_tell: tuple[str, ...]
    duplicate: str
    winner: str
    traps: tuple[str, ...]
    how_to_export: str
    shape: str
    projection: str
    whole_file: str | None = None
    into: str = "requests"
    is_folded: bool = False

    def open_unfold(self, path: str) -> Unfold | None:
        """How the documents of one file come apart; None = a document is a record."""
        if not self.is_folded:
            return None
        module = importlib.import_module(f"analyzer.sources.{self.name}")
        unfold: Unfold = module.open_unfold(path)
        return unfold

    def matches(self, record: Mapping[str, Any]) -> bool:
        """Does a parsed record look like this format?"""
        return _has_any(record, self.recognise) and not _has_any(record, self.recognise_not)


@cache
def formats() -> Mapping[str, SourceFormat]:
    """All formats by name, in order of name."""
    return {path.stem: read_format(path) for path in room_files(FOLDER, ".sql")}


def read_format(path: Path) -> SourceFormat:
    """One room.

    Raises: ValueError when the front matter is missing or incomplete.
    """
    text = path.read_text(encoding="utf-8")
    if not text.startswith(_OPEN) or _CLOSE not in text:
        raise ValueError(f"{path.name}: no front matter between {_OPEN} and {_CLOSE}")
    head = tomllib.loads(text[len(_OPEN) : text.index(_CLOSE)])
    blocks = sql_blocks(path)
    try:
        return SourceFormat(
            name=path.stem,
            title=head["title"],
            url=head["url"],
            checked=head["checked"],
            grain=head["grain"],
            recognise=tuple(map(tuple, head["recognise"])),
            recognise_not=tuple(map(tuple, head["recognise_not"])),
            signals=tuple(head["signals"]),
            cannot_tell=tuple(head["cannot_tell"]),
            duplicate=head["duplicate"],
            winner=head["winner"],
            traps=tuple(head["traps"]),
            how_to_export=head["how_to_export"],
            shape=json.dumps(head["shape"]),
            projection=blocks["projection"],
            whole_file=blocks.get("whole_file"),
            into=head.get("into", "requests"),
            is_folded=path.with_suffix(".py").exists(),
        )
    except KeyError as error:
        raise ValueError(f"{path.name}: {error} is missing") from None


def matching_formats(records: Iterable[str]) -> tuple[SourceFormat, ...]:
    """The formats that at least one of the records (JSON texts) looks like."""
    parsed = [record for record in map(_object, records) if record is not None]
    return tuple(source for source in formats().values() if any(source.matches(record) for record in parsed))


def macros() -> str:
    """The SQL every projection needs first: macros of the connection, run once after `salt` is set.

    `_macros.sql` comes first, then what builds on it: of two such files the one whose name sorts later.
    """
    paths = sorted(FOLDER.glob("_*.sql"), reverse=True)
    paths.sort(key=lambda path: path.stem != "_macros")
    return "\n".join(path.read_text(encoding="utf-8") for path in paths if path.stem != "_generic")


def _object(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _has_any(record: Mapping[str, Any], sets: Iterable[tuple[str, ...]]) -> bool:
    return any(all(_has(record, path) for path in paths) for paths in sets)


def _has(value: Any, path: str) -> bool:
    if isinstance(value, dict) and path in value:
        return True
    name, _, rest = path.partition(".")
    name, is_list = name.removesuffix("[]"), name.endswith("[]")
    if not isinstance(value, dict) or name not in value:
        return False
    found = value[name]
    if is_list:
        return isinstance(found, list) and any(not rest or _has(item, rest) for item in found[:_LOOK_AT])
    return not rest or _has(found, rest)
