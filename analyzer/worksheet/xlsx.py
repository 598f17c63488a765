"""The worksheet as an Excel file: drop-downs, a frozen header, ready to print; every name in it is text."""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Sequence
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analyzer.errors import UserError
from analyzer.worksheet.cells import row_values
from analyzer.worksheet.columns import AWAITED, COLUMNS, DEADLINES, Column, shown
from analyzer.worksheet.names import no_escape, unescaped
from analyzer.worksheet.rows import Row

if TYPE_CHECKING:
    from openpyxl.cell.cell import Cell
    from openpyxl.worksheet.worksheet import Worksheet

SHEET = "Questions"
FORMULA = object()
"""What `read_xlsx` gives for a cell that is computed: an answer must be typed."""
_LARGEST_BYTES = 200_000_000
_FORMATS = {"money": "#,##0.00", "count": "#,##0", "share": "0.##%", "date": "yyyy-mm-dd"}
_SPARE_ROWS = 50
_HELP = (
    "How to fill in this worksheet",
    "Each row of the sheet “Questions” asks about one kind of work that Claude does for you. Fill in the yellow cells"
    " that you know; leave the others empty: empty means not answered.",
    "Does a person or a process wait for this result before going on? Choose “yes” where somebody, or the next step of"
    " a program, stands still until the result is there. Choose “no” where it is fetched later.",
    "How soon is it truly needed? Choose from the list, or write a time such as 90 s, 10 min, 8 h or 2 days.",
    "Which smaller model was tried? Only where one was; beside it the share of its answers that were good enough"
    " (97 % or 0.97).",
    "Share of today's output that is enough: 70 % where three lines of ten are never read.",
    "Write your name in the column “owner”: an answer counts with the name of the one who gave it. Where the day is"
    " empty, the day of the import is taken.",
    "You may sort, hide and delete rows, and add columns of your own. To answer for a whole workload at once, empty"
    " “kind of call” in one of its rows and delete the others.",
    "Money is list cost of the period that was analysed. “Hangs on the answer” is what the saving changes if our guess"
    " is wrong. “Smaller model, at most” is what one saves if all of its answers are good enough.",
    "Send the file back to the person who gave it to you, who reads it with: whowaits worksheet import FILE",
)


def write_xlsx(path: Path, rows: Sequence[Row]) -> None:
    """The sheet of questions, and one that says how to fill it in.

    Raises: OSError.
    """
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = SHEET
    _write_header(sheet)
    for number, row in enumerate(rows, 2):
        for index, (column, value) in enumerate(zip(COLUMNS, row_values(row), strict=True), 1):
            _fill(sheet.cell(number, index), column, value)
    _add_choices(book, sheet, rows)
    _lay_out(sheet, len(rows) + 1)
    _add_help(book)
    book.save(path)


def _put_text(cell: Cell, text: str) -> None:
    """Text that stays text, also when somebody edits the cell."""
    cell.value = no_escape(text)
    cell.data_type = "s"  # openpyxl makes a formula of what starts with =
    cell.quotePrefix = True


def _write_header(sheet: Worksheet) -> None:
    from openpyxl.styles import Alignment, Font, PatternFill

    for index, column in enumerate(COLUMNS, 1):
        cell = sheet.cell(1, index)
        _put_text(cell, column.title)
        cell.font = Font(bold=True, color="FFFFFF")
        cell.fill = PatternFill("solid", fgColor="8A5A00" if column.field else "33475B")
        cell.alignment = Alignment(wrap_text=True, vertical="center")


@cache
def _looks() -> tuple[Any, Any, Any]:
    """How a cell stands, and the fill and border of one that people fill in; made once, since each costs time."""
    from openpyxl.styles import Alignment, Border, PatternFill, Side

    side = Side("thin", color="D8C48A")
    return (
        Alignment(wrap_text=True, vertical="top"),
        PatternFill("solid", fgColor="FFF8E1"),
        Border(side, side, side, side),
    )


def _fill(cell: Cell, column: Column, value: Any) -> None:
    if column.kind == "choice" and value is not None:
        value = shown(column.field, value)
    if isinstance(value, str):
        _put_text(cell, value)
    elif value is not None:
        cell.value = value
    typed = column.field and column.kind in ("choice", "text")
    cell.number_format = _FORMATS.get(column.kind, "@" if typed else "General")  # @: what is typed stays text
    alignment, fill, border = _looks()
    cell.alignment = alignment
    if column.field:
        cell.fill, cell.border = fill, border


