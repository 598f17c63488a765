"""A job: what it may send, how much, for how much, by when, and where the answers go."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

API_MAX_ITEMS = 100_000
API_MAX_BYTES = 256_000_000
# Queued batch requests of the lowest tier that has batches.
# source: https://platform.claude.com/docs/en/api/rate-limits, checked 2026-11-20
API_MAX_QUEUED = 200_000


@dataclass(frozen=True)
class Destination:
    """Where answers go. `kind` names the sink (sinks/), the rest is what that sink needs.

    No secret stands here: `dsn_env` and `secret_env` name the environment variables that hold them.
    """

    kind: str
    path: Path | None = None
    table: str = "results"
    url: str = ""
    dsn_env: str = ""
    secret_env: str = ""
    command: tuple[str, ...] = ()
    function: str = ""
    timeout_s: int = 60

    @property
    def place(self) -> str:
        """Its name in store, logs and errors: the kind and the place."""
        where = {
            "sqlite": f"{self.path}#{self.table}",
            "duckdb": f"{self.path}#{self.table}",
            "postgresql": f"{self.dsn_env}#{self.table}",
            "webhook": self.url,
            "command": " ".join(self.command),
            "python": self.function,
        }
        return f"{self.kind}:{where.get(self.kind, self.path)}"


@dataclass(frozen=True)
class Guard:
    """What keeps a deadline: late items leave the batch and are sent synchronously, at full price.

    `tail_s`: how long a batch may take, until 20 have been measured. `reserve_s`: time kept free for canceling.
    """

    tail_s: int = 7_200
    reserve_s: int = 600
    concurrency: int = 4


@dataclass(frozen=True)
class Job:
    """One job. Paths are absolute; a cap of None = no cap; `models` empty = any; `guard` None = off.

    `output_tokens`, `high_output_tokens`: mean and highest answer for the estimate, 0 = not known, then max_tokens.
    `deadline_s`: an item without its own `needed_by` is needed that long after it was enqueued; None = no deadline.
    `fail_on`: stop reasons that make an answer a failure. `schema`: JSON schema that the text of each answer must keep.
    """

    name: str
    store: Path
    destination: Destination
    models: tuple[str, ...] = ()
    poll_s: int = 600
    deadline_s: int | None = None
    max_items: int = 10_000
    max_bytes: int = 200_000_000
    max_queued: int = API_MAX_QUEUED
    day_usd: Decimal | None = None
    job_usd: Decimal | None = None
    output_tokens: int = 0
    high_output_tokens: int = 0
    primes_cache: bool = False
    max_attempts: int = 5
    counts_tokens: bool = False
    fail_on: tuple[str, ...] = ()
    schema: Path | None = None
    guard: Guard | None = field(default=None)
    prometheus: Path | None = None
