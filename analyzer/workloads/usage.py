"""Token sums and their list cost, by component or by any other key of a request."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from analyzer import pricing
from analyzer.config import Config
from analyzer.money import add
from analyzer.sqlblocks import sql_blocks
from analyzer.store.audit import Audit
from analyzer.times import day_of_us
from analyzer.tokens import SUM_COLUMNS, TokenSums
from analyzer.workloads.scan import scan_components, scan_spend, token_sums
from analyzer.workloads.spend import PricedUsage, Unpriced, Usage, list_price, without_price

_SQL = Path(__file__).with_name("usage.sql")
SpendKey = Literal["model", "source", "workload", "api_key", "day"]
SPEND_KEYS: tuple[SpendKey, ...] = ("model", "source", "workload", "api_key", "day")
_NOT_LOGGED = "(not logged)"
_REQUEST = "join owned r on r.request_no = p.request_no"
_WORKLOAD = "join placed c on c.request_no = p.request_no join components k on k.component_no = c.component_no"
_GROUPS: dict[SpendKey, tuple[str, str]] = {
    "model": ("p.model", ""),
    "day": ("p.day_us", ""),
    "source": ("r.source", _REQUEST),
    "api_key": ("r.api_key", _REQUEST),
    "workload": ("k.workload", _WORKLOAD),
}


@dataclass(frozen=True)
class SpendRow:
    """Sums of one key. `list_cost_usd` None = unpriced. `uncounted`: rows of reports that do not count requests."""

    key: str
    requests: int
    tokens: TokenSums
    list_cost_usd: Decimal | None
    uncounted: int = 0


@dataclass(frozen=True)
class TwoReadings:
    """Calls whose log does not tell whether the input count holds the cache tokens: their list cost if it does (so they
    are counted), and if it does not. USD, of the calls that have a price.
    """

    requests: int
    list_cost_usd: Decimal
    other_cost_usd: Decimal


@dataclass(frozen=True)
class Spend:
    """Priced rows (largest cost first), the total of all requests, and those without a price.

    `rows` and `unpriced` share no request; `total.requests` counts both, `total.list_cost_usd` the priced ones.
    """

    by: SpendKey
    rows: tuple[SpendRow, ...]
    total: SpendRow
    unpriced: SpendRow
    unpriced_models: tuple[Unpriced, ...]
    two_readings: TwoReadings | None


def usage(audit: Audit) -> tuple[Usage, ...]:
    """The rollup that `scan` built, in order of component, day, model and the rest."""
    columns = ", ".join(f"r.{name}" for name in SUM_COLUMNS)
    rows = audit.connection.execute(
        "select k.component_no, k.workload, k.component, r.provider, r.raw_model, r.model, r.mode, r.geography,"
        f" r.over_tokens, r.day_us, r.days, r.requests, r.uncounted, {columns}"
        " from rollup r join components k on k.component_no = r.spend_key"
        " order by k.component_no, r.day_us, r.days, r.provider, r.raw_model, r.mode, r.geography, r.over_tokens"
    ).fetchall()
    return tuple(usage_of_row(row) for row in rows)


def usage_of_row(row: tuple[Any, ...]) -> Usage:
    """One row of `token_sums`, after (component_no, workload, component)."""
    no, workload, component, provider, raw_model, model, mode, geography, over, day_us, days, *counts = row
    requests, uncounted, *sums = counts
    return Usage(
        component_no=no,
        workload=workload,
        component=component,
        provider=provider,
        raw_model=raw_model or None,
        model=model,
        mode=mode,
        geography=geography,
        over_tokens=over,
        on=day_of_us(day_us),
        requests=requests,
        tokens=TokenSums(*sums),
        uncounted=uncounted,
        days=days,
    )


def price_usage(usages: Iterable[Usage]) -> tuple[PricedUsage, ...]:
    """Each row with its list cost, in the order given. The negotiated discount is no part of list cost.

    A row of many days has a price where it costs the same on each of them.
    """
    return tuple(_priced(row) for row in usages)


def _priced(row: Usage) -> PricedUsage:
    if row.model is None:
        return PricedUsage(row, None, f"unknown model {row.raw_model!r}" if row.raw_model else "no model logged")
    costs = set()
    for day in range(row.days):
        price = list_price(replace(row, on=row.on + timedelta(days=day)) if day else row)
        if isinstance(price, pricing.NoPrice):
            return PricedUsage(row, None, price.reason)
        costs.add(pricing.list_cost(row.tokens, price))
    if len(costs) > 1:
        reason = f"{row.model}: its price changed within the {row.days} days that a row of the report covers"
        return PricedUsage(row, None, reason)
    return PricedUsage(row, costs.pop(), None)


def spend_by(audit: Audit, config: Config, by: SpendKey = "model") -> Spend:
    """List cost and tokens by one key; requests without a price stand apart. Scans what it needs itself."""
    scan_spend(audit, config)
    if by == "workload":
        scan_components(audit, config)
    key, join = _GROUPS[by]
    rows = audit.connection.execute(token_sums(key, join)).fetchall()
    priced = price_usage(usage_of_row((0, _key_text(row[0]), "", *row[1:])) for row in rows)
    groups: dict[str, list[PricedUsage]] = {}
    for item in priced:
        if item.list_cost_usd is not None:
            groups.setdefault(_days_text(item.usage) if by == "day" else item.usage.workload, []).append(item)
    known = [_sum_row(name, items) for name, items in groups.items()]
    order = (lambda row: (row.key,)) if by == "day" else (lambda row: (-(row.list_cost_usd or 0), row.key))
    unknown = [item for item in priced if item.list_cost_usd is None]
    total = _sum_row("total", priced)
    return Spend(
        by=by,
        rows=tuple(sorted(known, key=order)),
        total=total,
        unpriced=replace(_sum_row("unpriced", unknown), list_cost_usd=None),
        unpriced_models=without_price(unknown),
        two_readings=two_readings(audit),
    )


def two_readings(audit: Audit) -> TwoReadings | None:
    """Both costs of calls tagged `input_convention = ambiguous`; None = there are none. Needs `scan_spend`."""
    sql, connection = sql_blocks(_SQL), audit.connection
    if connection.execute(sql["any_ambiguous"]).fetchone() is None:
        return None
    connection.execute(f"create or replace temp table ambiguous as {sql['ambiguous']}")
    connection.execute(f"create or replace temp table read_otherwise as {sql['read_otherwise']}")
    read, other = (
        price_usage(
            usage_of_row((0, "", "", *row[1:]))
            for row in connection.execute(token_sums("p.model", "", table)).fetchall()
        )
        for table in ("ambiguous", "read_otherwise")
    )
    connection.execute("drop table ambiguous")
    connection.execute("drop table read_otherwise")
    costs = (add(row.list_cost_usd for row in some if row.list_cost_usd is not None) for some in (read, other))
    return TwoReadings(sum(row.usage.requests for row in read), *costs)


def _key_text(value: object) -> str:
    return _NOT_LOGGED if value is None else str(value)


def _days_text(row: Usage) -> str:
    return row.on.isoformat() if row.days == 1 else f"{row.on} to {row.last_on}"


def _sum_row(key: str, items: Iterable[PricedUsage]) -> SpendRow:
    items = tuple(items)
    return SpendRow(
        key=key,
        requests=sum(item.usage.requests for item in items),
        uncounted=sum(item.usage.uncounted for item in items),
        tokens=sum((item.usage.tokens for item in items), TokenSums()),
        list_cost_usd=add(item.list_cost_usd for item in items if item.list_cost_usd is not None),
    )
