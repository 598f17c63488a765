"""The key that splits each workload into its parts: owners' labels, other tags, columns of the log."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from analyzer.sqlblocks import quoted, sql_blocks

if TYPE_CHECKING:
    import duckdb

_FOLDER = Path(__file__).parent
_LABELS = ("step", "operation", "task", "job")
"""Columns of `named_requests` with owners' own labels: they split a workload as they are."""
_PLAIN = ("prompt", "application", "api_key", "caller", "session", "end_user")
"""Columns that split a workload when they have a few values."""
_WEAK = ("destination", "workspace", "model", "place", "answer_limit", "tools", "source")
"""Columns that split a workload only where they separate its calls. So do tags, which come before the plain columns."""
_TAGS_READ_OTHERWISE = ("step", "operation", "task", "stage", "endpoint", "job", "route", "turn", "trigger")
TAG_LIMIT = 16
_RHYTHM = (
    *("runs", "active_hours", "run_days", "near_hours", "hour_repeat", "day_shape", "run_shape"),
    *("phase_shape", "run_times", "run_partners", "slot_pairs", "slot_scores", "slot_shape", "wide_slot_shape"),
    *(
        "phase_bins",
        "phase_thirds",
        "phase_arcs",
        "run_turns",
        "turns_taken",
        "stray_runs",
        "off_schedule",
        "run_sizes",
        "other_work",
    ),
)
"""Blocks of rhythm.sql and schedule.sql that `part_timing` takes, in order."""


@dataclass(frozen=True)
class SplitKey:
    """A key as people read it, and the SQL over `named_requests n` that gives its value for people (NULL = none).

    `kind`: label and plain split a workload as they are, weak only where it separates.
    """

    name: str
    value: str
    kind: str


def choose_splits(connection: duckdb.DuckDBPyConnection) -> str:
    """Build `key_values` and `split_keys` from `named_requests` and `workload_shape`.

    Returns the SQL that gives, of a request `n`, the value of the key `k.key`.
    """
    blocks = sql_blocks(_FOLDER / "split.sql")
    keys = _split_keys(connection, blocks["tag_names"])
    counts = " union all\n".join(_key_counts(place, key) for place, key in enumerate(keys, 1))
    materialise(connection, "key_values", filled(blocks["key_values"], {"key_counts": counts}))
    for name in ("key_parts", "value_parts", "pools"):
        materialise(connection, name, blocks[name])
    _time_parts(connection, blocks, keys)
    materialise(connection, "split_keys", blocks["split_keys"])
    drop(connection, ("key_parts", "value_parts", "pools", "part_timing", "part_strays"))
    return "case k.key " + " ".join(f"when {_literal(key.name)} then {key.value}" for key in keys) + " end"


def filled(text: str, values: Mapping[str, str]) -> str:
    """The SQL with its {placeholders} filled, all at once: a name of a tag that looks like one stays what it is.

    Values are SQL made by this room; of a log they hold names of tags alone, as literals.
    """
    return re.sub(r"\{(\w+)\}", lambda place: values.get(place[1], place[0]), text)


def materialise(connection: duckdb.DuckDBPyConnection, name: str, select: str) -> None:
    """The rows of a select as a temp table of that name, in the place of one there is."""
    connection.execute(f"create or replace temp table {quoted(name)} as {select}")


def drop(connection: duckdb.DuckDBPyConnection, names: Iterable[str]) -> None:
    """Drop temp tables."""
    for name in names:
        connection.execute(f"drop table {quoted(name)}")


def _split_keys(connection: duckdb.DuckDBPyConnection, tag_names: str) -> list[SplitKey]:
    """Every key, the more nameable first."""
    values = {
        "tag_limit": str(TAG_LIMIT),
        "read_otherwise": ", ".join(_literal(name) for name in _TAGS_READ_OTHERWISE),
    }
    tags = [name for (name,) in connection.execute(filled(tag_names, values)).fetchall()]
    return [
        *(SplitKey(name, f"n.{name}", "label") for name in _LABELS),
        *(SplitKey(f"tag {name}", _tag_value(name), "weak") for name in sorted(tags)),
        *(SplitKey(name.replace("_", " "), f"n.{name}", "plain") for name in _PLAIN),
        *(SplitKey(name.replace("_", " "), f"n.{name}", "weak") for name in _WEAK),
    ]


def _tag_value(name: str) -> str:
    return f"{_literal(name)} || ' ' || nullif(trim(n.tags[{_literal(name)}]), '')"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _key_counts(place: int, key: SplitKey) -> str:
    """SQL for the values of one key that could split workloads: requests, and the sums of their signs of waiting."""
    return (
        f"select n.workload, {_literal(key.name)} as key, {place} as place_no, '{key.kind}' as kind, "
        f"{key.value} as value, count(*) as requests, sum(n.sign) as signs, sum(n.sign * n.sign) as squares "
        f"from named_requests n group by n.workload, {key.value}"
    )


def _time_parts(connection: duckdb.DuckDBPyConnection, blocks: Mapping[str, str], keys: Iterable[SplitKey]) -> None:
    """Build `part_timing`; without a part that is large enough it has no rows."""
    (timed,) = connection.execute("select count(*) from value_parts").fetchone() or (0,)
    if not timed:
        connection.execute("create or replace temp table part_timing (part_no bigint, on_schedule double)")
        connection.execute("create or replace temp table part_strays (part_no bigint, runs bigint, strays bigint)")
        return
    used = {name for (name,) in connection.execute("select distinct key from value_parts").fetchall()}
    calls = [
        filled(blocks["part_calls"], {"key": _literal(key.name), "value": key.value})
        for key in keys
        if key.name in used
    ]
    calls.append(blocks["pool_calls"])
    rhythm = {**sql_blocks(_FOLDER / "rhythm.sql"), **sql_blocks(_FOLDER / "schedule.sql")}
    materialise(connection, "calls", " union all\n".join(calls))
    for name in _RHYTHM:
        materialise(connection, name, rhythm[name])
    for name in ("part_timing", "part_strays"):
        materialise(connection, name, blocks[name])
    drop(connection, ("calls", *_RHYTHM))
