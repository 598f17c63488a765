"""Hashed prefix traces: boundaries are paths, and times count from a start that may be given."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from analyzer.store.audit import Audit, open_audit
from analyzer.store.ingest import ingest_paths

EXAMPLE = Path(__file__).parents[1] / "sources" / "prefix_trace" / "input.jsonl"


@pytest.fixture
def audit() -> Iterator[Audit]:
    with open_audit(None) as opened:
        yield opened


def test_boundaries_are_equal_exactly_as_far_as_the_paths_are(audit: Audit) -> None:
    ingest_paths(audit, [str(EXAMPLE)])
    first, second, third, *_ = (
        row[0] for row in audit.connection.execute("select boundary_hashes from requests order by line_no").fetchall()
    )
    assert first[:2] == second[:2]
    assert first[2] != second[2]
    assert set(third).isdisjoint([*first, *second])
    assert all(len(name) == 16 for name in [*first, *second, *third])


def test_boundaries_of_another_audit_are_other_hashes(audit: Audit) -> None:
    with open_audit(None) as other:
        seen = []
        for opened in (audit, other):
            ingest_paths(opened, [str(EXAMPLE)])
            seen.append(
                opened.connection.execute("select boundary_hashes[1] from requests where line_no = 1").fetchall()
            )
    assert seen[0] != seen[1]


def test_times_from_zero_start_at_the_time_that_is_given(audit: Audit) -> None:
    result = ingest_paths(audit, [str(EXAMPLE)], assumed_us=1_700_000_000_000_000).files[0]
    starts = audit.connection.execute("select started_us from requests order by line_no").fetchall()
    assert [start for (start,) in starts] == [
        1_700_000_000_000_000,
        1_700_000_001_500_000,
        1_700_000_001_500_250,
        1_793_527_200_000_000,
        1_700_000_002_000_000,
    ]
    assert ("timestamps count from 0: the trace is taken to start at the time given with --at", 4) in result.remarks
