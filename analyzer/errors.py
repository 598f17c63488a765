"""The one kind of error a user meets: one line that says where, what was found, what was expected, what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(unsafe_hash=True)  # not frozen: contextlib sets __traceback__ on what passes through it
class UserError(Exception):
    """A problem of the user's, told in one line; the command line prints it and exits 1.

    Never put secrets or prompt text into a field.
    """

    where: str
    found: str
    expected: str = ""
    todo: str = ""

    def __str__(self) -> str:
        """One line: `where: found X; expected Y; do Z`."""
        parts = [f"{self.where}: {self.found}"]
        if self.expected:
            parts.append(f"expected {self.expected}")
        if self.todo:
            parts.append(self.todo)
        return "; ".join(" ".join(part.split()) for part in parts)


class UserErrors(Exception):
    """Several problems found at once (a bad configuration lists them all)."""

    def __init__(self, errors: Iterable[UserError]) -> None:
        self.errors = tuple(errors)
        super().__init__("\n".join(str(error) for error in self.errors))


def nearest_name(name: str, valid: Iterable[str]) -> str:
    """`did you mean 'x'?` for the closest valid name, or the list of valid names."""
    names = sorted(valid)
    close = difflib.get_close_matches(name, names, n=1)
    if close:
        return f"did you mean '{close[0]}'?"
    return "valid names: " + ", ".join(names)
