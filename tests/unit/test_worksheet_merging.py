"""Answers into whowaits.toml: one truth a field, the older one in a comment, everything else as it was written."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.config import Config, parse_config
from analyzer.errors import UserError, UserErrors
from analyzer.worksheet import changes, write_answers
from analyzer.worksheet.merging import Change, merged_text
from analyzer.worksheet.reading import Given
from analyzer.worksheet.rows import known_answer

PATH = Path("whowaits.toml")
TODAY = date(2026, 11, 21)
TOLD = """# top
company = "Larkfield"

[[answer]]
# the web team's
workload = "digest"
awaited = true  # said twice
who = "web team"
on = 2026-11-03

# about letters
[[answer]]
workload = "letters"
awaited = true
output_share = "0.5"
who = "Bob"

# prices below
[prices]
discount_share = "0.1"
"""


def config_of(text: str) -> Config:
    return parse_config(tomllib.loads(text), PATH)


def row(workload: str, component: str | None = None, /, **values: Any) -> Given:
    return Given("q.csv row 2", workload, component, values)


def merge(text: str, *rows: Given) -> str:
    made, _ = changes(rows, config_of(text), TODAY)
    return merged_text(text, made, PATH)


def test_a_single_answer_is_taken_over_and_the_older_one_stays_as_a_comment() -> None:
    text = merge(TOLD, row("digest", awaited=False, needed_within_s=57_600, who="Ann"))
    assert (
        'workload = "digest"\nawaited = false # said twice; awaited was true (web team, 2026-11-03)\nwho = "Ann"\n'
        'on = 2026-11-21\nneeded_within = "16h"\n\n# about letters\n[[answer]]\nworkload = "letters"\n' in text
    )


def test_an_entry_that_says_more_keeps_the_rest_under_its_name() -> None:
    text = merge(TOLD, row("letters", awaited=False, who="Ann"))
    assert (
        'workload = "letters" # awaited was true (Bob) until Ann answered on 2026-11-21\noutput_share = "0.5"\n'
        'who = "Bob"\n\n[[answer]]\nworkload = "letters"\nawaited = false\nwho = "Ann"\non = 2026-11-21\n\n'
        "# prices below\n[prices]\n" in text
    )


def test_a_file_of_another_system_keeps_its_line_ends() -> None:
    text = merge(TOLD.replace("\n", "\r\n"), row("letters", awaited=False, who="Ann"))
    assert text.count("\n") == text.count("\r\n")


@pytest.mark.parametrize("before", ["", "# only a comment", 'company = "x"', "answer = []\n", "[prices]\n"])
def test_a_file_without_answers_gets_its_first(before: str) -> None:
    (answer,) = config_of(merge(before, row("digest", awaited=False, who="Ann"))).answers
    assert (answer.workload, answer.awaited, answer.who, answer.on) == ("digest", False, "Ann", TODAY)


def test_hostile_text_is_text() -> None:
    name, note = 'evil\x1b"] [[x\n', 'a "note" # = [x]\\'
    text = merge(
        TOLD, row(name, "step\ta", route_to="claude-haiku-4-5", pass_rate=Decimal("0.97"), who="=A", note=note)
    )
    answer = config_of(text).answers[-1]
    assert (answer.workload, answer.component, answer.who, answer.note) == (name, "step\ta", "=A", note)
    again = merge(text, row(name, "step\ta", route_to="claude-opus-5", pass_rate=Decimal("0.97"), who="=B"))
    assert config_of(again).answers[-1].route_to == "claude-opus-5"


def test_an_older_answer_for_the_whole_workload_is_shown_against_that_of_a_part() -> None:
    _, against = changes([row("digest", "step one", awaited=False, who="Ann")], config_of(TOLD), TODAY)
    assert [str(one) for one in against] == [
        "digest, step one: waits was yes (web team, 2026-11-03), now no (Ann)",
    ]


def test_a_new_answer_does_not_take_the_day_of_the_older_one_that_stood_in_its_row() -> None:
    older = date(2026, 11, 3)
    made, _ = changes([row("digest", awaited=False, who="web team", on=older)], config_of(TOLD), TODAY)
    assert [change.on for change in made] == [TODAY]
    made, _ = changes([row("digest", awaited=False, who="web team", on=date(2026, 11, 20))], config_of(TOLD), TODAY)
    assert [change.on for change in made] == [date(2026, 11, 20)]


def test_new_answers_without_a_name_are_all_told_and_known_ones_need_none() -> None:
    rows = [row("digest", awaited=True), row("letters", awaited=False), row("other", needed_within_s=60)]
    with pytest.raises(UserErrors) as raised:
        changes(rows, config_of(TOLD), TODAY)
    assert len(raised.value.errors) == 2
    made, _ = changes(rows, config_of(TOLD), TODAY, who="Ann")
    assert [change.workload for change in made] == ["letters", "other"]


def test_a_file_is_replaced_in_one_step_and_keeps_its_rights(tmp_path: Path) -> None:
    path = tmp_path / "whowaits.toml"
    path.write_text(TOLD)
    path.chmod(0o600)
    write_answers(path, [Change("digest", None, {"awaited": False}, "Ann", TODAY, None)])
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["whowaits.toml"]


def test_a_file_that_is_no_toml_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "whowaits.toml"
    path.write_text("company = ")
    with pytest.raises(UserError, match="not valid TOML"):
        write_answers(path, [Change("digest", None, {"awaited": False}, "Ann", TODAY, None)])
    assert path.read_text() == "company = "


VALUES = st.fixed_dictionaries(
    {"who": st.sampled_from(["Ann", "Bob"])},
    optional={
        "awaited": st.booleans(),
        "needed_within_s": st.sampled_from([90, 3600, 86_400]),
        "output_share": st.sampled_from([Decimal("0.5"), Decimal(1)]),
        "note": st.sampled_from(["one", "two"]),
        "trial": st.tuples(st.sampled_from(["claude-haiku-5-5", "claude-sonnet-5-5"]), st.just(Decimal("0.9"))),
    },
)


@given(st.lists(st.tuples(st.sampled_from(["digest", "letters"]), st.sampled_from([None, "a"]), VALUES), max_size=8))
def test_the_last_answer_is_in_force_comments_stay_and_nothing_changes_twice(
    told: list[tuple[str, str | None, Mapping[str, Any]]],
) -> None:
    text = TOLD
    for workload, component, values in told:
        trial = dict(zip(("route_to", "pass_rate"), values.get("trial", ()), strict=False))
        given_row = Given("q.csv row 2", workload, component, {**values, **trial})
        text = merge(text, given_row)
        known = known_answer(config_of(text), workload, component)
        assert {name: getattr(known, name) for name in given_row.answers} == given_row.answers
        assert merge(text, given_row) == text
    for comment in ("# top\n", "# the web team's\n", "# about letters\n[[answer]]", "# prices below\n[prices]"):
        assert comment in text
