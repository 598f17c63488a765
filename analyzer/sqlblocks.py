"""Named blocks of a .sql file: `-- name: noun` starts one, comments under it say Takes / Returns / Unit."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

_NAME = re.compile(r"^-- name: (\w+)\s*$", re.MULTILINE)


@cache
def sql_blocks(path: Path) -> dict[str, str]:
    """Name to SQL text, in the order of the file.

    Raises: ValueError when a name stands twice.
    """
    parts = _NAME.split(path.read_text(encoding="utf-8"))
    names, texts = parts[1::2], parts[2::2]
    if len(set(names)) != len(names):
        raise ValueError(f"{path}: a block name stands twice")
    return {name: text.strip().rstrip(";") for name, text in zip(names, texts, strict=True)}


def quoted(identifier: str) -> str:
    """An SQL identifier, quoted: the only way a name from outside may enter a statement."""
    return '"' + identifier.replace('"', '""') + '"'
