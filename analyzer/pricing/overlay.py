"""`rules/prices/*.toml`: what is laid over the price list of genai-prices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from analyzer.errors import UserError, UserErrors, nearest_name
from analyzer.pricing.models import generation, models
from analyzer.pricing.rulefiles import SOURCED, Shape, read_rows
from analyzer.resources import shipped
from analyzer.rooms import room_files

TOKEN_CLASSES = (
    "uncached_input",
    "cache_write_5m",
    "cache_write_1h",
    "cache_read",
    "output",
)
_MTOK = {f"{name}_usd_per_mtok": name for name in TOKEN_CLASSES}
_PERIOD = {"from": date, "before": date}
_SERVED = {"in_batch": bool, "serves_earlier": bool}
_SHAPES = {
    "price": Shape({"model": str, **SOURCED}, {**_PERIOD, "over_tokens": int, **dict.fromkeys(_MTOK, Decimal)}),
    "flat": Shape({"model": str, **SOURCED}, _PERIOD),
    "batch": Shape({"providers": list, "factor": Decimal, **SOURCED}, {"models": list}),
    "geography": Shape(
        {"name": str, "providers": list, "from_generation": str, "factor": Decimal, **_SERVED, **SOURCED}, {}
    ),
    "tool": Shape({"name": str, "usd_per_thousand": Decimal, **SOURCED}, {}),
}


@dataclass(frozen=True)
class PriceRow:
    """Prices in USD per million tokens that stand for `model` from `start` on (None = ever) until before `end`.

    `over_tokens` 0 = the base card. `flat`: the model has one card in that time, whatever the size.
    """

    model: str
    start: date | None
    end: date | None
    over_tokens: int
    usd_per_mtok: Mapping[str, Decimal]
    flat: bool
    file: str

    def stands(self, model: str, on: date) -> bool:
        """Whether the row holds for the model on that day."""
        started = self.start is None or self.start <= on
        return self.model == model and started and (self.end is None or on < self.end)


@dataclass(frozen=True)
class BatchRule:
    """Batch takes `factor` of every token class at these providers; `models` None = every model that can batch."""

    providers: tuple[str, ...]
    models: tuple[str, ...] | None
    factor: Decimal
    file: str


@dataclass(frozen=True)
class GeographyRule:
    """`factor` on every token class for models from a generation on, served in a place at these providers.

    `in_batch`: a batch can be held in the place. `serves_earlier`: earlier models run there too, without the factor.
    """

    name: str
    providers: tuple[str, ...]
    from_generation: tuple[int, ...]
    factor: Decimal
    in_batch: bool
    serves_earlier: bool
    file: str


@dataclass(frozen=True)
class Overlay:
    """All rows of a folder of price files."""

    prices: tuple[PriceRow, ...]
    batches: tuple[BatchRule, ...]
    geographies: tuple[GeographyRule, ...]
    tools_usd: Mapping[str, Decimal]


@cache
def overlay() -> Overlay:
    """The shipped price rows.

    Raises: UserErrors with every problem in the price files.
    """
    return read_overlay(shipped("rules") / "prices", tuple(models()))


def batch_rule(provider: str, model: str) -> BatchRule | None:
    """The batch factor for a model at a provider; None = no price is published."""
    return next(
        (
            rule
            for rule in overlay().batches
            if provider in rule.providers and (rule.models is None or model in rule.models)
        ),
        None,
    )


def geography_rule(name: str, provider: str) -> GeographyRule | None:
    """What a place adds at a provider; None = no price is published."""
    return next((rule for rule in overlay().geographies if rule.name == name and provider in rule.providers), None)


def read_overlay(folder: Path, known_models: Iterable[str]) -> Overlay:
    """The rows of a folder.

    Raises: UserErrors with every problem in its files.
    """
    known = tuple(known_models)
    prices: list[PriceRow] = []
    batches: list[BatchRule] = []
    geographies: list[GeographyRule] = []
    tools: dict[str, Decimal] = {}
    problems: list[UserError] = []
    for path in room_files(folder, ".toml"):
        try:
            rows = read_rows(path, _SHAPES)
        except UserErrors as error:
            problems += error.errors
            continue
        for kind, row in rows:
            problems += _wrong_rows(kind, row, path.name, known)
            if kind in ("price", "flat"):
                prices.append(_price_row(row, kind == "flat", path.name))
            elif kind == "batch":
                only = tuple(row["models"]) if "models" in row else None
                batches.append(BatchRule(tuple(row["providers"]), only, row["factor"], path.name))
            elif kind == "geography":
                since = generation(row["from_generation"])
                providers = tuple(row["providers"])
                served = (row["in_batch"], row["serves_earlier"])
                geographies.append(GeographyRule(row["name"], providers, since, row["factor"], *served, path.name))
            else:
                tools[row["name"]] = row["usd_per_thousand"].scaleb(-3)
    if problems:
        raise UserErrors(problems)
    return Overlay(tuple(prices), tuple(batches), tuple(geographies), MappingProxyType(tools))


def _price_row(row: Mapping[str, Any], flat: bool, file: str) -> PriceRow:
    return PriceRow(
        model=row["model"],
        start=row.get("from"),
        end=row.get("before"),
        over_tokens=row.get("over_tokens", 0),
        usd_per_mtok=MappingProxyType({name: row[key] for key, name in _MTOK.items() if key in row}),
        flat=flat,
        file=file,
    )


def _wrong_rows(kind: str, row: Mapping[str, Any], file: str, known: tuple[str, ...]) -> list[UserError]:
    where = f"{file}, {kind}"
    named = [row["model"]] if "model" in row else list(row.get("models", ()))
    wrong = [
        UserError(f"{where}, model", repr(name), "a model of rules/models", nearest_name(name, known))
        for name in named
        if name not in known
    ]
    if "from" in row and "before" in row and row["from"] >= row["before"]:
        wrong.append(UserError(where, f"before = {row['before']}", f"a day after from = {row['from']}"))
    if kind == "price":
        given = [key for key in _MTOK if key in row]
        if not given:
            wrong.append(UserError(where, "no price", "one or more of " + ", ".join(_MTOK)))
        elif "over_tokens" in row and len(given) < len(_MTOK):
            wrong.append(UserError(where, "some prices of a size card", "all of " + ", ".join(_MTOK)))
    return wrong
