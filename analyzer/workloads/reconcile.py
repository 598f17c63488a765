"""Does our list cost tie to the invoice? Day by day and model by model, with every difference named or left open."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path

from analyzer import pricing
from analyzer.config import Config
from analyzer.errors import UserError, nearest_name
from analyzer.money import add, times
from analyzer.sqlblocks import sql_blocks
from analyzer.store.audit import Audit
from analyzer.times import day_of_us
from analyzer.tokens import TokenSums
from analyzer.workloads.scan import token_sums
from analyzer.workloads.spend import PricedUsage, Usage
from analyzer.workloads.usage import price_usage, usage_of_row

_SQL = Path(__file__).with_name("reconcile.sql")
_ZERO = Decimal(0)
_TOLERANCE = Decimal("0.005")
_FROM_LIST = "list amounts on the invoice"
_FROM_CONFIG = "as whowaits.toml says"
NO_MODEL = "(no model)"
WEB_SEARCH = "web search"


@dataclass(frozen=True)
class Cell:
    """One UTC day and model: our list cost and what the invoice says, in USD; None = that side has nothing there.

    Web searches are a model of their own.
    """

    on: date
    model: str
    list_cost_usd: Decimal | None
    invoiced_usd: Decimal | None
    invoice_list_usd: Decimal | None


@dataclass(frozen=True)
class Difference:
    """A named step from our list cost to the invoice; the steps and `unexplained_usd` add up exactly."""

    name: str
    usd: Decimal
    detail: str


@dataclass(frozen=True)
class Reconciliation:
    """`list_cost_usd + Σ differences + unexplained_usd = invoiced_usd`, exactly.

    `coverage_share`: of the invoice at list price, the part that the logs hold, 0 to 1; None = the invoice is zero.
    `discount_share`: None = not known. `rounding_usd`: the most that rounding on the invoice can move the sum.
    `outside_usd`: our list cost on days that the invoice does not cover, in no other figure here.
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


@dataclass(frozen=True)
class _Line:
    on: date
    provider: str
    model: str
    cost_type: str
    api_key: str | None
    workspace: str | None
    amount: Decimal
    listed: Decimal | None
    rounding: Decimal


