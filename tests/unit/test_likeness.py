from __future__ import annotations

from typing import Any

from analyzer.batch.likeness import likeness


def said(text: str, *, stop: str = "end_turn", tokens: int = 10, **more: Any) -> dict[str, Any]:
    content = more.get("content", [{"type": "text", "text": text}])
    return {"content": content, "stop_reason": stop, "usage": {"output_tokens": tokens}}


def test_the_same_json_in_other_words_is_equal_and_not_exact() -> None:
    found = likeness([(said('{"a": 1, "b": [2.0]}'), said('```json\n{"b": [2], "a": 1}\n```'))])
    assert (found.pairs, found.exact, found.json_both, found.json_equal, found.json_same_fields) == (1, 0, 1, 1, 1)


def test_other_values_in_the_same_fields_are_told_from_other_fields() -> None:
    found = likeness(
        [
            (said('{"a": 1, "b": [{"c": "x"}]}'), said('{"a": 2, "b": [{"c": "y"}, {"c": "z"}]}')),
            (said('{"a": 1}'), said('{"a": "1"}')),
            (said('{"a": true}'), said('{"a": 1}')),
        ]
    )
    assert (found.json_both, found.json_equal, found.json_same_fields) == (3, 0, 1)


def test_json_that_breaks_one_way_is_counted_by_its_side() -> None:
    found = likeness([(said('{"a": 1}'), said('{"a": 1')), (said("no"), said("[]")), (said("1"), said("2"))])
    assert (found.json_both, found.json_first_only, found.json_second_only) == (0, 1, 1)


def test_tool_calls_are_compared_without_their_ids_and_thinking_is_no_content() -> None:
    def call(ident: str, **given: Any) -> dict[str, Any]:
        thought = {"type": "thinking", "thinking": ident, "signature": ident}
        return said("", content=[thought, {"type": "tool_use", "id": ident, "name": "save", "input": given}])

    found = likeness([(call("t1", x=1, y=2), call("t2", y=2, x=1)), (call("t1", x=1), call("t2", x=2))])
    assert (found.exact, found.json_both, found.json_equal, found.json_same_fields) == (1, 2, 1, 2)


def test_stop_reasons_and_lengths() -> None:
    found = likeness(
        [
            (said("abcd", tokens=10), said("ab", tokens=20)),
            (said("abcd", tokens=30), said("abcdef", stop="max_tokens", tokens=40)),
            (said("abcd", tokens=50), said("abcd", tokens=60)),
        ]
    )
    assert found.stops == {("end_turn", "max_tokens"): 1} and found.stop_differs == 1
    assert (found.first_output_tokens, found.second_output_tokens) == (30.0, 40.0)
    # lengths 2/4, 4/4 and 6/4
    assert (found.length_ratio_p10, found.length_ratio, found.length_ratio_p90) == (0.5, 1.0, 1.5)


def test_nothing_to_compare_is_not_known() -> None:
    found = likeness([])
    assert (found.pairs, found.first_output_tokens, found.length_ratio, found.length_ratio_p90) == (0, None, None, None)
    empty = likeness([(said(""), said("x"))])
    assert (empty.pairs, empty.exact, empty.length_ratio) == (1, 0, None)
