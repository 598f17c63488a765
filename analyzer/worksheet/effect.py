"""What answers changed, in dollars: the assessment before against the one after."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from analyzer.money import ZERO, add, cents_that_add_up, dollars, to_cents
from analyzer.savings.assessment import Assessment, WorkloadPlan
from analyzer.worksheet.columns import shown
from analyzer.worksheet.merging import Change
from analyzer.worksheet.names import scope_name, visible


@dataclass(frozen=True)
class Effect:
    """One workload whose verdict or saving (low case, in cents that add up to the total's) moved."""

    workload: str
    was: str
    now: str
    saving_usd: Decimal


def effects(before: Assessment, after: Assessment) -> tuple[Effect, ...]:
    """The workloads that moved, largest change first; their `saving_usd` add up to that of the headline."""
    old = {plan.verdict.workload: plan for plan in before.workloads}
    pairs = [(old[plan.verdict.workload], plan) for plan in after.workloads if plan.verdict.workload in old]
    moves = [add((now.saving_usd, -was.saving_usd)) for was, now in pairs]
    moved = [
        (was, now, move) for (was, now), move in zip(pairs, moves, strict=True) if move or _kind(was) != _kind(now)
    ]
    total = _moved(before.saving_usd["low"], after.saving_usd["low"])
    cents = cents_that_add_up([move for _, _, move in moved], total)
    rows = [
        Effect(now.verdict.workload, _kind(was), _kind(now), cent)
        for (was, now, _), cent in zip(moved, cents, strict=True)
    ]
    return tuple(sorted(rows, key=lambda row: (-abs(row.saving_usd), row.workload)))


def against_the_log(made: Iterable[Change], before: Assessment) -> Iterator[str]:
    """Answers to who waits that the log says otherwise of, with its weightiest sentence: worth a second look."""
    for change in made:
        if change.fields.get("awaited") is None:
            continue
        other = "does-not-wait" if change.fields["awaited"] else "waits"
        for verdict in (part.verdict for plan in before.workloads for part in plan.components):
            mine = verdict.workload == change.workload and change.component in (None, verdict.component)
            if mine and verdict.outcome == other and verdict.confidence == "high" and verdict.basis != "owner":
                said = shown("awaited", change.fields["awaited"])
                about = scope_name(verdict.workload, verdict.component)
                yield f"{about}: {change.who} says {said}; the log: {visible(verdict.evidence[0].sentence, 300)}"


def effect_lines(before: Assessment, after: Assessment) -> Iterator[str]:
    """The headline before and after, the open upside, and each workload that moved."""
    low, high = before.saving_usd["low"], after.saving_usd["low"]
    yield f"saves at least  {dollars(to_cents(low))} -> {dollars(to_cents(high))} ({_signed(_moved(low, high))})"
    yield f"still open      {dollars(to_cents(before.upside_usd))} -> {dollars(to_cents(after.upside_usd))}"
    for row in effects(before, after):
        verdict = row.now if row.was == row.now else f"{row.was} -> {row.now}"
        yield f"  {visible(row.workload, 60)}: {verdict}; saving {_signed(row.saving_usd)}"


def _kind(plan: WorkloadPlan) -> str:
    return plan.verdict.verdict + (" (cannot tell)" if plan.verdict.cannot_tell else "")


def _moved(before: Decimal, after: Decimal) -> Decimal:
    return add((to_cents(after), -to_cents(before)))


def _signed(amount: Decimal) -> str:
    return f"+{dollars(amount)}" if amount > ZERO else dollars(amount)
