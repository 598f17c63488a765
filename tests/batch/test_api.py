from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import api_shapes
import openapi
import pytest
from anthropic.types import Message
from anthropic.types.messages import MessageBatch, MessageBatchIndividualResponse
from conftest import params
from fake_server import FakeServer

from analyzer.batch.body import ENVELOPE_BYTES, custom_id, item_bytes, new_token, parts_of
from analyzer.batch.messages_api import MessagesApi, _lines, _result, from_environment
from analyzer.batch.pieces import in_pieces
from analyzer.batch.provider import Body, RefusedError


def body(*items: str) -> Body:
    requests = [{"custom_id": f"id-{item}", "params": params(item)} for item in items]
    text = json.dumps({"requests": requests}).encode()
    return Body(len(text), iter([text[:10], text[10:]]))


def test_our_shapes_and_those_of_the_client_agree(server: FakeServer) -> None:
    batch = server.make([{"custom_id": f"id-{item}", "params": params(item)} for item in "abcd"])
    server.plan.kinds = {"b": ["overloaded_error"], "c": ["canceled"], "d": ["expired"]}
    for _ in range(2):
        shown = server.shown(batch)
        assert api_shapes.batch_problem(shown) is None
        assert MessageBatch.model_validate(shown).processing_status == shown["processing_status"]
        server.end(batch)
    for line in server.result_lines(batch):
        assert api_shapes.result_problem(line) is None
        assert MessageBatchIndividualResponse.model_validate(line).result.type == line["result"]["type"]
    assert Message.model_validate(server.message(params("a"))).usage.input_tokens == 1000


@pytest.mark.parametrize(
    "spoil",
    [
        {"custom_id": "two words"},
        {"custom_id": "x" * 65},
        {"more": 1},
        {"params": {"model": "m", "max_tokens": 0, "messages": [1]}},
        {"params": {"model": "m", "max_tokens": 1, "messages": []}},
        {"params": {**params("a"), "stream": True}},
    ],
)
def test_the_shapes_refuse_what_the_api_refuses(spoil: dict[str, Any]) -> None:
    good = {"custom_id": "id-1", "params": params("a")}
    assert api_shapes.problem({"requests": [good]}, api_shapes.CREATE, "create") is None
    assert api_shapes.problem({"requests": [{**good, **spoil}]}, api_shapes.CREATE, "create") is not None


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("batch request", {"custom_id": "a", "params": {**params("a"), "max_tokens": "9"}}),
        ("batch request", {"custom_id": "a", "params": {"model": "m", "max_tokens": 9}}),
        ("batch request", {"custom_id": "a", "params": {**params("a"), "tools": [{"name": "x"}]}}),
        (
            "batch request",
            {"custom_id": "a", "params": {**params("a"), "messages": [{"role": "they", "content": "x"}]}},
        ),
        ("count request", {"model": "m"}),
        ("tokens", {"input_tokens": "4"}),
        ("result", {"custom_id": "a", "result": {"type": "of tomorrow"}}),
        ("error", {"type": "error", "error": {"type": "some_error", "message": "x"}, "request_id": None}),
    ],
)
def test_the_description_refuses_other_kinds_and_values(kind: str, value: dict[str, Any]) -> None:
    assert openapi.problem(kind, value) is not None


def test_every_name_of_our_shapes_stands_in_the_description() -> None:
    for shape, kind in (
        (api_shapes.PARAMS, "message request"),
        (api_shapes.CREATE["requests"][0], "batch request"),
        (api_shapes.BATCH, "message_batch"),
        (api_shapes.MESSAGE, "message"),
        (api_shapes.ERROR, "error"),
        (api_shapes.TOKEN_COUNT, "tokens"),
    ):
        known = openapi.KINDS[kind]
        names = getattr(known, "model_fields", None) or known.__annotations__
        assert {name.rstrip("?") for name in shape} <= set(names), kind


def test_counts_and_the_results_address_come_at_the_end(server: FakeServer, api: MessagesApi) -> None:
    server.plan.is_ending = False
    made = api.create(body("a", "b"))
    assert (made.status, made.items, made.ended_us) == ("in_progress", 2, None)
    assert api.cancel(made.id).status == "canceling"
    server.plan.is_ending = True
    ended = api.retrieve(made.id)
    assert (ended.status, ended.items) == ("ended", 2) and ended.ended_us is not None
    assert [result.kind for result in api.results(made.id)] == ["canceled", "canceled"]


def test_batches_are_listed_page_by_page_newest_first(server: FakeServer, api: MessagesApi) -> None:
    made = [api.create(body(str(number))).id for number in range(5)]
    assert [batch.id for batch in api.batches()] == made[::-1]