def reconcile(audit: Audit, config: Config, invoice: str | None = None) -> Reconciliation | None:
    """Compare the audit with the invoice in it; None = there is none. Of several the one with most days, or `invoice`.

    Needs the temp tables of `scan_spend`. Raises: UserError for an invoice that is not there.
    """
    sql = sql_blocks(_SQL)
    audit.connection.execute(f"create or replace temp view invoice_days as {sql['invoice_days']}")
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
    priced = price_usage((part for usage in usages for part in _searches_apart(usage)), config)
    inside = [row for row in priced if first <= row.usage.on <= last]
    return _compared(
        lines,
        inside,
        known=_known_names(audit),
        config=config,
        source=source,
        series=series,
        days=(first, last),
        outside_usd=_cost(row for row in priced if not first <= row.usage.on <= last),
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


def _lines(rows: Iterable[tuple[object, ...]]) -> list[_Line]:
    lines = []
    for day_us, provider, raw_model, cost_type, api_key, workspace, amount, listed, rounding in rows:
        assert isinstance(day_us, int)
        assert isinstance(amount, Decimal)
        assert isinstance(rounding, Decimal)
        model = pricing.resolve_model(str(raw_model) or None, str(provider)).model or str(raw_model) or NO_MODEL
        if cost_type == "web_search":
            model = WEB_SEARCH
        lines.append(
            _Line(
                day_of_us(day_us),
                str(provider),
                model,
                str(cost_type),
                None if api_key is None else str(api_key),
                None if workspace is None else str(workspace),
                amount,
                listed if isinstance(listed, Decimal) else None,
                rounding,
            )
        )
    return lines


def _cost(rows: Iterable[PricedUsage]) -> Decimal:
    return add(row.list_cost_usd for row in rows if row.list_cost_usd is not None)


def _compared(
    lines: Sequence[_Line],
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
    steps = _Steps()
    rest = steps.take_not_tokens(list(lines))
    rest = steps.take_missing_names(rest, known)
    ours = steps.take_priority(steps.take_other_providers(priced, {line.provider for line in lines}))
    cells = _cells(ours, rest)
    compared = steps.take_one_sided(cells)
    discount, basis = _discount(compared, rest, config, rounding)
    if discount is not None:
        steps.take_discount(compared, discount, basis)
    list_cost, invoiced = _cost(priced), add(line.amount for line in lines)
    left = add([invoiced, -list_cost, *(-step.usd for step in steps.found)])
    if left and abs(left) <= rounding:
        steps.add("rounding on the invoice", left, f"each line is rounded: at most ±{rounding:.2f} USD in all")
        left = _ZERO
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
        coverage_share=_coverage(cells, lines, discount),
        discount_share=discount,
        discount_basis=basis,
        outside_usd=outside_usd,
        unpriced_requests=sum(row.usage.requests for row in priced if row.list_cost_usd is None),
        cells=tuple(cells),
        other_invoices=others,
    )


class _Steps:
    """The named differences as they are found; what a step explains is taken out of what the next one sees."""

    def __init__(self) -> None:
        self.found: list[Difference] = []

    def add(self, name: str, usd: Decimal, detail: str) -> None:
        if usd:
            self.found.append(Difference(name, usd, detail))

    def take_not_tokens(self, lines: list[_Line]) -> list[_Line]:
        for kind, name in (("code_execution", "code execution"), ("session_usage", "session usage")):
            mine = [line for line in lines if line.cost_type == kind]
            self.add(name, add(line.amount for line in mine), "billed by time; the logs have no such lines")
            lines = [line for line in lines if line.cost_type != kind]
        return lines

    def take_missing_names(self, lines: list[_Line], known: frozenset[str]) -> list[_Line]:
        """Lines of keys (or workspaces) that no log has, where the names can be compared at all."""
        for name in ("api_key", "workspace"):
            named = {getattr(line, name) for line in lines} - {None}
            missing = named - known
            if not named & known or not missing:
                continue
            mine = [line for line in lines if getattr(line, name) in missing]
            label = {"api_key": "keys", "workspace": "workspaces"}[name]
            listed = ", ".join(sorted(missing)[:5]) + (" and more" if len(missing) > 5 else "")
            self.add(f"{label} that no log has", add(line.amount for line in mine), listed)
            lines = [line for line in lines if getattr(line, name) not in missing]
        return lines

    def take_other_providers(self, priced: Sequence[PricedUsage], billed: Collection[str]) -> list[PricedUsage]:
        """Calls through a cloud or gateway that sends an invoice of its own."""
        others = [row for row in priced if row.usage.provider not in billed]
        named = ", ".join(sorted({row.usage.provider for row in others}))
        self.add("calls that another provider bills", -_cost(others), named)
        return [row for row in priced if row.usage.provider in billed]

    def take_priority(self, priced: Sequence[PricedUsage]) -> list[PricedUsage]:
        cost = _cost(row for row in priced if row.usage.mode == "priority")
        self.add("priority tier", -cost, "never part of a cost report")
        return [row for row in priced if row.usage.mode != "priority"]

    def take_one_sided(self, cells: Sequence[Cell]) -> list[Cell]:
        missing = [cell for cell in cells if not cell.list_cost_usd and cell.invoiced_usd]
        extra = [cell for cell in cells if cell.list_cost_usd and cell.invoiced_usd is None]
        self.add(
            "days and models that no log has", add(cell.invoiced_usd or _ZERO for cell in missing), _named(missing)
        )
        self.add(
            "days and models not on the invoice", -add(cell.list_cost_usd or _ZERO for cell in extra), _named(extra)
        )
        return [cell for cell in cells if cell.list_cost_usd and cell.invoiced_usd is not None]

    def take_discount(self, cells: Sequence[Cell], discount: Decimal, basis: str) -> None:
        listed = [cell.invoice_list_usd if basis == _FROM_LIST else cell.list_cost_usd for cell in cells]
        if basis == _FROM_CONFIG:
            usd = -times(add(amount or _ZERO for amount in listed), discount)
        else:
            usd = add([*(cell.invoiced_usd or _ZERO for cell in cells), *(-(amount or _ZERO) for amount in listed)])
        self.add("discount", usd, f"{discount * 100:.2f} % off list ({basis})")


def _named(cells: Sequence[Cell]) -> str:
    names = sorted({cell.model for cell in cells})
    shown = ", ".join(names[:5]) + (" and more" if len(names) > 5 else "")
    return f"{len(cells)} {'day and model' if len(cells) == 1 else 'days and models'}: {shown}"


def _cells(priced: Iterable[PricedUsage], lines: Iterable[_Line]) -> list[Cell]:
    ours: dict[tuple[date, str], list[Decimal]] = {}
    theirs: dict[tuple[date, str], list[_Line]] = {}
    for row in priced:
        if row.list_cost_usd is not None:
            model = WEB_SEARCH if row.usage.tokens.web_searches else row.usage.model or NO_MODEL
            ours.setdefault((row.usage.on, model), []).append(row.list_cost_usd)
    for line in lines:
        theirs.setdefault((line.on, line.model), []).append(line)
    return [
        Cell(
            on,
            model,
            add(ours[on, model]) if (on, model) in ours else None,
            add(line.amount for line in theirs[on, model]) if (on, model) in theirs else None,
            _listed(theirs.get((on, model), [])),
        )
        for on, model in sorted({*ours, *theirs})
    ]


def _listed(lines: Sequence[_Line]) -> Decimal | None:
    amounts = [line.listed for line in lines]
    return add(a for a in amounts if a is not None) if amounts and None not in amounts else None


def _discount(
    cells: Sequence[Cell], lines: Sequence[_Line], config: Config, rounding: Decimal
) -> tuple[Decimal | None, str]:
    """The discount, 0 to 1, and how it is known: list amounts, whowaits.toml, or one ratio in all cells."""
    listed = _listed(lines)
    if listed:
        return 1 - add(line.amount for line in lines) / listed, _FROM_LIST
    if config.discount_share:
        return config.discount_share, _FROM_CONFIG
    ours = add(cell.list_cost_usd or _ZERO for cell in cells)
    if not ours:
        return None, "not known"
    ratio = add(cell.invoiced_usd or _ZERO for cell in cells) / ours
    slack = rounding / ours
    even = all(
        abs((cell.invoiced_usd or _ZERO) / cell.list_cost_usd - ratio) <= _TOLERANCE + rounding / cell.list_cost_usd
        for cell in cells
        if cell.list_cost_usd
    )
    if even and len(cells) >= 3 and ratio < 1 - _TOLERANCE - slack:
        return 1 - ratio, "implied: every day and model is lower by the same share"
    return None, "not known"


def _coverage(cells: Sequence[Cell], lines: Sequence[_Line], discount: Decimal | None) -> Decimal | None:
    """Of the invoice at list price, the part that calls in the logs account for."""
    factor = 1 - (discount or _ZERO)

    def at_list(amount: Decimal, listed: Decimal | None) -> Decimal:
        return listed if listed is not None else amount / factor if factor else amount

    whole = add(at_list(line.amount, line.listed) for line in lines)
    if whole <= 0:
        return None
    covered = add(
        max(_ZERO, min(cell.list_cost_usd, at_list(cell.invoiced_usd, cell.invoice_list_usd)))
        for cell in cells
        if cell.list_cost_usd is not None and cell.invoiced_usd is not None
    )
    return covered / whole


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
        "other_invoices": list(found.other_invoices),
        "cells": [
            {
                "day": cell.on.isoformat(),
                "model": cell.model,
                "list_cost_usd": cell.list_cost_usd,
                "invoiced_usd": cell.invoiced_usd,
                "invoice_list_usd": cell.invoice_list_usd,
            }
            for cell in found.cells
        ],
    }
