from __future__ import annotations

import dataclasses
import json
import re
import runpy
import tomllib
from decimal import Decimal
from pathlib import Path

import pytest
from migration_values import HOSTILE, assessment, component, workload

from analyzer.batch import Guard, load_job, status_of
from analyzer.errors import UserError
from analyzer.migration import kits_of, write_kits
from analyzer.migration.inert import markdown, one_line, safe_names, toml_string
from analyzer.savings.assessment import LeverFinding
from analyzer.savings.ledger import ledger_of, migration_rows, moving_saving_usd
from analyzer.store.audit import open_audit
from analyzer.store.ingest import ingest_paths


def test_a_kit_has_the_figures_of_its_plan(tmp_path: Path) -> None:
    paths = write_kits(assessment(workload("nightly digest", component("summarise"))), tmp_path / "m")
    kit = tmp_path / "m" / "01-nightly-digest"
    assert paths[0] == tmp_path / "m" / "INDEX.md"
    assert {str(path.relative_to(kit)) for path in paths[1:]} == {
        "RUNBOOK.md",
        "batch.toml",
        "run.sh",
        "before_after.py",
        "before_after.ts",
        "results-mapping.toml",
        "schedule/crontab",
        "schedule/whowaits-nightly-digest.service",
        "schedule/whowaits-nightly-digest.timer",
        "schedule/cronjob.yaml",
        "schedule/workflow.yaml",
    }
    assert all(path.is_file() for path in paths)
    job = tomllib.loads((kit / "batch.toml").read_text())
    assert job["job"]["name"] == "nightly-digest"
    assert job["job"]["models"] == ["claude-opus-4-8"]
    assert job["job"]["deadline"] == "24h"
    assert job["size"] == {"max_items": 10_000, "max_bytes": 200_000_000}
    # $50 planned over 30 days, doubled = $3.33.. a day, up to the next cent
    assert job["budget"]["day_usd"] == "3.34"
    # 30,100 output tokens over 300 requests = 100.33, rounded up
    assert job["estimate"] == {"output_tokens": 101, "high_output_tokens": 202}
    assert "cache" not in job
    runbook = (kit / "RUNBOOK.md").read_text()
    # 30 days of a month of 31: a month is 30 days at the same pace
    for figure in ("$50.00 | 50 % | $50.00", "$52.00 | 52 % | $52.00", "$55.00 | 55 % | $55.00"):
        assert figure in runbook


def test_a_cached_plan_primes_and_marks_the_prefix(tmp_path: Path) -> None:
    write_kits(assessment(workload("w", component("c", levers=("caching", "batch")))), tmp_path)
    job = tomllib.loads((tmp_path / "01-w" / "batch.toml").read_text())
    assert job["cache"] == {"prime": True, "ttl": "1h"}
    assert '"ttl": "1h"' in (tmp_path / "01-w" / "before_after.py").read_text()


def test_a_tight_deadline_is_kept_by_the_guard(tmp_path: Path) -> None:
    write_kits(assessment(workload("w", component("c", deadline_s=7200.0))), tmp_path)
    job = load_job(tmp_path / "01-w" / "batch.toml")
    # 2 h less two rounds of 5 min, 10 min for canceling and an eighth (15 min) for the rest = 85 min for the batch;
    # 15 min at 8 calls of 15 s at a time = 480 items
    assert (job.deadline_s, job.poll_s, job.max_items) == (7200, 300, 480)
    assert job.guard == Guard(tail_s=5100, reserve_s=600, concurrency=8)
    runbook = (tmp_path / "01-w" / "RUNBOOK.md").read_text()
    assert "| **slack** | **0 s** |" in runbook and "There is no slack" in runbook


def test_the_schedule_is_worked_back_from_the_deadline(tmp_path: Path) -> None:
    write_kits(assessment(workload("w", component("c", deadline_s=8 * 3600.0))), tmp_path)
    runbook = (tmp_path / "01-w" / "RUNBOOK.md").read_text()
    # 480 − 10 − 240 − 10 − 10 − 60 = 150 min
    for line in (
        "| a result is needed after | 8 h |",
        "| − the batch (95% are expected back by then) | 4 h |",
        "| − finishing up to 1920 items synchronously | 1 h |",
        "| **slack** | **2.5 h** |",
    ):
        assert line in runbook


def test_a_deadline_after_the_whole_window_needs_no_guard(tmp_path: Path) -> None:
    write_kits(assessment(workload("w", component("c", deadline_s=48 * 3600.0))), tmp_path)
    assert load_job(tmp_path / "01-w" / "batch.toml").guard is None
    runbook = (tmp_path / "01-w" / "RUNBOOK.md").read_text()
    # 48 h − 2 × 10 min − 4 h = 43 h 40 min
    assert "| **slack** | **1.8 days** |" in runbook and "all of its 24 h is back in time" in runbook


