"""Reading `rules/models` and `rules/prices` strictly: every problem in a file is listed, none is passed over."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from analyzer.errors import UserError, UserErrors, nearest_name

SOURCED = {"source": str, "checked": date}


@dataclass(frozen=True)
class Shape:
    """The keys a table must have, those it may have, and the type of each value.

    `Decimal` takes any TOML number, read exactly; `list` is a list of strings.
    """

    required: Mapping[str, type]
    optional: Mapping[str, type]

    @property
    def keys(self) -> Mapping[str, type]:
        """All keys."""
        return {**self.required, **self.optional}


def read_document(path: Path) -> dict[str, Any]:
    """The TOML document, numbers with a point as exact Decimal.

    Raises: UserErrors when it is not TOML in UTF-8.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserErrors([UserError(path.name, f"not valid TOML ({error})", "TOML in UTF-8")]) from None


def check_table(table: Mapping[str, Any], shape: Shape, where: str) -> tuple[dict[str, Any], list[UserError]]:
    """The values with whole numbers made Decimal where the shape says so, and every problem found."""
    problems: list[UserError] = []
    values: dict[str, Any] = {}
    for key, value in table.items():
        kind = shape.keys.get(key)
        if kind is None:
            problems.append(
                UserError(f"{where}, {key}", "an unknown key", "a known one", nearest_name(key, shape.keys))
            )
        elif not _fits(value, kind):
            problems.append(UserError(f"{where}, {key}", repr(value), _expected(kind)))
        else:
            values[key] = Decimal(value) if kind is Decimal else value
    problems += [
        UserError(f"{where}, {key}", "missing", _expected(kind))
        for key, kind in shape.required.items()
        if key not in table
    ]
    return values, problems


def read_rows(path: Path, shapes: Mapping[str, Shape]) -> list[tuple[str, dict[str, Any]]]:
    """The rows of a file of arrays of tables, as (kind, values) in the order of the file's kinds.

    Raises: UserErrors with every problem in the file.
    """
    document = read_document(path)
    rows: list[tuple[str, dict[str, Any]]] = []
    problems: list[UserError] = []
    for kind, tables in document.items():
        if kind not in shapes:
            expected = "a known kind of row"
            problems.append(UserError(f"{path.name}, {kind}", "an unknown key", expected, nearest_name(kind, shapes)))
            continue
        if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
            problems.append(UserError(f"{path.name}, {kind}", "not a list of tables", f"rows headed [[{kind}]]"))
            continue
        for number, table in enumerate(tables, 1):
            values, found = check_table(table, shapes[kind], f"{path.name}, {kind} {number}")
            problems += found
            rows.append((kind, values))
    if problems:
        raise UserErrors(problems)
    return rows


def _fits(value: object, kind: type) -> bool:
    if kind is bool:
        return isinstance(value, bool)
    if kind is Decimal:
        return isinstance(value, int | Decimal) and not isinstance(value, bool) and Decimal(value) >= 0
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool) and value > 0
    if kind is list:
        return isinstance(value, list) and all(isinstance(entry, str) for entry in value)
    if kind is date:
        return type(value) is date
    return isinstance(value, kind)


def _expected(kind: type) -> str:
    return {
        bool: "true or false",
        Decimal: "a number, 0 or more",
        int: "a whole number, 1 or more",
        list: "a list of strings",
        date: "a date such as 2026-10-07",
        str: "a string",
    }[kind]
