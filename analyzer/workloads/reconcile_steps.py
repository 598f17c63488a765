"""The walk from list cost to the invoice: each difference gets a name, and is taken out of what the next step sees."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal

from analyzer.config import Config
from analyzer.money import ZERO, add, times
from analyzer.workloads.reconcile_cells import Cell, Line, listed_usd
from analyzer.workloads.spend import PricedUsage

_TOLERANCE = Decimal("0.005")
_FROM_LIST = "list amounts on the invoice"
_FROM_CONFIG = "as whowaits.toml says"
_IMPLIED = "implied: every day and model is lower by the same share"


@dataclass(frozen=True)
class Difference:
    """A named step from our list cost to the invoice; the steps and `unexplained_usd` add up exactly."""

    name: str
    usd: Decimal
    detail: str


@dataclass(frozen=True)
class Discount:
    """What the bill is under list price. `share`: 0 to 1, None = not known; `basis`: how it is known."""

    share: Decimal | None
    basis: str

    def of(self, cell: Cell) -> Decimal:
        """The discount in a cell that both sides have, USD: 0 or less."""
        ours, invoiced = cell.list_cost_usd or ZERO, cell.invoiced_usd or ZERO
        if self.share is None:
            return ZERO
        if self.basis == _FROM_LIST:
            return add([invoiced, -(cell.invoice_list_usd or ZERO)])
        if self.basis == _FROM_CONFIG or cell.has_unpriced:
            return -times(ours, self.share)
        return add([invoiced, -ours])


class Steps:
    """The named differences as they are found."""

    def __init__(self) -> None:
        self.found: list[Difference] = []

    def add(self, name: str, usd: Decimal, detail: str) -> None:
        """Remember a step that is not zero."""
        if usd:
            self.found.append(Difference(name, usd, detail))

    def take_not_tokens(self, lines: list[Line]) -> list[Line]:
        """Lines of what is billed by time; returns the others."""
        for kind, name in (("code_execution", "code execution"), ("session_usage", "session usage")):
            mine = [line for line in lines if line.cost_type == kind]
            self.add(name, add(line.amount for line in mine), "billed by time; the logs have no such lines")
            lines = [line for line in lines if line.cost_type != kind]
        return lines

    def take_missing_names(self, lines: list[Line], known: frozenset[str]) -> list[Line]:
        """Lines of keys (or workspaces) that no log has, where the names can be compared at all."""
        for name in ("api_key", "workspace"):
            named = {getattr(line, name) for line in lines} - {None}
            missing = named - known
            if not named & known or not missing:
                continue
            mine = [line for line in lines if getattr(line, name) in missing]
            label = {"api_key": "keys", "workspace": "workspaces"}[name]
            listed = ", ".join(sorted(missing)[:5]) + (" and more" if len(missing) > 5 else "")
            self.add(f"{label} that no log has", add(line.amount for line in mine), listed)
            lines = [line for line in lines if getattr(line, name) not in missing]
        return lines

    def take_other_providers(self, priced: Sequence[PricedUsage], billed: Collection[str]) -> list[PricedUsage]:
        """Calls through a cloud or gateway that sends an invoice of its own."""
        others = [row for row in priced if row.usage.provider not in billed]
        named = ", ".join(sorted({row.usage.provider for row in others}))
        self.add("calls that another provider bills", -priced_usd(others), named)
        return [row for row in priced if row.usage.provider in billed]

    def take_priority(self, priced: Sequence[PricedUsage]) -> list[PricedUsage]:
        """Calls of the priority tier."""
        cost = priced_usd([row for row in priced if row.usage.mode == "priority"])
        self.add("priority tier", -cost, "never part of a cost report")
        return [row for row in priced if row.usage.mode != "priority"]

    def take_one_sided(self, cells: Sequence[Cell]) -> list[Cell]:
        """Cells that one side lacks; returns those that both have, whether our side has a price or not."""
        missing = [c for c in cells if c.invoiced_usd and not c.list_cost_usd and not c.has_unpriced]
        extra = [c for c in cells if c.list_cost_usd and c.invoiced_usd is None]
        self.add("days and models that no log has", add(c.invoiced_usd or ZERO for c in missing), _named(missing))
        self.add("days and models not on the invoice", -add(c.list_cost_usd or ZERO for c in extra), _named(extra))
        return [c for c in cells if c.invoiced_usd is not None and (c.list_cost_usd or c.has_unpriced)]

    def take_unpriced(self, cells: Sequence[Cell], discount: Discount) -> list[Cell]:
        """What the invoice has for usage without a list price: all of a cell, or what goes beyond its priced part."""
        whole = [cell for cell in cells if not cell.list_cost_usd]
        rest = [cell for cell in cells if cell.list_cost_usd]
        part = [(cell, _beyond(cell, discount)) for cell in rest if cell.has_unpriced]
        part = [(cell, usd) for cell, usd in part if usd > 0]
        usd = add([*(cell.invoiced_usd or ZERO for cell in whole), *(usd for _, usd in part)])
        in_part = f", {len(part)} of them in part" if part else ""
        named = _named([*whole, *(cell for cell, _ in part)])
        self.add("days and models without a list price", usd, named + in_part)
        return rest

    def take_discount(self, cells: Sequence[Cell], discount: Discount) -> None:
        """What the bill is under list price in the cells that both sides have."""
        if discount.share is not None:
            usd = add(discount.of(cell) for cell in cells)
            self.add("discount", usd, f"{discount.share * 100:.2f} % off list ({discount.basis})")


def _beyond(cell: Cell, discount: Discount) -> Decimal:
    return add([cell.invoiced_usd or ZERO, -(cell.list_cost_usd or ZERO), -discount.of(cell)])


def _named(cells: Sequence[Cell]) -> str:
    names = sorted({cell.model for cell in cells})
    shown = ", ".join(names[:5]) + (" and more" if len(names) > 5 else "")
    return f"{len(cells)} {'day and model' if len(cells) == 1 else 'days and models'}: {shown}"


def priced_usd(rows: Sequence[PricedUsage]) -> Decimal:
    """List cost of what has a price."""
    return add(row.list_cost_usd for row in rows if row.list_cost_usd is not None)


def discount_of(cells: Sequence[Cell], lines: Sequence[Line], config: Config, rounding: Decimal) -> Discount:
    """From list amounts, whowaits.toml, or one ratio in all cells that both sides have in full."""
    listed = listed_usd(lines)
    if listed:
        return Discount(1 - add(line.amount for line in lines) / listed, _FROM_LIST)
    if config.discount_share:
        return Discount(config.discount_share, _FROM_CONFIG)
    whole = [cell for cell in cells if cell.list_cost_usd and not cell.has_unpriced]
    ours = add(cell.list_cost_usd or ZERO for cell in whole)
    if not ours:
        return Discount(None, "not known")
    ratio = add(cell.invoiced_usd or ZERO for cell in whole) / ours
    slack = rounding / ours
    even = all(
        abs((cell.invoiced_usd or ZERO) / cell.list_cost_usd - ratio) <= _TOLERANCE + rounding / cell.list_cost_usd
        for cell in whole
        if cell.list_cost_usd
    )
    if even and len(whole) >= 3 and ratio < 1 - _TOLERANCE - slack:
        return Discount(1 - ratio, _IMPLIED)
    return Discount(None, "not known")


def covered_share(cells: Sequence[Cell], lines: Sequence[Line], discount: Discount) -> Decimal | None:
    """Of the invoice at list price, the part that priced calls in the logs account for; None = it is not above zero."""
    factor = 1 - (discount.share or ZERO)

    def at_list(amount: Decimal, listed: Decimal | None) -> Decimal:
        return listed if listed is not None else amount / factor if factor else amount

    whole = add(at_list(line.amount, line.listed) for line in lines)
    if whole <= 0:
        return None
    covered = add(
        max(ZERO, min(cell.list_cost_usd, at_list(cell.invoiced_usd, cell.invoice_list_usd)))
        for cell in cells
        if cell.list_cost_usd is not None and cell.invoiced_usd is not None
    )
    return covered / whole
