"""`assess` and `whowaits savings` on an audit of a few requests, priced by hand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from audit_rows import DAY_US, add_rollups
from click.testing import CliRunner
from savings_values import CANNOT_TELL, VERDICT, WAITS, usd

import analyzer.savings.analysis
from analyzer.cli.savings import command
from analyzer.config import Answer, Config
from analyzer.errors import UserErrors
from analyzer.money import add
from analyzer.report.sections import by_day
from analyzer.savings import assess
from analyzer.store.audit import Audit, open_audit
from analyzer.waiting.verdicts import ComponentVerdict, WorkloadVerdict

BY_WORKLOAD = {"digest": VERDICT, "chat": WAITS, "webhook": CANNOT_TELL}
WEEK = {"application": "chat", "ended_at": 7 * DAY_US, "output_tokens": 0}
START_US = int(datetime(2026, 11, 2, 9, tzinfo=UTC).timestamp()) * 1_000_000


def judge_by_name(audit: Audit, config: Config) -> tuple[WorkloadVerdict, ...]:
    """Verdicts by the name of the workload, so that these tests depend on no rule."""
    rows = audit.connection.execute(
        "select component_no, workload, component, requests from components order by component_no"
    ).fetchall()
    found = []
    for no, workload, component, requests in rows:
        verdict: ComponentVerdict = replace(
            BY_WORKLOAD[workload], component_no=no, workload=workload, component=component, requests=requests
        )
        kind = "batchable" if verdict.placement == "batchable" else "real-time"
        unsure = verdict.outcome == "cannot-tell"
        found.append(WorkloadVerdict(workload, kind, "high", "declared", unsure, 0.5, "", (verdict,)))  # type: ignore[arg-type]
    return tuple(found)


@pytest.fixture(autouse=True)
def verdicts_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(analyzer.savings.analysis, "judge", judge_by_name)


@pytest.fixture
def audit() -> Iterator[Audit]:
    with open_audit(None) as opened:
        yield opened


def add_request(
    audit: Audit,
    no: int,
    workload: str,
    *,
    model: str | None = "claude-sonnet-4-6",
    at_s: int = 0,
    tokens: int = 1_000_000,
    output: int = 0,
    reported: str | None = None,
) -> None:
    audit.connection.execute(
        "insert into requests (request_no, source, duplicate_key, duplicate_rank, file_id, line_no, started_us,"
        " provider, raw_model, status, uncached_input_tokens, cache_write_5m_tokens, cache_write_1h_tokens,"
        " cache_read_tokens, output_tokens, web_searches, application, reported_cost_usd)"
        " values (?, 'test', ?, 0, 1, ?, ?, 'anthropic', ?, 'ok', ?, 0, 0, 0, ?, 0, ?, ?)",
        [no, str(no), no, START_US + at_s * 1_000_000, model, tokens, output, workload, reported],
    )


def test_an_empty_audit_is_empty_and_nothing_fails(audit: Audit) -> None:
    found = assess(audit, Config())
    assert (found.baseline_usd, found.optimized_usd, found.upside_usd) == (0, 0, 0)
    assert set(found.saving_usd.values()) == {Decimal(0)}
    assert (found.workloads, found.by_day, found.by_model) == ((), (), ())
    assert found.reported_cost_usd is None
    assert (found.coverage.requests, found.coverage.days, found.coverage.first_day) == (0, 0, None)
    assert found.coverage.signal_shares == {}
    assert len(found.assumptions) == 9


def test_three_workloads_by_hand(audit: Audit) -> None:
    """Each 1,000,000 input of Sonnet 4.6 = 3.00. Digest in batch, low: 3.00 x 0.475 saved = 1.425. Webhook: upside,
    base: 3.00 x 0.49 = 1.47. Chat stays.
    """
    for no, workload in enumerate(("digest", "chat", "webhook"), 1):
        add_request(audit, no, workload)
    found = assess(audit, Config())
    assert found.baseline_usd == usd("9.00")
    assert found.saving_usd == {"low": usd("1.425"), "base": usd("1.47"), "high": usd("1.50")}
    assert found.lever_credit_usd == {"output": 0, "routing": 0, "caching": 0, "batch": usd("1.425")}
    assert found.baseline_usd - add(found.lever_credit_usd.values()) == found.optimized_usd == usd("7.575")
    assert found.upside_usd == usd("1.47")
    assert found.by_day == (
        (date(2026, 11, 2), "batchable", usd("3.00")),
        (date(2026, 11, 2), "real-time", usd("6.00")),
    )
    assert [(m, n, cost) for m, n, _, cost in found.by_model] == [("claude-sonnet-4-6", 3, usd("9.00"))]


def test_the_busiest_day_is_known_by_its_cost_and_its_requests(audit: Audit) -> None:
    """Two requests of 3.00 on one day, one of 3.00 a day later."""
    for no, at_s in enumerate((0, 60, 86_400), 1):
        add_request(audit, no, "digest", at_s=at_s)
    (plan,) = assess(audit, Config()).workloads[0].components
    assert (plan.busiest_day_usd, plan.busiest_day_requests) == (usd("6.00"), 2)


def test_unpriced_requests_are_named_with_their_tokens_and_in_no_total(audit: Audit) -> None:
    add_request(audit, 1, "digest")
    add_request(audit, 2, "digest", model="some-model-of-ours", tokens=77, reported="0.5")
    found = assess(audit, Config())
    assert found.baseline_usd == usd("3.00")
    (unpriced,) = found.coverage.unpriced
    assert (unpriced.raw_model, unpriced.requests) == ("some-model-of-ours", 1)
    assert unpriced.tokens.uncached_input_tokens == 77
    assert (found.coverage.requests, found.coverage.priced_requests) == (2, 1)
    assert found.workloads[0].components[0].unpriced_requests == 1
    assert found.reported_cost_usd == usd("0.5")
    assert found.coverage.signal_shares["reported cost"] == 0.5


def test_days_are_counted_from_first_to_last(audit: Audit) -> None:
    add_request(audit, 1, "chat")
    add_request(audit, 2, "chat", at_s=2 * 86_400)
    coverage = assess(audit, Config()).coverage
    assert (coverage.first_day, coverage.last_day) == (date(2026, 11, 2), date(2026, 11, 4))
    assert coverage.days == 3


def test_a_row_of_a_week_is_spread_evenly_over_its_days(audit: Audit) -> None:
    """7,000,003 input of Sonnet 4.6 = 21.000009 in a row of seven days, 3.00000128... a day; the days add up to it."""
    add_rollups(audit, [{**WEEK, "raw_model": "claude-sonnet-4-6", "uncached_input_tokens": 7_000_003}])
    found = assess(audit, Config())
    assert [day for day, _, _ in found.by_day] == [date(2026, 9, 28) + timedelta(days=n) for n in range(7)]
    assert {cost.quantize(usd("0.000001")) for _, _, cost in found.by_day} == {usd("3.000001")}
    assert add(cost for _, _, cost in found.by_day) == found.baseline_usd == usd("21.000009")
    assert (found.coverage.long_rows, found.coverage.days) == (1, 7)
    assert by_day.build(found)["long_rows"] == 1


def test_an_owners_answer_pulls_a_lever(audit: Audit) -> None:
    """1,000,000 output = 15.00; half is enough, 0.80 of the cut in the low case: 6.00 saved."""
    add_request(audit, 1, "chat", tokens=0, output=1_000_000)
    found = assess(audit, Config(answers=(Answer("chat", output_share=usd("0.5")),)))
    assert found.lever_credit_usd["output"] == usd("6.00") == found.saving_usd["low"]
    assert found.saving_usd["base"] == usd("7.50")


def test_routing_to_a_model_that_nobody_knows_is_told(audit: Audit) -> None:
    answer = Answer("chat", route_to="claude-hiku-4-5", pass_rate=usd("1"))
    with pytest.raises(UserErrors, match="did you mean 'claude-haiku-4-5'"):
        assess(audit, Config(answers=(answer,)))


def test_the_command_prints_json_that_reconciles_and_a_table(tmp_path: Path) -> None:
    path, config = tmp_path / "audit.duckdb", tmp_path / "whowaits.toml"
    config.write_text("[prices]\ndiscount_share = 0.10\n")
    with open_audit(path) as made:
        add_request(made, 1, "digest")
        add_request(made, 2, "chat")
    options = ["--audit", str(path), "--config", str(config)]
    printed = CliRunner().invoke(command, [*options, "--json"], catch_exceptions=False)
    document = json.loads(printed.output)
    assert document["baseline_usd"] == "6.00"
    left = usd(document["baseline_usd"]) - sum(usd(credit) for credit in document["levers"].values())
    assert left == usd(document["optimized_usd"])
    assert document["range"] == {"low_usd": "1.425", "base_usd": "1.47", "high_usd": "1.50"}
    assert document["contracted"]["savings_usd"] == "1.2825"  # 1.425 x 0.90
    (pool,) = document["headroom"]["pools"]
    assert pool["today"] == {"requests": 2, "input_tokens": 2_000_000, "output_tokens": 0}
    # chat, and 0.05 of the digest, rounded up
    assert pool["planned"] == {"requests": 2, "input_tokens": 1_050_000, "output_tokens": 0}
    table = CliRunner().invoke(command, options, catch_exceptions=False).output
    assert "Saves at least $1.43 (24 %)" in table
    assert "After your discount of 10 %: $1.28." in table
    assert "digest" in table and "chat" in table
