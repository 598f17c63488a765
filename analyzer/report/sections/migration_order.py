"""What to move, in which order, and why the pilot comes first; then what pays without a move."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from analyzer.report.display import BASIS_NAMES, LEVER_NAMES, shown_verdict, to_cents
from analyzer.report.ledger import Row, ledger_of, migration_rows, moving_saving_usd
from analyzer.savings.assessment import LEVERS, Assessment
from analyzer.times import duration_text

title = "Order of migration"
order = 50


def build(assessment: Assessment) -> dict[str, Any]:
    """`moves` pilot first; `in_place`: savings of components that stay real-time, largest first."""
    ledger = ledger_of(assessment)
    moves = [_move(number, row) for number, row in enumerate(migration_rows(ledger), 1)]
    running = Decimal(0)
    for move in moves:
        running += move["saving_usd"]
        move["running_usd"] = running
    return {"moves": moves, "in_place": _in_place(ledger.rows)}


def _move(number: int, row: Row) -> dict[str, Any]:
    verdict, components = row.plan.verdict, row.plan.moving
    deadlines = [c.verdict.deadline_s for c in components if c.verdict.deadline_s is not None]
    return {
        "number": number,
        "no": row.no,
        "workload": verdict.workload,
        "kind": shown_verdict(row.plan),
        "confidence": verdict.confidence,
        "basis": BASIS_NAMES[verdict.basis],
        "parts": [c.verdict.component for c in components],
        "of_parts": len(row.plan.components),
        "levers": [LEVER_NAMES[lever] for lever in LEVERS if any(lever in c.levers for c in components)],
        "deadline": duration_text(min(deadlines)) if deadlines else None,
        "guarded": any(c.verdict.placement == "batchable-with-guard" for c in components),
        "saving_usd": to_cents(moving_saving_usd(row.plan)),
    }


def _in_place(rows: tuple[Row, ...]) -> list[dict[str, Any]]:
    found = []
    for row in rows:
        moving = {c.verdict.component_no for c in row.plan.moving}
        staying = [c for c in row.plan.components if c.verdict.component_no not in moving and c.saving_usd > 0]
        if staying:
            found.append(
                {
                    "no": row.no,
                    "workload": row.plan.verdict.workload,
                    "kind": shown_verdict(row.plan),
                    "levers": [LEVER_NAMES[lever] for lever in LEVERS if any(lever in c.levers for c in staying)],
                    "saving_usd": to_cents(sum((c.saving_usd for c in staying), Decimal(0))),
                }
            )
    return sorted(found, key=lambda item: (-item["saving_usd"], item["no"]))
