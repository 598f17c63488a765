"""One call as each of the log formats writes it. Nothing here decides what is called or when."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from company import UNKNOWN_MODEL, Call
from rhythms import MONTH_START

# USD per million tokens: input, output, 5-minute write, read; only for what the gateway itself wrote down as spend.
GATEWAY_PRICES = {
    "opus-4-7": (5.0, 25.0, 6.25, 0.5),
    "opus-5-5": (4.0, 20.0, 5.0, 0.2),
    "sonnet-4-5": (3.3, 16.5, 4.125, 0.33),
    "sonnet-4-6": (3.0, 15.0, 3.75, 0.3),
    "sonnet-5-5": (2.0, 10.0, 2.5, 0.2),
}


@dataclass(frozen=True)
class Service:
    """How a workload is logged: its tags, its key, its caller, and fields that every row carries."""

    name: str
    tags: dict[str, str] = field(default_factory=dict)
    api_key: str | None = None
    application: str | None = None
    workspace: str | None = None
    user_agent: str | None = None
    extra: dict[str, object] = field(default_factory=dict)
    max_tokens: int | None = None
    has_tools: bool | None = None
    gateway_tags: tuple[str, ...] = ()

    @property
    def code(self) -> str:
        """What its request ids begin with."""
        return hashlib.sha256(self.name.encode()).hexdigest()[:5]


def compact(value: object) -> str:
    """JSON without spaces."""
    return json.dumps(value, separators=(",", ":"))


def instant(at: float) -> datetime:
    """Seconds from the start of the month as a UTC instant."""
    return datetime.fromtimestamp(round(MONTH_START + at, 3), tz=UTC)


def rfc3339(at: float) -> str:
    """As `2026-10-01T08:00:00.000Z`."""
    return instant(at).strftime("%Y-%m-%dT%H:%M:%S.") + f"{round(instant(at).microsecond / 1000):03d}Z"


def naive(at: float) -> str:
    """As a database dump writes UTC: `2026-10-01 08:00:00.000`."""
    return rfc3339(at)[:-1].replace("T", " ")


def gateway_spend(call: Call) -> float:
    """What the gateway noted as spend, USD."""
    for part, (fresh, output, write, read) in GATEWAY_PRICES.items():
        if part in call.model:
            usd = call.uncached * fresh + call.output * output + call.write_5m * write + call.read * read
            return round(usd / 1e6, 4)
    return 0.0


# ---- the whowaits wrapper -------------------------------------------------------------------------------------------


def usage(call: Call) -> dict[str, object]:
    """The usage object of the Messages API."""
    result: dict[str, object] = {"input_tokens": call.uncached}
    if call.write_5m or call.read:
        result["cache_creation_input_tokens"] = call.write_5m
        result["cache_read_input_tokens"] = call.read
        result["cache_creation"] = {"ephemeral_5m_input_tokens": call.write_5m, "ephemeral_1h_input_tokens": 0}
    if call.searches:
        result["server_tool_use"] = {"web_search_requests": call.searches}
    result["output_tokens"] = call.output
    return result


def report_body(category: object, max_tokens: int | None) -> dict[str, object]:
    """The small body of a category report, the only one this company logs."""
    return {
        "max_tokens": max_tokens,
        "system": "You write the weekly report on one category of a bookshop. Search the web for what readers and "
        "the press say. Answer with a summary, a table of movements, and three suggestions.",
        "tools": [{"type": "web_search_20250305", "name": "web_search", "max_uses": 8}],
        "messages": [{"role": "user", "content": f"Category {category}: the week until Sunday."}],
    }


def wrapper_line(service: Service, number: int, call: Call) -> str:
    """One line of the whowaits wrapper."""
    row: dict[str, object] = {"started_at": rfc3339(call.at), "duration_s": call.duration}
    if call.first_token is not None:
        row["first_token_s"] = call.first_token
    row["request_id"] = f"req_{service.code}{number:06d}"
    if service.extra.get("is_batch"):
        batched = {**usage(call), "service_tier": "batch"}
        row["response"] = {"type": "message", "model": call.model, "usage": batched}
    else:
        row["model"], row["usage"] = call.model, usage(call)
    for name in ("session", "trace", "parent"):
        if getattr(call, name) is not None:
            row[f"{name}_id"] = getattr(call, name)
    if call.user is not None:
        row["user"] = call.user
    if call.status != "ok":
        row["status"] = call.status
    if call.read_at is not None:
        row["read_at"] = rfc3339(call.read_at)
    for column in ("api_key", "application", "workspace", "user_agent"):
        if getattr(service, column) is not None:
            row[column] = getattr(service, column)
    if "category" in call.fields:
        row["request"] = report_body(call.fields["category"], service.max_tokens)
    else:
        row.update(call.fields)
        row.update(shape(service, call))
    row.update(service.extra)
    if service.tags or call.tags:
        row["tags"] = {**service.tags, **call.tags}
    row["is_streamed"] = call.first_token is not None
    return compact(row)


def shape(service: Service, call: Call) -> dict[str, object]:
    """What may be said of a prompt without logging it."""
    row: dict[str, object] = {}
    if call.prefix is not None:
        row["prefix_hash"], row["prefix_chars"] = call.prefix
        row["prompt_chars"] = round((call.uncached + call.write_5m + call.read) * 2.9 / 100) * 100
    row["message_count"] = call.messages
    if service.max_tokens is not None:
        row["max_output_tokens"] = service.max_tokens
    if service.has_tools is not None:
        row["has_tools"] = service.has_tools
    return row


# ---- LiteLLM --------------------------------------------------------------------------------------------------------

SPEND_COLUMNS = (
    "request_id",
    "call_type",
    "api_key",
    "spend",
    "total_tokens",
    "prompt_tokens",
    "completion_tokens",
    "startTime",
    "endTime",
    "request_duration_ms",
    "completionStartTime",
    "model",
    "model_id",
    "model_group",
    "custom_llm_provider",
    "api_base",
    "user",
    "metadata",
    "cache_hit",
    "cache_key",
    "request_tags",
    "team_id",
    "organization_id",
    "end_user",
    "requester_ip_address",
    "messages",
    "response",
    "session_id",
    "status",
    "mcp_namespaced_tool_name",
    "agent_id",
    "proxy_server_request",
)


def provider(model: str) -> str:
    """The gateway's name for who serves the model."""
    if model == UNKNOWN_MODEL:
        return "ollama"
    return "bedrock" if model.startswith("us.anthropic") else "anthropic"


