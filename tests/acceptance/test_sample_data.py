"""The sample month itself: reproducible, large enough, small enough, and with a truth for every workload."""

from __future__ import annotations

import csv
import gzip
import json
import re
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from analyzer.config import load_config

SAMPLE = Path(__file__).resolve().parents[2] / "sample_data"
LOGS = ("gateway", "messages", "claude_code")
TAGS = ("workload", "feature", "job", "app", "route")
Row = dict[str, Any]


def make(out: Path, *options: str) -> dict[str, bytes]:
    """What the script writes: path -> content, unpacked."""
    script = str(SAMPLE / "make_sample.py")
    subprocess.run([sys.executable, "-B", script, "--out", str(out), *options], check=True, capture_output=True)
    return contents(out)


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): unpacked(path)
        for log in LOGS
        for path in sorted((folder / log).rglob("*"))
        if path.is_file()
    }


def unpacked(path: Path) -> bytes:
    data = path.read_bytes()
    return gzip.decompress(data) if path.suffix == ".gz" else data


def json_rows(data: bytes) -> Iterator[Row]:
    """The lines that are JSON objects; the others are counted by `bad_lines`."""
    for line in data.decode().split("\n"):
        try:
            yield json.loads(line)
        except json.JSONDecodeError:
            continue


def bad_lines(data: bytes) -> int:
    lines = [line for line in data.decode().split("\n") if line.strip()]
    return len(lines) - sum(1 for _ in json_rows(data))


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    return contents(SAMPLE)


@pytest.fixture(scope="module")
def spend_rows(files: dict[str, bytes]) -> list[dict[str, str]]:
    text = files["gateway/litellm_spend_logs_2026-10.csv.gz"].decode()
    return list(csv.DictReader(text.splitlines()))


@pytest.fixture(scope="module")
def payloads(files: dict[str, bytes]) -> list[Row]:
    return list(json_rows(files["gateway/litellm_payloads_2026-10.jsonl.gz"]))


@pytest.fixture(scope="module")
def wrapped(files: dict[str, bytes]) -> list[Row]:
    return [row for path, data in files.items() if path.startswith("messages/") for row in json_rows(data)]


@pytest.fixture(scope="module")
def claude_code(files: dict[str, bytes]) -> list[Row]:
    rows = [row for path, data in files.items() if path.startswith("claude_code/") for row in json_rows(data)]
    return [row for row in rows if row["type"] == "assistant" and row["message"]["model"] != "<synthetic>"]


