"""How much was read, how much of it has a price, and which signals of waiting the logs carry."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path

from analyzer.config import Config
from analyzer.savings.assessment import Coverage, FileRead, Unpriced
from analyzer.sqlblocks import sql_blocks
from analyzer.store.audit import Audit
from analyzer.times import day_of_us
from analyzer.tokens import TokenSums
from analyzer.workloads.spend import PricedUsage
from analyzer.workloads.usage import two_readings

_SQL = Path(__file__).with_name("coverage.sql")


def read_coverage(audit: Audit, config: Config, priced: Iterable[PricedUsage]) -> Coverage:
    """The coverage of an audit, with its unpriced requests by raw model and reason (most requests first)."""
    sql, connection = sql_blocks(_SQL), audit.connection
    requests, first_us, last_us, report_rows, _ = connection.execute(sql["totals"]).fetchall()[0]
    first = None if first_us is None else day_of_us(first_us)
    last = None if last_us is None else day_of_us(last_us)
    unpriced = _unpriced(priced)
    return Coverage(
        files=tuple(FileRead(*row) for row in connection.execute(sql["files"]).fetchall()),
        remarks=tuple(connection.execute(sql["remarks"]).fetchall()),
        reject_reasons=tuple(connection.execute(sql["reject_reasons"]).fetchall()),
        requests=requests,
        first_day=first,
        last_day=last,
        days=(last - first).days + 1 if first and last else 0,
        priced_requests=requests - sum(row.requests for row in unpriced),
        unpriced=unpriced,
        signal_shares=_signal_shares(audit, requests),
        report_rows=report_rows,
        seen_twice=tuple(connection.execute(sql["seen_twice"]).fetchall()),
        two_readings=two_readings(audit, config),
    )


def reported_cost_usd(audit: Audit) -> Decimal | None:
    """The sum of what the logs themselves said, in USD; None = no log said anything."""
    cost: Decimal | None = audit.connection.execute(sql_blocks(_SQL)["totals"]).fetchall()[0][4]
    return cost


def _signal_shares(audit: Audit, requests: int) -> dict[str, float]:
    if not requests:
        return {}
    cursor = audit.connection.execute(sql_blocks(_SQL)["signals"])
    names = [column[0] for column in cursor.description or ()]
    return {name: count / requests for name, count in zip(names, cursor.fetchall()[0], strict=True)}


def _unpriced(priced: Iterable[PricedUsage]) -> tuple[Unpriced, ...]:
    sums: dict[tuple[str | None, str], tuple[int, TokenSums]] = {}
    for row in priced:
        if row.list_cost_usd is None:
            key = (row.usage.raw_model, row.unpriced_reason or "no price")
            requests, tokens = sums.get(key, (0, TokenSums()))
            sums[key] = (requests + row.usage.requests, tokens + row.usage.tokens)
    found = [Unpriced(model, reason, *total) for (model, reason), total in sums.items()]
    return tuple(sorted(found, key=lambda row: (-row.requests, row.raw_model or "", row.reason)))
