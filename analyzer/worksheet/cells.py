"""A row as the values of its cells."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from analyzer.money import dollars, to_cents
from analyzer.times import duration_text
from analyzer.worksheet.columns import COLUMNS, shown
from analyzer.worksheet.names import WHOLE, visible
from analyzer.worksheet.rows import Row

Value = str | int | Decimal | date | None
_LONGEST_CELL = 8000
_OUTCOMES = {"waits": "somebody waits", "does-not-wait": "nobody waits", "cannot-tell": "cannot tell"}


def row_values(row: Row) -> tuple[Value, ...]:
    """One value for each of COLUMNS; None = an empty cell. Text is visible and on one line, but for the evidence."""
    plan, answer = row.plan, row.answer
    ours: tuple[Value, ...] = (
        visible(row.workload),
        visible(row.component or WHOLE),
        visible(row.question),
        guess(row),
        "\n".join(evidence_lines(row))[:_LONGEST_CELL],
        plan.requests,
        to_cents(plan.baseline_usd),
        to_cents(row.hangs_usd),
        None if row.model_usd is None else to_cents(row.model_usd),
    )
    fields = [column.field for column in COLUMNS if column.field]
    given = ((field, getattr(answer, field)) for field in fields)
    return (*ours, *(shown(field, value) if isinstance(value, str) else value for field, value in given), row.key)


def guess(row: Row) -> str:
    """What is taken for granted until somebody answers, and what hangs on it."""
    verdict = row.plan.verdict
    text = _OUTCOMES[verdict.outcome]
    if verdict.outcome != "cannot-tell":
        text += f" ({verdict.confidence} confidence)"
    if verdict.deadline_s is not None:
        text += f", needed within {duration_text(verdict.deadline_s)}"
    if row.hangs_usd:
        text += f"; {stake_text(row)}"
    return text


def stake_text(row: Row) -> str:
    """What the answer could change, as a clause."""
    amount = dollars(row.hangs_usd)
    if row.plan.verdict.outcome == "does-not-wait":
        return f"{amount} of the saving is lost if somebody does wait"
    return f"{amount} can be saved if nobody waits"


def evidence_lines(row: Row) -> tuple[str, ...]:
    """The sentences behind the guess, the weightiest first, then a second opinion where there is one."""
    lines = tuple(visible(item.sentence) for item in row.plan.verdict.evidence if item.basis != "opinion")
    lines = lines or ("No sign either way in the log.",)
    return lines if row.opinion is None else (*lines, visible(row.opinion))
