"""A Python function, given a list of answers and the number of the delivery. At least once.

`function(answers: list[dict], delivery_no: int)`; whatever it raises, the delivery is made again later.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

from analyzer.batch.job import Destination
from analyzer.batch.sinks import Answer, DeliveryError
from analyzer.errors import UserError


class Function:
    """A Sink."""

    at_once = 100

    def __init__(self, function: Callable[[list[dict[str, Any]], int], object]) -> None:
        self._function = function

    def mark(self) -> int:
        """Nothing to remember."""
        return 0

    def write(self, delivery_no: int, mark: int, answers: Iterator[Answer]) -> list[tuple[int, str]]:
        """Call it."""
        try:
            self._function([answer.document for answer in answers], delivery_no)
        except Exception as error:
            raise DeliveryError(f"the function raised {type(error).__name__}") from error
        return []


def sink(destination: Destination) -> Function:
    """`module:function`, found beside the job file (`path`) or installed."""
    module_name, _, name = destination.function.partition(":")
    if destination.path is not None and str(destination.path) not in sys.path:
        sys.path.insert(0, str(destination.path))
    try:
        function = getattr(import_module(module_name), name)
    except (ImportError, AttributeError, ValueError) as error:
        found = f"{destination.function!r} cannot be found ({type(error).__name__})"
        raise UserError("destination.function", found, "module:function") from None
    return Function(function)