def test_each_call_of_a_chain_has_its_part_of_the_deadline(tmp_path: Path) -> None:
    write_kits(assessment(workload("w", component("c", deadline_s=24 * 3600.0, chain_length=3))), tmp_path)
    assert load_job(tmp_path / "01-w" / "batch.toml").deadline_s == 8 * 3600
    assert "a chain of 3 calls" in (tmp_path / "01-w" / "RUNBOOK.md").read_text()


def test_a_month_of_seven_days_is_scaled_to_thirty(tmp_path: Path) -> None:
    write_kits(assessment(workload("w", component("c")), days=7), tmp_path)
    # $50.00 × 30 / 7 = $214.2857..
    assert "| low (count on this) | $50.00 | 50 % | $214.29 |" in (tmp_path / "01-w" / "RUNBOOK.md").read_text()


def test_kits_say_the_cents_of_the_page(tmp_path: Path) -> None:
    plan = workload("w", *(component(name, cost="10.004", low="6.671") for name in "abc"))
    found = assessment(plan)
    (row,) = migration_rows(ledger_of(found))
    # 3 × 10.004 = 30.012 → $30.01; 3 × 3.333 = 9.999 → $10.00: the parts are 3.34, 3.33 and 3.33
    (kit,) = kits_of(found)
    assert (kit.baseline_usd, kit.saving_usd("low")) == (Decimal("30.01"), Decimal("10.00"))
    assert kit.saving_usd("low") == moving_saving_usd(row)
    write_kits(found, tmp_path)
    for name in ("RUNBOOK.md", "../INDEX.md"):
        assert "$10.00" in (tmp_path / "01-w" / name).read_text()


def test_only_what_gains_from_batch_gets_a_kit_and_a_split_names_what_stays(tmp_path: Path) -> None:
    kits = kits_of(
        assessment(
            workload("real", component("c"), verdict="real-time"),
            workload("cached only", component("c", levers=("caching",))),
            workload("no gain", component("c", cost="50", low="50")),
            workload("split", component("later"), component("chat", levers=()), verdict="splittable"),
        )
    )
    assert [kit.plan.verdict.workload for kit in kits] == ["split"]
    assert [c.verdict.component for c in kits[0].moves] == ["later"]
    assert [c.plan.verdict.component for c in kits[0].row.staying] == ["chat"]
    write_kits(assessment(kits[0].plan), tmp_path)
    assert "| chat | stays as it is | 300 | $100.00 |" in (tmp_path / "01-split" / "RUNBOOK.md").read_text()


def test_the_surest_comes_first_then_the_largest() -> None:
    kits = kits_of(
        assessment(
            workload("sure small", component("c", cost="20", low="10")),
            workload("unsure large", component("c", cost="9000", low="10"), confidence="low"),
            workload("sure large", component("c", cost="200", low="100")),
        )
    )
    assert [kit.folder for kit in kits] == ["01-sure-large", "02-sure-small", "03-unsure-large"]


def test_markdown_escapes_every_mark() -> None:
    assert markdown("a|b `c` [d](e) <f> *g*\n# h") == (r"a\|b \`c\` \[d\]\(e\) \<f\> \*g\*\<U\+000A\>\# h")


def test_names_that_meet_are_told_apart() -> None:
    names = safe_names(["Intake Mail", "intake-mail", "other"])
    assert len(set(names)) == 3
    assert names[2] == "other"
    assert all(re.fullmatch(r"intake-mail-[0-9a-f]{6}", name) for name in names[:2])


@pytest.mark.parametrize("name", [name for name in HOSTILE if "\udc80" not in name])
def test_toml_strings_parse_back(name: str) -> None:
    assert tomllib.loads(f"x = {toml_string(name)}") == {"x": name}


def test_one_line_is_short() -> None:
    assert len(one_line("a" * 5000)) == 120


def test_edited_kits_are_not_overwritten(tmp_path: Path) -> None:
    plan = assessment(workload("w", component("c")))
    write_kits(plan, tmp_path)
    job = tmp_path / "01-w" / "batch.toml"
    job.write_text("# mine\n")
    with pytest.raises(UserError, match="edited"):
        write_kits(plan, tmp_path)
    assert job.read_text() == "# mine\n"
    write_kits(plan, tmp_path, force=True)
    assert "mine" not in job.read_text()


def test_a_link_in_the_place_of_a_kit_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "01-w").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UserError, match="symbolic link"):
        write_kits(assessment(workload("w", component("c"))), tmp_path / "m", force=True)
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_nothing_is_written_when_nothing_moves(tmp_path: Path) -> None:
    assert write_kits(assessment(), tmp_path / "m") == ()
    assert not (tmp_path / "m").exists()


