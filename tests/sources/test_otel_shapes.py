"""OpenTelemetry traces and Claude Code telemetry: the shapes and traps beside their examples."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from log_reading import audit, buckets, lines, one, read, remarks

from analyzer.errors import UserError
from analyzer.store.audit import Audit

__all__ = ["audit"]

NANO = 1_793_610_000_000_000_000  # 2026-11-02 09:00:00 UTC


def otlp_value(value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"boolValue": value}
    return {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}


def attributes(values: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": otlp_value(value)} for key, value in values.items()]


def span(number: int, values: dict[str, Any], *, parent: int = 0, name: str = "chat") -> dict[str, Any]:
    return {
        "traceId": "ab" * 16,
        "spanId": f"{number:016x}",
        "parentSpanId": f"{parent:016x}" if parent else "",
        "name": name,
        "startTimeUnixNano": str(NANO),
        "endTimeUnixNano": str(NANO + 2_000_000_000),
        "attributes": attributes(values),
    }


def traces(*spans: dict[str, Any], scope: str = "my.tracer") -> dict[str, Any]:
    return {"resourceSpans": [{"resource": {}, "scopeSpans": [{"scope": {"name": scope}, "spans": list(spans)}]}]}


def chat(input_tokens: int, output_tokens: int, **more: Any) -> dict[str, Any]:
    return {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "claude-sonnet-4-6",
        "gen_ai.usage.input_tokens": input_tokens,
        "gen_ai.usage.output_tokens": output_tokens,
    } | {name.replace("__", "."): value for name, value in more.items()}


READ, WRITTEN = "gen_ai__usage__cache_read__input_tokens", "gen_ai__usage__cache_creation__input_tokens"


@pytest.mark.parametrize(
    ("scope", "more", "uncached", "is_ambiguous"),
    [
        ("opentelemetry.instrumentation.anthropic", {}, 1000 - 600 - 100, False),
        ("openinference.instrumentation.anthropic", {}, 1000 - 600 - 100, False),
        ("@arizeai/openinference-instrumentation-anthropic", {}, 1000, False),
        ("my.tracer", {"gen_ai__usage__total_tokens": 1000 + 600 + 100 + 50}, 1000, False),
        ("my.tracer", {"gen_ai__usage__details__input_tokens": 300}, 1000 - 600 - 100, False),
        ("my.tracer", {"gen_ai__usage__details__input_tokens": 1000}, 1000, False),
        ("my.tracer", {"gen_ai__usage__total_tokens": 1000 + 50}, 1000 - 600 - 100, True),
        ("my.tracer", {}, 1000 - 600 - 100, True),
    ],
)
def test_input_holds_the_cache_tokens_by_scope_then_arithmetic_else_it_is_flagged(
    audit: Audit, tmp_path: Path, scope: str, more: dict[str, int], uncached: int, is_ambiguous: bool
) -> None:
    values = chat(1000, 50, **{READ: 600, WRITTEN: 100}, **more)
    result = read(audit, tmp_path, {"t.jsonl": lines(traces(span(1, values), scope=scope))})
    assert buckets(audit) == [(uncached, 100, 0, 600, 50)]
    assert (one(audit, "tags['input_convention']") == "ambiguous") is is_ambiguous
    assert any("the lower cost" in remark for remark in remarks(result)) is is_ambiguous


def test_both_costs_of_a_flagged_call_can_be_told_from_its_row(audit: Audit, tmp_path: Path) -> None:
    read(audit, tmp_path, {"t.jsonl": lines(traces(span(1, chat(1000, 50, **{READ: 600, WRITTEN: 100}))))})
    [(uncached, written, _, read_tokens, _)] = buckets(audit)
    assert (
        uncached + written + read_tokens == 1000
    )  # the other reading: all of it uncached, and the cache tokens beside it


def test_old_and_new_names_of_one_count_are_not_added(audit: Audit, tmp_path: Path) -> None:
    values = chat(
        90, 7, gen_ai__usage__prompt_tokens=90, gen_ai__usage__completion_tokens=7, llm__token_count__prompt=90
    )
    read(audit, tmp_path, {"t.jsonl": lines(traces(span(1, values)))})
    assert buckets(audit) == [(90, 0, 0, 0, 7)]


def test_one_pretty_printed_document_is_read_like_lines(audit: Audit, tmp_path: Path) -> None:
    read(audit, tmp_path, {"t.json": json.dumps(traces(span(1, chat(5, 6)), span(2, chat(7, 8))), indent=2)})
    assert buckets(audit) == [(5, 0, 0, 0, 6), (7, 0, 0, 0, 8)]


@pytest.mark.parametrize(
    "row",
    [
        {
            "attributes": {
                "gen_ai": {"usage": {"input_tokens": 11, "output_tokens": 2}, "request": {"model": "claude-haiku-4-5"}}
            }
        },
        {
            "attributes.llm.token_count.prompt": "11",
            "attributes.llm.token_count.completion": "2",
            "attributes.llm.model_name": "claude-haiku-4-5",
        },
        {
            "gen_ai.usage.input_tokens": 11,
            "gen_ai.usage.output_tokens": 2,
            "gen_ai.request.model": "claude-haiku-4-5",
        },
        {
            "SpanAttributes": {
                "gen_ai.usage.prompt_tokens": "11",
                "gen_ai.usage.completion_tokens": "2",
                "llm.request.type": "chat",
                "gen_ai.request.model": "claude-haiku-4-5",
            }
        },
    ],
)
def test_spans_written_flat_are_read(audit: Audit, tmp_path: Path, row: dict[str, Any]) -> None:
    read(audit, tmp_path, {"t.jsonl": lines({"start_time": "2026-11-02T09:00:00Z", "name": "messages"} | row)})
    assert buckets(audit) == [(11, 0, 0, 0, 2)]
    assert one(audit, "started_us") == NANO // 1000
    assert one(audit, "raw_model") == "claude-haiku-4-5"


def test_spans_of_the_standard_written_one_a_line_are_read(audit: Audit, tmp_path: Path) -> None:
    read(audit, tmp_path, {"t.jsonl": lines(span(1, chat(11, 2)), span(2, {"http.request.method": "GET"}))})
    assert buckets(audit) == [(11, 0, 0, 0, 2)]


def test_usage_on_a_span_that_names_no_model_is_told_and_not_counted(audit: Audit, tmp_path: Path) -> None:
    run = span(
        1, {"gen_ai.usage.input_tokens": 10, "gen_ai.usage.output_tokens": 5, "agent_name": "a"}, name="agent run"
    )
    result = read(audit, tmp_path, {"t.jsonl": lines(traces(run, span(2, chat(10, 5), parent=1)))})
    assert buckets(audit) == [(10, 0, 0, 0, 5)]
    assert any("repeats the usage of its calls" in remark for remark in remarks(result))


def test_a_call_around_calls_with_the_sum_of_their_tokens_is_left_out(audit: Audit, tmp_path: Path) -> None:
    document = traces(
        span(1, chat(30, 12), name="generate"), span(2, chat(10, 5), parent=1), span(3, chat(20, 7), parent=1)
    )
    result = read(audit, tmp_path, {"t.jsonl": lines(document)})
    assert buckets(audit) == [(10, 0, 0, 0, 5), (20, 0, 0, 0, 7)]
    assert any("sum of the calls inside" in remark for remark in remarks(result))


def test_a_call_inside_a_call_with_other_tokens_is_counted_and_told(audit: Audit, tmp_path: Path) -> None:
    result = read(audit, tmp_path, {"t.jsonl": lines(traces(span(1, chat(30, 12)), span(2, chat(10, 5), parent=1)))})
    assert buckets(audit) == [(30, 0, 0, 0, 12), (10, 0, 0, 0, 5)]
    assert any("all are counted" in remark for remark in remarks(result))


def test_spans_that_are_each_others_parents_end(audit: Audit, tmp_path: Path) -> None:
    document = traces(span(1, chat(30, 12), parent=2), span(2, chat(10, 5), parent=1), span(3, chat(1, 1), parent=3))
    assert read(audit, tmp_path, {"t.jsonl": lines(document)}).accepted == 3


def test_the_inner_span_may_come_in_a_file_before_the_outer_one(audit: Audit, tmp_path: Path) -> None:
    inner = traces(span(2, chat(10, 5, gen_ai__response__id="msg_1"), parent=1))
    files = {"a.jsonl": lines(inner), "b.jsonl": lines(traces(span(1, chat(10, 5))))}
    result = read(audit, tmp_path, files)
    assert (result.accepted, result.duplicates) == (1, 1)
    assert one(audit, "duplicate_key") == "message:msg_1"


def test_a_call_that_another_log_has_in_full_keeps_the_full_row(audit: Audit, tmp_path: Path) -> None:
    usage = {"input_tokens": 40, "output_tokens": 9, "cache_read_input_tokens": 60}
    answer = {"id": "msg_7", "model": "claude-sonnet-4-6", "usage": usage}
    wrapped = {"started_at": "2026-11-02T09:00:00Z", "response": answer}
    values = chat(100, 9, gen_ai__response__id="msg_7", **{READ: 60})
    files = {"a.jsonl": lines(traces(span(1, values))), "b.jsonl": lines(wrapped)}
    result = read(audit, tmp_path, files)
    assert (result.accepted, result.duplicates) == (1, 1)
    assert buckets(audit) == [(40, 0, 0, 60, 9)]
    assert one(audit, "source") == "whowaits_jsonl"


def logs(*records: dict[str, Any]) -> dict[str, Any]:
    return {"resourceLogs": [{"resource": {}, "scopeLogs": [{"scope": {}, "logRecords": list(records)}]}]}


EVENT: dict[str, Any] = {
    "timeUnixNano": str(NANO),
    "body": {"stringValue": "claude_code.api_request"},
    "attributes": attributes(
        {"model": "claude-opus-4-6", "input_tokens": 3, "output_tokens": "20", "cache_read_tokens": "900",
         "cache_creation_tokens": 0, "request_id": "req_1", "session.id": "s"}
    ),
}  # fmt: skip
POINT = {"asDouble": 3.0, "timeUnixNano": str(NANO)}
METRIC = {
    "resourceMetrics": [
        {"scopeMetrics": [{"metrics": [{"name": "claude_code.token.usage", "sum": {"dataPoints": [POINT]}}]}]}
    ]
}


def test_metrics_alone_are_recognised_and_never_counted(audit: Audit, tmp_path: Path) -> None:
    result = read(audit, tmp_path, {"m.jsonl": lines(METRIC)})
    assert [(file.source, file.accepted, file.context_lines) for file in result.files] == [("claude_code_otel", 0, 1)]
    assert any("never counted" in remark for remark in remarks(result))


def test_a_duration_out_of_all_bounds_moves_no_start(audit: Audit, tmp_path: Path) -> None:
    event = EVENT | {"attributes": [*EVENT["attributes"], *attributes({"duration_ms": str(2**80)})]}
    assert read(audit, tmp_path, {"l.jsonl": lines(logs(event))}).accepted == 1
    assert one(audit, "started_us") == NANO // 1000


def test_the_event_and_the_span_of_a_claude_code_call_are_one_call(audit: Audit, tmp_path: Path) -> None:
    values = {"model": "claude-opus-4-6", "input_tokens": 3, "output_tokens": 20, "cache_read_tokens": 900,
              "cache_creation_tokens": 0, "request_id": "req_1"}  # fmt: skip
    files = {
        "logs.jsonl": lines(logs(EVENT)),
        "traces.jsonl": lines(traces(span(1, values, name="claude_code.llm_request"))),
    }
    result = read(audit, tmp_path, files)
    assert (result.accepted, result.duplicates) == (1, 1)
    assert buckets(audit) == [(3, 0, 0, 900, 20)]


def test_a_file_with_traces_and_logs_is_read_once_for_each(audit: Audit, tmp_path: Path) -> None:
    text = lines(logs(EVENT), traces(span(1, chat(5, 6))))
    with pytest.raises(UserError, match="claude_code_otel and otlp"):
        read(audit, tmp_path, {"all.jsonl": text})
    read(audit, tmp_path, {"all.jsonl": text}, format="otlp")
    read(audit, tmp_path, {"all.jsonl": text}, format="claude_code_otel")
    assert buckets(audit) == [(3, 0, 0, 900, 20), (5, 0, 0, 0, 6)]


def test_no_text_of_a_span_reaches_the_audit(audit: Audit, tmp_path: Path) -> None:
    secret = "Dear Sir, my number is 555"
    messages = json.dumps([{"role": "user", "content": secret}])
    values = chat(5, 6, gen_ai__input__messages=messages, metadata=json.dumps({"note": secret, "job": "x"}))
    read(audit, tmp_path, {"t.jsonl": lines(traces(span(1, values)))})
    assert one(audit, "message_count") == 1
    assert "Dear Sir" not in one(audit, "requests::varchar")
