"""Does our list cost tie to the invoice? Day by day and model by model, with every difference named or left open."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path

from analyzer import pricing
from analyzer.config import Config
from analyzer.errors import UserError, nearest_name
from analyzer.money import ZERO, add
from analyzer.sqlblocks import quoted, sql_blocks
from analyzer.store.audit import Audit
from analyzer.times import day_of_us
from analyzer.tokens import TokenSums
from analyzer.workloads.reconcile_cells import NO_MODEL, WEB_SEARCH, Cell, Line, cells_of
from analyzer.workloads.reconcile_steps import Difference, Steps, covered_share, discount_of, priced_usd
from analyzer.workloads.scan import token_sums
from analyzer.workloads.spend import PricedUsage, Usage, without_price
from analyzer.workloads.usage import price_usage, usage_of_row

_SQL = Path(__file__).with_name("reconcile.sql")


@dataclass(frozen=True)
class Reconciliation:
    """`list_cost_usd + Σ differences + unexplained_usd = invoiced_usd`, exactly.

    `coverage_share`: of the invoice at list price, the part that the logs hold, 0 to 1; None = the invoice is zero.
    `discount_share`: None = not known. `rounding_usd`: the most that rounding on the invoice can move the sum.
    `outside_usd`: our list cost on days that the invoice does not cover, in no other figure here. `unpriced_rows`: rows
    of reports that do not count their requests, of those days and without a price.
    """

    source: str
    series: str
    first_day: date
    last_day: date
    invoiced_usd: Decimal
    list_cost_usd: Decimal
    differences: tuple[Difference, ...]
    unexplained_usd: Decimal
    rounding_usd: Decimal
    coverage_share: Decimal | None
    discount_share: Decimal | None
    discount_basis: str
    outside_usd: Decimal
    unpriced_requests: int
    cells: tuple[Cell, ...]
    other_invoices: tuple[str, ...]
    unpriced_rows: int = 0


def reconcile(audit: Audit, config: Config, invoice: str | None = None) -> Reconciliation | None:
    """Compare the audit with the invoice in it; None = there is none. Of several the one with most days, or `invoice`.

    Needs the temp tables of `scan_spend`. Raises: UserError for an invoice that is not there.
    """
    sql = sql_blocks(_SQL)
    for view in ("dated_lines", "invoice_days", "counted_lines"):
        audit.connection.execute(f"create or replace temp view {quoted(view)} as {sql[view]}")
    found = audit.connection.execute(sql["invoices"]).fetchall()
    chosen = next((row for row in found if invoice in (None, row[0])), None)
    if chosen is None:
        if invoice is None:
            return None
        raise UserError(
            "--invoice", repr(invoice), "an invoice in the audit", nearest_name(invoice, [r[0] for r in found])
        )
    source, series, _, first_us, last_us = chosen
    first, last = day_of_us(first_us), day_of_us(last_us)
    lines = _lines(audit.connection.execute(sql["invoice_lines"], {"source": source}).fetchall())
    usages = (usage_of_row((0, row[0], "", *row[1:])) for row in _sums(audit))
    priced = price_usage(part for usage in usages for part in _searches_apart(usage))
    inside = [row for row in priced if first <= row.usage.on and row.usage.last_on <= last]
    return _compared(
        lines,
        inside,
        known=_known_names(audit),
        config=config,
        source=source,
        series=series,
        days=(first, last),
        outside_usd=add([priced_usd(priced), -priced_usd(inside)]),
        others=tuple(row[0] for row in found if row is not chosen),
    )


def _sums(audit: Audit) -> list[tuple[object, ...]]:
    return audit.connection.execute(token_sums("p.model")).fetchall()


def _searches_apart(usage: Usage) -> Iterator[Usage]:
    """The tokens, and without them the searches, which an invoice bills on lines of their own."""
    searches = usage.tokens.web_searches
    yield replace(usage, tokens=replace(usage.tokens, web_searches=0))
    if searches:
        yield replace(usage, tokens=TokenSums(web_searches=searches), requests=0, uncounted=0)


def _known_names(audit: Audit) -> frozenset[str]:
    rows = audit.connection.execute(sql_blocks(_SQL)["names"]).fetchall()
    return frozenset(name for row in rows for name in row if name)


def _lines(rows: Iterable[tuple[object, ...]]) -> list[Line]:
    lines = []
    for first_us, last_us, provider, raw_model, cost_type, api_key, workspace, amount, listed, rounding in rows:
        assert isinstance(first_us, int)
        assert isinstance(last_us, int)
        assert isinstance(amount, Decimal)
        assert isinstance(rounding, Decimal)
        model = pricing.resolve_model(str(raw_model) or None, str(provider)).model or str(raw_model) or NO_MODEL
        lines.append(
            Line(
                on=day_of_us(first_us),
                last_on=day_of_us(last_us),
                provider=str(provider),
                model=WEB_SEARCH if cost_type == "web_search" else model,
                cost_type=str(cost_type),
                api_key=None if api_key is None else str(api_key),
                workspace=None if workspace is None else str(workspace),
                amount=amount,
                listed=listed if isinstance(listed, Decimal) else None,
                rounding=rounding,
            )
        )
    return lines


def _compared(
    lines: Sequence[Line],
    priced: Sequence[PricedUsage],
    *,
    known: frozenset[str],
    config: Config,
    source: str,
    series: str,
    days: tuple[date, date],
    outside_usd: Decimal,
    others: tuple[str, ...],
) -> Reconciliation:
    rounding = add(line.rounding for line in lines) / 2
    steps = Steps()
    rest = steps.take_not_tokens(list(lines))
    rest = steps.take_missing_names(rest, known)
    ours = steps.take_priority(steps.take_other_providers(priced, {line.provider for line in lines}))
    cells = cells_of(ours, rest)
    compared = steps.take_one_sided(cells)
    discount = discount_of(compared, rest, config, rounding)
    steps.take_discount(steps.take_unpriced(compared, discount), discount)
    list_cost, invoiced = priced_usd(priced), add(line.amount for line in lines)
    left = add([invoiced, -list_cost, *(-step.usd for step in steps.found)])
    if left and abs(left) <= rounding:
        steps.add("rounding on the invoice", left, f"each line is rounded: at most ±{rounding:.2f} USD in all")
        left = ZERO
    unpriced = without_price(priced)
    return Reconciliation(
        source=source,
        series=series,
        first_day=days[0],
        last_day=days[1],
        invoiced_usd=invoiced,
        list_cost_usd=list_cost,
        differences=tuple(steps.found),
        unexplained_usd=left,
        rounding_usd=rounding,
        coverage_share=covered_share(cells, lines, discount),
        discount_share=discount.share,
        discount_basis=discount.basis,
        outside_usd=outside_usd,
        unpriced_requests=sum(row.requests for row in unpriced),
        unpriced_rows=sum(row.uncounted for row in unpriced),
        cells=tuple(cells),
        other_invoices=others,
    )


def reconciliation_document(found: Reconciliation) -> Mapping[str, object]:
    """For `--json`."""
    return {
        "invoice": found.source,
        "series": found.series,
        "first_day": found.first_day.isoformat(),
        "last_day": found.last_day.isoformat(),
        "invoiced_usd": found.invoiced_usd,
        "list_cost_usd": found.list_cost_usd,
        "differences": [{"name": d.name, "usd": d.usd, "detail": d.detail} for d in found.differences],
        "unexplained_usd": found.unexplained_usd,
        "rounding_usd": found.rounding_usd,
        "coverage_share": found.coverage_share,
        "discount_share": found.discount_share,
        "discount_basis": found.discount_basis,
        "outside_usd": found.outside_usd,
        "unpriced_requests": found.unpriced_requests,
        "unpriced_report_rows": found.unpriced_rows,
        "other_invoices": list(found.other_invoices),
        "cells": [
            {
                "day": cell.on.isoformat(),
                "last_day": cell.last_on.isoformat(),
                "model": cell.model,
                "list_cost_usd": cell.list_cost_usd,
                "invoiced_usd": cell.invoiced_usd,
                "invoice_list_usd": cell.invoice_list_usd,
                "has_unpriced": cell.has_unpriced,
            }
            for cell in found.cells
        ],
    }
