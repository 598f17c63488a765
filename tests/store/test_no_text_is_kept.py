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
    assert SENTINEL.encode() not in audit_path.read_bytes()
    assert changed or name in WITHOUT_TEXT
