"""What the batch API would refuse a day later, found before money is spent."""

from __future__ import annotations

from typing import Any


def refusal(params: dict[str, Any]) -> str | None:
    """Why a batch cannot take the request, in words; None when nothing speaks against it.

    The rules are the `batch_refuses` of rules/models; an unknown model is held to what every known one refuses.
    """
    from analyzer.pricing import models, resolve_model

    model = params.get("model")
    known = models().get(resolve_model(str(model), "anthropic").model or "")
    if known is not None and not known.can_batch:
        return f"the batch API does not take {known.id}"
    for rule in known.batch_refuses if known is not None else _common_rules():
        name, _, value = rule.partition("=")
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
    return None


def _common_rules() -> tuple[str, ...]:
    from analyzer.pricing import models

    every = [set(model.batch_refuses) for model in models().values()]
    return tuple(sorted(set.intersection(*every))) if every else ()


def _at(params: dict[str, Any], path: str) -> Any:
    value: Any = params
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
