"""Any JSON, CSV or Parquet log through a mapping file that says which of its fields is which of ours."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from analyzer.errors import UserError, UserErrors, nearest_name
from analyzer.sources.formats import FOLDER, SourceFormat
from analyzer.sqlblocks import quoted, sql_blocks

FIELDS = (
    "started_at", "ended_at", "duration_s", "duration_ms", "first_token_s", "first_token_ms", "request_id", "model",
    "provider", "status", "service_tier", "is_batch", "is_streamed", "input_tokens", "output_tokens",
    "thinking_tokens", "cache_read_tokens", "cache_write_tokens", "cache_write_1h_tokens", "web_searches",
    "workspace", "api_key", "application", "user", "session_id", "trace_id", "parent_id", "user_agent", "trigger",
    "awaited", "needed_within_s", "read_at", "destination", "prefix_hash", "prefix_chars", "message_count",
    "max_output_tokens", "cost_usd",
)  # fmt: skip
REQUIRED = ("started_at", "input_tokens", "output_tokens")


def read_mapping(path: Path) -> SourceFormat:
    """The mapping as a log format named `generic`.

    Raises: UserErrors with every problem found.
    """
    where = str(path)
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(where, "no such file", "a mapping file", "draft one: whowaits sources --suggest LOG") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(where, f"not valid TOML ({error})", "TOML in UTF-8") from None
    errors = _problems(where, document)
    if errors:
        raise UserErrors(errors)
    columns: dict[str, str] = document["columns"]
    tags: dict[str, str] = document.get("tags", {})
    return SourceFormat(
        name="generic",
        title=f"mapped by {path.name}",
        url="",
        checked=date.today(),
        grain="one record a call",
        recognise=(),
        recognise_not=(),
        signals=tuple(columns),
        cannot_tell=(),
        duplicate="request_id where mapped, else the whole record",
        winner="the copy with more tokens",
        traps=(),
        how_to_export="",
        shape=json.dumps(_shape([*columns.values(), *tags.values()])),
        projection=_projection(columns, tags, document),
    )


def _problems(where: str, document: Mapping[str, Any]) -> list[UserError]:
    errors = []
    for key in document:
        if key not in ("columns", "tags", "input_includes_cache", "provider"):
            valid = ("columns", "tags", "input_includes_cache", "provider")
            errors.append(UserError(f"{where}, {key}", "an unknown key", "a known one", nearest_name(key, valid)))
    columns = document.get("columns")
    if not isinstance(columns, dict):
        return [*errors, UserError(f"{where}, columns", "missing", "a table headed [columns]")]
    errors += [
        UserError(f"{where}, columns.{name}", "an unknown column", "a known one", nearest_name(name, FIELDS))
        for name in columns
        if name not in FIELDS
    ]
    errors += [
        UserError(f"{where}, columns.{name}", "missing", "the field of your log that holds it")
        for name in REQUIRED
        if name not in columns
    ]
    tags = document.get("tags", {})
    pairs = [*columns.items(), *(tags.items() if isinstance(tags, dict) else ())]
    errors += [
        UserError(f"{where}, {name}", repr(value), 'a field such as "created" or "usage.input_tokens"')
        for name, value in pairs
        if not isinstance(value, str) or not all(value.split("."))
    ]
    if not isinstance(document.get("input_includes_cache"), bool):
        todo = "true where input_tokens holds cache reads and writes, false where it leaves them out"
        errors.append(UserError(f"{where}, input_includes_cache", "not said", "true or false", todo))
    return errors


def _shape(paths: list[str]) -> dict[str, Any]:
    shape: dict[str, Any] = {}
    for path in paths:
        *folders, leaf = path.split(".")
        level = shape
        for folder in folders:
            if not isinstance(level.get(folder), dict):
                level[folder] = {}
            level = level[folder]
        level.setdefault(leaf, "VARCHAR")
    return shape


def _field(path: str) -> str:
    return "r." + ".".join(quoted(name) for name in path.split("."))


def _projection(columns: Mapping[str, str], tags: Mapping[str, str], document: Mapping[str, Any]) -> str:
    fields = [
        f"present({_field(columns[name])}::varchar) as f_{name}" if name in columns else f"null::varchar as f_{name}"
        for name in FIELDS
    ]
    entries = ", ".join(
        f"struct_pack(k := {_literal(name)}, v := present({_field(path)}::varchar))" for name, path in tags.items()
    )
    tag_map = (
        f"map_from_entries(list_filter([{entries}], lambda e: e.v is not null))"
        if entries
        else "null::map(varchar, varchar)"
    )
    block = sql_blocks(FOLDER / "_generic.sql")["projection"]
    return (
        block.replace("$fields$", ",\n    ".join(fields))
        .replace("$tags$", tag_map)
        .replace("$input_includes_cache$", str(document["input_includes_cache"]).lower())
        .replace("$provider$", _literal(str(document.get("provider", "anthropic"))))
    )


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
