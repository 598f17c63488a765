"""Saved event streams: one record an answer, whatever stands around it."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.store.audit import Audit, open_audit
from analyzer.store.feed import Chunk, Limits, read_chunks
from analyzer.store.ingest import ingest_paths

SECRET = "zq-answer-text-41"
TOKENS = "uncached_input_tokens, cache_write_5m_tokens, cache_read_tokens, output_tokens"


def start(number: int, **usage: Any) -> dict[str, Any]:
    usage = {"input_tokens": 100 * number, "output_tokens": 1, **usage}
    return {
        "type": "message_start",
        "message": {"id": f"msg_{number}", "type": "message", "model": "claude-haiku-4-5", "usage": usage},
    }


def delta(output: int, **usage: Any) -> dict[str, Any]:
    usage = {"output_tokens": output, **usage}
    return {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": usage}


TEXT = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": SECRET}}
PING = {"type": "ping"}
STOP = {"type": "message_stop"}


def stream(*events: dict[str, Any], end: str = "\n", names: bool = True) -> str:
    lines = [(f"event: {event['type']}{end}" if names else "") + f"data: {json.dumps(event)}{end}" for event in events]
    return end.join(lines) + end


def answer(number: int, output: int = 7, **how: Any) -> str:
    return stream(start(number), PING, TEXT, delta(output), STOP, **how)


HEADERS = (
    "HTTP/2 200 \r\ndate: Mon, 02 Nov 2026 08:00:05 GMT\r\nRequest-Id: req_{}\r\n"
    "content-type: text/event-stream\r\n\r\n"
)


def chunks_of(text: str | bytes, limits: Limits | None = None) -> list[Chunk]:
    data = text.encode() if isinstance(text, str) else text
    return list(read_chunks("x.sse", iter([data]), limits))


def records_of(text: str | bytes) -> list[tuple[int, Any]]:
    return [
        (line, json.loads(record)["response"])
        for chunk in chunks_of(text)
        for line, record in zip(chunk.line_nos, chunk.texts, strict=True)
    ]


def rejects_of(text: str | bytes, limits: Limits | None = None) -> list[tuple[int, str]]:
    return [reject for chunk in chunks_of(text, limits) for reject in chunk.rejects]


@pytest.fixture
def audit() -> Iterator[Audit]:
    with open_audit(None) as opened:
        yield opened


def ingest(audit: Audit, path: Path, data: str | bytes) -> Any:
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return ingest_paths(audit, [str(path)], assumed_us=1793606400000000).files[0]


def rows(audit: Audit, columns: str) -> list[tuple[Any, ...]]:
    return audit.connection.execute(f"select {columns} from requests order by line_no, request_no").fetchall()


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("names", [True, False])
def test_a_stream_is_one_record_of_its_start_delta_and_stop(end: str, names: bool) -> None:
    ((line, record),) = records_of(answer(1, end=end, names=names))
    assert line == 1
    assert [event["type"] for event in record["body"]] == ["message_start", "message_delta", "message_stop"]
    assert rejects_of(answer(1, end=end, names=names)) == []


def test_text_of_an_answer_is_not_handed_on() -> None:
    assert SECRET not in json.dumps(records_of(answer(1) + HEADERS.format(1) + answer(2)))


def test_streams_one_after_another_are_apart_each_at_its_line(audit: Audit, tmp_path: Path) -> None:
    """Five events of three lines each: the second starts on line 16. Without a stop the next start parts them."""
    cut = stream(start(3), TEXT)
    text = answer(1) + answer(2, 9) + cut + answer(4)
    result = ingest(audit, tmp_path / "calls.sse", text)
    assert (result.source, result.accepted, result.rejected) == ("messages_http", 4, 0)
    assert rows(audit, f"line_no, request_id, {TOKENS}, status, is_streamed") == [
        (1, "msg_1", 100, 0, 0, 7, "ok", True),
        (16, "msg_2", 200, 0, 0, 9, "ok", True),
        (31, "msg_3", 300, 0, 0, 1, "cancelled", True),
        (37, "msg_4", 400, 0, 0, 7, "ok", True),
    ]
    assert ("a stream cut off before its end: output tokens are those counted so far", 1) in result.remarks


def test_header_lines_give_time_and_id(audit: Audit, tmp_path: Path) -> None:
    text = HEADERS.format(1) + answer(1) + "HTTP/1.1 100 Continue\r\n\r\n" + HEADERS.format(2) + answer(2)
    ingest(audit, tmp_path / "calls.txt", text)
    at = 1793606405000000  # 2026-11-02T08:00:05Z
    assert rows(audit, "line_no, request_id, started_us") == [(1, "req_1", at), (23, "req_2", at)]


def test_an_answer_that_is_no_stream_is_read_under_its_header_lines(audit: Audit, tmp_path: Path) -> None:
    body = {"id": "msg_1", "type": "message", "model": "m", "usage": {"input_tokens": 5, "output_tokens": 6}}
    refused = "HTTP/2 529\r\nrequest-id: req_2\r\n\r\n" + json.dumps(
        {"type": "error", "error": {"type": "overloaded_error"}}
    )
    text = HEADERS.format(1) + json.dumps(body, indent=2) + "\n" + refused
    result = ingest(audit, tmp_path / "calls.txt", text)
    assert result.rejected == 0
    assert rows(audit, f"request_id, {TOKENS}, status") == [
        ("req_1", 5, 0, 0, 6, "ok"),
        ("req_2", 0, 0, 0, 0, "error"),
    ]


def test_the_delta_wins_even_when_lower_and_null_tells_nothing(audit: Audit, tmp_path: Path) -> None:
    """Start: 100 in, 500 read, 40 written. Delta: 900 in, 0 read, writes null, so 40 stand."""
    early = start(1, cache_read_input_tokens=500, cache_creation_input_tokens=40)
    late = delta(7, input_tokens=900, cache_read_input_tokens=0, cache_creation_input_tokens=None)
    ingest(audit, tmp_path / "a.sse", stream(early, late, STOP))
    assert rows(audit, TOKENS) == [(900, 40, 0, 7)]


def test_a_delta_lower_than_the_start_leaves_no_writes_of_the_start(audit: Audit, tmp_path: Path) -> None:
    split = {"ephemeral_5m_input_tokens": 30, "ephemeral_1h_input_tokens": 10}
    early = start(1, cache_creation_input_tokens=40, cache_creation=split)
    ingest(audit, tmp_path / "a.sse", stream(early, delta(7, cache_creation_input_tokens=0), STOP))
    assert rows(audit, "cache_write_5m_tokens, cache_write_1h_tokens") == [(0, 0)]


def test_iterations_of_a_stream_are_billed_each_on_its_model(audit: Audit, tmp_path: Path) -> None:
    iterations = [
        {"type": "compaction", "input_tokens": 50, "output_tokens": 20},
        {"type": "message", "input_tokens": 100, "output_tokens": 7},
        {"type": "advisor_message", "model": "claude-opus-4-8", "input_tokens": 30, "output_tokens": 4},
    ]
    ingest(audit, tmp_path / "a.sse", stream(start(1), delta(7, iterations=iterations), STOP))
    assert rows(audit, "raw_model, uncached_input_tokens, output_tokens") == [
        ("claude-haiku-4-5", 150, 27),
        ("claude-opus-4-8", 30, 4),
    ]


def test_a_damaged_start_does_not_give_its_delta_to_the_answer_before(audit: Audit, tmp_path: Path) -> None:
    second = answer(2, 5000).replace('"message_start", "message"', '"message_start" "message"')
    result = ingest(audit, tmp_path / "a.sse", answer(1) + second)
    assert rows(audit, TOKENS) == [(100, 0, 0, 7)]
    assert [line for line, _ in result.rejects] == [16]
    assert result.rejects[0][1] == "usage.input_tokens: missing, expected a whole number of tokens"


def test_an_error_inside_a_stream_is_told(audit: Audit, tmp_path: Path) -> None:
    failure = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    result = ingest(audit, tmp_path / "a.sse", stream(start(1), TEXT, failure))
    assert rows(audit, f"{TOKENS}, status") == [(100, 0, 0, 1, "error")]
    assert ("a stream that ended in an error: tokens are those counted so far", 1) in result.remarks


def test_lines_outside_a_stream_are_refused_each_with_its_number() -> None:
    text = answer(1) + "* Connection #0 left intact\n" + answer(2)
    assert rejects_of(text) == [(16, "text outside an event stream, expected lines of `event:` and `data:`")]
    assert len(records_of(text)) == 2


def test_a_line_over_the_limit_is_refused_and_the_rest_is_read() -> None:
    long = "data: " + "x" * 5000
    text = answer(1) + long + "\n" + answer(2)
    assert rejects_of(text, Limits(record_bytes=2000)) == [(16, "a record of 5006 bytes, expected at most 2000")]
    assert sum(len(chunk.texts) for chunk in chunks_of(text, Limits(record_bytes=2000))) == 2


def test_an_answer_over_the_limit_is_refused_though_its_lines_are_short() -> None:
    """Each line is 400 bytes; the limit is passed on the sixth, and the rest stands outside an answer."""
    text = HEADERS.format(1) + "\n".join(["{" + "x" * 399] * 8) + "\n" + HEADERS.format(2) + answer(2)
    found = rejects_of(text, Limits(record_bytes=2200))
    assert found[0] == (1, "a record of 2400 bytes, expected at most 2200")
    assert [line for line, _ in found] == [1, 12, 13]


def test_a_torn_gzip_keeps_the_answers_before_the_tear(audit: Audit, tmp_path: Path) -> None:
    noise = "".join(answer(number) for number in range(1, 400))
    data = gzip.compress(noise.encode())
    result = ingest(audit, tmp_path / "a.sse.gz", data[: len(data) // 2])
    assert 0 < result.accepted < 399
    assert result.rejects[-1][1] == "the gzip file is cut off here"


def test_lines_may_be_cut_anywhere_between_blocks() -> None:
    data = (HEADERS.format(1) + answer(1) + answer(2)).encode()
    whole = records_of(data)
    for cut in range(1, len(data), 7):
        pieces = read_chunks("x.sse", iter([data[:cut], data[cut:]]))
        assert [json.loads(text)["response"] for chunk in pieces for text in chunk.texts] == [r for _, r in whole]


def test_a_stream_inside_json_is_read_alike(audit: Audit, tmp_path: Path) -> None:
    """As text, as a list of events, as a list of texts, and with a closing mark that is no event."""
    events = [start(1), TEXT, delta(7), STOP]
    forms: list[Any] = [
        stream(*events),
        events,
        [*events, "[DONE]"],
        [json.dumps(event) for event in events],
        [f"data: {json.dumps(event)}" for event in events],
        json.dumps(events),
    ]
    lines = [
        json.dumps({"started_at": "2026-11-02T08:00:00Z", "response": form}).replace("msg_1", f"msg_{number}")
        for number, form in enumerate(forms)
    ]
    result = ingest(audit, tmp_path / "a.jsonl", "\n".join(lines))
    assert (result.source, result.rejected) == ("whowaits_jsonl", 0)
    assert rows(audit, TOKENS) == [(100, 0, 0, 7)] * len(forms)


@pytest.mark.parametrize("is_array", [True, False])
def test_events_one_a_record_are_put_together(audit: Audit, tmp_path: Path, is_array: bool) -> None:
    """The delta wins over a start that counts more; a stream without a delta is flagged."""
    events = [start(1, input_tokens=9000), TEXT, delta(7, input_tokens=100), STOP, start(2), TEXT]
    for event in (events[0], events[4]):
        event["message"]["role"] = "assistant"
    lines = "\n".join(json.dumps(event) for event in events)
    result = ingest(audit, tmp_path / "events.json", json.dumps(events, indent=1) if is_array else lines)
    assert (result.source, result.accepted, result.duplicates, result.context_lines) == ("messages_http", 2, 1, 3)
    assert rows(audit, f"request_id, {TOKENS}, status") == [
        ("msg_1", 100, 0, 0, 7, "ok"),
        ("msg_2", 200, 0, 0, 1, "cancelled"),
    ]


def test_a_whole_stream_wins_over_its_cut_off_copy_that_counts_more(audit: Audit, tmp_path: Path) -> None:
    cut, whole = stream(start(1, input_tokens=9000), TEXT), stream(start(1), delta(7), STOP)
    ingest(audit, tmp_path / "a.sse", cut + whole)
    assert rows(audit, f"{TOKENS}, status") == [(100, 0, 0, 7, "ok")]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_damage_crashes_the_reader_or_makes_up_an_answer(data: st.DataObject) -> None:
    whole = bytearray((HEADERS.format(1) + answer(1) + answer(2) + answer(3)).encode())
    for _ in range(data.draw(st.integers(0, 6))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(whole)))
    found = [r for chunk in chunks_of(bytes(whole[:cut])) for r in chunk.texts]
    starts = [e for r in found if r.startswith('{"response"') for e in json.loads(r)["response"]["body"] or [] if e]
    assert sum(1 for event in starts if isinstance(event, dict) and event.get("type") == "message_start") <= 3
