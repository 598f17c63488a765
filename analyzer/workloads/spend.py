"""List cost of what was used: exact token sums times the price in force."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from analyzer.tokens import TokenSums


@dataclass(frozen=True)
class Usage:
    """One row of the rollup: requests that share component, model, mode, geography, size tier and UTC day.

    `model` None = unknown. `mode`: standard, batch, fast, priority or flex. `over_tokens`: 0, or the size (100000,
    200000) that the requests' input exceeds where the model's card depends on it, None = a report does not tell.
    `uncounted`: rows of reports that do not count their requests; `requests` leaves them out.
    """

    component_no: int
    workload: str
    component: str
    provider: str
    raw_model: str | None
    model: str | None
    mode: str
    geography: str
    over_tokens: int | None
    on: date
    requests: int
    tokens: TokenSums
    uncounted: int = 0


@dataclass(frozen=True)
class PricedUsage:
    """A rollup row and its list cost in USD; None = unpriced, with the reason."""

    usage: Usage
    list_cost_usd: Decimal | None
    unpriced_reason: str | None
