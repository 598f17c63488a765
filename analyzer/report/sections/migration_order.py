"""What to move, in which order, and why the pilot comes first; then what pays without a move."""

from __future__ import annotations

from typing import Any

from analyzer.money import ZERO, add
from analyzer.report.display import BASIS_NAMES, LEVER_NAMES, percent, shown_verdict
from analyzer.report.staying import reason_to_stay, stays
from analyzer.savings.assessment import LEVERS, Assessment
from analyzer.savings.ledger import Row, ledger_of, migration_rows, moving_saving_usd
from analyzer.times import duration_text

title = "Order of migration"
order = 50


def build(assessment: Assessment) -> dict[str, Any]:
    """`moves` pilot first; `in_place`: savings of components that do not move, largest first; `stays`: what does not
    move, by reason. The list cost of `moves` and `stays` is all of it, and so is the saving of `moves` and `in_place`.
    """
    ledger = ledger_of(assessment)
    moves = [_move(number, row) for number, row in enumerate(migration_rows(ledger), 1)]
    running = ZERO
    for move in moves:
        running += move["saving_usd"]
        move["running_usd"] = running
    moving = add(cell.baseline_usd for row in ledger.rows for cell in row.moving)
    return {
        "moves": moves,
        "in_place": _in_place(ledger.rows),
        "stays": [(stay, percent(stay.baseline_usd, ledger.baseline_usd)) for stay in stays(ledger)],
        "moving": {"baseline_usd": moving, "percent": percent(moving, ledger.baseline_usd)},
        "baseline_usd": ledger.baseline_usd,
        "in_two_lines": any(
            len({reason_to_stay(c.plan) if not c.moves else "" for c in r.cells}) > 1 for r in ledger.rows
        ),
    }


def _move(number: int, row: Row) -> dict[str, Any]:
    verdict, components = row.plan.verdict, [cell.plan for cell in row.moving]
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
        "saving_usd": moving_saving_usd(row),
    }


def _in_place(rows: tuple[Row, ...]) -> list[dict[str, Any]]:
    found = []
    for row in rows:
        staying = [cell for cell in row.staying if cell.plan.saving_usd]
        if staying:
            used = {lever for cell in staying for lever in cell.plan.levers}
            found.append(
                {
                    "no": row.no,
                    "workload": row.plan.verdict.workload,
                    "kind": shown_verdict(row.plan),
                    "levers": [LEVER_NAMES[lever] for lever in LEVERS if lever in used],
                    "saving_usd": add(cell.saving_usd for cell in staying),
                }
            )
    return sorted(found, key=lambda item: (-item["saving_usd"], item["no"]))
