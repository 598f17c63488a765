"""The main job, one step after the other, for `analyze` and `demo`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from analyzer.config import load_config
from analyzer.money import dollars

if TYPE_CHECKING:
    from analyzer.savings.assessment import Assessment
    from analyzer.store.ingest import IngestResult


def run(
    paths: Sequence[str],
    output: Path,
    config_path: Path | None,
    *,
    format_name: str | None = None,
    mapping: Path | None = None,
    strict: bool = False,
    fresh: bool = False,
) -> None:
    """Ingest `paths`, assess, and write audit.duckdb, report.html, savings.json and migrations/ into `output`.

    `fresh` begins with a new audit file; else what is ingested already stays and counts once.
    Raises: UserError, UserErrors.
    """
    from analyzer.cli.savings import savings_document
    from analyzer.migration import write_kits
    from analyzer.report import build_report
    from analyzer.savings import assess
    from analyzer.store.audit import open_audit
    from analyzer.store.ingest import ingest_paths

    config = load_config(config_path)
    output.mkdir(parents=True, exist_ok=True)
    audit_path = output / "audit.duckdb"
    if fresh:
        audit_path.unlink(missing_ok=True)
    with open_audit(audit_path) as audit:
        result = ingest_paths(audit, paths, format=format_name, mapping=mapping, strict=strict)
        print_ingest(result)
        assessment = assess(audit, config)
    report = output / "report.html"
    report.write_text(build_report(assessment, generated_on=datetime.now(UTC).date()), encoding="utf-8")
    document = json.dumps(savings_document(assessment), indent=2, ensure_ascii=False) + "\n"
    (output / "savings.json").write_text(document, encoding="utf-8")
    kits = write_kits(assessment, output / "migrations")
    print_summary(assessment, report, kits)


def print_ingest(result: IngestResult) -> None:
    """One line of totals; one more where lines were rejected."""
    read = sum(1 for file in result.files if file.source)
    click.echo(
        f"read {read:,} files: {result.accepted:,} calls, {result.duplicates:,} duplicates dropped, "
        f"{result.rejected:,} lines rejected, {len(result.files) - read:,} files not understood"
    )


def print_summary(assessment: Assessment, report: Path, kits: Sequence[Path]) -> None:
    """The headline, by verdict, and where the files lie."""
    low, high = assessment.saving_usd["low"], assessment.saving_usd["high"]
    click.echo(
        f"list cost {dollars(assessment.baseline_usd)}; saves at least {dollars(low)} (up to {dollars(high)}); "
        f"{dollars(assessment.upside_usd)} more hangs on questions to owners"
    )
    for kind in ("batchable", "splittable", "real-time"):
        plans = [plan for plan in assessment.workloads if plan.verdict.verdict == kind]
        spent = sum((plan.baseline_usd for plan in plans), start=type(assessment.baseline_usd)(0))
        click.echo(f"  {kind:<11}{len(plans):>4} workloads {dollars(spent):>14}")
    click.echo(f"report: {report.resolve()}")
    folders = {path.parent for path in kits if path.name == "batch.toml"}
    click.echo(f"kits:   {len(folders)} in {report.resolve().parent / 'migrations'}")
