"""The questions to owners as a worksheet, and their answers back into whowaits.toml with what they change."""

from __future__ import annotations

from analyzer.worksheet.commas import write_csv
from analyzer.worksheet.effect import effect_lines, effects
from analyzer.worksheet.merging import changes, write_answers
from analyzer.worksheet.reading import Given, Scopes, read_worksheet
from analyzer.worksheet.rows import Row, worksheet_rows
from analyzer.worksheet.xlsx import write_xlsx

__all__ = [
    "Given",
    "Row",
    "Scopes",
    "changes",
    "effect_lines",
    "effects",
    "read_worksheet",
    "worksheet_rows",
    "write_answers",
    "write_csv",
    "write_xlsx",
]
