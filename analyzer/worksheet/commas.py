"""The worksheet as a CSV file that spreadsheets open as text and not as formulas."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from analyzer.errors import UserError
from analyzer.money import as_text
from analyzer.worksheet.cells import row_values
from analyzer.worksheet.columns import COLUMNS, shown
from analyzer.worksheet.names import no_formula
from analyzer.worksheet.rows import Row

_LARGEST_CELL = 1_000_000


def write_csv(path: Path, rows: Sequence[Row]) -> None:
    """UTF-8 with the mark by which Excel knows it; every cell in quotes, so that no separator splits it.

    Raises: OSError.
    """
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        writer.writerow([column.title for column in COLUMNS])
        for row in rows:
            cells = zip(COLUMNS, row_values(row), strict=True)
            writer.writerow([_text(column.field, value) for column, value in cells])


def _text(field: str, value: Any) -> str:
    if value is None:
        return ""
    if field:
        return no_formula(shown(field, value))
    return as_text(value) if isinstance(value, Decimal) else no_formula(str(value))


def read_csv(path: Path) -> Iterator[tuple[int, tuple[Any, ...]]]:
    """(row number as a spreadsheet counts, values of its cells); commas, semicolons or tabs part them.

    Raises: UserError when it is not text in UTF-8.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UserError(str(path), "not in UTF-8", "a worksheet in UTF-8", "save it as “CSV UTF-8” or .xlsx") from None
    first = text.partition("\n")[0]
    separator = max(",;\t", key=first.count)
    csv.field_size_limit(_LARGEST_CELL)
    try:
        for number, cells in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=separator), 1):
            yield number, tuple(cells)
    except csv.Error as error:
        raise UserError(str(path), f"no CSV ({error})", "the worksheet as .csv or .xlsx", "save it again") from None
