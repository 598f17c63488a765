"""What the owners must be asked, most money first: one row a workload or component."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

from analyzer import pricing
from analyzer.config import Answer, Config
from analyzer.money import ZERO, add
from analyzer.savings.assessment import Assessment, ComponentPlan, WorkloadPlan
from analyzer.worksheet.columns import COLUMNS
from analyzer.worksheet.names import WHOLE, row_key
from analyzer.worksheet.opinion import Opinion

Assess = Callable[[Config], Assessment]


@dataclass(frozen=True)
class Row:
    """A question to an owner. `component` None = the whole workload. Money in USD of list cost.

    `hangs_usd`: what the saving (base case) changes if the answer to *does anyone wait* is not what the headline takes
    it to be; 0 where that is settled. `model_usd`: what the next smaller model saves if it passes every answer; None =
    no trial is missing. `smaller_models`: on the price list today. `answer`: what exactly this row was told before.
    `opinion`: what a model made of the evidence, as a sentence that says so; None = it was not asked.
    """

    key: str
    workload: str
    component: str | None
    question: str
    plan: ComponentPlan
    hangs_usd: Decimal
    model_usd: Decimal | None
    smaller_models: tuple[str, ...]
    answer: Answer
    opinion: str | None = None

    @property
    def asks_who_waits(self) -> bool:
        """Whether it is open, or only inferred, that somebody waits; otherwise only a smaller model is asked after."""
        return bool(self.plan.verdict.question)

    @property
    def stake_usd(self) -> Decimal:
        """The larger of the two sums; they overlap, so they are never added."""
        return max(self.hangs_usd, self.model_usd or ZERO)


def worksheet_rows(
    before: Assessment,
    config: Config,
    assess: Assess,
    opinions: Iterable[Opinion] = (),
    *,
    answered_too: bool = False,
) -> tuple[Row, ...]:
    """The rows that need an answer, largest stake first, then largest cost; `answered_too`: every component.

    Calls `assess` once more, with the other answer to every open question.
    """
    hangs = _hangs_usd(before, assess(_other_answers(before, config)))
    on = before.coverage.last_day or date.max
    told = {(opinion.workload, opinion.component): str(opinion) for opinion in opinions}
    rows = [
        replace(
            _row(workload, component, config, hangs[component.verdict.component_no], on),
            opinion=told.get((workload.verdict.workload, component.verdict.component)),
        )
        for workload in before.workloads
        for component in workload.components
        if answered_too or needs_an_answer(component)
    ]
    return tuple(
        sorted(rows, key=lambda row: (-row.stake_usd, -row.plan.baseline_usd, row.workload, row.component or ""))
    )


def needs_an_answer(plan: ComponentPlan) -> bool:
    """Whether a question is open: does anyone wait and how soon, or was a smaller model tried."""
    return bool(plan.verdict.question) or _model_usd(plan) is not None


def scope(workload: WorkloadPlan, component: str) -> str | None:
    """The component that an answer names; None where it is all there is of the workload."""
    return None if len(workload.components) == 1 or component == WHOLE else component


def _row(workload: WorkloadPlan, plan: ComponentPlan, config: Config, hangs_usd: Decimal, on: date) -> Row:
    name, component = workload.verdict.workload, scope(workload, plan.verdict.component)
    model_usd = _model_usd(plan)
    question = plan.verdict.question
    if not question and model_usd is not None:
        question = "Was a smaller model tried, and how many of its answers were good enough?"
    return Row(
        key=row_key(name, component),
        workload=name,
        component=component,
        question=question,
        plan=plan,
        hangs_usd=hangs_usd,
        model_usd=model_usd,
        smaller_models=_smaller(plan.models, on),
        answer=known_answer(config, name, component),
    )


@cache
def _smaller(models: tuple[str, ...], on: date) -> tuple[str, ...]:
    return tuple(dict.fromkeys(smaller for model in models for smaller in pricing.smaller_models(model, on)))


def known_answer(config: Config, workload: str, component: str | None) -> Answer:
    """What was said of exactly this scope: of each field the first that is given, as the judge takes it."""
    mine = [a for a in config.answers if a.workload == workload and _same(a.component, component)]
    given: dict[str, Any] = {
        column.field: next((v for a in mine if (v := getattr(a, column.field)) is not None), None)
        for column in COLUMNS
        if column.field
    }
    return Answer(workload, component, **given)


def _same(one: str | None, other: str | None) -> bool:
    return (None if one == WHOLE else one) == (None if other == WHOLE else other)


def _model_usd(plan: ComponentPlan) -> Decimal | None:
    found = next((f for f in plan.findings if f.lever == "routing" and f.status == "needs-evidence"), None)
    return found.alone_usd if found else None


def _other_answers(assessment: Assessment, config: Config) -> Config:
    """Every open question answered against what the headline takes for granted."""
    asked = (c.verdict for w in assessment.workloads for c in w.components if c.verdict.question)
    other = tuple(Answer(v.workload, v.component, awaited=v.outcome == "does-not-wait") for v in asked)
    return replace(config, answers=other + config.answers)


def _hangs_usd(before: Assessment, after: Assessment) -> dict[int, Decimal]:
    """By component: what the other answer wins, or takes away where nobody is thought to wait; base case, never below
    0."""
    others = {c.verdict.component_no: c.optimized_usd["base"] for c in _components(after)}
    found: dict[int, Decimal] = {}
    for plan in _components(before):
        no = plan.verdict.component_no
        gain = add((plan.optimized_usd["base"], -others[no]))
        found[no] = max(ZERO, -gain if plan.verdict.outcome == "does-not-wait" else gain)
    return found


def _components(assessment: Assessment) -> Iterable[ComponentPlan]:
    return (component for workload in assessment.workloads for component in workload.components)
