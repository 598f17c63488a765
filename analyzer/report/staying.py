"""Why work does not go to batch: waiting is one reason, the price another, and the page must not mix them up."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from analyzer.money import add
from analyzer.savings.assessment import ComponentPlan, LeverFinding
from analyzer.savings.ledger import Ledger


@dataclass(frozen=True)
class Stay:
    """One reason: the workloads with a component that stays for it, and the list cost of those components, in cents."""

    reason: str
    workloads: int
    requests: int
    baseline_usd: Decimal


def reason_to_stay(plan: ComponentPlan) -> str:
    """What the batch lever found, as one sentence without money, so that components with the same reason add up."""
    finding = next((found for found in plan.findings if found.lever == "batch"), None)
    if finding is None:
        return "Batch was not looked at."
    if finding.status not in ("does-not-pay", "applied"):
        return finding.sentence
    if _is_dearer(finding):
        lost = ", where nothing is read from its cache" if plan.tokens.cache_read_tokens else ""
        return f"It could wait, but would cost more in batch{lost}."
    return "It could wait, but batch adds nothing to the rest of its plan."


def explained(finding: LeverFinding, plan: ComponentPlan) -> str:
    """The finding's sentence; where batch is dearer although every token is at half price, also why."""
    if finding.lever == "batch" and _is_dearer(finding) and plan.tokens.cache_read_tokens:
        return (
            f"{finding.sentence} A batch reads nothing from the cache: what the cache serves today would be plain "
            "input, and half of the input price is more than the price of a cache read."
        )
    return finding.sentence


def _is_dearer(finding: LeverFinding) -> bool:
    return finding.status == "does-not-pay" and finding.alone_usd is not None and finding.alone_usd < 0


def stays(ledger: Ledger) -> tuple[Stay, ...]:
    """Every component that does not move, by reason, largest list cost first; with what moves it is all the spend."""
    staying = [(row.no, cell) for row in ledger.rows for cell in row.staying]
    found = []
    for reason in dict.fromkeys(reason_to_stay(cell.plan) for _, cell in staying):
        mine = [(no, cell) for no, cell in staying if reason_to_stay(cell.plan) == reason]
        found.append(
            Stay(
                reason,
                len({no for no, _ in mine}),
                sum(cell.plan.requests for _, cell in mine),
                add(cell.baseline_usd for _, cell in mine),
            )
        )
    return tuple(sorted(found, key=lambda stay: (-stay.baseline_usd, stay.reason)))
