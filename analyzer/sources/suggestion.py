"""A first draft of a mapping file, from the names of the fields of a log; names only, never values."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from analyzer.sources.mapping import FIELDS, REQUIRED

_NAMES: Mapping[str, tuple[str, ...]] = {
    "started_at": ("started_at", "start_time", "starttime", "timestamp", "time", "ts", "created_at", "created", "date"),
    "ended_at": ("ended_at", "end_time", "endtime", "completed_at", "finished_at"),
    "duration_s": ("duration_s", "duration", "latency", "latency_s", "response_time", "elapsed"),
    "duration_ms": ("duration_ms", "latency_ms", "elapsed_ms", "response_time_ms"),
    "first_token_s": ("first_token_s", "ttft", "time_to_first_token"),
    "first_token_ms": ("first_token_ms", "ttft_ms"),
    "request_id": ("request_id", "requestid", "message_id", "id", "call_id"),
    "model": ("model", "model_name", "model_id"),
    "provider": ("provider",),
    "status": ("status", "state"),
    "service_tier": ("service_tier",),
    "is_batch": ("is_batch", "batch"),
    "is_streamed": ("is_streamed", "stream", "streaming"),
    "input_tokens": ("input_tokens", "prompt_tokens", "tokens_in", "tokens_prompt", "inputtokens"),
    "output_tokens": ("output_tokens", "completion_tokens", "tokens_out", "tokens_completion", "outputtokens"),
    "thinking_tokens": ("thinking_tokens", "reasoning_tokens", "tokens_reasoning"),
    "cache_read_tokens": ("cache_read_input_tokens", "cache_read_tokens", "cached_tokens", "cache_read"),
    "cache_write_tokens": ("cache_creation_input_tokens", "cache_write_tokens", "cache_write"),
    "cache_write_1h_tokens": ("ephemeral_1h_input_tokens",),
    "web_searches": ("web_search_requests",),
    "workspace": ("workspace", "team", "project"),
    "api_key": ("api_key_name", "key_name", "api_key_alias"),
    "application": ("application", "app", "service", "service_name"),
    "user": ("user", "user_id", "end_user"),
    "session_id": ("session_id", "conversation_id", "thread_id"),
    "trace_id": ("trace_id",),
    "parent_id": ("parent_id", "parent_span_id"),
    "user_agent": ("user_agent",),
    "max_output_tokens": ("max_tokens", "max_output_tokens"),
    "cost_usd": ("cost_usd", "cost", "spend", "price"),
}
_TAGS = ("workload", "feature", "job", "route", "step", "operation", "environment", "endpoint")


def suggest_mapping(records: Iterable[str]) -> str:
    """TOML with comments; a required field that no name points to stands as a line to fill in."""
    paths = _paths(records)
    columns = {field: path for field in FIELDS if (path := _best(paths, _NAMES.get(field, ())))}
    lines = [
        "# Draft of a mapping: look at each line, then `whowaits ingest --mapping THIS FILE LOG`.",
        "# true: input_tokens holds cache reads and writes (as OpenAI counts); false: it does not (Anthropic).",
        f"input_includes_cache = {str(columns.get('input_tokens', '').endswith('prompt_tokens')).lower()}",
        'provider = "anthropic"  # where the log does not say: aws_bedrock, gcp_vertex, azure_foundry, openrouter ...',
        "",
        "[columns]",
    ]
    for field in FIELDS:
        if field in columns:
            lines.append(f"{field} = {json.dumps(columns[field])}")
        elif field in REQUIRED:
            lines.append(f'# required: {field} = "the field of your log"')
    others = [path for path in paths if path not in columns.values()]
    tags = {path.rsplit(".", 1)[-1]: path for path in others if path.rsplit(".", 1)[-1].lower() in _TAGS}
    lines += ["", "[tags]", *(f"{json.dumps(name)} = {json.dumps(path)}" for name, path in tags.items())]
    unused = [json.dumps(path) for path in others if path not in tags.values()]
    lines += ["", "# fields not used: " + ", ".join(unused[:60])]
    return "\n".join(lines) + "\n"


def _paths(records: Iterable[str]) -> list[str]:
    found: dict[str, None] = {}
    for text in records:
        try:
            _walk(json.loads(text), "", found)
        except (ValueError, RecursionError):
            continue
    return list(found)


def _walk(value: Any, prefix: str, found: dict[str, None]) -> None:
    if not isinstance(value, dict):
        return
    for name, inner in value.items():
        if not name or "." in name or len(name) > 100:
            continue
        path = f"{prefix}{name}"
        if isinstance(inner, dict) and path.count(".") < 5:
            _walk(inner, path + ".", found)
        elif not isinstance(inner, list):
            found.setdefault(path)


def _best(paths: list[str], names: tuple[str, ...]) -> str | None:
    for name in names:
        hits = [path for path in paths if path.rsplit(".", 1)[-1].lower() == name]
        if hits:
            return min(hits, key=lambda path: path.count("."))
    return None
