from __future__ import annotations

import csv
from pathlib import Path

import pytest

from analyzer.config import load_config
from analyzer.store.audit import open_audit
from analyzer.store.ingest import ingest_paths
from analyzer.waiting import judge
from analyzer.workloads import scan

SAMPLE = Path(__file__).parents[2] / "sample_data"
with (SAMPLE / "truth.csv").open(encoding="utf-8", newline="") as _file:
    TRUTH = list(csv.DictReader(_file))


@pytest.fixture(scope="module")
def judged():
    config = load_config(SAMPLE / "whowaits.toml")
    with open_audit(None) as audit:
        ingest_paths(audit, [str(SAMPLE / folder) for folder in ("gateway", "messages", "claude_code")])
        scan(audit, config)
        return {verdict.workload: verdict for verdict in judge(audit, config)}


def test_every_workload_of_the_truth_table_is_found_and_no_other(judged):
    assert set(judged) == {row["workload"] for row in TRUTH}


@pytest.mark.parametrize("row", TRUTH, ids=lambda row: f"{row['workload']} {row['component']}".strip())
def test_the_verdict_is_that_of_the_truth_table(judged, row):
    verdict = judged[row["workload"]]
    if row["component"]:
        (part,) = [part for part in verdict.components if part.component == row["component"]]
        placement = "real-time" if part.placement == "real-time" else "batchable"
        assert (placement, part.outcome == "cannot-tell") == (row["verdict"], row["cannot_tell"] == "true")
    else:
        assert (verdict.verdict, verdict.cannot_tell) == (row["verdict"], row["cannot_tell"] == "true")
