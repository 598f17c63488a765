"""The audited table: the tokens and prices behind every figure, so that a calculator arrives at the same cent.

One row is one bucket of tokens at one price, today or under the plan (low case): quantity × unit price = cost, exactly.
The sum of today's rows is the baseline, the sum of the plan's rows the optimized cost.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from analyzer.cells import csv_cell, plain_cell
from analyzer.money import ZERO, as_text, times
from analyzer.pricing import Price
from analyzer.savings.assessment import LEVERS, Assessment, ComponentPlan
from analyzer.savings.state import Part
from analyzer.tokens import SUM_COLUMNS
from analyzer.workloads.spend import list_price

Stage = Literal["today", "plan"]
STAGES: tuple[Stage, ...] = ("today", "plan")


@dataclass(frozen=True)
class LedgerRow:
    """`unit`: tokens or searches. `unit_price_usd`: list price of one. `priced_on`: the UTC day whose price it is."""

    workload: str
    component: str
    stage: Stage
    model: str
    mode: str
    provider: str
    geography: str
    over_tokens: int
    priced_on: date
    bucket: str
    quantity: int
    unit: str
    unit_price_usd: Decimal
    cost_usd: Decimal
    price_source: str


COLUMNS = tuple(field.name for field in fields(LedgerRow))


def ledger_rows(assessment: Assessment) -> Iterator[LedgerRow]:
    """In the order of the report: workloads and their components, today before the plan."""
    for workload in assessment.workloads:
        for component in workload.components:
            for stage in STAGES:
                yield from _rows(component, stage)


def _rows(component: ComponentPlan, stage: Stage) -> Iterator[LedgerRow]:
    for part in component.today if stage == "today" else component.planned:
        price = _price(part)
        for bucket in SUM_COLUMNS:
            quantity = getattr(part.tokens, bucket)
            if not quantity:
                continue
            unit_price = getattr(price, _price_name(bucket))
            key = part.key
            yield LedgerRow(
                workload=component.verdict.workload,
                component=component.verdict.component,
                stage=stage,
                model=key.model,
                mode=key.mode,
                provider=key.provider,
                geography=key.geography,
                over_tokens=key.over_tokens,
                priced_on=key.on,
                bucket=bucket.removesuffix("_tokens"),
                quantity=quantity,
                unit="searches" if bucket == "web_searches" else "tokens",
                unit_price_usd=unit_price,
                cost_usd=times(unit_price, quantity),
                price_source=price.source,
            )


def _price_name(bucket: str) -> str:
    return "web_search_usd" if bucket == "web_searches" else bucket.removesuffix("_tokens") + "_usd"


def _price(part: Part) -> Price:
    found = list_price(part.key)
    if not isinstance(found, Price):
        raise TypeError(f"{part.key}: a part of a plan without a price")
    return found


def write_ledger_csv(assessment: Assessment, path: Path) -> int:
    """Write the rows; returns how many."""
    count = 0
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(COLUMNS)
        for row in ledger_rows(assessment):
            writer.writerow([_csv_value(getattr(row, name)) for name in COLUMNS])
            count += 1
    return count


def _csv_value(value: object) -> str:
    if isinstance(value, Decimal):
        return as_text(value)
    return csv_cell(value) if isinstance(value, str) else str(value)


def write_ledger_xlsx(assessment: Assessment, path: Path) -> int:
    """A workbook that recomputes: costs, sums and savings are formulas over the quantities; returns the rows."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    rows = list(ledger_rows(assessment))
    _components_sheet(book, assessment)
    _prices_sheet(book, rows)
    _sets_sheet(book, assessment)
    book.save(path)
    return len(rows)


_HEADS = {
    "Components": (
        "workload",
        "component",
        "verdict",
        "list cost today",
        "plan, low case",
        "saving",
        *(f"credit: {lever}" for lever in LEVERS),
        "credits − saving",
    ),
    "Lever sets": ("workload", "component", "levers", "list cost, low case"),
}


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


def _money(sheet: Any, value: Decimal | str) -> Any:
    from openpyxl.cell import WriteOnlyCell

    cell = WriteOnlyCell(sheet, value=value)
    cell.number_format = '"$"#,##0.00'
    return cell


def _components_sheet(book: Any, assessment: Assessment) -> None:
    """Each sum is over its own lines of the sheet Ledger, which follow one another: names decide nothing."""
    sheet = _sheet(book, "Components", _HEADS["Components"], (34, 30, 16, 16, 16, 14, 14, 14, 14, 14, 16))
    line, begins = 1, 2
    for workload in assessment.workloads:
        for component in workload.components:
            line += 1
            sums: list[str | Decimal] = []
            for stage in STAGES:
                count = sum(1 for _ in _rows(component, stage))
                sums.append(f"=SUM(Ledger!$N${begins}:$N${begins + count - 1})" if count else ZERO)
                begins += count
            sheet.append(
                [
                    _text(sheet, component.verdict.workload),
                    _text(sheet, component.verdict.component),
                    component.verdict.placement,
                    *(_money(sheet, text) for text in sums),
                    _money(sheet, f"=D{line}-E{line}"),
                    *(_money(sheet, component.credit_usd[lever]) for lever in LEVERS),
                    _money(sheet, f"=SUM(G{line}:J{line})-F{line}"),
                ]
            )
    totals = [_money(sheet, f"=SUM({letter}2:{letter}{line})") for letter in "DEFGHIJK"]
    sheet.append([_text(sheet, "total"), "", "", *totals])


def _prices_sheet(book: Any, rows: list[LedgerRow]) -> None:
    sheet = _sheet(book, "Ledger", COLUMNS, (34, 30, 8, 22, 10, 14, 10, 12, 12, 16, 16, 9, 16, 16, 40))
    for line, row in enumerate(rows, 2):
        values: list[Any] = []
        for name in COLUMNS:
            value = getattr(row, name)
            if name == "cost_usd":
                values.append(_money(sheet, f"=K{line}*M{line}"))
            else:
                values.append(_text(sheet, value) if isinstance(value, str) else value)
        sheet.append(values)


def _sets_sheet(book: Any, assessment: Assessment) -> None:
    sheet = _sheet(book, "Lever sets", _HEADS["Lever sets"], (34, 30, 34, 18))
    for workload in assessment.workloads:
        for component in workload.components:
            for levers, cost in component.set_costs_usd:
                names = [_text(sheet, component.verdict.workload), _text(sheet, component.verdict.component)]
                sheet.append([*names, " + ".join(levers) or "(none)", _money(sheet, cost)])
