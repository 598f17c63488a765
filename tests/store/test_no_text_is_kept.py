"""Of every format: text of prompts and answers, put into its example, is nowhere in the audit."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from analyzer.sources.formats import formats
from analyzer.store.audit import open_audit
from analyzer.store.ingest import ingest_paths

PROOFS = Path(__file__).parents[1] / "sources"
SENTINEL = "Sesame-9d1f"
_QUOTE = r'(?:""|\\*")'
_NAMES = r"(?:content|text|system|prompt|input|output|completion|thinking|input\.value|output\.value)"
_TEXT_FIELD = re.compile(rf"{_QUOTE}{_NAMES}{_QUOTE}\s*:\s*{_QUOTE}")
_OPEN_OBJECT = re.compile(
    rf"({_QUOTE})(?:metadata|tags|requestMetadata|spend_logs_metadata|requester_metadata|properties){_QUOTE}\s*:\s*\{{"
)
PERSON = "ada@firm.example"
_ABOUT = {"user_email": PERSON, "UserId": "ada-17", "question": SENTINEL, "contact": f"ask {PERSON}"}


def with_metadata(found: re.Match[str]) -> str:
    """A tag that names a person, two that hold an address, and one with text, in the quotes of the place."""
    quote = found[1]
    pairs = [f"{quote}{name}{quote}:{quote}{value}{quote}," for name, value in _ABOUT.items()]
    return found[0] + "".join(pairs) + f"{quote}desk{quote}:{quote}books{quote}" + "," * (not _is_empty(found))


def _is_empty(found: re.Match[str]) -> bool:
    return found.string[found.end() :].lstrip().startswith("}")


WITHOUT_TEXT = {
    name
    for name in formats()
    if name.startswith(("anthropic_analytics", "anthropic_claude", "anthropic_cost", "anthropic_usage", "console"))
} | {
    "openrouter_activity_csv",
    "openrouter_generation",
    "openrouter_generations_csv",
    "claude_code_otel",
    "prefix_trace",
}
"""Formats that have no field for text."""


@pytest.mark.parametrize("name", formats())
def test_text_of_a_format_is_not_kept(name: str, tmp_path: Path) -> None:
    example = next(PROOFS.joinpath(name).glob("input.*"))
    text, changed = _TEXT_FIELD.subn(lambda found: found[0] + SENTINEL, example.read_text(encoding="utf-8"))
    text = _OPEN_OBJECT.sub(with_metadata, text)
    path = tmp_path / example.name
    path.write_text(text, encoding="utf-8")
    audit_path = tmp_path / "audit.duckdb"
    with open_audit(audit_path) as audit:
        result = ingest_paths(audit, [str(path)], format=name)
        assert result.accepted > 0
        tables = [row[0] for row in audit.connection.execute("select table_name from duckdb_tables()").fetchall()]
        for table in tables:
            rows = audit.connection.execute(f"select * from {table}").fetchall()
            assert SENTINEL not in repr(rows), table
            assert PERSON not in repr(rows) and "ada-17" not in repr(rows), table
    assert SENTINEL.encode() not in audit_path.read_bytes()
    assert changed or name in WITHOUT_TEXT


def test_a_tag_of_a_person_is_a_hash_and_other_tags_stay(tmp_path: Path) -> None:
    usage = '{"input_tokens": 1, "output_tokens": 1}'
    tags = '{"user_email": "ada@firm.example", "team": "books", "userQuestion": "why", "desk": "bob@firm.example"}'
    path = tmp_path / "log.jsonl"
    path.write_text(f'{{"started_at": "2026-11-01T00:00:00Z", "usage": {usage}, "tags": {tags}}}\n')
    with open_audit(None) as audit:
        file = ingest_paths(audit, [str(path)]).files[0]
        (found,) = audit.connection.execute("select tags from requests").fetchall()[0]
    assert found.keys() == {"user_email", "team", "desk"}
    assert found["team"] == "books"
    assert found["user_email"].startswith("person-")
    assert found["desk"].startswith("address-")
    assert file.remarks == (("tags: a value that is too long or may be text of a prompt by its name, left out", 1),)
