"""Verdicts with their list cost, for `workloads` and `explain`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from analyzer.cli._audits import open_audit_with_requests
from analyzer.cli._configuration import read_config
from analyzer.money import add, cents_that_add_up, dollars

if TYPE_CHECKING:
    from analyzer.waiting.verdicts import ComponentVerdict, WorkloadVerdict
    from analyzer.workloads import Usage

F = TypeVar("F", bound=Callable[..., Any])


def rules_option(function: F) -> F:
    """`--rules DIR`; `rules.folder` of whowaits.toml otherwise."""
    return click.option(
        "--rules",
        "rules_folder",
        type=click.Path(path_type=Path, file_okay=False, exists=True),
        default=None,
        help="A folder of your own rules beside ours; yours win by id.",
    )(function)


@dataclass(frozen=True)
class CostedVerdict:
    """A workload verdict and the list cost of its components by number, USD; what has no price is counted.

    `unpriced_rows`: rows of reports without a price that do not count their requests.
    `cents_usd`: list cost in the cents of the page, where the rows add up to their total.
    """

    verdict: WorkloadVerdict
    list_cost_usd: dict[int, Decimal]
    unpriced_requests: int
    unpriced_rows: int = 0
    cents_usd: Decimal = Decimal(0)

    @property
    def total_usd(self) -> Decimal:
        """List cost of the priced requests, exact."""
        return add(self.list_cost_usd.values())

    @property
    def shown(self) -> str:
        """List cost for people."""
        return dollars(self.cents_usd or self.total_usd)

    def part_cents(self) -> dict[int, Decimal]:
        """List cost of the components in the cents of the page; they add up to `cents_usd`."""
        cents = cents_that_add_up(list(self.list_cost_usd.values()), self.cents_usd)
        return dict(zip(self.list_cost_usd, cents, strict=True))

    def shown_parts(self) -> dict[int, str]:
        """List cost of the components for people; they add up to `shown`."""
        return {number: dollars(cents or self.list_cost_usd[number]) for number, cents in self.part_cents().items()}


def costed_verdicts(
    audit_path: Path, config_path: Path | None, rules_folder: Path | None = None
) -> tuple[CostedVerdict, ...]:
    """Every workload of an audit, largest list cost first, then by name; `rules_folder` None = as configured.

    Raises: UserError, UserErrors.
    """
    from analyzer.waiting import judge
    from analyzer.workloads import price_usage, scan, usage

    config = read_config(config_path, audit_path)
    if rules_folder is not None:
        config = replace(config, rules_folder=rules_folder)
    with open_audit_with_requests(audit_path) as audit:
        scan(audit, config)
        verdicts = judge(audit, config)
        priced = price_usage(usage(audit))
    costs: dict[int, Decimal] = {}
    unpriced: dict[int, list[Usage]] = {}
    for row in priced:
        number = row.usage.component_no
        if row.list_cost_usd is None:
            unpriced.setdefault(number, []).append(row.usage)
        else:
            costs[number] = add((costs.get(number, Decimal(0)), row.list_cost_usd))
    items = sorted(
        (_costed(verdict, costs, unpriced) for verdict in verdicts),
        key=lambda item: (-item.total_usd, item.verdict.workload),
    )
    totals = [item.total_usd for item in items]
    cents = cents_that_add_up(totals, add(totals))
    return tuple(replace(item, cents_usd=shown) for item, shown in zip(items, cents, strict=True))


def _costed(verdict: WorkloadVerdict, costs: dict[int, Decimal], unpriced: dict[int, list[Usage]]) -> CostedVerdict:
    numbers = [part.component_no for part in verdict.components]
    left = [usage for number in numbers for usage in unpriced.get(number, ())]
    return CostedVerdict(
        verdict,
        {number: costs.get(number, Decimal(0)) for number in numbers},
        sum(usage.requests for usage in left),
        sum(usage.uncounted for usage in left),
    )


def verdict_text(verdict: WorkloadVerdict) -> str:
    """The verdict in one word, with the mark of what is not settled."""
    return verdict.verdict + (" (cannot tell)" if verdict.cannot_tell else "")


def verdicts_document(items: Iterable[CostedVerdict]) -> dict[str, Any]:
    """The JSON of `workloads` and `explain`."""
    items = tuple(items)
    return {
        "workloads": [_workload(item) for item in items],
        "tiers": [
            {
                "urgency": tier.urgency,
                "components": tier.components,
                "requests": tier.requests,
                "list_cost_usd": tier.usd,
            }
            for tier in tiers(items)
        ],
    }


@dataclass(frozen=True)
class Tier:
    """What is needed equally soon: how many components, requests and USD of list cost."""

    urgency: str
    components: int
    requests: int
    usd: Decimal


def tiers(items: Iterable[CostedVerdict]) -> tuple[Tier, ...]:
    """The inventory by urgency, all six tiers, most urgent first."""
    from analyzer.waiting.verdicts import URGENCIES

    parts = [(part, item.list_cost_usd[part.component_no]) for item in items for part in item.verdict.components]
    return tuple(
        Tier(
            urgency,
            sum(part.urgency == urgency for part, _ in parts),
            sum(part.requests for part, _ in parts if part.urgency == urgency),
            add(cost for part, cost in parts if part.urgency == urgency),
        )
        for urgency in URGENCIES
    )


def _workload(item: CostedVerdict) -> dict[str, Any]:
    verdict = item.verdict
    return {
        "workload": verdict.workload,
        "verdict": verdict.verdict,
        "confidence": verdict.confidence,
        "basis": verdict.basis,
        "cannot_tell": verdict.cannot_tell,
        "awaited_probability": verdict.awaited_probability,
        "list_cost_usd": item.total_usd,
        "unpriced_requests": item.unpriced_requests,
        "unpriced_report_rows": item.unpriced_rows,
        "urgency": verdict.urgency,
        "in_time_probability": verdict.in_time_probability,
        "question": verdict.question,
        "components": [_component(part, item.list_cost_usd[part.component_no]) for part in verdict.components],
    }


def _component(part: ComponentVerdict, cost: Decimal) -> dict[str, Any]:
    return {
        "component": part.component,
        "requests": part.requests,
        "outcome": part.outcome,
        "placement": part.placement,
        "awaited_probability": part.awaited_probability,
        "confidence": part.confidence,
        "basis": part.basis,
        "deadline_s": part.deadline_s,
        "chain_length": part.chain_length,
        "in_time_probability": part.in_time_probability,
        "urgency": part.urgency,
        "urgency_basis": part.urgency_basis,
        "timing": part.timing,
        "list_cost_usd": cost,
        "question": part.question,
        "evidence": [
            {
                "rule": evidence.rule,
                "says": evidence.says,
                "basis": evidence.basis,
                "strength": "decisive" if evidence.strength is None else evidence.strength,
                "sentence": evidence.sentence,
            }
            for evidence in part.evidence
        ],
    }