def _add_choices(book: Any, sheet: Worksheet, rows: Sequence[Row]) -> None:
    """The drop-downs; their lists stand on a hidden sheet, since a list in a cell may hold 255 characters only."""
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    models = sorted({model for row in rows for model in row.smaller_models})
    lists = {"awaited": AWAITED, "needed_within_s": tuple(DEADLINES), "route_to": tuple(models)}
    hidden = book.create_sheet("lists")
    hidden.sheet_state = "hidden"
    last = max(len(rows), 1) + 1 + _SPARE_ROWS
    for number, (field, choices) in enumerate(lists.items(), 1):
        if not choices:
            continue
        for line, choice in enumerate(choices, 1):
            _put_text(hidden.cell(line, number), choice)
        letter = get_column_letter(number)
        strict = field == "awaited"
        rule = DataValidation(
            type="list",
            formula1=f"lists!${letter}$1:${letter}${len(choices)}",
            allow_blank=True,
            showErrorMessage=strict,
            errorTitle="yes or no",
            error="Choose yes or no, or leave the cell empty.",
        )
        rule.add(_range(field, last))
        sheet.add_data_validation(rule)
    share = DataValidation(
        type="decimal",
        operator="between",
        formula1="0",
        formula2="1",
        allow_blank=True,
        showErrorMessage=True,
        errorTitle="a share",
        error="A share from 0 % to 100 %.",
    )
    for field in ("pass_rate", "output_share"):
        share.add(_range(field, last))
    sheet.add_data_validation(share)


def _range(field: str, last: int) -> str:
    from openpyxl.utils import get_column_letter

    letter = get_column_letter(1 + next(i for i, column in enumerate(COLUMNS) if column.field == field))
    return f"{letter}2:{letter}{last}"


def _lay_out(sheet: Worksheet, last: int) -> None:
    from openpyxl.utils import get_column_letter

    for index, column in enumerate(COLUMNS, 1):
        sheet.column_dimensions[get_column_letter(index)].width = column.width
        sheet.column_dimensions[get_column_letter(index)].hidden = column.kind == "key"
    sheet.row_dimensions[1].height = 78
    sheet.freeze_panes = "C2"
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(COLUMNS))}{last}"
    sheet.print_title_rows = "1:1"
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A3
    sheet.page_setup.fitToWidth = 1
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.oddFooter.center.text = "&P of &N"


def _add_help(book: Any) -> None:
    from openpyxl.styles import Alignment, Font

    sheet = book.create_sheet("How to")
    sheet.column_dimensions["A"].width = 110
    for number, text in enumerate(_HELP, 1):
        cell = sheet.cell(number, 1)
        _put_text(cell, text)
        cell.alignment = Alignment(wrap_text=True, vertical="top")
        if number == 1:
            cell.font = Font(bold=True, size=14)
    sheet.page_setup.orientation = "landscape"


def read_xlsx(path: Path) -> list[tuple[int, tuple[Any, ...]]]:
    """(row number of the sheet, values of its cells) of the sheet “Questions”, else of the first one.

    Raises: UserError when it is no Excel file, or one that would fill the memory.
    """
    from openpyxl import load_workbook

    _check(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl warns of all that Excel adds and we do not read
            book = load_workbook(path, read_only=True, data_only=False, keep_links=False)
            sheet = book[SHEET] if SHEET in book.sheetnames else book.worksheets[0]
            sheet.reset_dimensions()  # a sheet may claim a million empty rows
            rows = [(number, tuple(map(_value, cells))) for number, cells in enumerate(sheet.iter_rows(), 1)]
            book.close()
    except (KeyError, IndexError, ValueError, TypeError, SyntaxError, AttributeError, zipfile.BadZipFile) as error:
        raise _no_worksheet(path, f"cannot be read ({type(error).__name__})") from None
    return rows


def _value(cell: Any) -> Any:
    value = cell.value
    if cell.data_type == "f":
        return FORMULA
    if isinstance(value, str):
        return unescaped(value)
    return Decimal(repr(value)) if isinstance(value, float) else value


def _check(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > _LARGEST_BYTES:
                raise _no_worksheet(path, "unpacks to over 200 MB")
    except zipfile.BadZipFile:
        raise _no_worksheet(path, "is no .xlsx file") from None


def _no_worksheet(path: Path, found: str) -> UserError:
    return UserError(str(path), found, "the worksheet as .xlsx or .csv", "save it again in one of these")
