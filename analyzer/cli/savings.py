"""`whowaits savings`: what the bill becomes, lever by lever."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from analyzer.cli._audits import open_audit_with_requests
from analyzer.cli._configuration import read_config
from analyzer.cli._options import audit_option, config_option, json_option, print_json
from analyzer.cli._terminal import printable, table
from analyzer.cli._verdicts import verdict_text
from analyzer.money import add, as_text, dollars

if TYPE_CHECKING:
    from analyzer.config import Config
    from analyzer.savings import Assessment, ComponentPlan, WorkloadPlan
    from analyzer.savings.assessment import Contracted, FigureBasis
    from analyzer.savings.ledger import Ledger


_FIGURE_BASES: dict[str, FigureBasis] = {
    "baseline_usd": "MEASURED",
    "optimized_usd": "MODELED",
    "savings_usd": "MODELED",
    "levers": "MODELED",
    "range": "MODELED",
    "upside_usd": "ASSUMED",
}


@click.command(short_help="What the bill becomes: four levers, stacked, with a range.")
@audit_option
@config_option
@json_option
def command(audit_path: Path, config_path: Path | None, as_json: bool) -> None:
    """Price four levers (output, routing, caching, batch) on every component and show the best plan.

    The headline is the pessimistic end of the range and counts only what evidence or an owner's answer supports.
    Workloads that nobody can place are upside, in no total. Baseline minus the levers is the optimized cost, exactly.
    """
    from analyzer.savings import assess

    config = read_config(config_path, audit_path)
    with open_audit_with_requests(audit_path) as audit:
        assessment = assess(audit, config)
    if as_json:
        print_json(savings_document(assessment))
    else:
        click.echo(_text(assessment, config))


def savings_document(assessment: Assessment) -> dict[str, Any]:
    """What `--json` prints (docs/json.md); money as decimal strings. `contracted` only with negotiated terms."""
    document: dict[str, Any] = {
        "baseline_usd": as_text(assessment.baseline_usd),
        "optimized_usd": as_text(assessment.optimized_usd),
        "savings_usd": as_text(assessment.saving_usd["low"]),
        "levers": {lever: as_text(credit) for lever, credit in assessment.lever_credit_usd.items()},
        "range": {f"{case}_usd": as_text(saving) for case, saving in assessment.saving_usd.items()},
        "upside_usd": as_text(assessment.upside_usd),
        "unpriced_requests": sum(row.requests for row in assessment.coverage.unpriced),
        "unpriced_report_rows": assessment.coverage.unpriced_rows,
        "figure_bases": _FIGURE_BASES,
        "workloads": [_workload(plan) for plan in assessment.workloads],
    }
    if assessment.contracted is not None:
        document["contracted"] = _contracted(assessment.contracted)
    if assessment.headroom is not None:
        document["headroom"] = asdict(assessment.headroom)
        document["headroom"]["checked"] = str(assessment.headroom.checked) if assessment.headroom.checked else None
    return document


def _contracted(found: Contracted) -> dict[str, Any]:
    return {
        "discount_share": str(found.discount_share),
        "baseline_usd": as_text(found.baseline_usd),
        "optimized_usd": as_text(found.optimized_usd),
        "savings_usd": as_text(found.saving_usd),
        "credits_usd": as_text(found.credits_usd),
        "payable_baseline_usd": as_text(found.payable_baseline_usd),
        "payable_optimized_usd": as_text(found.payable_optimized_usd),
        "models": [
            {
                "model": row.model,
                "list_cost_usd": as_text(row.list_cost_usd),
                "contracted_cost_usd": as_text(row.contracted_cost_usd),
            }
            for row in found.models
        ],
    }


def _workload(plan: WorkloadPlan) -> dict[str, Any]:
    return {
        "workload": plan.verdict.workload,
        "verdict": plan.verdict.verdict,
        "cannot_tell": plan.verdict.cannot_tell,
        "baseline_usd": as_text(plan.baseline_usd),
        "optimized_usd": as_text(plan.optimized_usd),
        "savings_usd": as_text(plan.saving_usd),
        "upside_usd": as_text(plan.upside_usd),
        "components": [_component(component) for component in plan.components],
    }


def _component(plan: ComponentPlan) -> dict[str, Any]:
    savings = {case: add((plan.baseline_usd, -cost)) for case, cost in plan.optimized_usd.items()}
    return {
        "component": plan.verdict.component,
        "outcome": plan.verdict.outcome,
        "placement": plan.verdict.placement,
        "baseline_usd": as_text(plan.baseline_usd),
        "levers": {lever: as_text(plan.credit_usd[lever]) for lever in plan.levers},
        "optimized_usd": as_text(plan.optimized_usd["low"]),
        "range": {f"{case}_usd": as_text(saving) for case, saving in savings.items()},
        "upside_usd": as_text(plan.upside_usd),
        "findings": [
            {
                "lever": finding.lever,
                "status": finding.status,
                "alone_usd": None if finding.alone_usd is None else as_text(finding.alone_usd),
                "basis": finding.basis,
                "sentence": finding.sentence,
            }
            for finding in plan.findings
        ],
        "steps": list(plan.steps),
    }


def _text(assessment: Assessment, config: Config) -> str:
    """In the cents of the page, so that every column adds up."""
    from analyzer.report.display import percent, to_cents
    from analyzer.savings.assessment import CASES
    from analyzer.savings.ledger import ledger_of
    from analyzer.workloads.spend import counted_usage

    ledger, saving = ledger_of(assessment), assessment.saving_usd
    lines = [f"{'baseline (list cost)':<24}{dollars(ledger.baseline_usd or assessment.baseline_usd):>16}"]
    lines.extend(f"{'  ' + lever:<24}{dollars(-credit):>16}" for lever, credit in ledger.levers_usd.items())
    lines.append(f"{'optimized':<24}{dollars(ledger.optimized_usd or assessment.optimized_usd):>16}")
    lines.append("")
    if assessment.baseline_usd:
        low, base, high = (dollars(to_cents(saving[case]) or saving[case]) for case in CASES)
        share = percent(saving["low"], assessment.baseline_usd)
        lines.append(f"Saves at least {low} ({share}), expected {base}, at best {high}.")
    else:
        lines.append("Nothing here has a list cost, so there is nothing to save.")
    if assessment.upside_usd:
        lines.append(f"Not counted: {dollars(ledger.upside_usd)} where nobody can tell yet whether anyone waits.")
    lines.extend(_terms(assessment.contracted, config))
    coverage = assessment.coverage
    if coverage.unpriced:
        unpriced = counted_usage(sum(row.requests for row in coverage.unpriced), coverage.unpriced_rows)
        lines.append(f"Not counted: {unpriced} without a price (see `whowaits spend`).")
    return "\n".join([*lines, "", _table(ledger)])


def _terms(found: Contracted | None, config: Config) -> list[str]:
    """What the contract makes of it; one discount for all is told in a line."""
    from analyzer.report.display import to_cents

    if found is None:
        return []
    saving = dollars(to_cents(found.saving_usd))
    if config.discount_share and not (config.model_discounts or config.committed_rates or config.credits_usd):
        return [f"After your discount of {(config.discount_share * 100).normalize():f} %: {saving}."]
    lines = [
        f"Under your contract: {dollars(to_cents(found.baseline_usd))} today, "
        f"{dollars(to_cents(found.optimized_usd))} with the plan, saves {saving}."
    ]
    if found.credits_usd:
        lines.append(
            f"After credits of {dollars(found.credits_usd)}: {dollars(to_cents(found.payable_baseline_usd))} payable "
            f"today, {dollars(to_cents(found.payable_optimized_usd))} with the plan."
        )
    return lines


def _table(ledger: Ledger) -> str:
    rows = []
    for row in ledger.rows:
        used = {lever for component in row.plan.components for lever in component.levers}
        rows.append(
            (
                printable(row.plan.verdict.workload, 40),
                verdict_text(row.plan.verdict),
                row.cost_text,
                dollars(row.saving_usd or row.plan.saving_usd),
                dollars(row.upside_usd or row.plan.upside_usd),
                ", ".join(sorted(used)) or "none",
            )
        )
    heads = ("workload", "verdict", "cost (measured)", "saves (modeled)", "upside (assumed)", "levers")
    return table(heads, rows, right=(2, 3, 4))
