"""`batch.toml`, read with every problem found at once."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from analyzer.batch.job import API_MAX_BYTES, API_MAX_ITEMS, API_MAX_QUEUED, Destination, Guard, Job
from analyzer.batch.sinks import NEEDS
from analyzer.errors import UserError, UserErrors, nearest_name
from analyzer.times import duration_s

_TABLES: Mapping[str, tuple[str, ...]] = {
    "job": ("name", "workload", "models", "store", "destination", "poll", "deadline", "max_attempts"),
    "size": ("max_items", "max_bytes", "max_queued"),
    "budget": ("day_usd", "job_usd"),
    "estimate": ("output_tokens", "high_output_tokens"),
    "preflight": ("count_tokens",),
    "cache": ("prime", "ttl"),
    "results": ("fail_on", "schema"),
    "guard": ("enabled", "tail", "reserve", "concurrency"),
    "destination": ("kind", "path", "table", "url", "dsn_env", "secret_env", "command", "function", "timeout"),
    "metrics": ("prometheus",),
}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,79}")


def load_job(path: Path) -> Job:
    """Read a job file; relative paths in it are relative to it.

    Raises: UserErrors with every problem found.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError:
        raise UserErrors([UserError(str(path), "cannot be read", "a job file", "check --job-file")]) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserErrors([UserError(str(path), f"not valid TOML ({error})", "TOML in UTF-8")]) from None
    errors = _wrong_keys(document, str(path))
    read = _Reader(str(path), document, errors)
    folder = path.absolute().parent
    name = read.text("job", "name", "")
    if not _NAME.fullmatch(name):
        read.problem("job.name", repr(name), "letters, digits, '.', '_' and '-', at most 80")
    job = Job(
        name=name,
        store=folder / read.text("job", "store", "jobs.sqlite"),
        destination=_destination(read, folder),
        models=read.names("job", "models"),
        poll_s=read.duration("job", "poll", 600),
        deadline_s=read.duration("job", "deadline", 0) or None,
        max_items=read.whole("size", "max_items", 10_000, 1, API_MAX_ITEMS),
        max_bytes=read.whole("size", "max_bytes", 200_000_000, 1_000, API_MAX_BYTES),
        max_queued=read.whole("size", "max_queued", API_MAX_QUEUED, 1, 100_000_000),
        day_usd=read.money("budget", "day_usd"),
        job_usd=read.money("budget", "job_usd"),
        output_tokens=read.whole("estimate", "output_tokens", 0, 0, 10_000_000),
        high_output_tokens=read.whole("estimate", "high_output_tokens", 0, 0, 10_000_000),
        primes_cache=read.flag("cache", "prime"),
        max_attempts=read.whole("job", "max_attempts", 5, 1, 100),
        counts_tokens=read.flag("preflight", "count_tokens"),
        fail_on=read.names("results", "fail_on"),
        schema=read.path("results", "schema", folder),
        guard=_guard(read),
        prometheus=read.path("metrics", "prometheus", folder),
    )
    if errors:
        raise UserErrors(errors)
    return job


def _guard(read: _Reader) -> Guard | None:
    usual = Guard()
    guard = Guard(
        tail_s=read.duration("guard", "tail", usual.tail_s),
        reserve_s=read.duration("guard", "reserve", usual.reserve_s),
        concurrency=read.whole("guard", "concurrency", usual.concurrency, 1, 64),
    )
    return guard if read.flag("guard", "enabled") else None


def _destination(read: _Reader, folder: Path) -> Destination:
    """`[destination]`, or the JSONL file of `job.destination`."""
    short = read.text("job", "destination", "results.jsonl")
    if "destination" not in read.document:
        return Destination("jsonl", folder / short)
    kind = read.text("destination", "kind", "")
    if kind not in NEEDS:
        read.problem("destination.kind", repr(kind), nearest_name(kind, NEEDS))
        return Destination("jsonl", folder / short)
    for key in NEEDS[kind]:
        if read.value("destination", key) is None:
            read.problem(f"destination.{key}", "nothing", f"a value: a destination of kind {kind} needs it")
    return Destination(
        kind=kind,
        path=read.path("destination", "path", folder),
        table=read.text("destination", "table", "results"),
        url=read.text("destination", "url", ""),
        dsn_env=read.text("destination", "dsn_env", ""),
        secret_env=read.text("destination", "secret_env", ""),
        command=read.names("destination", "command"),
        function=read.text("destination", "function", ""),
        timeout_s=read.duration("destination", "timeout", 60),
    )


def _wrong_keys(document: Mapping[str, Any], where: str) -> list[UserError]:
    errors = []
    for table, values in document.items():
        if table not in _TABLES:
            errors.append(
                UserError(f"{where}, {table}", "an unknown table", "a known one", nearest_name(table, _TABLES))
            )
        elif not isinstance(values, dict):
            errors.append(UserError(f"{where}, {table}", "a value", f"a table headed [{table}]"))
        else:
            errors += [
                UserError(f"{where}, {table}.{key}", "an unknown key", "a known one", nearest_name(key, _TABLES[table]))
                for key in values
                if key not in _TABLES[table]
            ]
    return errors


class _Reader:
    """Collects problems instead of stopping at the first."""

    def __init__(self, where: str, document: Mapping[str, Any], errors: list[UserError]) -> None:
        self.where, self.document, self.errors = where, document, errors

    def problem(self, key: str, found: str, expected: str) -> None:
        self.errors.append(UserError(f"{self.where}, {key}", found, expected))

    def value(self, table: str, key: str) -> Any:
        values = self.document.get(table, {})
        return values.get(key) if isinstance(values, dict) else None

    def text(self, table: str, key: str, default: str) -> str:
        value = self.value(table, key)
        if value is None:
            return default
        if not isinstance(value, str) or not value or "\0" in value:
            self.problem(f"{table}.{key}", repr(value), "some text")
            return default
        return value

    def path(self, table: str, key: str, folder: Path) -> Path | None:
        text = self.text(table, key, "")
        return folder / text if text else None

    def names(self, table: str, key: str) -> tuple[str, ...]:
        value = self.value(table, key)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
            self.problem(f"{table}.{key}", repr(value), "a list of names")
            return ()
        return tuple(value)

    def duration(self, table: str, key: str, default: int) -> int:
        value = self.value(table, key)
        if value is None:
            return default
        try:
            return duration_s(str(value))
        except ValueError:
            self.problem(f"{table}.{key}", repr(value), "a duration such as 90s, 10m or 8h")
            return default

    def whole(self, table: str, key: str, default: int, least: int, most: int) -> int:
        value = self.value(table, key)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            self.problem(f"{table}.{key}", repr(value), f"a whole number from {least} to {most}")
            return default
        return value

    def flag(self, table: str, key: str) -> bool:
        value = self.value(table, key)
        if value is not None and not isinstance(value, bool):
            self.problem(f"{table}.{key}", repr(value), "true or false")
        return value is True

    def money(self, table: str, key: str) -> Decimal | None:
        value = self.value(table, key)
        if value is None:
            return None
        try:
            amount = Decimal(value) if isinstance(value, str) else Decimal(-1)
        except InvalidOperation:
            amount = Decimal(-1)
        if not amount.is_finite() or amount < 0:
            self.problem(f"{table}.{key}", repr(value), 'dollars in quotes, such as "12.50"')
            return None
        return amount
