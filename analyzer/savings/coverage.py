"""How much was read, how much of it has a price, and which signals of waiting the logs carry."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path

from analyzer.savings.assessment import Coverage, FileRead
from analyzer.sqlblocks import sql_blocks
from analyzer.store.audit import Audit
from analyzer.times import day_of_us
from analyzer.workloads.spend import PricedUsage, without_price
from analyzer.workloads.usage import two_readings

_SQL = Path(__file__).with_name("coverage.sql")


def read_coverage(audit: Audit, priced: Iterable[PricedUsage]) -> Coverage:
    """The coverage of an audit, with its unpriced requests by raw model and reason (most requests first)."""
    sql, connection = sql_blocks(_SQL), audit.connection
    requests, first_us, last_us, report_rows, long_rows, _ = connection.execute(sql["totals"]).fetchall()[0]
    first = None if first_us is None else day_of_us(first_us)
    last = None if last_us is None else day_of_us(last_us)
    unpriced = without_price(priced)
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
        long_rows=long_rows,
        seen_twice=tuple(connection.execute(sql["seen_twice"]).fetchall()),
        two_readings=two_readings(audit),
    )


def reported_cost_usd(audit: Audit) -> Decimal | None:
    """The sum of what the logs themselves said, in USD; None = no log said anything."""
    cost: Decimal | None = audit.connection.execute(sql_blocks(_SQL)["totals"]).fetchall()[0][5]
    return cost


def _signal_shares(audit: Audit, requests: int) -> dict[str, float]:
    if not requests:
        return {}
    cursor = audit.connection.execute(sql_blocks(_SQL)["signals"])
    names = [column[0] for column in cursor.description or ()]
    return {name: count / requests for name, count in zip(names, cursor.fetchall()[0], strict=True)}
