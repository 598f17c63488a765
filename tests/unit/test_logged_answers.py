"""The message of a logged answer, whole or as the events of a stream."""

from __future__ import annotations

import json
from typing import Any

from analyzer.workloads.answers import whole_answer

STREAM: list[dict[str, Any]] = [
    {"type": "message_start", "message": {"id": "msg_1", "content": [], "usage": {"input_tokens": 7}}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "ping"},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "four"}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": " legs"}},
    {"type": "content_block_stop", "index": 0},
    {"type": "content_block_start", "index": 1, "content_block": {"type": "tool_use", "name": "sit", "input": {}}},
    {"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": '{"where"'}},
    {"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": ': "here"}'}},
    {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 5}},
    {"type": "message_stop"},
]
MESSAGE = {
    "id": "msg_1",
    "content": [{"type": "text", "text": "four legs"}, {"type": "tool_use", "name": "sit", "input": {"where": "here"}}],
    "usage": {"input_tokens": 7, "output_tokens": 5},
    "stop_reason": "tool_use",
}


def sse(events: list[dict[str, Any]]) -> str:
    return "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events)


def test_a_stream_is_put_together_from_its_text_or_its_events() -> None:
    assert whole_answer(sse(STREAM)) == MESSAGE
    assert whole_answer(STREAM) == MESSAGE
    assert whole_answer(MESSAGE) is MESSAGE


def test_a_stream_that_broke_off_or_has_no_content_is_no_answer() -> None:
    assert whole_answer(STREAM[:-1]) is None
    assert whole_answer(sse(STREAM)[:-40]) is None
    assert whole_answer([STREAM[0], *STREAM[-2:]]) is None


def test_what_is_no_message_is_no_answer() -> None:
    for answer in (None, 5, "overloaded", {"error": {"type": "overloaded_error"}}, {"content": "x"}, [], ["x"]):
        assert whole_answer(answer) is None


def test_a_dozen_blocks_stand_in_the_order_of_their_numbers() -> None:
    starts = [
        {"type": "content_block_start", "index": number, "content_block": {"type": "text", "text": str(number)}}
        for number in range(12)
    ]
    answer = whole_answer([STREAM[0], *starts, *STREAM[-2:]])
    assert answer is not None
    assert [int(block["text"]) for block in answer["content"]] == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]


def test_events_of_another_shape_are_passed_over() -> None:
    odd: list[dict[str, Any]] = [
        {"type": "message_delta", "delta": "end_turn", "usage": 7},
        {"type": "content_block_start", "index": [1], "content_block": {"type": "text", "text": "x"}},
        {"type": "content_block_start", "index": True, "content_block": {"type": "text", "text": "x"}},
        {"type": "content_block_start", "index": "2", "content_block": {"type": "text", "text": "x"}},
        {"type": "content_block_delta", "index": {}, "delta": {"type": "text_delta", "text": "x"}},
        {"type": "content_block_delta", "index": 0, "delta": "x"},
    ]
    assert whole_answer([*STREAM[:-1], *odd, STREAM[-1]]) == MESSAGE
    started = {"type": "message_start", "message": {**STREAM[0]["message"], "usage": 7}}
    answer = whole_answer([started, *STREAM[1:]])
    assert answer is not None and answer["usage"] == {"output_tokens": 5}
