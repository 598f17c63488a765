"""Each workload as a card: who waits, how we know, what to do, what it brings."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from analyzer.money import ZERO, add
from analyzer.report.display import (
    BASIS_NAMES,
    FINDING_NAMES,
    LEVER_NAMES,
    OUTCOME_NAMES,
    PLACEMENT_NAMES,
    SAYS_NAMES,
    URGENCY_BASIS_NAMES,
    URGENCY_NAMES,
    finding_amount,
    percent,
    shown_verdict,
    unpriced_text,
    weight_text,
)
from analyzer.report.staying import explained
from analyzer.savings.assessment import Assessment
from analyzer.savings.ledger import Cell, Row, ledger_of
from analyzer.times import duration_text

title = "The workloads, one by one"
order = 60


def build(assessment: Assessment) -> dict[str, Any]:
    """`cards` largest cost first; the components' dollars add up to their card's."""
    ledger = ledger_of(assessment)
    return {"cards": [_card(row) for row in ledger.rows]}


def _card(row: Row) -> dict[str, Any]:
    plan, verdict = row.plan, row.plan.verdict
    return {
        "no": row.no,
        "workload": verdict.workload,
        "kind": shown_verdict(plan),
        "undecided_part": verdict.cannot_tell and shown_verdict(plan) != "cannot-tell",
        "confidence": verdict.confidence,
        "basis": BASIS_NAMES[verdict.basis],
        "awaited_share": verdict.awaited_probability,
        "question": verdict.question,
        "cost": row.cost_text,
        "baseline_usd": row.baseline_usd,
        "saving_usd": row.saving_usd,
        "optimized_usd": row.optimized_usd,
        "saving_percent": percent(row.saving_usd, row.baseline_usd),
        "upside_usd": row.upside_usd,
        "components": [_component(cell) for cell in row.cells],
        "parts": _parts(row) if verdict.verdict == "splittable" else [],
    }


def _parts(row: Row) -> list[dict[str, Any]]:
    """A splittable workload as what could move, what stays, and what nobody can tell, with their list cost."""
    sums: dict[str, Decimal] = {}
    for cell in row.cells:
        verdict = cell.plan.verdict
        can_move = "batchable" if verdict.placement != "real-time" else "real-time"
        kind = "cannot-tell" if verdict.outcome == "cannot-tell" else can_move
        sums[kind] = add((sums.get(kind, ZERO), cell.baseline_usd))
    return [
        {"kind": kind, "baseline_usd": cost, "percent": percent(cost, row.baseline_usd), "share": float(cost)}
        for kind, cost in sums.items()
    ]


def _component(cell: Cell) -> dict[str, Any]:
    plan, verdict = cell.plan, cell.plan.verdict
    return {
        "component": verdict.component,
        "outcome": verdict.outcome,
        "outcome_name": OUTCOME_NAMES[verdict.outcome],
        "needed": URGENCY_NAMES[verdict.urgency].lower(),
        "needed_basis": URGENCY_BASIS_NAMES[verdict.urgency_basis],
        "in_time_share": verdict.in_time_probability if verdict.outcome == "does-not-wait" else None,
        "web_searches": plan.tokens.web_searches,
        "placement": PLACEMENT_NAMES[verdict.placement].lower(),
        "awaited_share": verdict.awaited_probability,
        "confidence": verdict.confidence,
        "basis": BASIS_NAMES[verdict.basis],
        "requests": plan.requests,
        "unpriced": unpriced_text([plan]),
        "input_tokens": plan.tokens.input_tokens,
        "output_tokens": plan.tokens.output_tokens,
        "models": plan.models,
        "deadline": duration_text(verdict.deadline_s) if verdict.deadline_s is not None else None,
        "chain_length": verdict.chain_length,
        "question": verdict.question,
        "cost": cell.cost_text,
        "baseline_usd": cell.baseline_usd,
        "saving_usd": cell.saving_usd,
        "optimized_usd": cell.optimized_usd,
        "evidence": [
            {
                "says": SAYS_NAMES[item.says],
                "sentence": item.sentence,
                "weight": weight_text(item),
                "basis": BASIS_NAMES[item.basis],
                "rule": item.rule,
            }
            for item in verdict.evidence
        ],
        "steps": plan.steps,
        "findings": [
            {
                "lever": LEVER_NAMES[finding.lever],
                "status": finding.status,
                "status_name": FINDING_NAMES[finding.status],
                "alone_usd": finding_amount(finding),
                "basis": finding.basis.lower(),
                "sentence": explained(finding, plan),
            }
            for finding in plan.findings
        ],
    }
