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


def test_the_sample_has_every_class_and_every_confidence(judged):
    assert {verdict.verdict for verdict in judged.values()} == {"real-time", "batchable", "splittable"}
    assert {verdict.confidence for verdict in judged.values()} == {"high", "medium", "low"}


@pytest.mark.parametrize("row", [row for row in TRUTH if not row["component"]], ids=lambda row: row["workload"])
def test_what_is_declared_is_sure_and_what_cannot_be_told_is_not(judged, row):
    verdict = judged[row["workload"]]
    if verdict.basis == "declared":
        assert verdict.confidence == "high"
    if row["cannot_tell"] == "true":
        assert (verdict.confidence, verdict.urgency) == ("low", "now")
        assert {part.urgency_basis for part in verdict.components} == {"assumed"}
        assert verdict.question.endswith("?")


def test_deadlines_of_the_sample_give_its_tiers_and_chances(judged):
    # needed within ten minutes; within eight hours; within a day (shares of rules/turnaround.toml)
    watch, translations, analysis = (
        judged["price-watch"].components[0],
        judged["review-translations"].components[0],
        next(part for part in judged["document-intake"].components if part.component == "step analyse"),
    )
    assert (watch.urgency, watch.placement, watch.in_time_probability) == ("minutes", "real-time", 0.25)
    assert (translations.urgency, translations.placement) == ("by-morning", "batchable-with-guard")
    assert 0.95 < translations.in_time_probability < 0.99
    assert (analysis.urgency, analysis.in_time_probability) == ("within-the-day", 0.99)