@pytest.fixture(scope="module")
def truth() -> list[dict[str, str]]:
    with (SAMPLE / "truth.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def gateway_name(tags: list[str], alias: str) -> str:
    named = dict(tag.split(":", 1) for tag in tags)
    return named.get("workload", alias)


def wrapper_name(row: Row) -> str:
    tags = row.get("tags", {})
    return next((str(tags[key]) for key in TAGS if key in tags), str(row.get("application")))


def test_the_same_seed_writes_the_same_files_and_another_seed_does_not(tmp_path: Path) -> None:
    one = make(tmp_path / "one", "--scale", "0.01")
    two = make(tmp_path / "two", "--scale", "0.01")
    other = make(tmp_path / "other", "--scale", "0.01", "--seed", "7")
    assert one == two
    month = "messages/catalogue_2026-10.jsonl.gz"
    assert one[month] != other[month]
    packed = [(tmp_path / side / month).read_bytes() for side in ("one", "two")]
    assert packed[0] == packed[1]


def test_the_files_in_git_are_those_that_the_script_writes(tmp_path: Path, files: dict[str, bytes]) -> None:
    written = make(tmp_path)
    assert sorted(written) == sorted(files)
    assert [path for path in files if written[path] != files[path]] == []


def test_the_whole_folder_takes_less_than_six_megabytes() -> None:
    hidden = re.compile(r"(^|/)(\.|__pycache__)")
    found = [p for p in SAMPLE.rglob("*") if p.is_file() and not hidden.search(str(p.relative_to(SAMPLE)))]
    sizes = [path.stat().st_size for path in found]
    assert 1_000_000 < sum(sizes) <= 6_000_000


def test_the_month_has_more_than_a_hundred_thousand_calls_each_counted_once(
    spend_rows: list[dict[str, str]], payloads: list[Row], wrapped: list[Row], claude_code: list[Row]
) -> None:
    called = [row["request_id"] for row in spend_rows if row["cache_hit"] != "True"]
    paid = set(called)
    own = {row["request_id"] for row in wrapped}
    sessions = {(row["message"]["id"], row["requestId"]) for row in claude_code}
    assert len(called) == len(paid) > 30_000
    assert len(payloads) == len({row["id"] for row in payloads}) > 10_000
    assert len(own) == len(wrapped) - 12 > 80_000
    assert len(sessions) > 1_000
    assert len(paid) + len(payloads) + len(own) + len(sessions) > 100_000


def test_every_workload_has_a_truth_and_every_truth_a_workload(
    spend_rows: list[dict[str, str]], payloads: list[Row], wrapped: list[Row], truth: list[dict[str, str]]
) -> None:
    names = {"claude-code"}
    for spend in spend_rows:
        alias = json.loads(spend["metadata"])["user_api_key_alias"]
        names.add(gateway_name(json.loads(spend["request_tags"]), alias))
    names |= {gateway_name(row["request_tags"], row["metadata"]["user_api_key_alias"]) for row in payloads}
    names |= {wrapper_name(row) for row in wrapped}
    assert {row["workload"] for row in truth} == names
    assert len(names) == 24


def test_the_truth_holds_each_verdict_and_gives_a_reason(truth: list[dict[str, str]]) -> None:
    whole = [row for row in truth if row["component"] == ""]
    assert Counter(row["verdict"] for row in whole) == {"real-time": 14, "batchable": 9, "splittable": 1}
    assert len(whole) == len({row["workload"] for row in whole})
    undecided = {row["workload"] for row in whole if row["cannot_tell"] == "true"}
    assert undecided == {"webhooks-prod", "stock-alerts", "shelf-similarity", '=HYPERLINK("http://x")'}
    assert all(row["cannot_tell"] in ("true", "false") and row["why"] for row in truth)
    parts = {row["component"]: row["verdict"] for row in truth if row["component"]}
    assert parts == {"step acknowledge": "real-time", "step analyse": "batchable"}


def test_the_overlapping_export_adds_no_call(files: dict[str, bytes], spend_rows: list[dict[str, str]]) -> None:
    text = files["gateway/litellm_spend_logs_2026-10_overlap.csv.gz"].decode()
    overlap = {row["request_id"] for row in csv.DictReader(text.splitlines())}
    assert len(overlap) > 500
    assert overlap <= {row["request_id"] for row in spend_rows}


def test_prompt_tokens_of_the_gateway_include_the_cache(payloads: list[Row]) -> None:
    reads = 0
    for row in payloads:
        values = row["metadata"]["additional_usage_values"]
        cached = values["cache_read_input_tokens"] + values["cache_creation_input_tokens"]
        assert row["prompt_tokens"] == values["prompt_tokens_details"]["text_tokens"] + cached
        reads += values["cache_read_input_tokens"]
    assert reads > 0


def test_a_claude_code_call_stands_in_several_rows_and_the_last_has_its_output(claude_code: list[Row]) -> None:
    calls: dict[tuple[str, str], list[int]] = defaultdict(list)
    final: dict[tuple[str, str], int] = {}
    for row in claude_code:
        key, output = (row["message"]["id"], row["requestId"]), row["message"]["usage"]["output_tokens"]
        calls[key].append(output)
        if row["message"]["stop_reason"] is not None:
            final[key] = output
    assert len(claude_code) > 1.8 * len(calls)
    assert max(map(len, calls.values())) >= 3
    assert {key: max(outputs) for key, outputs in calls.items()} == final


def test_there_are_damaged_lines_to_reject(files: dict[str, bytes], spend_rows: list[dict[str, str]]) -> None:
    operations = files["messages/operations_2026-10.jsonl.gz"]
    assert b"\0" in operations
    assert bad_lines(operations) == 2
    rows = list(json_rows(operations))
    assert sum("started_at" not in row for row in rows) == 1
    assert sum(isinstance(row["usage"]["input_tokens"], str) for row in rows) == 1
    assert len(rows) - len({row["request_id"] for row in rows}) == 12
    assert sum(row["startTime"] == "yesterday" or row["prompt_tokens"] == "12k" for row in spend_rows) == 2
    cut = [data for path, data in files.items() if path.startswith("claude_code/") and bad_lines(data)]
    assert len(cut) == 1


def test_no_model_is_called_before_its_release_and_haiku_55_pays_both_cards(wrapped: list[Row]) -> None:
    haiku = [row for row in wrapped if row.get("model") == "claude-haiku-5-5"]
    assert min(row["started_at"] for row in haiku) >= "2026-10-07"
    large = sum(row["usage"]["input_tokens"] > 100_000 for row in haiku)
    assert 0.15 < large / len(haiku) < 0.25
    used = {row["model"] for row in wrapped if "model" in row}
    assert {"claude-opus-4-7", "claude-opus-5-5", "claude-sonnet-4-6", "claude-nimbus-9"} <= used


def test_every_call_lies_in_october(payloads: list[Row], wrapped: list[Row]) -> None:
    first, last = datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)
    assert all(first.timestamp() <= row["startTime"] < last.timestamp() + 3600 for row in payloads)
    starts = [datetime.fromisoformat(row["started_at"]) for row in wrapped if "started_at" in row]
    assert first <= min(starts)
    assert max(starts) < last


def test_agents_call_again_within_six_seconds_of_an_answer(wrapped: list[Row]) -> None:
    traces: dict[str, list[tuple[datetime, float]]] = defaultdict(list)
    for row in wrapped:
        if row.get("tags", {}).get("app") == "research-agent":
            traces[row["trace_id"]].append((datetime.fromisoformat(row["started_at"]), row["duration_s"]))
    gaps = [
        (later[0] - earlier[0]).total_seconds() - earlier[1]
        for calls in traces.values()
        for earlier, later in pairwise(calls)
    ]
    assert min(gaps) > 0.29
    assert max(gaps) < 6.01


def test_users_are_numbers_and_no_prompt_is_logged_but_the_reports(wrapped: list[Row]) -> None:
    users = {row["user"] for row in wrapped if "user" in row}
    assert all(re.fullmatch(r"(user|publisher)-\d{3,4}", user) for user in users)
    with_body = [row for row in wrapped if "request" in row]
    assert {row["tags"]["workload"] for row in with_body} == {"weekly-category-report"}
    assert 200 <= len(with_body) <= 400


def test_the_configuration_of_the_sample_is_valid() -> None:
    config = load_config(SAMPLE / "whowaits.toml")
    assert config.company == "Larkfield Books"
    digest, translations = config.answers
    assert (digest.workload, digest.output_share) == ("bestseller-digest", Decimal("0.70"))
    assert (translations.route_to, translations.pass_rate) == ("claude-sonnet-5-5", Decimal("0.97"))
