"""The main job, one step after the other, for `analyze` and `demo`."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

import click

from analyzer.cli._audits import audit_to_fill, count_requests
from analyzer.cli._configuration import keep_copy, read_config
from analyzer.cli._options import HowToRead
from analyzer.cli._progress import Progress
from analyzer.cli._reading import read_logs, summary_lines
from analyzer.cli._terminal import counted, printable
from analyzer.cli._terms import commitment_sections, read_terms
from analyzer.errors import UserError
from analyzer.money import dollars
from analyzer.resources import shipped

if TYPE_CHECKING:
    from analyzer.savings.assessment import Assessment
    from analyzer.store.audit import Audit


def run(
    paths: Sequence[str],
    output: Path,
    config_path: Path | None,
    owners: Sequence[str] = (),
    terms_path: Path | None = None,
    **how: Unpack[HowToRead],
) -> None:
    """Ingest `paths`, assess, and write audit.duckdb, report.html, savings.json and migrations/ into `output`.

    What an audit in `output` holds already stays and counts once. The configuration is copied beside it.
    Raises: UserError, UserErrors.
    """
    from analyzer.cli.savings import savings_document
    from analyzer.migration import write_kits
    from analyzer.report import build_report
    from analyzer.savings import assess
    from analyzer.waiting.window import load_turnaround

    audit_path = output / "audit.duckdb"
    config = read_config(config_path, audit_path)
    terms = read_terms(terms_path, config)
    with _folder(output), audit_to_fill(audit_path) as audit:
        _check_apart_from_sample(audit, paths)
        before = count_requests(audit)
        result = read_logs(audit, paths, owners=owners, **how)
        for line in summary_lines(result):
            click.echo(line)
        if before:
            click.echo(
                f"{counted(before, 'request')} of earlier runs were in {audit_path} already; they stay and count"
            )
        if not count_requests(audit):
            raise UserError(str(output), "no call was accepted", "a log with calls", "see the reasons above")
        keep_copy(config, output)  # before anything else can fail: later commands must not count without it
        with Progress() as progress:
            progress.say("pricing ...")
            assessment = assess(audit, config)
    report = output / "report.html"
    page = build_report(assessment, generated_on=datetime.now(UTC).date(), more=commitment_sections(assessment, terms))
    report.write_text(page, encoding="utf-8")
    document = json.dumps(savings_document(assessment), indent=2, ensure_ascii=False) + "\n"
    (output / "savings.json").write_text(document, encoding="utf-8")
    for line in headline_lines(assessment):
        click.echo(line)
    click.echo(f"report: {printable(str(report.resolve()), 0)}")
    turnaround = load_turnaround(config.rules_folder)
    files = write_kits(assessment, output / "migrations", turnaround=turnaround)
    kits = [path for path in files if path.name == "RUNBOOK.md"]
    where = f" in {printable(str(report.resolve().parent / 'migrations'), 0)}" if kits else ""
    click.echo(f"kits:   {len(kits)}{where}")
    click.echo(f"ask on: whowaits workloads --audit {printable(shlex.quote(str(audit_path)), 0)}")


def headline_lines(assessment: Assessment) -> Iterator[str]:
    """The headline and the spend by verdict, in the cents of the page."""
    from analyzer.report.display import VERDICT_NAMES, percent, shown_verdict, to_cents
    from analyzer.savings.ledger import ledger_of
    from analyzer.workloads.spend import counted_usage

    ledger, saving = ledger_of(assessment), assessment.saving_usd
    line = f"list cost {dollars(ledger.baseline_usd or assessment.baseline_usd)}"
    if assessment.baseline_usd:
        low, high = (dollars(to_cents(saving[case]) or saving[case]) for case in ("low", "high"))
        line += f"; saves at least {low} ({percent(saving['low'], assessment.baseline_usd)}), up to {high}"
    else:
        line += ", so there is nothing to save"
    if assessment.upside_usd:
        line += f"; {dollars(ledger.upside_usd)} more hangs on questions to owners"
    yield line
    for kind, name in VERDICT_NAMES.items():
        rows = [row for row in ledger.rows if shown_verdict(row.plan) == kind]
        if rows:
            spent = dollars(sum((row.baseline_usd for row in rows), Decimal(0)))
            yield f"  {name.lower():<12}{counted(len(rows), 'workload'):<14}{spent:>16}"
    coverage = assessment.coverage
    if coverage.unpriced:
        unpriced = counted_usage(coverage.requests - coverage.priced_requests, coverage.unpriced_rows)
        yield f"{unpriced} without a price, in no total (whowaits spend names the models)"


@contextmanager
def _folder(folder: Path) -> Iterator[None]:
    """Make the folder; one made here is removed again when an error leaves it empty."""
    is_new = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        if is_new:
            with suppress(OSError):
                folder.rmdir()
        raise


def _check_apart_from_sample(audit: Audit, paths: Sequence[str]) -> None:
    """Logs of one's own never mix with the sample month of `whowaits demo`, which lies in the same kind of folder.

    Raises: UserError.
    """
    sample = shipped("sample_data").resolve()
    if all(Path(path).resolve().is_relative_to(sample) for path in paths):
        return
    if any(path.is_relative_to(sample) for path in files_read(audit)):
        raise UserError(
            str(audit.path), "holds the sample month of `whowaits demo`", "an audit of your own", "choose another -o"
        )


def files_read(audit: Audit) -> tuple[Path, ...]:
    """The files an audit was made from, as they were named."""
    return tuple(Path(str(path)) for (path,) in audit.connection.execute("select path from files").fetchall())
