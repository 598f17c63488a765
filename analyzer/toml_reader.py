"""What every file of the user's shares: problems are collected with their place, none of them stops the reading."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from analyzer.errors import UserError, nearest_name


class TomlReader:
    """Reads tables of one TOML document; `errors` holds what was wrong, in the order in which it was met."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.errors: list[UserError] = []

    def problem(self, key: str, found: str, expected: str, todo: str = "") -> None:
        """Remember one problem."""
        self.errors.append(UserError(f"{self.where}, {key}", found, expected, todo))

    def known(self, table: Mapping[str, Any], prefix: str, keys: tuple[str, ...]) -> None:
        """Every other key of the table is a problem."""
        for key in table:
            if key not in keys:
                self.problem(f"{prefix}{key}", "an unknown key", "a known one", nearest_name(key, keys))

    def table(self, document: Mapping[str, Any], key: str, keys: tuple[str, ...]) -> Mapping[str, Any]:
        """The table headed [key]; empty where it is left out or is none."""
        value = document.get(key, {})
        if not isinstance(value, dict):
            self.problem(key, f"a {type(value).__name__}", f"a table headed [{key}]")
            return {}
        self.known(value, f"{key}.", keys)
        return value

    def number(
        self, table: Mapping[str, Any], key: str, prefix: str, least: int | str, most: int, needed: bool = False
    ) -> Decimal | None:
        """The number at `key`, from `least` to `most`; None = a problem, or left out (one too if `needed`)."""
        value = table.get(key)
        if value is None and not needed:
            return None
        try:
            number = Decimal(str(value))
        except InvalidOperation:
            number = Decimal("nan")
        if isinstance(value, bool) or number.is_nan() or not Decimal(least) <= number <= most:
            self.problem(f"{prefix}{key}", repr(value), f"a number from {least} to {most}")
            return None
        return number
