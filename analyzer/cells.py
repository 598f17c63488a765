"""Text from logs in spreadsheet cells: it is shown, never run."""

from __future__ import annotations

import unicodedata

_STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
CELL_LIMIT = 32_767
"""Characters a cell of a spreadsheet holds."""


def plain_cell(text: str) -> str:
    """For a cell that is typed as text (XLSX): without control characters, cut to what a cell holds."""
    seen = "".join(" " if unicodedata.category(mark) in ("Cc", "Cs", "Zl", "Zp") else mark for mark in text)
    return seen[:CELL_LIMIT]


def csv_cell(text: str) -> str:
    """For CSV, where a program guesses types: an apostrophe goes before whatever it could take for a formula."""
    seen = plain_cell(text)
    return "'" + seen if seen.lstrip().startswith(_STARTS_FORMULA) else seen
