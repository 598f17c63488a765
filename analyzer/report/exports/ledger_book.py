"""The ledger as a workbook: costs, sums, savings and credits are formulas over quantities and unit prices."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import combinations
from math import factorial
from pathlib import Path
from typing import Any

from analyzer.cells import plain_cell
from analyzer.errors import UserError
from analyzer.money import ZERO
from analyzer.report.exports.ledger import COLUMNS, LedgerRow, levers_text, rows_of, worked_sets
from analyzer.savings.assessment import LEVERS, Assessment, ComponentPlan, Lever

_SHEET_ROWS = 1_048_576
_WIDTHS = {"workload": 34, "component": 30, "levers": 26, "model": 22, "quantity": 20, "unit_price_usd": 18}
_LETTER = {name: "ABCDEFGHIJKLMNOPQ"[place] for place, name in enumerate(COLUMNS)}
_MONEY = '"$"#,##0.00'
_FORMATS = {"quantity": "#,##0", "unit_price_usd": "0.000000######", "over_tokens": "#,##0"}
_COMPONENT_HEADS = (
    "workload",
    "component",
    "verdict",
    "list cost today",
    "plan, low case",
    "saving",
    *(f"credit: {lever}" for lever in LEVERS),
    "credits − saving",
)
_SET_HEADS = ("workload", "component", "levers", "list cost, low case", "least cost with these at hand")
_Set = frozenset[Lever]


@dataclass(frozen=True)
class _Place:
    """Where a component stands: its rows, the first and last line of each worked set in Ledger, the line of each set in
    Lever sets. A set without rows has no lines.
    """

    component: ComponentPlan
    rows: tuple[LedgerRow, ...]
    today: tuple[int, int] | None
    plan: tuple[int, int] | None
    lines: dict[_Set, tuple[int, int]]
    set_lines: dict[_Set, int]


def write_book(assessment: Assessment, path: Path) -> int:
    """Write the sheets Components, Ledger and Lever sets; returns the rows of Ledger.

    Raises: UserError when a sheet cannot hold them.
    """
    from openpyxl import Workbook

    places = list(_placed(assessment))
    rows = sum(len(place.rows) for place in places)
    if rows >= _SHEET_ROWS:
        raise UserError(str(path), f"{rows:,} rows", f"less than {_SHEET_ROWS:,}, what a sheet holds", "write a .csv")
    book = Workbook(write_only=True)
    _components_sheet(book, places)
    _prices_sheet(book, places)
    _sets_sheet(book, places)
    book.save(path)
    return rows


def _placed(assessment: Assessment) -> Iterator[_Place]:
    line, set_line = 2, 2
    for component in (component for workload in assessment.workloads for component in workload.components):
        rows: list[LedgerRow] = []
        found: dict[tuple[str, _Set], tuple[int, int]] = {}
        for worked in worked_sets(component):
            mine = tuple(rows_of(component, worked))
            if mine:
                found[worked.stage, frozenset(worked.levers)] = (line, line + len(mine) - 1)
            rows += mine
            line += len(mine)
        sets = [frozenset(levers) for levers, _ in component.set_costs_usd]
        yield _Place(
            component,
            tuple(rows),
            found.get(("today", frozenset())),
            found.get(("plan", frozenset(component.levers))),
            {some: lines for (_, some), lines in reversed(found.items())},
            {some: number for number, some in enumerate(sets, set_line)},
        )
        set_line += len(sets)


def _components_sheet(book: Any, places: list[_Place]) -> None:
    sheet = _sheet(book, "Components", _COMPONENT_HEADS, (34, 30, 16, 16, 16, 14, 14, 14, 14, 14, 16))
    for line, place in enumerate(places, 2):
        component = place.component
        sheet.append(
            [
                _text(sheet, component.verdict.workload),
                _text(sheet, component.verdict.component),
                component.verdict.placement,
                _cell(sheet, _sum(place.today), _MONEY),
                _cell(sheet, _sum(place.plan), _MONEY),
                _cell(sheet, f"=D{line}-E{line}", _MONEY),
                *(_cell(sheet, _credit(lever, place), _MONEY) for lever in LEVERS),
                _cell(sheet, f"=SUM(G{line}:J{line})-F{line}", _MONEY),
            ]
        )
    last = len(places) + 1
    totals = [_cell(sheet, f"=SUM({letter}2:{letter}{last})", _MONEY) for letter in "DEFGHIJK"]
    sheet.append([_text(sheet, "total"), "", "", *totals])


def _sum(lines: tuple[int, int] | None) -> str | Decimal:
    """Lines that follow one another: names decide nothing."""
    cost = _LETTER["cost_usd"]
    return f"=SUM(Ledger!${cost}${lines[0]}:${cost}${lines[1]})" if lines else ZERO


def _credit(lever: Lever, place: _Place) -> str | Decimal:
    """The lever's mean gain over all orders of the plan's levers, over the sets that it can join."""
    levers, at = place.component.levers, place.set_lines
    if lever not in levers or frozenset(levers) not in at:
        return place.component.credit_usd.get(lever, ZERO)
    others, count = [other for other in levers if other != lever], len(levers)
    gains: list[str] = []
    for size in range(count):
        orders = factorial(size) * factorial(count - size - 1)
        gains += [
            f"{orders}*('Lever sets'!$E${at[some]}-'Lever sets'!$E${at[some | {lever}]})"
            for some in map(frozenset, combinations(others, size))
        ]
    return f"=({'+'.join(gains)})/{factorial(count)}"


def _prices_sheet(book: Any, places: list[_Place]) -> None:
    sheet = _sheet(book, "Ledger", COLUMNS, tuple(_WIDTHS.get(name, 16) for name in COLUMNS))
    quantity, price = _LETTER["quantity"], _LETTER["unit_price_usd"]
    for line, row in enumerate((row for place in places for row in place.rows), 2):
        values: list[Any] = []
        for name in COLUMNS:
            value = getattr(row, name)
            if name == "cost_usd":
                values.append(_cell(sheet, f"={quantity}{line}*{price}{line}", _MONEY))
            elif name in _FORMATS:
                values.append(_cell(sheet, value, _FORMATS[name]))
            else:
                values.append(_text(sheet, value) if isinstance(value, str) else value)
        sheet.append(values)


def _sets_sheet(book: Any, places: list[_Place]) -> None:
    sheet = _sheet(book, "Lever sets", _SET_HEADS, (34, 30, 34, 18, 28))
    for place in places:
        component, at = place.component, place.set_lines
        for levers, cost in component.set_costs_usd:
            some = frozenset(levers)
            less = "".join(f",E{at[some - {lever}]}" for lever in levers if some - {lever} in at)
            sheet.append(
                [
                    _text(sheet, component.verdict.workload),
                    _text(sheet, component.verdict.component),
                    levers_text(levers),
                    _cell(sheet, _sum(place.lines[some]) if some in place.lines else cost, _MONEY),
                    _cell(sheet, f"=MIN(D{at[some]}{less})", _MONEY),
                ]
            )


def _sheet(book: Any, title: str, heads: tuple[str, ...], widths: tuple[int, ...]) -> Any:
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font

    sheet = book.create_sheet(title)
    sheet.freeze_panes = "A2"
    for place, width in enumerate(widths):
        sheet.column_dimensions["ABCDEFGHIJKLMNOPQ"[place]].width = width
    cells = [WriteOnlyCell(sheet, value=head) for head in heads]
    for cell in cells:
        cell.font = Font(bold=True)
    sheet.append(cells)
    return sheet


def _text(sheet: Any, text: str) -> Any:
    """A cell that holds text, whatever it begins with."""
    from openpyxl.cell import WriteOnlyCell

    cell = WriteOnlyCell(sheet, value=plain_cell(text))
    cell.data_type = "s"
    return cell


def _cell(sheet: Any, value: Decimal | int | str, number_format: str) -> Any:
    from openpyxl.cell import WriteOnlyCell

    cell = WriteOnlyCell(sheet, value=value)
    cell.number_format = number_format
    return cell
