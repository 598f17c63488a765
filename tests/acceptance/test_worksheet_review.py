"""`whowaits review`: the questions one by one; whatever was answered stays, however the review ends."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from analyzer.cli import group
from analyzer.config import Answer, load_config
from analyzer.store.audit import open_audit

sys.path.insert(0, str(Path(__file__).parents[1] / "unit"))
from audit_rows import DAY_US, add_requests

HOSTILE = "evil\x1b[2J\nname"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Calls of 1,000,000 tokens in on Sonnet 4.6, $3 each: letters 20, digest 10, and an odd name 1."""
    monkeypatch.chdir(tmp_path)
    call = {"raw_model": "claude-sonnet-4-6", "uncached_input_tokens": 1_000_000, "output_tokens": 0}
    rows: list[dict[str, Any]] = [{"api_key": "letters"}] * 20 + [{"api_key": "digest"}] * 10 + [{"api_key": HOSTILE}]
    with open_audit(tmp_path / "audit.duckdb") as audit:
        add_requests(audit, [{**call, **row, "at": 10 * DAY_US + n**3 * 40_000_000} for n, row in enumerate(rows)])
    return tmp_path


def review(*typed: str, who: str | None = "Ann") -> str:
    words = ["review"] + ([] if who is None else ["--who", who])
    result = CliRunner().invoke(group, words, input="".join(f"{line}\n" for line in typed), catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


def told() -> dict[str, Answer]:
    return {a.workload: a for a in load_config(Path("whowaits.toml")).answers}


def test_the_questions_come_in_the_order_of_money_and_the_answers_move_dollars(folder: Path) -> None:
    printed = review("no", "1 day", "claude-haiku-5-5", "97 %", "yes", "", "", "s")
    assert printed.index("letters: list cost $60.00") < printed.index("digest: list cost $30.00")
    assert "Our guess: cannot tell; $29.40 can be saved if nobody waits." in printed
    letters, digest = told()["letters"], told()["digest"]
    assert (letters.awaited, letters.needed_within_s, letters.route_to) == (False, 86_400, "claude-haiku-5-5")
    assert (str(letters.pass_rate), letters.who) == ("0.97", "Ann")
    assert (digest.awaited, digest.needed_within_s, digest.route_to) == (True, None, None)
    assert "2 answers written" in printed
    # base case: half of the 98 % that batches answer, of 31 calls at $3, and of the 1 that nobody answered
    assert "still open      $45.57 -> $1.47" in printed


def test_an_answer_is_there_when_the_input_ends_after_it(folder: Path) -> None:
    assert "1 answer written" in review("no", "", "")
    assert set(told()) == {"letters"}


def test_quitting_and_skipping_write_nothing(folder: Path) -> None:
    assert "0 answers written" in review("s", "no", "q")
    assert not (folder / "whowaits.toml").exists()


def test_the_review_goes_on_where_it_was_left(folder: Path) -> None:
    review("no", "1 week", "claude-haiku-5-5", "0.9", "q")
    printed = review("q")
    assert "[1/2] digest" in printed
    assert "letters" not in printed


def test_what_cannot_be_read_is_asked_again(folder: Path) -> None:
    printed = review("perhaps", "no", "10", "10 min", "", "q")
    assert "expected yes or no" in printed
    assert "expected one of the list, or a time such as" in printed
    assert told()["letters"].needed_within_s == 600


def test_without_a_name_nothing_is_asked(folder: Path) -> None:
    assert "Ann Ives" not in review("", who=None)
    review("Ann  Ives", "no", "", "", "q", who=None)
    assert told()["letters"].who == "Ann Ives"


def test_hostile_names_reach_the_terminal_as_one_plain_line(folder: Path) -> None:
    printed = review("s", "s", "no", "", "")
    assert "\x1b" not in printed
    assert "evil<U+001B>[2J<U+000A>name: list cost $3.00" in printed
    assert told()[HOSTILE].awaited is False
