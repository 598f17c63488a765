"""What a trial's evidence is worth for its workload, and the answer that it becomes in whowaits.toml."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path

from analyzer.config import Answer, Config
from analyzer.money import add
from analyzer.savings import CASES, Assessment, Case, WorkloadPlan
from analyzer.sqlblocks import sql_blocks
from analyzer.store.audit import Audit
from analyzer.trial.found import Found
from analyzer.trial.plan import Lengths
from analyzer.worksheet.reading import Given


@dataclass(frozen=True)
class Worth:
    """List cost of what was tried, over the days of the audit, and what routing saves of it beside other levers; USD.

    `saving_usd` is by case: the low case at the lower end of the interval, the others at the rate itself. Each is what
    the best plan with routing saves more than the best plan without.
    """

    baseline_usd: Decimal
    saving_usd: dict[Case, Decimal]


def worth(
    assess: Callable[[Config], Assessment],
    known: tuple[Config, Assessment],
    workload: str,
    component: str | None,
    found: Found,
) -> Worth | None:
    """What the answer would change; None where nothing was graded. `known`: the configuration in force, assessed."""
    if found.pass_rate is None:
        return None
    config, assessment = known
    others = tuple(_without_route(answer, workload, component) for answer in config.answers)
    told = Answer(workload, component, route_to=found.target, pass_rate=found.pass_rate, tried=found.tried)
    without = assessment if others == config.answers else assess(replace(config, answers=others))
    routed = assess(replace(config, answers=(told, *others)))
    plans = [_plan_of(each, workload) for each in (without, routed)]
    before, after = (
        [c for c in plan.components if component is None or c.verdict.component == component] for plan in plans
    )
    return Worth(
        add(c.baseline_usd for c in before),
        {
            case: add([*(c.optimized_usd[case] for c in before), *(-c.optimized_usd[case] for c in after)])
            for case in CASES
        },
    )


def _without_route(answer: Answer, workload: str, component: str | None) -> Answer:
    """The answers that cover what was tried say nothing of routing; those of other parts stay."""
    if answer.workload != workload or answer.component not in (None, component):
        return answer
    return replace(answer, route_to=None, pass_rate=None, tried=None)


def _plan_of(assessment: Assessment, workload: str) -> WorkloadPlan:
    return next(plan for plan in assessment.workloads if plan.verdict.workload == workload)


def evidence(found: Found, workload: str, component: str | None, who: str, on: date, note: str) -> Given:
    """The answer as a row of a worksheet that is merged like any other.

    Raises: ValueError where nothing was graded.
    """
    if found.pass_rate is None:
        raise ValueError("nothing was graded")
    values = {"route_to": found.target, "pass_rate": found.pass_rate.normalize(), "tried": found.tried}
    return Given("trial", workload, component, {**values, "who": who, "on": on, "note": note})


def written_lengths(audit: Audit, component_nos: Collection[int]) -> Lengths:
    """Tokens that today's model wrote in these components. Takes the temp tables of `scan`."""
    sql = sql_blocks(Path(__file__).with_name("trial.sql"))["written"]
    row = audit.connection.execute(sql, {"components": sorted(component_nos)}).fetchone()
    mean, most = row or (None, None)
    return Lengths(int(mean or 0), int(most or 0))
