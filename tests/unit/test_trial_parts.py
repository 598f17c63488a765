"""Trials: which requests, what an answer is held to, what the judge sees, and what becomes of the answer."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from analyzer.config import Config, parse_config
from analyzer.errors import UserError
from analyzer.trial import Found, Request, checks_of, evidence, plan, supplied_requests
from analyzer.trial.judging import judge_params, verdict
from analyzer.trial.plan import Lengths
from analyzer.worksheet import changes
from analyzer.worksheet.merging import merged_text
from analyzer.worksheet.reading import Given

ON = date(2026, 11, 21)
HERE = Path("whowaits.toml")
SMALL, BIG = "claude-haiku-4-5", "claude-opus-4-6"


def line(key: str, **changes: Any) -> str:
    params = {"model": BIG, "max_tokens": 500, "messages": [{"role": "user", "content": "q"}], **changes}
    return json.dumps({"key": key, "params": params})


def message(words: str, **more: Any) -> dict[str, Any]:
    return {"content": [{"type": "text", "text": words}], "stop_reason": "end_turn", **more}


def request(key: str = "k", today: Any = None, **params: Any) -> Request:
    return Request(
        key, {"model": BIG, "max_tokens": 9, "messages": [{"role": "user", "content": "q"}], **params}, today
    )


def passes(answer: dict[str, Any], today: dict[str, Any] | None = None, **asked: Any) -> bool:
    given = {"exact": False, "schema": None, "pattern": None, "function": None, **asked}
    return all(check.passes(answer, request(), today) for check in checks_of(**given))


# requests


def test_a_key_is_tried_once_and_the_order_of_the_file_does_not_matter() -> None:
    lines = [line(f"k{number}") for number in range(50)]
    one = supplied_requests([*lines, line("k7", system="another")], SMALL, 10)
    other = supplied_requests(reversed(lines), SMALL, 10)
    assert [r.key for r in one.sampled] == [r.key for r in other.sampled]
    assert len(one.sampled) == 10 and one.passed_over == {}
    assert not any("system" in r.params for r in supplied_requests([*lines, line("k7", system="x")], SMALL, 99).sampled)


def test_cache_marks_and_streaming_are_taken_off() -> None:
    system = [{"type": "text", "text": "s", "cache_control": {"type": "ephemeral"}}]
    (only,) = supplied_requests([line("k", system=system, stream=True)], SMALL, 1).sampled
    assert only.params["system"] == [{"type": "text", "text": "s"}] and "stream" not in only.params


def test_a_forced_tool_is_what_the_newest_models_cannot_take_and_is_no_fault_of_the_batch() -> None:
    lines = [line("k", tools=[{"name": "t"}], tool_choice={"type": "any"}), line("other")]
    found = supplied_requests(lines, "claude-sonnet-5-5", 9)
    unable = {r.key: r.unable for r in found.sampled}
    assert unable["other"] is None and "tool_choice.type=any" in str(unable["k"])
    assert {r.unable for r in supplied_requests(lines, SMALL, 9).sampled} == {None}


def test_an_image_is_not_measured_by_its_bytes() -> None:
    picture = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "A" * 3_000_000}}
    content = [{"role": "user", "content": [picture]}]
    text = [{"role": "user", "content": "A" * 3_000_000}]
    found = supplied_requests([line("image", messages=content), line("text", messages=text)], SMALL, 9)
    assert {r.key: r.unable is None for r in found.sampled} == {"image": True, "text": False}


def test_the_price_goes_by_the_answers_of_the_log_and_by_the_newer_tokenizer() -> None:
    """Opus 4.6 to Haiku 5.5 makes up to 1.35 tokens for each: 100 and 400 become 135 and 540."""
    assert Lengths(100, 400).on("claude-haiku-5-5", {BIG}) == Lengths(135, 540)
    assert Lengths(100, 400).on(SMALL, {BIG}) == Lengths(100, 400)
    asked = supplied_requests([line("k", max_tokens=4_000)], SMALL, 1)
    short, unknown = (plan(asked, SMALL, Path("t"), on=ON, lengths=lengths) for lengths in (Lengths(100, 400), None))
    # Haiku 4.5 in a batch: 2.50 USD a million out; today's model is asked as well, at 12.50
    assert unknown.smaller.base_usd - short.smaller.base_usd == Decimal(3_900) * Decimal("2.50") / 1_000_000
    assert unknown.today.base_usd - short.today.base_usd == Decimal(3_900) * Decimal("12.50") / 1_000_000
    # The smaller model may write more than today's ever did: the high case goes by max_tokens.
    assert (unknown.smaller.high_usd, unknown.today.high_usd) == (short.smaller.high_usd, short.today.high_usd)
    assert Decimal(4_000) * Decimal("2.50") / 1_000_000 < short.smaller.high_usd < Decimal("0.0102")
    assert (short.job.job_usd, short.judge_job.job_usd) == (short.smaller.high_usd + short.today.high_usd, 0)


def test_each_pair_is_priced_twice_for_the_judge() -> None:
    asked = supplied_requests([line(f"k{number}") for number in range(3)], SMALL, 9)
    made = plan(asked, SMALL, Path("t"), on=ON, judge="claude-sonnet-4-6")
    assert made.judging.calls == 6
    assert made.judge_job.job_usd == made.judging.high_usd > made.judging.base_usd > made.judging.low_usd > 0


# checks


def test_the_same_values_are_exact_whatever_the_order_of_keys() -> None:
    assert passes(message('{"a": 1, "b": 2}'), message('{"b": 2, "a": 1}'), exact=True)
    assert not passes(message("four"), message("five"), exact=True)
    assert not passes(message("four"), None, exact=True)


def test_a_schema_is_kept_by_text_or_by_the_one_tool_call(tmp_path: Path) -> None:
    schema = tmp_path / "s.json"
    schema.write_text('{"type": "object", "required": ["a"]}')
    call = {"type": "tool_use", "name": "t", "input": {"a": 1}}
    assert passes(message('{"a": 1}'), schema=schema)
    assert passes({"content": [call]}, schema=schema)
    assert not passes({"content": [call, call]}, schema=schema)
    assert not passes(message('```json\n{"a": 1}\n```'), schema=schema)
    assert not passes({"content": [{**call, "input": {}}]}, schema=schema)


def test_an_expression_is_found_in_the_text_and_not_in_the_thinking() -> None:
    thought = {"type": "thinking", "thinking": "yes"}
    assert passes(message("well, yes"), pattern="yes$")
    assert not passes({"content": [thought, {"type": "text", "text": "no"}]}, pattern="yes")


# the judge

SMALLER = {"content": [{"type": "thinking", "thinking": "psst"}, {"type": "text", "text": "small"}], "model": SMALL}


def test_the_judge_sees_no_thinking_no_model_and_both_positions() -> None:
    asked = judge_params("claude-sonnet-4-6", request(), message("big", model=BIG), SMALLER)
    texts = [str(params["messages"][0]["content"]) for params in asked]
    assert not any(hidden in text for text in texts for hidden in ("psst", SMALL, BIG, "signature"))
    assert sorted(text.index("small") < text.index('"big"') for text in texts) == [False, True]


@pytest.mark.parametrize("key", ["a", "b", "c", "d"])
@pytest.mark.parametrize(
    ("better", "said"),
    [("small", "as good"), ("big", "worse"), ("neither", "as good"), ("the first", "split"), ("unsure", "none")],
)
def test_a_verdict_holds_in_both_positions_or_not_at_all(key: str, better: str, said: str) -> None:
    asked = judge_params("claude-sonnet-4-6", request(key), message("big"), SMALLER)
    answers = []
    for params in asked:
        text = str(params["messages"][0]["content"])
        small_first = text.index("small") < text.index('"big"')
        words = {"neither": "SAME", "the first": "A", "unsure": "hm", "small": "A" if small_first else "B"}
        answers.append(message(words.get(better, "B" if small_first else "A")))
    assert verdict(request(key), *answers) == said


def test_a_lost_verdict_is_none() -> None:
    assert verdict(request(), message("SAME"), None) == "none"


@pytest.mark.parametrize("stop", ["max_tokens", "refusal", "pause_turn"])
def test_a_judge_that_was_cut_off_or_refused_gives_no_verdict(stop: str) -> None:
    assert verdict(request(), message("SAME"), message("SAME")) == "as good"
    assert verdict(request(), message("SAME"), message("SAME", stop_reason=stop)) == "none"
    assert verdict(request(), message("SAME", stop_reason=stop), message("SAME")) == "none"


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ("The two are not the SAME, and I cannot say which", "none"),
        ("Both are the SAME: A", "none"),
        ("A\nis how I began, but B repeats itself.\n\n**SAME**\n", "as good"),
        ("I looked.\r\nSAME.", "as good"),
        ("SAMENESS", "none"),
    ],
)
def test_the_word_of_the_judge_stands_on_a_line_of_its_own(told: str, said: str) -> None:
    assert verdict(request(), message(told), message("SAME")) == said


# the answer


def found(passed: int, tried: int) -> Found:
    return Found(SMALL, tried, passed, {}, 0, 0, 0, None, None, {})


def merged(text: str, given: Given) -> tuple[str, Config]:
    import tomllib

    made, _ = changes([given], parse_config(tomllib.loads(text), HERE), ON)
    result = merged_text(text, made, HERE)
    return result, parse_config(tomllib.loads(result), HERE)


def test_evidence_is_an_answer_that_says_of_how_many() -> None:
    _, config = merged("", evidence(found(2, 3), "digest", None, "Ann", ON, "why"))
    (answer,) = config.answers
    assert (answer.route_to, answer.pass_rate, answer.tried) == (SMALL, Decimal("0.666667"), 3)
    assert (answer.who, answer.on, answer.note) == ("Ann", ON, "why")
    with pytest.raises(ValueError, match="nothing was graded"):
        evidence(found(0, 0), "digest", None, "Ann", ON, "why")


def test_a_share_that_is_answered_later_is_not_a_share_of_the_trial() -> None:
    first, _ = merged("", evidence(found(186, 200), "digest", None, "trial", ON, "why"))
    later = Given("row 2", "digest", None, {"route_to": SMALL, "pass_rate": Decimal("0.8"), "who": "Ben"})
    text, config = merged(first, later)
    (answer,) = [each for each in config.answers if each.route_to]
    assert (answer.pass_rate, answer.tried) == (Decimal("0.8"), None)
    assert "tried was 200" in text


def test_an_answer_to_another_question_leaves_the_trial_as_it_is() -> None:
    first, _ = merged("", evidence(found(186, 200), "digest", None, "trial", ON, "why"))
    _, config = merged(first, Given("row 2", "digest", None, {"awaited": False, "who": "Ben"}))
    assert [(each.pass_rate, each.tried) for each in config.answers if each.route_to] == [(Decimal("0.93"), 200)]
    _, config = merged(first, Given("row 2", "digest", None, {"route_to": SMALL, "pass_rate": Decimal("0.93")}))
    assert [each.tried for each in config.answers] == [200]


def test_nothing_to_try_says_what_was_given(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no request to try .*batches do not take the parameter top_p: 2"):
        plan(supplied_requests([line("a", top_p=1), line("b", top_p=1)], SMALL, 9), SMALL, tmp_path, on=ON)
    with pytest.raises(UserError, match="takes none of the requests"):
        plan(supplied_requests([line("a", max_tokens=100_000)], SMALL, 9), SMALL, tmp_path, on=ON)
