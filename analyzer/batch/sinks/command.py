"""A command that reads JSON lines from its standard input; exit code 0 = taken. At least once.

`WHOWAITS_DELIVERY` and `WHOWAITS_JOB` in its environment tell a repeated delivery; the API key is not in there.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator

from analyzer.batch.job import Destination
from analyzer.batch.sinks import Answer, DeliveryError

_SECRETS = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN")


class Command:
    """A Sink."""

    at_once = 1_000

    def __init__(self, command: tuple[str, ...], timeout_s: int) -> None:
        self._command, self._timeout_s = command, timeout_s

    def mark(self) -> int:
        """Nothing to remember."""
        return 0

    def write(self, delivery_no: int, mark: int, answers: Iterator[Answer]) -> list[tuple[int, str]]:
        """The lines are ready before the command starts, so that it never sees half of them."""
        environment = {name: value for name, value in os.environ.items() if name not in _SECRETS}
        with tempfile.TemporaryFile() as lines:
            for answer in answers:
                lines.write(answer.line)
                environment["WHOWAITS_JOB"] = answer.job
            lines.seek(0)
            environment["WHOWAITS_DELIVERY"] = str(delivery_no)
            try:
                ran = subprocess.run(
                    self._command, stdin=lines, stdout=sys.stderr.fileno(), env=environment, timeout=self._timeout_s
                )
            except subprocess.TimeoutExpired:
                raise DeliveryError(f"the command took longer than {self._timeout_s} s") from None
            except OSError as error:
                raise DeliveryError(f"the command could not be started ({error.strerror})") from None
        if ran.returncode:
            raise DeliveryError(f"the command ended with exit code {ran.returncode}")
        return []


def sink(destination: Destination) -> Command:
    """The command and its arguments; no shell."""
    return Command(destination.command, destination.timeout_s)
