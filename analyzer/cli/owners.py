"""`whowaits owners`: what stands in the audit twice, and who counts it."""

from __future__ import annotations

from pathlib import Path

import click

from analyzer.cli._audits import open_audit_with_requests
from analyzer.cli._configuration import read_config
from analyzer.cli._options import audit_option, config_option, json_option, owner_option, print_json
from analyzer.cli._terminal import counted, printable


@click.command()
@owner_option
@audit_option
@config_option
@json_option
def command(owners: tuple[str, ...], audit_path: Path, config_path: Path | None, as_json: bool) -> None:
    """Show what two logs or reports both count, and keep who owns it (--owner)."""
    from analyzer.workloads.owners import answers, parse_owner, remember_owners, settling
    from analyzer.workloads.scan import find_overlaps

    config = read_config(config_path, audit_path)
    with open_audit_with_requests(audit_path) as audit:
        remember_owners(audit, [parse_owner(text) for text in owners])
        open_ones, known = find_overlaps(audit, config), answers(audit)
        dropped = audit.connection.execute(
            "select owner, count(*) from disowned group by owner order by owner"
        ).fetchall()
    if as_json:
        print_json(
            {
                "open": [
                    {
                        "streams": [o.stream, o.other],
                        "first_day": o.first_day.isoformat(),
                        "last_day": o.last_day.isoformat(),
                        "records": o.records,
                    }
                    for o in open_ones
                ],
                "answers": list(known),
                "counted_elsewhere": [{"owner": owner, "records": records} for owner, records in dropped],
            }
        )
        return
    for o in open_ones:
        click.echo(
            f"open: {printable(o.stream, 0)} and {printable(o.other, 0)} both count {o.first_day} to {o.last_day} "
            f"({counted(o.records, 'record')}); {settling(o)}"
        )
    for text in known:
        click.echo(f"answer: {printable(text, 0)}")
    for owner, records in dropped:
        click.echo(f"{counted(records, 'record')} of other streams left out: {printable(owner, 0)} counts them")
    if not open_ones and not known:
        click.echo("nothing stands in the audit twice")
