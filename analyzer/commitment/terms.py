"""The terms on the table: tiers, discounts, what happens to what is unused, and what the owner expects of growth."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

from analyzer.errors import UserError, UserErrors
from analyzer.toml_reader import TomlReader

_KEYS = (
    "starts_on",
    "months",
    "unused",
    "rollover_months",
    "overage_price",
    "prepaid_share",
    "capital_cost_share",
    "round_to_usd",
    "tier",
    "growth",
    "migration",
)
_ZERO, _ONE = Decimal(0), Decimal(1)


@dataclass(frozen=True)
class Tier:
    """From this commitment on, usage costs list price less this share (0 to 1)."""

    commit_usd: Decimal
    discount_share: Decimal


@dataclass(frozen=True)
class Growth:
    """One way the usage could go: growth a month (0.03 = 3 %) beyond what the log shows, and its weight."""

    name: str
    monthly_share: Decimal
    weight: Decimal


ASSUMED_GROWTH = (
    Growth("shrinks", Decimal("-0.03"), Decimal("0.25")),
    Growth("stays", _ZERO, Decimal("0.5")),
    Growth("grows", Decimal("0.03"), Decimal("0.25")),
)
"""ASSUMED where the terms name no growth: a month of log cannot say how a year goes on."""


@dataclass(frozen=True)
class Terms:
    """A terms file. Money in USD for the whole term; shares 0 to 1.

    `tiers` rise in commitment and begin at 0, which is buying without a commitment. `starts_on` None = the first of
    the month after the log. `overage_price`: share of list price above the commitment, None = the discount of the tier
    goes on. `rollover_months` 0 = what is unused is forfeited. `prepaid_share` of the commitment is paid on the first
    day, the rest as it is used; money costs `capital_cost_share` a year. `round_to_usd` None = a round step of its own.
    `migration_on`: workloads with a date of their own; the others follow from `migration_first_on` (None = 14 days
    after the log), one every `migration_every_days`, in the order of the plan.
    """

    months: int
    tiers: tuple[Tier, ...]
    starts_on: date | None = None
    rollover_months: int = 0
    overage_price: Decimal | None = _ONE
    prepaid_share: Decimal = _ZERO
    capital_cost_share: Decimal = _ZERO
    round_to_usd: Decimal | None = None
    growth: tuple[Growth, ...] = ASSUMED_GROWTH
    growth_is_assumed: bool = True
    migration_first_on: date | None = None
    migration_every_days: int = 14
    migration_on: tuple[tuple[str, date], ...] = ()


def load_terms(path: Path, discount_share: Decimal = _ZERO) -> Terms:
    """Read a terms file; `discount_share` is today's discount, where no tier of 0 says otherwise.

    Raises: UserErrors with every problem found.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserErrors([UserError(str(path), "no such file", "a terms file", "see docs/commit.md")]) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserErrors([UserError(str(path), f"not valid TOML ({error})", "TOML in UTF-8")]) from None
    return parse_terms(document, str(path), discount_share)


def parse_terms(document: Mapping[str, Any], where: str, discount_share: Decimal = _ZERO) -> Terms:
    """The document as terms. Raises: UserErrors with every problem found."""
    reader = _Reader(where)
    reader.known(document, "", _KEYS)
    unused: Literal["forfeit", "rollover"] = reader.choice(document, "unused", ("forfeit", "rollover"))
    rollover = reader.whole(document, "rollover_months", "", 0, 60)
    if unused == "rollover" and not rollover:
        reader.problem("rollover_months", "no months", "how many months the unused rest lives on")
    if unused == "forfeit" and rollover:
        reader.problem("rollover_months", "months beside unused = 'forfeit'", "unused = 'rollover'")
    if "months" not in document:
        reader.problem("months", "no term", "the months of the commitment, such as 12")
    growth = reader.growth(document)
    migration = reader.table(document, "migration", ("first_on", "every_days", "on"))
    every = reader.whole(migration, "every_days", "migration.", 0, 366)
    terms = Terms(
        months=reader.whole(document, "months", "", 1, 60) or 12,
        tiers=reader.tiers(document, discount_share),
        starts_on=reader.day(document, "starts_on"),
        rollover_months=rollover or 0,
        overage_price=reader.overage(document),
        prepaid_share=reader.number(document, "prepaid_share", "", 0, 1) or _ZERO,
        capital_cost_share=reader.number(document, "capital_cost_share", "", 0, 1) or _ZERO,
        round_to_usd=reader.number(document, "round_to_usd", "", "0.01", 10**12),
        growth=growth or ASSUMED_GROWTH,
        growth_is_assumed=not growth,
        migration_first_on=reader.day(migration, "first_on", "migration."),
        migration_every_days=14 if every is None else every,
        migration_on=reader.days(migration, "on", "migration."),
    )
    if reader.errors:
        raise UserErrors(reader.errors)
    return terms


