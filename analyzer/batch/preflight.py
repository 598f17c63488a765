"""What the batch API would refuse a day later, found before money is spent."""

from __future__ import annotations

from functools import cache
from typing import Any


def refusal(params: dict[str, Any]) -> str | None:
    """Why a batch cannot take the request, in words; None when nothing speaks against it.

    The rules are the `batch_refuses` of rules/models; an unknown model is held to what every known one refuses.
    """
    model = str(params.get("model"))
    rules = _rules(model)
    if rules is None:
        return f"the batch API does not take {model}"
    for name, value in rules:
        found = _at(params, name)
        if found is None and value != "null":
            continue
        if not value:
            return f"batches do not take the parameter {name}"
        if _text(found) == value:
            return f"batches do not take {name}={value}"
    tokens = params.get("max_tokens")
    if isinstance(tokens, bool) or not isinstance(tokens, int) or tokens < 1:
        return "max_tokens is missing or not a whole number over 0"
    most = _most_output(model)
    if most is not None and tokens > most:
        return f"max_tokens {tokens} is more than {model} writes ({most})"
    return None


@cache
def _rules(model: str) -> tuple[tuple[str, str], ...] | None:
    """(parameter, value it may not have; '' = it may not be there); None when no batch takes the model."""
    from analyzer.pricing import models, resolve_model

    known = models().get(resolve_model(model, "anthropic").model or "")
    if known is not None and not known.can_batch:
        return None
    if known is not None:
        rules = known.batch_refuses
    else:
        rules = tuple(sorted(set.intersection(*(set(each.batch_refuses) for each in models().values()))))
    return tuple((name, value) for name, _, value in (rule.partition("=") for rule in rules))


@cache
def _most_output(model: str) -> int | None:
    from analyzer.pricing import models, resolve_model

    known = models().get(resolve_model(model, "anthropic").model or "")
    return known.max_output_tokens if known is not None else None


def _at(params: dict[str, Any], path: str) -> Any:
    value: Any = params
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
