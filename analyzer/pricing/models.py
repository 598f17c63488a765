"""The models we know, one `rules/models/<id>.toml` each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from analyzer.errors import UserError, UserErrors, nearest_name
from analyzer.pricing.rulefiles import SOURCED, Shape, check_table, read_document
from analyzer.resources import shipped
from analyzer.rooms import room_files

FAMILIES = ("haiku", "sonnet", "opus", "fable", "mythos")
"""From the smallest to the largest."""

_COMMON = "_common.toml"
_MODEL = Shape(
    required={
        "id": str,
        "name": str,
        "family": str,
        "generation": str,
        "tokenizer": str,
        "min_cacheable_tokens": int,
        "context_window_tokens": int,
        "can_batch": bool,
        **SOURCED,
    },
    optional={
        "released_on": date,
        "aliases": list,
        "genai_prices_id": str,
        "max_output_tokens": int,
        "batch_refuses": list,
    },
)
_TOKENIZER = Shape(required={"low": Decimal, "base": Decimal, "high": Decimal, **SOURCED}, optional={})
_BATCH = Shape(required={"refuses": list, **SOURCED}, optional={})
_LACKS = Shape(required={"models": list, **SOURCED}, optional={})


@dataclass(frozen=True)
class TokenizerFactor:
    """Tokens that the same text makes, relative to the tokenizers before 4.7: a range around `base`."""

    low: Decimal
    base: Decimal
    high: Decimal


@dataclass(frozen=True)
class Model:
    """A Claude model.

    `id` canonical; `family` haiku, sonnet, opus, fable or mythos; `generation` (4, 5) for 4.5;
    `released_on` None = not known; `tokenizer` "before-4.7" or "from-4.7"; `min_cacheable_tokens` a shorter prefix is
    silently not cached; `max_output_tokens` of one synchronous request, None = not known. `batch_refuses`: request
    parameters that the Batch API does not take for this model, `name` (not at all) or `name=value` (not that value).
    `lacks`: features that requests use and this model does not have (thinking).
    """

    id: str
    name: str
    family: str
    generation: tuple[int, ...]
    released_on: date | None
    tokenizer: str
    tokenizer_factor: TokenizerFactor
    min_cacheable_tokens: int
    context_window_tokens: int
    max_output_tokens: int | None
    can_batch: bool
    batch_refuses: tuple[str, ...]
    lacks: frozenset[str]
    aliases: tuple[str, ...]
    genai_prices_id: str
    source: str
    checked: date


@cache
def models() -> Mapping[str, Model]:
    """All known models by canonical id, in order of family (small to large) and generation.

    Raises: UserErrors with every problem in the model files.
    """
    return read_models(shipped("rules") / "models")


def read_models(folder: Path) -> Mapping[str, Model]:
    """The models of a folder by canonical id.

    Raises: UserErrors with every problem in its files.
    """
    common, problems = _read_common(folder / _COMMON)
    found: list[Model] = []
    for path in room_files(folder, ".toml"):
        values, errors = check_table(read_document(path), _MODEL, path.name)
        errors = errors or _wrong_names(values, path, common.factors)
        if errors:
            problems += errors
            continue
        found.append(_model(values, common))
    unknown = sorted(set().union(*common.lacking.values()) - {model.id for model in found})
    if unknown and not problems:
        problems.append(UserError(f"{_COMMON}, lacks", ", ".join(unknown), "ids of models"))
    if problems:
        raise UserErrors(problems)
    found.sort(key=lambda model: (FAMILIES.index(model.family), model.generation))
    return MappingProxyType({model.id: model for model in found})


@dataclass(frozen=True)
class _Common:
    """Tokenizer factors by line, what batches refuse whatever the model, models by the feature that they lack."""

    factors: Mapping[str, TokenizerFactor]
    refused: tuple[str, ...]
    lacking: Mapping[str, frozenset[str]]


def _read_common(path: Path) -> tuple[_Common, list[UserError]]:
    document = read_document(path)
    problems: list[UserError] = []
    if set(document) != {"tokenizer", "batch", "lacks"}:
        expected = "the tables [tokenizer.NAME], [batch] and [lacks.FEATURE]"
        raise UserErrors([UserError(path.name, "tables " + ", ".join(sorted(document)), expected)])
    factors: dict[str, TokenizerFactor] = {}
    for name, table in document["tokenizer"].items():
        values, errors = check_table(table, _TOKENIZER, f"{path.name}, tokenizer {name}")
        problems += errors
        if not errors:
            factors[name] = TokenizerFactor(values["low"], values["base"], values["high"])
    lacking: dict[str, frozenset[str]] = {}
    for name, table in document["lacks"].items():
        values, errors = check_table(table, _LACKS, f"{path.name}, lacks {name}")
        problems += errors
        lacking[name] = frozenset(values.get("models", ()))
    values, errors = check_table(document["batch"], _BATCH, f"{path.name}, batch")
    return _Common(factors, tuple(values.get("refuses", ())), lacking), problems + errors


def _wrong_names(values: Mapping[str, Any], path: Path, factors: Mapping[str, TokenizerFactor]) -> list[UserError]:
    wrong: list[UserError] = []
    if values["id"] != path.stem:
        wrong.append(UserError(f"{path.name}, id", repr(values["id"]), f"the file's name, '{path.stem}'"))
    for key, valid in (("family", FAMILIES), ("tokenizer", tuple(factors))):
        if values[key] not in valid:
            wrong.append(
                UserError(f"{path.name}, {key}", repr(values[key]), "a known one", nearest_name(values[key], valid))
            )
    if not all(part.isdigit() for part in values["generation"].split(".")):
        wrong.append(UserError(f"{path.name}, generation", repr(values["generation"]), "such as '4.5'"))
    return wrong


def _model(values: Mapping[str, Any], common: _Common) -> Model:
    return Model(
        id=values["id"],
        name=values["name"],
        family=values["family"],
        generation=generation(values["generation"]),
        released_on=values.get("released_on"),
        tokenizer=values["tokenizer"],
        tokenizer_factor=common.factors[values["tokenizer"]],
        min_cacheable_tokens=values["min_cacheable_tokens"],
        context_window_tokens=values["context_window_tokens"],
        max_output_tokens=values.get("max_output_tokens"),
        can_batch=values["can_batch"],
        batch_refuses=common.refused + tuple(values.get("batch_refuses", ())),
        lacks=frozenset(feature for feature, ids in common.lacking.items() if values["id"] in ids),
        aliases=tuple(values.get("aliases", ())),
        genai_prices_id=values.get("genai_prices_id", values["id"]),
        source=values["source"],
        checked=values["checked"],
    )


def generation(text: str) -> tuple[int, ...]:
    """`4.5` as (4, 5), so that generations compare."""
    return tuple(int(part) for part in text.split("."))
