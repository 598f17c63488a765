"""The numbers that are not measured: read from `rules/assumptions.toml`, checked strictly."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from pathlib import Path
from typing import Any

from analyzer.errors import UserError, UserErrors, nearest_name
from analyzer.resources import shipped
from analyzer.savings.assessment import CASES, Assumption, Case

IDS = (
    "batch_placed_share",
    "guard_share",
    "batch_cache_hit_share",
    "simulated_hit_share",
    "cache_explained_share",
    "answer_begins_s",
    "tokenizer_factor",
    "routing_pass_kept_share",
    "output_cut_kept_share",
)
BASES = ("MEASURED", "MODELED", "ASSUMED")
_UNITS = {
    "share": (Decimal(0), Decimal(1)),
    "factor": (Decimal(1), Decimal(10)),
    "seconds": (Decimal(0), Decimal(86400)),
}
_KEYS = ("id", "title", "unit", "low", "base", "high", "basis", "source", "checked")
Ends = tuple[tuple[str, Case], ...]


@dataclass(frozen=True)
class Assumptions:
    """All assumptions, in the order of the file."""

    rows: tuple[Assumption, ...]
    _exact: dict[tuple[str, Case], Fraction] = field(default_factory=dict, compare=False, repr=False)
    _corners: dict[Ends, Assumptions] = field(default_factory=dict, compare=False, repr=False)

    def __post_init__(self) -> None:
        if not self._exact:
            self._exact.update({(row.id, case): Fraction(getattr(row, case)) for row in self.rows for case in CASES})

    def at(self, ends: Ends) -> Assumptions:
        """The same, with some assumptions at one of their ends in all cases; remembered."""
        if ends not in self._corners:
            fixed = {(name, case): self._exact[name, end] for name, end in ends for case in CASES}
            self._corners[ends] = Assumptions(self.rows, self._exact | fixed)
        return self._corners[ends]

    def value(self, name: str, case: Case) -> Fraction:
        """The exact value of one assumption in one case. Raises: KeyError for an unknown id."""
        return self._exact[name, case]


def load_assumptions(path: Path | None = None) -> Assumptions:
    """Read the file (default: the shipped one).

    Raises: UserErrors with every problem: unknown, missing or repeated ids and keys, values that are no numbers in
    the range of their unit or not in order from low to high, an unknown basis, no source, no date.
    """
    path = path or shipped("rules") / "assumptions.toml"
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise UserErrors([UserError(str(path), f"not valid TOML ({error})", "TOML in UTF-8")]) from None
    errors: list[UserError] = []
    rows: list[Assumption] = []
    tables = document.get("assumption")
    if set(document) != {"assumption"} or not isinstance(tables, list):
        raise UserErrors([UserError(str(path), "other keys at the top", "tables headed [[assumption]] alone")])
    for number, table in enumerate(tables, 1):
        row = _read(f"{path}, assumption {number}", table, errors)
        if row is not None:
            rows.append(row)
    for name in IDS:
        count = sum(row.id == name for row in rows)
        if count != 1 and not (errors and count == 0):
            errors.append(UserError(str(path), f"{name} stands {count} times", "once"))
    if errors:
        raise UserErrors(errors)
    return Assumptions(tuple(rows))


def _read(where: str, table: Mapping[str, Any], errors: list[UserError]) -> Assumption | None:
    before = len(errors)
    errors.extend(
        UserError(where, f"unknown key {key}", "a known one", nearest_name(key, _KEYS))
        for key in table
        if key not in _KEYS
    )
    for key in _KEYS:
        kind = date if key == "checked" else str
        value = table.get(key)
        if not isinstance(value, kind) or value == "":
            errors.append(UserError(f"{where}, {key}", repr(value), "a date" if kind is date else "a text"))
    if len(errors) > before:
        return None
    if table["id"] not in IDS:
        errors.append(UserError(where, f"unknown id {table['id']}", "a known one", nearest_name(table["id"], IDS)))
    if table["basis"] not in BASES:
        errors.append(UserError(where, f"basis {table['basis']}", "one of " + ", ".join(BASES)))
    if table["unit"] not in _UNITS:
        errors.append(UserError(where, f"unit {table['unit']}", "one of " + ", ".join(_UNITS)))
    else:
        _check_values(where, table, errors)
    if len(errors) > before:
        return None
    return Assumption(**{key: table[key] for key in _KEYS if key != "unit"})


def _check_values(where: str, table: Mapping[str, Any], errors: list[UserError]) -> None:
    least, most = _UNITS[table["unit"]]
    values: list[Decimal] = []
    for case in CASES:
        try:
            value = Decimal(table[case])
        except InvalidOperation:
            value = Decimal("nan")
        if value.is_nan() or not least <= value <= most:
            errors.append(UserError(f"{where}, {case}", repr(table[case]), f"a number from {least} to {most}"))
            return
        values.append(value)
    if values != sorted(values) and values != sorted(values, reverse=True):
        errors.append(UserError(where, "low, base and high are not in order", "base between low and high"))
