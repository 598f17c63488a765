"""Which model a log means: the raw id in any provider's spelling, to the canonical id or to nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache

from analyzer.pricing.models import FAMILIES, models
from analyzer.pricing.overlay import geography_rule

_REGION = r"[a-z]{2}(?:-gov|-iso[a-z]?)?-[a-z]+-\d"
_ARN = re.compile(r"arn:aws[a-z-]*:bedrock:[a-z0-9-]*:\d*:(?:foundation-model|inference-profile)/(.+)")
_VERTEX_PATH = re.compile(r"(?:projects/[^/]+/locations/[^/]+/)?publishers/anthropic/models/")
_PREFIX = re.compile(
    rf"(?:anthropic|bedrock|bedrock_converse|converse|invoke|vertex_ai|openrouter|azure_ai|{_REGION})/"
)
_PLACE = re.compile(r"(us|us-gov|eu|apac|jp|au|global)\.(?=anthropic\.)")
_SUFFIX = re.compile(r"(?:\[1m\]|:thinking|:beta|-v\d+(?::\d+)?(?::\d+k)?|[-@]latest|@default)\Z")
_DATE = re.compile(r"[-@](\d{4})(-?)(\d{2})\2(\d{2})\Z", re.ASCII)
_FAMILY = "|".join(FAMILIES)
_OLD_ORDER = re.compile(rf"claude-(\d+(?:-\d+)?)-({_FAMILY})")


@dataclass(frozen=True)
class ResolvedModel:
    """The canonical id, None = unknown (never guessed), and the geography the id itself tells: global or regional."""

    model: str | None
    geography: str


@lru_cache(maxsize=4096)
def resolve_model(raw: str | None, provider: str) -> ResolvedModel:
    """The model a raw id names; recognised only by an exact match once the spelling is out of the way.

    A dated snapshot is its model when the date exists in the calendar. An application inference profile hides its
    model, so it is unknown. Bedrock ids other than `global.` ones are regional from the generation on that
    regional endpoints are priced apart; on Vertex the id cannot tell and counts as global.
    """
    bare, place = _without_places((raw or "").strip().lower())
    model = _index().get(_spelling(_without_suffixes(bare)))
    if model is None:
        return ResolvedModel(None, "global")
    rule = geography_rule("regional", provider)
    regional = (
        provider == "aws_bedrock"
        and place in ("bare", "region")
        and rule is not None
        and models()[model].generation >= rule.from_generation
    )
    return ResolvedModel(model, "regional" if regional else "global")


def _without_places(text: str) -> tuple[str, str]:
    """The id without provider, path and place; the place as `global`, `region`, `bare` (Bedrock id) or empty."""
    arn = _ARN.fullmatch(text)
    if arn:
        text = arn[1]
    if path := _VERTEX_PATH.match(text):
        text = text[path.end() :]
    while match := _PREFIX.match(text):
        text = text[match.end() :]
    place = "bare" if arn else ""
    if match := _PLACE.match(text):
        place = "global" if match[1] == "global" else "region"
        text = text[match.end() :]
    if text.startswith("anthropic."):
        return text.removeprefix("anthropic."), place or "bare"
    return text, place


def _without_suffixes(text: str) -> str:
    """The id without version, variant, `latest` and a date that exists."""
    while match := _SUFFIX.search(text):
        text = text[: match.start()]
    dated = _DATE.search(text)
    return text[: dated.start()] if dated and _is_date(dated[1], dated[3], dated[4]) else text


def _is_date(year: str, month: str, day: str) -> bool:
    try:
        date(int(year), int(month), int(day))
    except ValueError:
        return False
    return True


def _spelling(text: str) -> str:
    """One spelling for all: dashes for dots and spaces, the family before the version."""
    text = re.sub(r"[. ]+", "-", text)
    match = _OLD_ORDER.fullmatch(text)
    return f"claude-{match[2]}-{match[1]}" if match else text


@cache
def _index() -> dict[str, str]:
    return {_spelling(name): model.id for model in models().values() for name in (model.id, *model.aliases)}
