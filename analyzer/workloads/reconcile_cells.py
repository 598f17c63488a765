"""List cost and invoice side by side, in cells: one model on one UTC day, or on the days that one line covers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from analyzer.money import add
from analyzer.workloads.spend import PricedUsage

NO_MODEL = "(no model)"
WEB_SEARCH = "web search"
_Span = tuple[date, date]


@dataclass(frozen=True)
class Line:
    """Lines of an invoice that share their days, model, kind, key and workspace. `listed`: list amount, if told."""

    on: date
    last_on: date
    provider: str
    model: str
    cost_type: str
    api_key: str | None
    workspace: str | None
    amount: Decimal
    listed: Decimal | None
    rounding: Decimal


@dataclass(frozen=True)
class Cell:
    """One model from `on` to `last_on`: our list cost and what the invoice says, in USD; None = nothing there.

    It is one UTC day, unless a line of the invoice or a row of a report covers several: then these days are one cell.
    Web searches are a model of their own. `has_unpriced`: some of our usage there (all of it, where `list_cost_usd` is
    None) has no list price.
    """

    on: date
    last_on: date
    model: str
    list_cost_usd: Decimal | None
    invoiced_usd: Decimal | None
    invoice_list_usd: Decimal | None
    has_unpriced: bool = False


def cells_of(priced: Iterable[PricedUsage], lines: Iterable[Line]) -> list[Cell]:
    """Both sides in cells, by day, then model. Usage without a price that is on no line makes no cell."""
    usage = [(_model(row), row.usage.on, row.usage.last_on, row.list_cost_usd) for row in priced]
    billed = [(line.model, line.on, line.last_on, line) for line in lines]
    periods = _periods([(model, (first, last)) for model, first, last, _ in [*usage, *billed]])
    ours: dict[tuple[_Span, str], list[Decimal]] = {}
    unpriced: set[tuple[_Span, str]] = set()
    theirs: dict[tuple[_Span, str], list[Line]] = {}
    for model, first, last, cost in usage:
        place = _period((first, last), periods.get(model, [])), model
        if cost is None:
            unpriced.add(place)
        else:
            ours.setdefault(place, []).append(cost)
    for model, first, last, line in billed:
        theirs.setdefault((_period((first, last), periods.get(model, [])), model), []).append(line)
    return [
        Cell(
            on=span[0],
            last_on=span[1],
            model=model,
            list_cost_usd=add(ours[span, model]) if (span, model) in ours else None,
            invoiced_usd=add(line.amount for line in theirs[span, model]) if (span, model) in theirs else None,
            invoice_list_usd=listed_usd(theirs.get((span, model), [])),
            has_unpriced=(span, model) in unpriced,
        )
        for span, model in sorted({*ours, *theirs})
    ]


def listed_usd(lines: Sequence[Line]) -> Decimal | None:
    """The list amounts in all, USD; None unless every line tells its own."""
    amounts = [line.listed for line in lines]
    return add(a for a in amounts if a is not None) if amounts and None not in amounts else None


def _model(row: PricedUsage) -> str:
    if row.usage.tokens.web_searches:
        return WEB_SEARCH
    return row.usage.model or row.usage.raw_model or NO_MODEL


def _periods(spans: Iterable[tuple[str, _Span]]) -> dict[str, list[_Span]]:
    """Of each model the spans of several days, in order; those that share a day are one."""
    found: dict[str, list[_Span]] = {}
    for model, (first, last) in sorted(spans):
        if first == last:
            continue
        mine = found.setdefault(model, [])
        if mine and first <= mine[-1][1]:
            mine[-1] = mine[-1][0], max(mine[-1][1], last)
        else:
            mine.append((first, last))
    return found


def _period(span: _Span, periods: Sequence[_Span]) -> _Span:
    """The period that the span lies in; itself where there is none."""
    return next((period for period in periods if period[0] <= span[0] <= period[1]), span)
