"""The questions to owners as a worksheet, and their answers back into whowaits.toml with what they change."""

from __future__ import annotations

from analyzer.worksheet.cells import evidence_lines, guess
from analyzer.worksheet.columns import column_of, read_cell, shown
from analyzer.worksheet.commas import write_csv
from analyzer.worksheet.effect import against_the_log, effect_lines, effects
from analyzer.worksheet.merging import changes, merged_config, write_answers
from analyzer.worksheet.names import scope_name
from analyzer.worksheet.reading import Given, Scopes, read_worksheet
from analyzer.worksheet.rows import Row, worksheet_rows
from analyzer.worksheet.xlsx import write_xlsx

__all__ = [
    "Given",
    "Row",
    "Scopes",
    "against_the_log",
    "changes",
    "column_of",
    "effect_lines",
    "effects",
    "evidence_lines",
    "guess",
    "merged_config",
    "read_cell",
    "read_worksheet",
    "scope_name",
    "shown",
    "worksheet_rows",
    "write_answers",
    "write_csv",
    "write_xlsx",
]
