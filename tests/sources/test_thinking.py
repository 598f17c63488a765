"""What a model thought is part of its output: kept where the log tells it, never guessed, never added."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from analyzer.store.audit import open_audit
from analyzer.store.ingest import ingest_paths

PROOFS = Path(__file__).parent
WITH_USAGE = (
    "anthropic_batch_results",
    "bedrock_batch_output",
    "bedrock_invocation_log",
    "claude_code",
    "helicone",
    "messages_http",
    "otlp",
    "portkey",
    "vertex_request_response",
    "whowaits_jsonl",
)


def thinking_in(name: str, folder: Path, change: tuple[str, str] | None = None) -> list[tuple[int, int | None]]:
    """(output tokens, thinking tokens) of each request of a format's example, its text changed by (pattern, new)."""
    source = next((PROOFS / name).glob("input.*"))
    text = source.read_text()
    copy = folder / source.name
    copy.write_text(re.sub(*change, text) if change else text)
    mapping = source.with_name("mapping.toml")
    with open_audit(None) as audit:
        ingest_paths(audit, [str(copy)], mapping=mapping if mapping.exists() else None)
        return audit.connection.execute(
            "select output_tokens, thinking_tokens from requests order by request_no"
        ).fetchall()


def with_thinking(tokens: int) -> tuple[str, str]:
    # Whole objects of usage, also where they stand inside a text (\").
    return (
        r'(\\?)"output_tokens\1": ?(\d+)',
        rf'\1"output_tokens\1": \2, \1"output_tokens_details\1": {{\1"thinking_tokens\1": {tokens}}}',
    )


@pytest.mark.parametrize("name", WITH_USAGE)
def test_thinking_is_read_beside_the_output_it_is_part_of(name: str, tmp_path: Path) -> None:
    before, after = thinking_in(name, tmp_path), thinking_in(name, tmp_path, with_thinking(1))
    assert [output for output, _ in after] == [output for output, _ in before]
    assert {thinking for _, thinking in before} == {None}
    assert {thinking for _, thinking in after} <= {1, None} and 1 in {thinking for _, thinking in after}


@pytest.mark.parametrize("name", WITH_USAGE)
def test_thinking_that_is_more_than_the_output_is_not_known(name: str, tmp_path: Path) -> None:
    assert {thinking for _, thinking in thinking_in(name, tmp_path, with_thinking(10**9))} == {None}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("langfuse", (20 + 30, 30)),  # 20 of output and 30 of reasoning beside it; the total shows that they add up
        ("openrouter_generation", (205, 50)),
        ("openrouter_generations_csv", (200, 50)),
    ],
)
def test_others_tell_it_under_names_of_their_own(name: str, expected: tuple[int, int], tmp_path: Path) -> None:
    assert [row for row in thinking_in(name, tmp_path) if row[1]] == [expected]


def test_litellm_tells_it_in_the_details_of_the_completion(tmp_path: Path) -> None:
    details = (r'"(usage_object|usage)": ?\{', r'"\1": {"completion_tokens_details": {"reasoning_tokens": 1}, ')
    after = thinking_in("litellm_standard_logging", tmp_path, details)
    assert 1 in {thinking for _, thinking in after} <= {1, None}
