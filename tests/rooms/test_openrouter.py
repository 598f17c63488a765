"""OpenRouter: the logs CSV and the generation objects tell of the same calls."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations
from pathlib import Path

import pytest

from analyzer.store.audit import Audit, open_audit
from analyzer.store.ingest import ingest_paths

SOURCES = Path(__file__).parents[1] / "sources"
LOGS = str(SOURCES / "openrouter_generations_csv" / "input.csv")
OBJECTS = str(SOURCES / "openrouter_generation" / "input.jsonl")


@pytest.fixture
def audit() -> Iterator[Audit]:
    with open_audit(None) as opened:
        yield opened


@pytest.mark.parametrize("paths", list(permutations((LOGS, OBJECTS))))
def test_a_call_in_both_counts_once_with_the_counts_of_the_provider(audit: Audit, paths: tuple[str, str]) -> None:
    for path in paths:
        ingest_paths(audit, [path])
    rows = audit.connection.execute(
        "select request_id, source, uncached_input_tokens, cache_read_tokens from requests order by request_id"
    ).fetchall()
    assert rows == [
        ("gen-1", "openrouter_generation", 410, 600),
        ("gen-2", "openrouter_generation", 500, 0),
        ("gen-3", "openrouter_generation", 300, 0),
        ("gen-4", "openrouter_generations_csv", 100, 400),
    ]
