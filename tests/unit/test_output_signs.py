"""Signs that answers are longer than needed: told with their numbers, worth what they say, in no total."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from audit_rows import SECOND_US, add_requests
from savings_values import context, part, usd

from analyzer.config import Config
from analyzer.savings.analysis import assess
from analyzer.savings.levers import output
from analyzer.savings.output_signs import OutputSigns, Peers, read_output_signs
from analyzer.store.audit import Audit, open_audit
from analyzer.workloads import scan


@pytest.fixture
def audit() -> Iterator[Audit]:
    with open_audit(None) as opened:
        yield opened


def calls(count: int, **changes: Any) -> list[dict[str, Any]]:
    return [{"at": number * SECOND_US, **changes} for number in range(count)]


def signs_by_workload(audit: Audit) -> dict[str, OutputSigns]:
    scan(audit, Config())
    signs = read_output_signs(audit)
    names = audit.connection.execute("select component_no, workload from components").fetchall()
    return {name: signs[no] for no, name in names if no in signs}


def test_answers_that_use_all_of_max_tokens_are_cut_off(audit: Audit) -> None:
    short, long_ = {"max_output_tokens": 500, "output_tokens": 100}, {"max_output_tokens": 500, "output_tokens": 500}
    rows = [*calls(97, application="a", **short), *calls(3, application="a", **long_), *calls(4, application="a")]
    add_requests(audit, rows)
    (signs,) = signs_by_workload(audit).values()
    # 97 x 100 + 3 x 500 + 4 x 100 = 11,600; 1,500 of them is 12.9 %.
    assert (signs.limited, signs.cut_off, signs.cut_off_tokens, signs.output_tokens) == (100, 3, 1_500, 11_600)
    assert signs.sentences() == (
        "3 of 100 answers use all of max_tokens, so they are cut off; they hold 13 % of the output.",
    )


def test_thinking_is_told_of_the_answers_that_tell_it(audit: Audit) -> None:
    add_requests(audit, [*calls(10, application="a", thinking_tokens=75), *calls(90, application="a")])
    (signs,) = signs_by_workload(audit).values()
    assert (signs.thought, signs.thought_output, signs.thinking_tokens) == (10, 1_000, 750)
    assert signs.sentences() == ("75 % of the output of 10 answers is thinking; a lower effort shortens it.",)


def test_answers_are_held_against_those_of_others_to_the_same_prompt(audit: Audit) -> None:
    prompt = {"prefix_hash": "p", "prefix_chars": 10, "prompt_chars": 20}
    rows = [
        *calls(30, application="long", output_tokens=900, **prompt),
        *calls(20, application="short", output_tokens=200, **prompt),
        *calls(40, application="shorter", output_tokens=100, **prompt),
        # Another prompt, and another model: no peers.
        *calls(50, application="other", output_tokens=1, prefix_hash="q", prefix_chars=10, prompt_chars=20),
        *calls(50, application="larger", output_tokens=1, raw_model="claude-opus-4-8", **prompt),
    ]
    add_requests(audit, rows)
    signs = signs_by_workload(audit)
    # The others: 20 x 200 + 40 x 100 = 8,000 in 60 answers; 30 of that length are 4,000. This one has 27,000.
    assert signs["long"].peers == Peers(30, 27_000, 4_000, "shorter", "all calls")
    assert signs["long"].sentences() == (
        "Answers have 900 tokens on average, those to the same prompt in shorter / all calls and others 133.",
    )
    # `short` has 200 where the others have (27,000 + 4,000) / 70: no longer.
    assert {name for name, one in signs.items() if one.peers} == {"long"}


@pytest.mark.parametrize(("mine", "others", "output_tokens"), [(19, 40, 900), (30, 19, 900), (30, 40, 149)])
def test_few_answers_and_a_small_difference_show_nothing(
    mine: int, others: int, output_tokens: int, audit: Audit
) -> None:
    prompt = {"prefix_hash": "p", "prefix_chars": 10, "prompt_chars": 20}
    add_requests(audit, calls(mine, application="a", output_tokens=output_tokens, **prompt))
    add_requests(audit, calls(others, application="b", output_tokens=100, **prompt))
    assert [one.peers for one in signs_by_workload(audit).values()] == [None, None]


def test_what_the_signs_suggest_is_a_what_if() -> None:
    """1,000,000 output at 15.00 a million; 600,000 of them are long, and would be 100,000 at the peers' length:
    500,000 less, of which 0.80 are reached in the low case: 400,000 x 15 = 6.00.
    """
    signs = OutputSigns(output_tokens=1_000_000, peers=Peers(600, 600_000, 100_000, "b", "all calls"))
    finding = output.obstacle((part(0, 1_000_000),), context(output_signs=signs))
    assert finding is not None and (finding.status, finding.alone_usd) == ("needs-evidence", usd("6.00"))
    assert finding.sentence == (
        "Answers have 1,000 tokens on average, those to the same prompt in b / all calls and others 166. As short as "
        "those, that is worth $6.00; the owner must say so (output_share in whowaits.toml)."
    )


def test_what_an_owner_said_stands_above_the_signs() -> None:
    signs = OutputSigns(output_tokens=1_000_000, peers=Peers(600, 600_000, 100_000, "b", "all calls"))
    assert output.obstacle((part(0, 1_000_000),), context(output_share=usd("0.6"), output_signs=signs)) is None


def test_the_signs_are_in_the_assessment_and_in_no_total(audit: Audit) -> None:
    add_requests(audit, calls(100, application="a", thinking_tokens=50))
    assessment = assess(audit, Config())
    (finding,) = [f for f in assessment.workloads[0].components[0].findings if f.lever == "output"]
    assert finding.sentence.startswith("50 % of the output of 100 answers is thinking;")
    assert assessment.lever_credit_usd["output"] == 0