def test_the_budget_is_never_zero() -> None:
    (kit,) = kits_of(assessment(workload("w", component("c", cost="0.02", low="0.01"))))
    # $0.01 over 30 days, doubled, up to the next cent; over no day at all it is $0.02
    assert kit.day_budget_usd == Decimal("0.01")
    nothing = dataclasses.replace(kit.coverage, days=0)
    assert dataclasses.replace(kit, coverage=nothing).day_budget_usd == Decimal("0.02")


def test_the_daily_cap_lets_the_busiest_day_through() -> None:
    plan = dataclasses.replace(component("c", cost="60", low="30"), busiest_day_usd=Decimal(15))
    (kit,) = kits_of(assessment(workload("w", plan)))
    # a quarter of the list cost fell on one day: a quarter of the plan's $30, doubled; the mean day would give $2
    assert kit.day_budget_usd == Decimal("15.00")


def test_the_runner_reads_every_job_file(tmp_path: Path) -> None:
    plans = [workload(name, component(name, levers=("caching", "batch"))) for name in HOSTILE]
    jobs = [load_job(path) for path in write_kits(assessment(*plans), tmp_path) if path.name == "batch.toml"]
    assert len({job.name for job in jobs}) == len(HOSTILE)
    for job in jobs:
        assert job.store.parent.parent == tmp_path and job.primes_cache and job.day_usd == Decimal("3.34")


def test_the_changed_code_puts_an_item_down(tmp_path: Path) -> None:
    write_kits(assessment(workload("w", component("c"))), tmp_path)
    code = runpy.run_path(str(tmp_path / "01-w" / "before_after.py"))
    code["after"]("document-1", "Summarise.", "some text")
    assert status_of(load_job(tmp_path / "01-w" / "batch.toml")).queued == 1


def test_delivered_results_are_read_whole_and_into_an_audit(tmp_path: Path) -> None:
    name = "Nightly “digest” \\ 名前"
    write_kits(assessment(workload(name, component("c"))), tmp_path)
    (kit,) = [path for path in tmp_path.iterdir() if path.is_dir()]
    usage = {"input_tokens": 7, "output_tokens": 3, "cache_read_input_tokens": 2, "service_tier": "batch"}
    message = {"id": "msg_1", "model": "claude-opus-4-8", "usage": usage, "content": [{"type": "text", "text": "ok"}]}
    metadata = {"workload": name, "enqueued_at": "2026-11-01T03:00:00+00:00"}
    line = json.dumps({"key": "k", "job": "w", "metadata": metadata, "message": message})
    results = kit / "results.jsonl"
    results.write_text(f"{line}\n{line[:40]}", encoding="utf-8")
    code = runpy.run_path(str(kit / "before_after.py"))
    assert list(code["answers"]()) == [("k", "ok")]
    results.write_text(f"{line}\n", encoding="utf-8")
    with open_audit(None) as audit:
        ingest_paths(audit, [str(results)], mapping=kit / "results-mapping.toml")
        columns = "tags['workload'], is_batch, uncached_input_tokens, cache_read_tokens, output_tokens, started_us"
        row = audit.connection.execute(f"select {columns} from requests").fetchall()
    # 2026-11-01T03:00:00Z
    assert row == [(name, True, 7, 2, 3, 1_793_502_000_000_000)]


def test_a_lever_that_the_kit_does_not_pull_is_not_in_its_budget(tmp_path: Path) -> None:
    plan = component("c", low="20", levers=("routing", "batch"))
    alone = LeverFinding("batch", "applied", Decimal(50), "half price")
    write_kits(assessment(workload("w", dataclasses.replace(plan, findings=(alone,)))), tmp_path)
    job = tomllib.loads((tmp_path / "01-w" / "batch.toml").read_text())
    # $100 − $50 by batch alone, over 30 days, doubled = $3.34; the whole plan's $20 would give $1.34
    assert job["budget"]["day_usd"] == "3.34"
    runbook = (tmp_path / "01-w" / "RUNBOOK.md").read_text()
    assert "does not carry out by itself (routing)" in runbook and "saves alone, $50.00" in runbook


def test_untouched_kits_of_an_earlier_run_make_way(tmp_path: Path) -> None:
    write_kits(assessment(workload("old", component("c"))), tmp_path)
    write_kits(assessment(workload("new", component("c"))), tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".kits.json", "01-new", "INDEX.md"]


def test_a_kit_in_use_is_not_replaced_by_a_second_one(tmp_path: Path) -> None:
    write_kits(assessment(workload("old", component("c"))), tmp_path)
    store = tmp_path / "01-old" / "jobs.sqlite"
    store.write_bytes(b"state of a running job")
    with pytest.raises(UserError, match="made by a job"):
        write_kits(assessment(workload("new", component("c"))), tmp_path)
    assert store.exists()
    assert not (tmp_path / "01-new").exists()
