"""List cost of what was used: exact token sums times the price in force."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Protocol

from analyzer import pricing
from analyzer.tokens import TokenSums


class Priced(Protocol):
    """What the price of a token depends on, of a row of the rollup or of a part of a plan."""

    @property
    def model(self) -> str | None:
        """Canonical; None = unknown."""

    @property
    def on(self) -> date:
        """UTC day."""

    @property
    def mode(self) -> str:
        """As `Usage.mode`."""

    @property
    def provider(self) -> str:
        """As in `requests`."""

    @property
    def geography(self) -> str:
        """As `price_on` takes it."""

    @property
    def over_tokens(self) -> int | None:
        """As `Usage.over_tokens`."""


@dataclass(frozen=True)
class Usage:
    """One row of the rollup: requests that share component, model, mode, geography, size tier and UTC day.

    `model` None = unknown. `mode`: standard, batch, fast, priority or flex. `over_tokens`: 0, or the size (100000,
    200000) that the requests' input exceeds where the model's card depends on it, None = a report does not tell.
    `uncounted`: rows of reports that do not count their requests; `requests` leaves them out. `days`: UTC days from
    `on` that a row of a report covers; which of its tokens fell on which of them is not known.
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
    days: int = 1

    @property
    def last_on(self) -> date:
        """The last UTC day that it covers."""
        return self.on + timedelta(days=self.days - 1)


@dataclass(frozen=True)
class PricedUsage:
    """A rollup row and its list cost in USD; None = unpriced, with the reason."""

    usage: Usage
    list_cost_usd: Decimal | None
    unpriced_reason: str | None


@dataclass(frozen=True)
class Unpriced:
    """Usage without a price, in no total: never guessed, never zero.

    `uncounted`: rows of reports that do not count their requests; `requests` leaves them out.
    """

    raw_model: str | None
    reason: str
    requests: int
    tokens: TokenSums
    uncounted: int = 0


def list_price(of: Priced) -> pricing.Price | pricing.NoPrice:
    """The list price in force, or why there is none."""
    if of.model is None:
        return pricing.NoPrice("unknown model")
    if of.over_tokens is None:
        told = "its price depends on the size of each request, which a report of sums does not tell"
        return pricing.NoPrice(f"{of.model}: {told}")
    return pricing.price_on(
        of.model, of.on, mode=of.mode, provider=of.provider, geography=of.geography, over_tokens=of.over_tokens
    )


def without_price(priced: Iterable[PricedUsage]) -> tuple[Unpriced, ...]:
    """What has no price, by raw model and reason, the most requests first."""
    groups: dict[tuple[str | None, str], list[Usage]] = {}
    for row in priced:
        if row.list_cost_usd is None:
            groups.setdefault((row.usage.raw_model, row.unpriced_reason or "no price"), []).append(row.usage)
    found = [
        Unpriced(
            raw_model,
            reason,
            sum(usage.requests for usage in some),
            sum((usage.tokens for usage in some), TokenSums()),
            sum(usage.uncounted for usage in some),
        )
        for (raw_model, reason), some in groups.items()
    ]
    return tuple(sorted(found, key=lambda row: (-row.requests, -row.uncounted, row.raw_model or "", row.reason)))


def requests_text(requests: int, uncounted: int) -> str:
    """`1,234`; `1,234+` where reports without a count of requests add to it; `not counted` where they are all."""
    if not uncounted:
        return f"{requests:,}"
    return f"{requests:,}+" if requests else "not counted"


def counted_usage(requests: int, uncounted: int) -> str:
    """For people: `0 requests`, `1 request`, `3 rows of usage reports`, `2,000 requests and 1 row of usage reports`."""
    counted = f"{requests:,} request{'' if requests == 1 else 's'}"
    if not uncounted:
        return counted
    rows = f"{uncounted:,} row{'' if uncounted == 1 else 's'} of usage reports"
    return f"{counted} and {rows}" if requests else rows
