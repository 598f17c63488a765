"""docs/json.md names every key that `--json` prints."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from analyzer.cli import group

DOCUMENTED = (Path(__file__).parents[2] / "docs" / "json.md").read_text(encoding="utf-8")
ASKING = (["spend", "--by", "day"], ["workloads"], ["savings"], ["migrate"], ["rules", "list"], ["sources"])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Calls of three workloads, one of them without a price, and a bad line."""
    folder = tmp_path_factory.mktemp("json")
    calls = [
        {
            "started_at": f"2026-10-{1 + number:02d}T{number**3 % 23:02d}:{number**2 % 59:02d}:00Z",
            "tags": {"workload": ("letters", "chat", "odd")[number % 3]},
            "awaited": (False, True, True)[number % 3],
            "response": {
                "id": f"msg_{number}",
                "model": ("claude-haiku-4-5", "claude-opus-4-7", "nobody-knows-1")[number % 3],
                "usage": {"input_tokens": 1000, "output_tokens": 100},
            },
        }
        for number in range(24)
    ]
    lines = [*map(json.dumps, calls), "torn {"]
    (folder / "log.jsonl").write_text("".join(f"{line}\n" for line in lines))
    (folder / "whowaits.toml").write_text("[prices]\ndiscount_share = 0.10\n")
    return folder


def document(*words: str) -> Any:
    result = CliRunner().invoke(group, [*words, "--json"], catch_exceptions=False)
    assert result.exit_code == 0
    return json.loads(result.stdout)


def keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from keys(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from keys(inner)


def undocumented(value: Any) -> set[str]:
    return {key for key in keys(value) if f'"{key}"' not in DOCUMENTED and f"`{key}`" not in DOCUMENTED}


def test_every_key_is_documented(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    read = document("ingest", "log.jsonl")
    assert (read["accepted"], read["rejected"]) == (24, 1)
    assert undocumented(read) == set()
    for words in ASKING:
        assert undocumented(document(*words)) - {"day"} == set(), words
    (folder / "cost.csv").write_text(
        "usage_date_utc,model,workspace,api_key,usage_type,token_type,cost_usd\n"
        "2026-10-01,Claude Haiku 4.5,Default,web,message,input_no_cache,0.01\n"
    )
    for words in (["owners"], ["reconcile", "cost.csv"], ["cache", "--ttl", "1h"]):
        found = document(*words)
        assert undocumented(found) - {"under the minimum", "first seen", "expired"} == set(), words
    assert document("savings")["contracted"]["discount_share"] == "0.1"
    assert [model["raw_model"] for model in document("spend")["unpriced"]["models"]] == ["nobody-knows-1"]


def test_explain_prints_the_entry_of_workloads(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    CliRunner().invoke(group, ["ingest", "log.jsonl"], catch_exceptions=False)
    entries = {entry["workload"]: entry for entry in document("workloads")["workloads"]}
    assert document("explain", "chat")["workloads"] == [entries["chat"]]
