"""whowaits.toml: good files are read, bad ones list every problem at once."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from analyzer.config import load_config
from analyzer.errors import UserErrors
from analyzer.times import duration_s, duration_text


def test_a_full_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "whowaits.toml"
    path.write_text(
        """
company = "Larkfield Books"
[workloads]
keys = ["tag:job", "api_key"]
[[answer]]
workload = "digest"
awaited = false
needed_within = "8h"
[[answer]]
workload = "digest"
component = "step draft"
awaited = true
[[answer]]
workload = "tagging"
route_to = "claude-haiku-4-5"
pass_rate = 0.97
output_share = "0.8"
[prices]
discount_share = 0.1
"""
    )
    config = load_config(path)
    assert config.workload_keys == ("tag:job", "api_key")
    assert config.answers_for("digest", "step draft")[0].awaited is True
    assert config.answers_for("digest", "step send")[0].awaited is False
    assert config.answers[0].needed_within_s == 8 * 3600
    assert config.answers[2].pass_rate == Decimal("0.97")
    assert config.discount_share == Decimal("0.1")


def test_all_problems_are_listed_at_once(tmp_path: Path) -> None:
    path = tmp_path / "whowaits.toml"
    path.write_text(
        """
workload = 1
[[answer]]
workload = "x"
awaited = "no"
needed_within = "soon"
output_share = 1.5
route_to = "claude-haiku-4-5"
"""
    )
    with pytest.raises(UserErrors) as caught:
        load_config(path)
    text = str(caught.value)
    assert len(caught.value.errors) == 5
    for part in ("did you mean 'workloads'?", "answer 1.awaited", "needed_within", "output_share", "no pass_rate"):
        assert part in text


@pytest.mark.parametrize(
    "value", ["nan", "-nan", "inf", "-inf", '"nan"', '"sNaN"', '"Infinity"', "true", '"much"', "-0.1"]
)
def test_a_share_that_is_no_number_from_0_to_1_is_a_problem_with_its_place(value: str, tmp_path: Path) -> None:
    path = tmp_path / "whowaits.toml"
    path.write_text(
        f"""
[[answer]]
workload = "x"
output_share = {value}
pass_rate = {value}
[prices]
discount_share = {value}
models = {{claude-opus-4-6 = {value}}}
"""
    )
    with pytest.raises(UserErrors) as caught:
        load_config(path)
    places = ("answer 1.output_share", "answer 1.pass_rate", "prices.discount_share", "prices.models.claude-opus-4-6")
    assert {error.where for error in caught.value.errors} == {f"{path}, {place}" for place in places}
    assert {error.expected for error in caught.value.errors} == {"a number from 0 to 1"}


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", '"sNaN"'])
def test_an_amount_that_is_no_number_is_a_problem_with_its_place(value: str, tmp_path: Path) -> None:
    path = tmp_path / "whowaits.toml"
    path.write_text(
        f"""
[prices]
credits_usd = {value}
[[prices.committed]]
model = "claude-opus-4-6"
output = {value}
"""
    )
    with pytest.raises(UserErrors) as caught:
        load_config(path)
    named = [error.where for error in caught.value.errors]
    assert f"{path}, prices.credits_usd" in named and f"{path}, prices.committed 1.output" in named


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(UserErrors, match="no such file"):
        load_config(tmp_path / "none.toml")


def test_durations_both_ways() -> None:
    assert [duration_s(text) for text in ("90", "90s", "10m", "8h", "2d")] == [90, 90, 600, 28800, 172800]
    assert [duration_text(s) for s in (45, 600, 5400, 86400, 172800)] == ["45 s", "10 min", "1.5 h", "1 day", "2 days"]
    with pytest.raises(ValueError, match="not a duration"):
        duration_s("soon")