class _Reader(TomlReader):
    """What this file holds."""

    def tables(self, document: Mapping[str, Any], key: str, keys: tuple[str, ...]) -> list[tuple[str, dict[str, Any]]]:
        value = document.get(key, [])
        if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
            self.problem(key, "no list of tables", f"tables headed [[{key}]]")
            return []
        named = [(f"{key} {number}.", table) for number, table in enumerate(value, 1)]
        for prefix, table in named:
            self.known(table, prefix, keys)
        return named

    def whole(self, table: Mapping[str, Any], key: str, prefix: str, least: int, most: int) -> int | None:
        value = table.get(key)
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            self.problem(f"{prefix}{key}", repr(value), f"a whole number from {least} to {most}")
            return None
        return value

    def choice(self, table: Mapping[str, Any], key: str, valid: tuple[str, ...]) -> Any:
        value = table.get(key, valid[0])
        if value not in valid:
            self.problem(key, repr(value), "one of " + ", ".join(valid))
        return value

    def day(self, table: Mapping[str, Any], key: str, prefix: str = "") -> date | None:
        value = table.get(key)
        if value is not None and type(value) is not date:
            self.problem(f"{prefix}{key}", repr(str(value)), "a date such as 2027-01-01, without quotes")
            return None
        return value

    def days(self, table: Mapping[str, Any], key: str, prefix: str) -> tuple[tuple[str, date], ...]:
        value = table.get(key, {})
        if not isinstance(value, dict):
            self.problem(f"{prefix}{key}", repr(value), "a table of workloads and dates")
            return ()
        found = [(name, self.day(value, name, f"{prefix}{key}.")) for name in value]
        return tuple((name, day) for name, day in found if day is not None)

    def overage(self, document: Mapping[str, Any]) -> Decimal | None:
        if document.get("overage_price") == "tier":
            return None
        before = len(self.errors)
        price = self.number(document, "overage_price", "", 0, 10)
        if len(self.errors) > before:
            self.errors[-1].expected += " (1 = list price), or 'tier'"
        return _ONE if price is None else price

    def tiers(self, document: Mapping[str, Any], discount_share: Decimal) -> tuple[Tier, ...]:
        rows = self.tables(document, "tier", ("commit_usd", "discount_share"))
        if not rows and not any("tier" in error.where for error in self.errors):
            self.problem("tier", "no tier", "at least one [[tier]] with commit_usd and discount_share")
        found: list[Tier] = []
        for prefix, table in rows:
            commit = self.number(table, "commit_usd", prefix, 0, 10**15, needed=True)
            share = self.number(table, "discount_share", prefix, 0, 1, needed=True)
            if share == 1:
                self.problem(f"{prefix}discount_share", "1", "a share under 1")
            elif commit is not None and share is not None:
                found.append(Tier(commit, share))
        found.sort(key=lambda tier: tier.commit_usd)
        for lower, upper in pairwise(found):
            if lower.commit_usd == upper.commit_usd:
                self.problem("tier", f"two tiers from {lower.commit_usd} USD on", "one")
        if not found or found[0].commit_usd:
            found.insert(0, Tier(_ZERO, discount_share))
        return tuple(found)

    def growth(self, document: Mapping[str, Any]) -> tuple[Growth, ...]:
        before, found = len(self.errors), []
        for prefix, table in self.tables(document, "growth", ("name", "monthly_share", "weight")):
            share = self.number(table, "monthly_share", prefix, "-0.5", 1, needed=True)
            weight = self.number(table, "weight", prefix, 0, 1000, needed=True)
            name = table.get("name")
            if not isinstance(name, str) or not name:
                self.problem(f"{prefix}name", repr(name), "a name")
            elif share is not None and weight is not None:
                found.append(Growth(name, share, weight))
        if found and not any(scenario.weight for scenario in found) and len(self.errors) == before:
            self.problem("growth", "weights that are all 0", "a weight above 0")
        return tuple(found)
