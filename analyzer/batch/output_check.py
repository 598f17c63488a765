"""Whether an answer is what the job wants: its stop reason, and a JSON schema for its text."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from analyzer.batch.provider import one_line
from analyzer.errors import UserError

_TYPES: Mapping[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "integer": lambda value: (
        (isinstance(value, int) and not isinstance(value, bool)) or (isinstance(value, float) and value.is_integer())
    ),
}
_BOUNDS: Mapping[str, Callable[[Any, Any], bool]] = {
    "enum": lambda value, given: any(_equal(value, each) for each in given),
    "const": lambda value, given: _equal(value, given),
    "minimum": lambda value, given: not _TYPES["number"](value) or value >= given,
    "maximum": lambda value, given: not _TYPES["number"](value) or value <= given,
    "minLength": lambda value, given: not isinstance(value, str) or len(value) >= given,
    "maxLength": lambda value, given: not isinstance(value, str) or len(value) <= given,
    "pattern": lambda value, given: not isinstance(value, str) or re.search(given, value) is not None,
    "minItems": lambda value, given: not isinstance(value, list) or len(value) >= given,
    "maxItems": lambda value, given: not isinstance(value, list) or len(value) <= given,
    "required": lambda value, given: not isinstance(value, dict) or set(given) <= set(value),
}
_NESTED = ("type", "properties", "additionalProperties", "items", "anyOf", "allOf", "$ref", "$defs", "definitions")
_SAID_ONLY = ("$schema", "$id", "title", "description", "default", "examples", "format")


def output_problem(message: dict[str, Any], fail_on: tuple[str, ...], schema: Path | None) -> str | None:
    """Why an answer counts as a failure; None when it is good."""
    stop = message.get("stop_reason")
    if stop in fail_on:
        return f"stop_reason {stop} counts as a failure (results.fail_on); its answer is kept in the store"
    if schema is None:
        return None
    content = message.get("content")
    blocks = content if isinstance(content, list) else []
    text = "".join(str(block.get("text", "")) for block in blocks if isinstance(block, dict))
    rules = read_schema(schema)
    try:
        problem = _problem(json.loads(text), rules, rules, "answer")
    except ValueError:
        problem = "the answer is no JSON"
    except RecursionError:
        problem = "the answer is nested too deep"
    return None if problem is None else f"{one_line(problem)} (results.schema); the answer is kept in the store"


@cache
def read_schema(path: Path) -> dict[str, Any]:
    """A JSON schema.

    Raises: UserError when it cannot be read or uses a keyword that is not checked here.
    """
    try:
        schema = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(str(path), f"no JSON schema ({type(error).__name__})", "a JSON file") from None
    unknown = sorted(_unknown(schema, schema)) if isinstance(schema, dict) else ["no table"]
    if unknown:
        todo = "leave them out, or check the answers yourself"
        raise UserError(
            str(path), f"keywords that are not checked: {', '.join(unknown)}", ", ".join(sorted(_ALL)), todo
        )
    return dict(schema)


_ALL = (*_BOUNDS, *_NESTED)
_NUMBER, _WHOLE, _LIST, _TABLE = (_TYPES[name] for name in ("number", "integer", "array", "object"))
# What a keyword's own value must be; a rule that cannot be read would fail at the first answer, after it was paid.
_FORMS: Mapping[str, Callable[[Any], bool]] = {
    "type": lambda given: bool(given) and set([given] if isinstance(given, str) else given) <= set(_TYPES),
    "enum": _LIST,
    "minimum": _NUMBER,
    "maximum": _NUMBER,
    "minLength": _WHOLE,
    "maxLength": _WHOLE,
    "minItems": _WHOLE,
    "maxItems": _WHOLE,
    "pattern": lambda given: re.compile(given) is not None,
    "required": lambda given: _LIST(given) and all(isinstance(name, str) for name in given),
    "anyOf": lambda given: _LIST(given) and bool(given),
    "allOf": _LIST,
    "properties": _TABLE,
    "$defs": _TABLE,
    "definitions": _TABLE,
}


def _is_formed(form: Callable[[Any], bool], given: Any) -> bool:
    try:
        return form(given)
    except (TypeError, ValueError, re.error):
        return False


def _unknown(schema: Any, root: dict[str, Any]) -> set[str]:
    """Keywords that are not checked here, or whose value cannot be read."""
    if not isinstance(schema, dict):
        return set() if isinstance(schema, bool) else {one_line(repr(schema))}
    wrong = {name for name, form in _FORMS.items() if name in schema and not _is_formed(form, schema[name])}
    if wrong:
        return {f"{name} {one_line(repr(schema[name]))}" for name in wrong}
    found = {name for name in schema if name not in _ALL and name not in _SAID_ONLY}
    below = [schema.get("items", True), schema.get("additionalProperties", True)]
    below += [*schema.get("anyOf", ()), *schema.get("allOf", ())]
    for name in ("properties", "$defs", "definitions"):
        below += schema.get(name, {}).values()
    if "$ref" in schema and not _can_be_followed(str(schema["$ref"]), root):
        found.add(f"$ref {one_line(schema['$ref'])}")
    return found.union(*(_unknown(each, root) for each in below))


def _can_be_followed(reference: str, root: dict[str, Any]) -> bool:
    """Inside the file, to a schema, and not round in a circle of references."""
    seen: set[str] = set()
    while reference.startswith("#/") and reference not in seen:
        seen.add(reference)
        try:
            found = _referred(reference, root)
        except (KeyError, TypeError):
            return False
        if not isinstance(found, dict) or "$ref" not in found:
            return isinstance(found, dict | bool)
        reference = str(found["$ref"])
    return False


def _problem(value: Any, schema: Any, root: dict[str, Any], where: str) -> str | None:
    """The first thing that is wrong, by place and keyword, without the value itself."""
    if isinstance(schema, bool):
        return None if schema else f"{where} may not be there"
    if "$ref" in schema and (found := _problem(value, _referred(schema["$ref"], root), root, where)):
        return found
    types = schema.get("type")
    if types is not None and not any(_TYPES[each](value) for each in ([types] if isinstance(types, str) else types)):
        return f"{where} is not of type {types}"
    for name, keeps in _BOUNDS.items():
        if name in schema and not keeps(value, schema[name]):
            return f"{where} breaks {name}"
    if "anyOf" in schema and all(_problem(value, each, root, where) for each in schema["anyOf"]):
        return f"{where} fits none of anyOf"
    checks = [(value, each, where) for each in schema.get("allOf", ())] + _parts(value, schema, where)
    return next((found for each in checks if (found := _problem(each[0], each[1], root, each[2]))), None)


def _parts(value: Any, schema: dict[str, Any], where: str) -> list[tuple[Any, Any, str]]:
    if isinstance(value, dict):
        named, others = schema.get("properties", {}), schema.get("additionalProperties", True)
        return [(part, named.get(name, others), f"{where}.{name[:40]}") for name, part in value.items()]
    if isinstance(value, list):
        return [(part, schema.get("items", True), f"{where}[{number}]") for number, part in enumerate(value)]
    return []


def _referred(reference: str, root: dict[str, Any]) -> Any:
    found: Any = root
    for part in reference.removeprefix("#/").split("/"):
        found = found[part.replace("~1", "/").replace("~0", "~")]
    return found


def _equal(one: Any, other: Any) -> bool:
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)
