"""The heavy scan: requests to models, workloads, components, token sums and features, as temp tables of the audit."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from analyzer import pricing
from analyzer.config import Config
from analyzer.sqlblocks import quoted, sql_blocks
from analyzer.store.audit import Audit
from analyzer.times import day_of_us
from analyzer.workloads.owners import Overlap, own, refuse_overlaps
from analyzer.workloads.split import choose_splits, drop, filled, materialise

if TYPE_CHECKING:
    import duckdb

_FOLDER = Path(__file__).parent
_UNBOUNDED = 2**62
WORKLOAD_LIMIT = 100_000
COMPONENT_LIMIT = 12
_NAMING_STEPS = ("named_requests", "workload_shape")
_COMPONENT_STEPS = (
    "kinds",
    "kind_counts",
    "kind_shape",
    "labelled_requests",
    "label_shape",
    "components",
    "placed",
    "calls",
)
_KEPT = ("components", "placed", "calls")


def scan(audit: Audit, config: Config) -> None:
    """Build (or build again) `model_names`, `components`, `calls`, `rollup` and `features`.

    All are temp tables of the audit's connection; running it twice gives the same tables.
    """
    scan_spend(audit, config)
    scan_components(audit, config)
    connection = audit.connection
    materialise(connection, "rollup", token_sums("c.component_no", "join placed c on c.request_no = p.request_no"))
    blocks = {
        **sql_blocks(_FOLDER / "features.sql"),
        **sql_blocks(_FOLDER / "rhythm.sql"),
        **sql_blocks(_FOLDER / "schedule.sql"),
    }
    order = (*(name for name in blocks if name != "features"), "features")
    for name in order:
        materialise(connection, name, blocks[name])
    for name in order[:-1]:
        connection.execute(f"drop table {quoted(name)}")
    connection.execute(f"insert into features by name {sql_blocks(_FOLDER / 'reports.sql')['report_features']}")


def scan_spend(audit: Audit, config: Config) -> None:
    """Build only what prices need: `model_names`, `owned`, `size_tiers` and `priced_requests`.

    Raises: UserError when usage may stand in the audit twice and nobody said which stream owns it.
    """
    refuse_overlaps(find_overlaps(audit, config))
    connection = audit.connection
    blocks = sql_blocks(_FOLDER / "models.sql")
    tiers = []
    for model, day_us in connection.execute(blocks["model_days"]).fetchall():
        sizes = sorted(pricing.size_tiers(model, day_of_us(day_us)))
        tiers += [(model, day_us, over, upto) for over, upto in zip(sizes, [*sizes[1:], _UNBOUNDED], strict=False)]
    _fill(connection, "size_tiers", "model varchar, day_us bigint, over_tokens bigint, upto_tokens bigint", tiers)
    connection.execute(f"create or replace temp view priced_requests as {blocks['priced_requests']}")


def find_overlaps(audit: Audit, config: Config | None = None) -> tuple[Overlap, ...]:
    """Build `model_names`, `disowned` and `owned`; returns what stands in the audit twice without an owner."""
    connection = audit.connection
    told = dict(config.models) if config else {}
    named = []
    for raw_model, provider in connection.execute(sql_blocks(_FOLDER / "models.sql")["raw_models"]).fetchall():
        resolved = pricing.resolve_model(told.get(raw_model, raw_model) or None, provider)
        named.append((raw_model, provider, resolved.model, resolved.geography))
    _fill(connection, "model_names", "raw_model varchar, provider varchar, model varchar, geography varchar", named)
    return own(audit)


def scan_components(audit: Audit, config: Config) -> None:
    """Build only `components` and `calls`."""
    blocks = sql_blocks(_FOLDER / "components.sql")
    values = {
        "workload_keys": ", ".join(_key_expression(key) for key in config.workload_keys) or "null",
        "workload_limit": str(WORKLOAD_LIMIT),
        "component_limit": str(COMPONENT_LIMIT),
    }
    for name in _NAMING_STEPS:
        materialise(audit.connection, name, filled(blocks[name], values))
    values["key_column"] = choose_splits(audit.connection)
    for name in _COMPONENT_STEPS:
        materialise(audit.connection, name, filled(blocks[name], values))
    drop(audit.connection, {*_NAMING_STEPS, "key_values", "split_keys", *_COMPONENT_STEPS} - {*_KEPT})


def token_sums(key: str, join: str = "", requests: str = "priced_requests") -> str:
    """The SQL of exact token sums by an SQL expression over `p` (rows as in `requests`) and what `join` brings."""
    block = sql_blocks(_FOLDER / "models.sql")["token_sums"]
    return filled(block, {"key": key, "join": join, "requests": requests})


def _key_expression(key: str) -> str:
    """SQL for one workload key: a tag, a column, or the prompt's hash made readable; NULL where the row has none."""
    if key.startswith("tag:"):
        name = key.removeprefix("tag:").replace("'", "''")
        return f"nullif(trim(r.tags['{name}']), '')"
    if key == "prefix_hash":
        return "'prompt ' || substr(r.prefix_hash, 1, 12)"
    return f"nullif(trim(r.{quoted(key)}), '')"


def _fill(connection: duckdb.DuckDBPyConnection, name: str, columns: str, rows: Sequence[tuple[object, ...]]) -> None:
    connection.execute(f"create or replace temp table {quoted(name)} ({columns})")
    if rows:
        marks = ", ".join("?" for _ in rows[0])
        connection.executemany(f"insert into {quoted(name)} values ({marks})", rows)
