"""The audited table: the tokens and prices behind every figure, so that a calculator arrives at the same cent.

One row is one bucket of tokens at one price, today, under the plan or with another set of levers (low case): quantity
× unit price = cost, exactly. Today's rows add up to the baseline, the plan's rows to the optimized cost, and the costs
of all sets give each lever its credit.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Literal, NamedTuple

from analyzer.cells import csv_cell
from analyzer.money import as_text, times
from analyzer.pricing import Price
from analyzer.savings.assessment import Assessment, ComponentPlan, Lever
from analyzer.savings.state import Part, State
from analyzer.tokens import SUM_COLUMNS
from analyzer.workloads.spend import list_price

Stage = Literal["today", "plan", "other"]


@dataclass(frozen=True)
class LedgerRow:
    """`levers`: those pulled, `(none)` for today. `unit`: tokens or searches. `unit_price_usd`: list price of one.
    `priced_on`: the UTC day whose price it is.
    """

    workload: str
    component: str
    stage: Stage
    levers: str
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
    """In the order of the report: workloads and their components, today, the plan, then the other sets of levers."""
    for workload in assessment.workloads:
        for component in workload.components:
            for worked in worked_sets(component):
                yield from rows_of(component, worked)


class WorkedSet(NamedTuple):
    """A component worked with a set of levers: the parts that its cost is the sum of."""

    stage: Stage
    levers: tuple[Lever, ...]
    parts: State


def worked_sets(component: ComponentPlan) -> tuple[WorkedSet, ...]:
    """Today, the plan (which is today where no lever pays), and the other sets, where their parts are kept."""
    others = (
        WorkedSet("other", levers, parts)
        for (levers, _), parts in zip(component.set_costs_usd, component.set_parts, strict=False)
        if levers not in ((), component.levers)
    )
    return (
        WorkedSet("today", (), component.today),
        WorkedSet("plan", component.levers, component.planned),
        *others,
    )


def levers_text(levers: Iterable[Lever]) -> str:
    """`caching + batch`; `(none)`."""
    return " + ".join(levers) or "(none)"


def rows_of(component: ComponentPlan, worked: WorkedSet) -> Iterator[LedgerRow]:
    """A row a bucket that is not empty."""
    for part in worked.parts:
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
                stage=worked.stage,
                levers=levers_text(worked.levers),
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
    """A workbook that recomputes itself; returns the rows. Raises: UserError when a sheet cannot hold them."""
    from analyzer.report.exports.ledger_book import write_book

    return write_book(assessment, path)
