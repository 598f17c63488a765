"""Text from logs, made safe and short for a terminal; tables in columns; counts with their noun."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

_ELLIPSIS = "…"


def printable(text: str, width: int = 60) -> str:
    """One line without control, format or escape characters, cut to `width` characters (0 = uncut)."""
    safe = "".join(" " if unicodedata.category(mark) in ("Cc", "Cf", "Zl", "Zp", "Cs") else mark for mark in text)
    line = " ".join(safe.split())
    return line if not width or len(line) <= width else line[: width - 1] + _ELLIPSIS


def counted(number: int, noun: str) -> str:
    """`1 file`, `2,000 files`, `0 files`: the number with its noun, which takes an `s` unless it is one."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> str:
    """Columns two spaces apart; those in `right` are aligned right. Cells are taken as they are."""
    lines = [heads, *rows]
    widths = [max(len(line[index]) for line in lines) for index in range(len(heads))]
    return "\n".join(
        "  ".join(
            cell.rjust(widths[index]) if index in right else cell.ljust(widths[index])
            for index, cell in enumerate(line)
        ).rstrip()
        for line in lines
    )
