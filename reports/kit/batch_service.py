"""What differs between clouds, as batch_jobs.py sees it; bedrock_batch.py and vertex_batch.py have it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, Protocol


class Refused(Exception):
    """The service answered that it made no job: nothing is in doubt, and a later round may ask again."""


class Answer(NamedTuple):
    """One line of output. `message` None = an error; `passes`: a later attempt may succeed."""

    record_id: str
    message: dict[str, Any] | None
    error: str = ""
    passes: bool = False


class State(NamedTuple):
    """A job as the service tells it. `ended`: "" = under way, "whole", "part" (not all was done) or "failed"."""

    status: str
    ended: str
    message: str = ""
    output: str = ""


class Service(Protocol):
    """What differs between clouds. `repeat_is_safe`: the same definition twice makes one job."""

    repeat_is_safe: bool

    def is_expected(self, error: Exception) -> bool:
        """An error to tell in one line, without a traceback: of the network, of rights, of a name."""

    def record(self, record_id: str, body: dict[str, Any]) -> dict[str, Any]:
        """A line of input."""

    def definition(self, name: str, token: str, model_id: str) -> dict[str, Any]:
        """What makes a job."""

    def upload(self, path: Path, definition: dict[str, Any]) -> None:
        """The input to where the job reads it; the same again changes nothing."""

    def find(self, name: str) -> str | None:
        """The id of the job of this name; None = none is listed."""

    def create(self, definition: dict[str, Any]) -> str:
        """Make the job; its id. Raises: Refused; anything else leaves it in doubt."""

    def state(self, job_id: str) -> State:
        """How it stands."""

    def lines(self, state: State) -> Iterator[str]:
        """All lines of its output."""

    def answer(self, line: dict[str, Any]) -> Answer:
        """What a line says."""
