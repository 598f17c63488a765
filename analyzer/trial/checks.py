"""The user's own checks of an answer: exact, a JSON schema, a regular expression, a Python function."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from analyzer.batch.likeness import are_equal
from analyzer.batch.output_check import output_problem, read_schema
from analyzer.errors import UserError
from analyzer.trial.requests import Request

Message = Mapping[str, Any]


@dataclass(frozen=True)
class Check:
    """One check. `passes(answer, request, today)`; `needs_today`: it compares with today's, and cannot without."""

    name: str
    passes: Callable[[Message, Request, Message | None], bool]
    needs_today: bool = False


def checks_of(exact: bool, schema: Path | None, pattern: str | None, function: str | None) -> tuple[Check, ...]:
    """The checks that were asked for; an answer passes when it passes all of them.

    Raises: UserError for a schema, an expression or a function that cannot be used.
    """
    found = []
    if exact:
        found.append(Check("the same as today's", _is_same, needs_today=True))
    if schema is not None:
        found.append(_keeps_schema(schema))
    if pattern is not None:
        found.append(_matches(pattern))
    if function is not None:
        found.append(_function(function))
    return tuple(found)


def text_of(message: Message) -> str:
    """The text of an answer; thinking and tool calls are not in it."""
    blocks = message.get("content") or []
    return "".join(str(b.get("text", "")) for b in blocks if isinstance(b, dict) and b.get("type") == "text")


def _is_same(answer: Message, request: Request, today: Message | None) -> bool:
    return today is not None and are_equal(today, answer)


def _keeps_schema(path: Path) -> Check:
    read_schema(path)
    return Check(f"the JSON schema {path.name}", lambda answer, request, today: _is_valid(answer, path))


def _is_valid(answer: Message, path: Path) -> bool:
    """The text, or the input of the one tool call where there is no text."""
    calls = [b for b in answer.get("content") or [] if isinstance(b, dict) and b.get("type") == "tool_use"]
    text = text_of(answer)
    if len(calls) == 1 and not text.strip():
        text = json.dumps(calls[0].get("input"))
    return output_problem({"content": [{"type": "text", "text": text}]}, (), path) is None


def _matches(pattern: str) -> Check:
    try:
        expression = re.compile(pattern)
    except re.error as error:
        raise UserError("--regex", f"{pattern!r} ({error})", "a regular expression of Python") from None
    return Check(
        f"the regular expression {pattern}",
        lambda answer, request, today: expression.search(text_of(answer)) is not None,
    )


def _function(name: str) -> Check:
    """`module:function`, found in the current folder or installed."""
    module_name, _, function_name = name.partition(":")
    if "" not in sys.path and str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        function = getattr(import_module(module_name), function_name)
    except (ImportError, AttributeError, ValueError) as error:
        found = f"{name!r} cannot be found ({type(error).__name__})"
        raise UserError("--check", found, "module:function, in this folder or installed") from None
    if not callable(function):
        raise UserError("--check", f"{name!r} is no function", "module:function")

    def passes(answer: Message, request: Request, today: Message | None) -> bool:
        item = {"key": request.key, "params": request.params, "message": answer, "today": today}
        try:
            return bool(function(text_of(answer), item))
        except Exception as error:
            found = f"{name} raised {type(error).__name__} on {request.key[:80]!r}"
            todo = "mend it and repeat: no answer is paid for again"
            raise UserError("--check", found, "true or false", todo) from error

    return Check(f"the function {name}", passes)
