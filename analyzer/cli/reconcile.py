"""`whowaits reconcile`: list cost beside an invoice."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from analyzer.cli._audits import open_audit_with_requests
from analyzer.cli._configuration import read_config
from analyzer.cli._options import audit_option, config_option, json_option, print_json
from analyzer.cli._terminal import printable, table
from analyzer.errors import UserError
from analyzer.money import dollars

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analyzer.store.audit import Audit
    from analyzer.workloads.reconcile import Reconciliation


@click.command()
@click.argument("invoices", nargs=-1, metavar="[INVOICE]...")
@click.option("--invoice", "name", help="Which invoice of the audit to compare, where it holds several.")
@audit_option
@config_option
@json_option
def command(
    invoices: tuple[str, ...], name: str | None, audit_path: Path, config_path: Path | None, as_json: bool
) -> None:
    """Compare list cost with an invoice, day by day and model by model.

    INVOICE is a console cost CSV or a saved cost report (API or analytics); it is read into the audit. Without one, the
    invoice that the audit holds is taken. Every difference is named, or shown as not explained.
    """
    from analyzer.workloads.reconcile import reconcile, reconciliation_document
    from analyzer.workloads.scan import scan_spend

    config = read_config(config_path, audit_path)
    with open_audit_with_requests(audit_path) as audit:
        if invoices:
            _read(audit, invoices)
        scan_spend(audit, config)
        found = reconcile(audit, config, name)
    if found is None:
        raise UserError(
            str(audit_path), "no invoice in this audit", "a console cost CSV or cost report", "name its file"
        )
    if as_json:
        print_json(reconciliation_document(found))
    else:
        _print(found)


def _read(audit: Audit, invoices: Sequence[str]) -> None:
    from analyzer.store.ingest import ingest_paths

    for file in ingest_paths(audit, invoices, only_into="cost_lines").files:
        for line, reason in file.rejects[:3]:
            click.echo(f"{printable(file.path)}, line {line}: {reason}", err=True)


def _print(found: Reconciliation) -> None:
    from analyzer.workloads.spend import counted_usage

    click.echo(f"{printable(found.source)}, {found.first_day} to {found.last_day}")
    rows = [("list cost of the logs", dollars(found.list_cost_usd), "")]
    rows += [(step.name, dollars(step.usd), printable(step.detail, 70)) for step in found.differences]
    rows += [("not explained", dollars(found.unexplained_usd), ""), ("invoice", dollars(found.invoiced_usd), "")]
    click.echo(table(("", "USD", ""), rows, right=[1]))
    share = found.coverage_share
    covered = "not known" if share is None else f"{share * 100:.1f} % of the invoice at list price"
    click.echo(f"coverage: {covered}")
    if found.discount_share is None:
        click.echo("discount: not known")
    if found.unpriced_requests or found.unpriced_rows:
        unpriced = counted_usage(found.unpriced_requests, found.unpriced_rows)
        click.echo(f"of these days without a price, and in no figure of the logs: {unpriced}")
    if found.outside_usd:
        click.echo(f"{dollars(found.outside_usd)} of list cost lies on days that the invoice does not cover")
    for other in found.other_invoices:
        click.echo(f"also in the audit: --invoice {printable(other)!r}")
