"""Saved pages of the provider's reports in every way they are kept."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from analyzer.store.audit import open_audit
from analyzer.store.ingest import ingest_paths

PROOFS = Path(__file__).parents[1] / "sources"
DAY = {"starting_at": "2026-10-01T00:00:00Z", "ending_at": "2026-10-02T00:00:00Z"}


def usage(tokens: int, **dimensions: str | None) -> dict[str, Any]:
    return {
        "uncached_input_tokens": tokens,
        "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
        "cache_read_input_tokens": 0,
        "output_tokens": 1,
        "server_tool_use": {"web_search_requests": 0},
        "model": "claude-opus-5-5",
        "api_key_id": None,
        "workspace_id": None,
        **dimensions,
    }


def page(*rows: dict[str, Any], **envelope: Any) -> dict[str, Any]:
    return {"data": [{**DAY, "results": list(rows)}], "has_more": False, "next_page": None, **envelope}


def pulled(format: str, **told: Any) -> dict[str, Any]:
    return {"pulled": {format: {"path": "/v1", "query": {}, "page": None, "at": "2026-11-02T08:00:00Z", **told}}}


def kept(folder: Path, *pages: dict[str, Any]) -> list[tuple[Any, ...]]:
    """(series, uncached input tokens) of what some pages in a folder leave in an audit."""
    for number, document in enumerate(pages):
        (folder / f"page-{number}.json").write_text(json.dumps(document), encoding="utf-8")
    with open_audit(None) as audit:
        ingest_paths(audit, [str(folder)])
        return audit.connection.execute(
            "select series, uncached_input_tokens from usage_rollups order by file_id, rollup_no"
        ).fetchall()


PAGE = page(usage(7, api_key_id="apikey_01A"), usage(5))


@pytest.mark.parametrize(
    "data",
    [
        json.dumps(PAGE).encode(),
        json.dumps(PAGE, indent=2).encode(),
        json.dumps([PAGE, PAGE]).encode(),
        json.dumps(PAGE).encode() + b"\n" + json.dumps(PAGE).encode(),
        b"\xef\xbb\xbf" + json.dumps(PAGE).encode(),
        json.dumps(PAGE).encode("utf-16"),
        gzip.compress(json.dumps(PAGE).encode()),
    ],
    ids=["one line", "pretty", "a list of pages", "two lines", "byte order mark", "UTF-16", "gzip"],
)
def test_a_page_counts_once_however_it_was_saved(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "page").write_bytes(data)
    with open_audit(None) as audit:
        ingest_paths(audit, [str(tmp_path)])
        found = audit.connection.execute(
            "select count(*), sum(uncached_input_tokens)::bigint from usage_rollups"
        ).fetchone()
    assert found == (2, 12)


def test_another_grouping_of_the_same_day_is_another_series(tmp_path: Path) -> None:
    assert kept(tmp_path, PAGE, page(usage(12))) == [
        ("1d by api_key_id,model", 7),
        ("1d by api_key_id,model", 5),
        ("1d by model", 12),
    ]


def test_a_pulled_page_is_of_its_series_though_all_its_values_are_absent(tmp_path: Path) -> None:
    query = {"group_by": ["workspace_id", "model", "api_key_id"]}
    first = page(usage(7), **pulled("anthropic_usage_report", query=query))
    assert kept(tmp_path, first) == [("1d by api_key_id,model,workspace_id", 7)]


def test_the_copy_pulled_last_counts_even_when_it_is_smaller(tmp_path: Path) -> None:
    early = page(usage(9), **pulled("anthropic_usage_report", at="2026-11-02T08:00:00Z"))
    late = page(usage(8), **pulled("anthropic_usage_report", at="2026-11-03T08:00:00Z"))
    assert kept(tmp_path, late, early) == [("1d by model", 8)]


def test_two_organisations_count_both(tmp_path: Path) -> None:
    one = page(usage(9), **pulled("anthropic_usage_report", organization_id="org-1"))
    other = page(usage(9), **pulled("anthropic_usage_report", organization_id="org-2"))
    assert kept(tmp_path, one, other) == [("1d by model", 9), ("1d by model", 9)]


def test_groups_that_overlap_are_rejected_also_on_a_page_that_has_only_the_rest(tmp_path: Path) -> None:
    rest = page(
        {**usage(9), "requests": 1},
        **pulled("anthropic_analytics_usage", query={"group_by": ["rbac_group_id", "model"]}),
    )
    path = tmp_path / "page.json"
    path.write_text(json.dumps(rest))
    with open_audit(None) as audit:
        file = ingest_paths(audit, [str(path)]).files[0]
    assert (file.accepted, file.rejected) == (0, 1)
    assert "groups overlap" in file.rejects[0][1]


def test_a_full_bucket_of_groups_says_that_the_rest_is_missing(tmp_path: Path) -> None:
    rows = [{**usage(1), "requests": 1, "slack_channel_id": f"C{number}"} for number in range(100)]
    path = tmp_path / "page.json"
    path.write_text(json.dumps(page(*rows, data_refreshed_at="2026-11-01T06:00:00Z")))
    with open_audit(None) as audit:
        file = ingest_paths(audit, [str(path)]).files[0]
    assert ("a bucket of 100 groups: the report leaves out the rest", 100) in file.remarks


@pytest.mark.parametrize(
    "format",
    [
        "anthropic_usage_report",
        "anthropic_analytics_usage",
        "anthropic_cost_report",
        "anthropic_analytics_cost",
        "anthropic_claude_code_analytics",
    ],
)
def test_a_pulled_page_without_rows_is_known_as_what_it_is(format: str, tmp_path: Path) -> None:
    path = tmp_path / "page.json"
    path.write_text(json.dumps({"data": [], "has_more": False, "next_page": None, **pulled(format)}))
    with open_audit(None) as audit:
        file = ingest_paths(audit, [str(path)]).files[0]
    assert (file.source, file.records) == (format, 0)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ("gone", "data: found text, expected a list"),
        ([7], "data[0]: found a number or truth value, expected an object"),
        ([{**DAY, "results": {}}], "data[0].results: found an object, expected a list"),
        ([{**DAY, "results": [None]}], "data[0].results[0]: found nothing, expected an object"),
        ([{**DAY, "group": [], "usage": {}}], "data[0].group: found a list, expected an object"),
    ],
)
def test_a_page_of_another_shape_says_where(data: Any, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "page.json"
    path.write_text(json.dumps({"data": data, **pulled("anthropic_analytics_usage")}))
    with open_audit(None) as audit:
        file = ingest_paths(audit, [str(path)]).files[0]
    assert file.rejects == ((1, reason),)


@pytest.mark.parametrize("format", ["anthropic_analytics_usage", "anthropic_claude_code_analytics"])
def test_no_name_or_address_of_a_person_is_kept(format: str, tmp_path: Path) -> None:
    example = PROOFS / format / "input.jsonl"
    text = example.read_text()
    assert "@example.com" in text
    with open_audit(tmp_path / "audit.duckdb") as audit:
        ingest_paths(audit, [str(example)])
        rows = audit.connection.execute("select usage_rollups::varchar from usage_rollups").fetchall()
        audit.connection.execute("checkpoint")
    stored = (tmp_path / "audit.duckdb").read_bytes() + str(rows).encode()
    for name in (b"example.com", b"Person 1", b"Person 2"):
        assert name not in stored
