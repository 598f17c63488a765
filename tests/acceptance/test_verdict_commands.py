from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from analyzer.cli import group
from analyzer.errors import UserError
from analyzer.store.audit import open_audit

sys.path.insert(0, str(Path(__file__).parents[1] / "unit"))
from audit_rows import add_requests

HOSTILE = "evil\x1b[2J\nname"


@pytest.fixture
def audit_path(tmp_path):
    path = tmp_path / "audit.duckdb"
    with open_audit(path) as audit:
        add_requests(audit, [{"api_key": "support", "awaited": True}] * 2)
        add_requests(audit, [{"api_key": HOSTILE, "raw_model": "nobody-knows-1"}])
    return path


def output(*arguments):
    result = CliRunner().invoke(group, [str(argument) for argument in arguments], catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


def test_workloads_in_json_is_the_documented_shape(audit_path):
    document = json.loads(output("workloads", "--audit", audit_path, "--json"))
    first, second = document["workloads"]
    assert (first["workload"], first["verdict"], first["cannot_tell"]) == ("support", "real-time", False)
    # two requests of 1,000 tokens in at $1 and 100 out at $5 a million
    assert first["list_cost_usd"] == first["components"][0]["list_cost_usd"] == "0.003"
    (evidence,) = first["components"][0]["evidence"]
    assert evidence["rule"] == "declared-awaited"
    assert evidence["strength"] == "decisive"
    assert (second["workload"], second["unpriced_requests"]) == (HOSTILE, 1)


def test_hostile_names_reach_the_terminal_as_one_plain_line(audit_path):
    printed = output("workloads", "--audit", audit_path)
    assert "\x1b" not in printed
    assert "evil [2J name" in printed
    assert "\x1b" not in output("explain", HOSTILE, "--audit", audit_path)


def test_explain_shows_the_evidence_and_offers_the_nearest_name(audit_path):
    assert "declared-awaited" in output("explain", "support", "--audit", audit_path)
    with pytest.raises(UserError, match="did you mean 'support'"):
        output("explain", "suport", "--audit", audit_path)


def test_spend_prints_unpriced_requests_as_their_own_row(audit_path):
    lines = output("spend", "--audit", audit_path, "--by", "api_key").splitlines()
    assert [line.split("  ")[0] for line in lines[:4]] == ["api_key", "support", "unpriced requests", "total"]
    assert "not known" in lines[2]


def test_the_shipped_rules_pass_their_examples():
    assert "all as they say" in output("rules", "test")
    assert len(json.loads(output("rules", "list", "--json"))["rules"]) >= 14