def test_create_is_sent_once_whatever_happens(server: FakeServer, api: MessagesApi) -> None:
    for number, fate in enumerate(("500", "529", "409", "drop", "drop-before", "429", "spend"), 1):
        server.plan.creates = [fate]
        with pytest.raises(Exception) as caught:
            api.create(body("a"))
        assert server.posts == number
        assert isinstance(caught.value, RefusedError) == (fate in ("429", "spend"))


def test_asking_is_repeated_by_the_client(server: FakeServer, api: MessagesApi) -> None:
    made = api.create(body("a"))
    server.plan.gets = ["500", "429"]
    assert api.retrieve(made.id).id == made.id


def test_a_refusal_tells_the_apis_message_and_never_the_key(
    server: FakeServer, api: MessagesApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "told")
    server.plan.creates = ["401"]
    with pytest.raises(RefusedError) as caught:
        api.create(body("a"))
    # The fake's message is the word "told": here it stands for a message that repeats the key.
    assert str(caught.value) == "HTTP 401: (ANTHROPIC_API_KEY)" and caught.value.is_lasting


def test_a_key_across_the_cut_of_a_long_message_does_not_leak(
    server: FakeServer, api: MessagesApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-" + "S" * 40)
    server.plan.creates = ["401"]
    server.plan.message = "x" * 280 + " sk-ant-" + "S" * 40
    with pytest.raises(RefusedError) as caught:
        api.create(body("a"))
    assert "sk-ant" not in str(caught.value)


def test_a_redirect_takes_no_request_to_another_host(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "for-tests")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
    with FakeServer() as other:
        server.plan.creates = server.plan.calls = ["307", "308"]
        server.plan.headers = {"location": f"{other.url}/v1/messages/batches"}
        api = from_environment()
        for send in (lambda: api.create(body("a")), lambda: api.answer(json.dumps(params("a")))):
            with pytest.raises(Exception, match=r"307|308"):
                send()
        assert (other.posts, other.called, other.keys) == (0, [], set())


@pytest.mark.parametrize(
    "line",
    [
        b'{"custom_id": "a", "result": {"type": ["x"], "error": {"error": {"type": {}, "message": "\\ud800"}}}}',
        b'{"custom_id": 7, "result": {"type": "errored", "error": {"error": {"type": ["x"], "message": ["\\u0000"]}}}}',
        b'{"custom_id": "a", "result": ' + b"[" * 100_000,
        b'["\\ud800"]',
        b"\xff",
    ],
)
def test_a_result_of_an_odd_form_can_be_kept(line: bytes) -> None:
    found = _result(line)
    for text in (found.kind, found.error_type, found.error_message):
        assert text is None or "\0" not in text.encode("utf-8").decode("utf-8")


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_lines_are_whole_however_the_bytes_come(size: int) -> None:
    content = b'{"a": "x\xe2\x80\xa8y\\u0085"}\n\n  \n{"b": 2}\r\n{"c"'
    chunks = (content[start : start + size] for start in range(0, len(content), size))
    assert list(_lines(chunks)) == [b'{"a": "x\xe2\x80\xa8y\\u0085"}', b'{"b": 2}\r', b'{"c"']


def test_a_line_that_is_no_json_is_a_result_that_nobody_sent(server: FakeServer, api: MessagesApi) -> None:
    made = api.create(body("a", "b"))
    api.retrieve(made.id)
    server.plan.bodies = ["torn"]
    kinds = [(result.custom_id, result.kind) for result in api.results(made.id)]
    assert kinds == [("id-a", "succeeded"), ("", "unreadable")]


def test_custom_ids_are_what_the_api_takes_and_unique_for_ever() -> None:
    tokens = {new_token() for _ in range(1000)}
    assert len(tokens) == 1000
    name = custom_id(tokens.pop(), 2**63 - 1)
    assert api_shapes.CREATE["requests"][0]["custom_id"].fullmatch(name)  # type: ignore[index]
    assert parts_of(name) == (name.partition("-")[0], 2**63 - 1)
    assert parts_of("msg-7") is None and parts_of(name + "x") is None
    assert item_bytes(name.partition("-")[0], 2**63 - 1, 0) == ENVELOPE_BYTES


def test_pieces_end_by_count_or_by_size() -> None:
    def sizes() -> Iterator[int]:
        yield from (1, 1, 1, 5, 9, 1)

    assert list(in_pieces(sizes(), lambda size: size, count=3, size=6)) == [[1, 1, 1], [5, 9], [1]]
    assert list(in_pieces([], len, count=3, size=6)) == []