def gateway_metadata(service: Service, call: Call, failed: bool = False) -> dict[str, object]:
    """Metadata as the gateway keeps it; here alone is the input split into cached and not."""
    if failed:
        caller: dict[str, object] = {"user_api_key_alias": service.api_key, "user_agent": service.user_agent}
        return {**caller, "status": "failure"}
    prompt = call.uncached + call.write_5m + call.read
    counts = {"cache_creation_input_tokens": call.write_5m, "cache_read_input_tokens": call.read}
    details = {"cached_tokens": call.read, "text_tokens": call.uncached}
    whole = {"prompt_tokens": prompt, "completion_tokens": call.output, "prompt_tokens_details": details, **counts}
    return {
        "user_api_key_alias": service.api_key,
        "user_agent": service.user_agent,
        "usage_object": whole,
        "additional_usage_values": {"prompt_tokens_details": details, **counts},
    }


def spend_row(service: Service, number: int, call: Call) -> dict[str, object]:
    """One row of the gateway's spend table; prompt_tokens includes what came from and went to the cache."""
    prompt = call.uncached + call.write_5m + call.read
    first = call.duration if call.first_token is None else call.first_token
    failed = call.status == "error"
    return {
        "request_id": f"chatcmpl-{service.code}-{number:06d}",
        "call_type": "aembedding" if call.model == UNKNOWN_MODEL else "acompletion",
        "api_key": hashlib.sha256(f"key {service.api_key}".encode()).hexdigest(),
        "spend": 0.0 if failed else gateway_spend(call),
        "total_tokens": 0 if failed else prompt + call.output,
        "prompt_tokens": 0 if failed else prompt,
        "completion_tokens": 0 if failed else call.output,
        "startTime": naive(call.at),
        "endTime": naive(call.at + call.duration),
        "request_duration_ms": round(call.duration * 1000),
        "completionStartTime": naive(call.at + first),
        "model": call.model,
        "model_id": "",
        "model_group": call.model,
        "custom_llm_provider": provider(call.model),
        "api_base": "",
        "user": "default_user_id",
        "metadata": compact(gateway_metadata(service, call, failed)),
        "cache_hit": "None",
        "cache_key": "Cache OFF",
        "request_tags": compact(list(service.gateway_tags)),
        "team_id": service.workspace or "",
        "organization_id": "",
        "end_user": call.user or "",
        "requester_ip_address": "",
        "messages": "{}",
        "response": "{}",
        "session_id": call.session or "",
        "status": "failure" if failed else "success",
        "mcp_namespaced_tool_name": "",
        "agent_id": "",
        "proxy_server_request": "{}",
    }


def spend_csv(rows: Iterable[dict[str, object]]) -> str:
    """The spend table as a CSV dump."""
    out = io.StringIO()
    writer = csv.DictWriter(out, SPEND_COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def payload_line(service: Service, number: int, call: Call) -> str:
    """One StandardLoggingPayload; its times are floating-point seconds since 1970."""
    prompt = call.uncached + call.write_5m + call.read
    start = MONTH_START + call.at
    metadata = gateway_metadata(service, call)
    metadata["user_api_key_team_alias"] = service.workspace
    return compact(
        {
            "id": f"chatcmpl-{service.code}-{number:06d}",
            "trace_id": call.trace,
            "session_id": call.session,
            "call_type": "acompletion",
            "stream": call.first_token is not None,
            "response_cost": gateway_spend(call),
            "status": "success",
            "custom_llm_provider": provider(call.model),
            "total_tokens": prompt + call.output,
            "prompt_tokens": prompt,
            "completion_tokens": call.output,
            "startTime": round(start, 3),
            "endTime": round(start + call.duration, 3),
            "completionStartTime": round(start + (call.first_token or call.duration), 3),
            "response_time": call.first_token or call.duration,
            "model_map_information": {"model_map_key": call.model},
            "model": call.model,
            "model_group": call.model,
            "model_parameters": {"max_tokens": service.max_tokens},
            "metadata": metadata,
            "request_tags": list(service.gateway_tags),
            "end_user": call.user or "",
            "cache_hit": None,
            "messages": None,
            "response": None,
            "hidden_params": {"batch_models": None},
        }
    )


def lines(rows: Sequence[str]) -> str:
    """Rows as a file of lines."""
    return "".join(row + "\n" for row in rows)
