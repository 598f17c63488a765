from __future__ import annotations

import dataclasses
import re
import runpy
import tomllib
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from analyzer.batch import load_job, status_of
from analyzer.errors import UserError
from analyzer.migration import kits_of, write_kits
from analyzer.migration.inert import markdown, one_line, safe_names, toml_string
from analyzer.savings.assessment import (
    Assessment,
    ComponentPlan,
    Coverage,
    Lever,
    LeverFinding,
    WorkloadPlan,
)
from analyzer.tokens import TokenSums
from analyzer.waiting.verdicts import ComponentVerdict, Confidence, Evidence, WorkloadKind, WorkloadVerdict

HOSTILE = (
    "../../etc/passwd",
    'a"]\nstore = "/tmp/stolen"\n[x',
    "x\n* * * * * rm -rf ~",
    "| pipe | [link](http://evil.example) <script>alert(1)</script>",
    '"""\nimport os\n"""',
    "{{ 7 * 7 }}{% include 'x' %}",
    "\u202egpj.exe\u2028second\x00\x1b[31m",
    "CON",
    "名前 🧨",
    "",
    "a" * 5000,
    "$(touch pwned) `id` ; & | > <",
    "lone \udc80 surrogate",
)


def component(
    name: str,
    *,
    cost: str = "100",
    low: str = "50",
    levers: tuple[Lever, ...] = ("batch",),
    deadline_s: float | None = None,
    sentence: str = "all 300 requests came from a schedule",
) -> ComponentPlan:
    saving = Decimal(cost) - Decimal(low)
    verdict = ComponentVerdict(
        1, "w", name, 300, "does-not-wait", "batchable", 0.02, "high", "declared",
        (Evidence("declared-schedule", "nobody-waits", "declared", None, sentence),), deadline_s, 1, "",
    )  # fmt: skip
    return ComponentPlan(
        verdict=verdict,
        requests=300,
        tokens=TokenSums(uncached_input_tokens=3_000_000, output_tokens=30_100),
        models=("claude-opus-4-8",),
        baseline_usd=Decimal(cost),
        unpriced_requests=0,
        levers=levers,
        credit_usd={"batch": saving} if "batch" in levers else {},
        optimized_usd={"low": Decimal(low), "base": Decimal(low) - 2, "high": Decimal(low) - 5},
        upside_usd=Decimal(0),
        findings=(),
        steps=(),
    )


def workload(
    name: str,
    *components: ComponentPlan,
    verdict: WorkloadKind = "batchable",
    confidence: Confidence = "high",
) -> WorkloadPlan:
    said = WorkloadVerdict(name, verdict, confidence, "declared", False, 0.02, "", tuple(c.verdict for c in components))
    baseline = sum((c.baseline_usd for c in components), Decimal(0))
    optimized = sum((c.optimized_usd["low"] for c in components), Decimal(0))
    return WorkloadPlan(said, components, baseline, optimized, baseline - optimized, Decimal(0))


def assessment(*workloads: WorkloadPlan) -> Assessment:
    coverage = Coverage((), (), (), 300, date(2026, 10, 1), date(2026, 10, 30), 30, 300, (), {})
    return Assessment(
        None, coverage, workloads, Decimal(0), Decimal(0), {}, {}, Decimal(0), (), (), (), None
    )  # fmt: skip


def test_a_kit_has_the_figures_of_its_plan(tmp_path: Path) -> None:
    paths = write_kits(assessment(workload("nightly digest", component("summarise"))), tmp_path / "m")
    kit = tmp_path / "m" / "01-nightly-digest"
    assert paths[0] == tmp_path / "m" / "INDEX.md"
    assert {p.name for p in kit.iterdir()} == {"batch.toml", "RUNBOOK.md", "crontab", "before_after.py"}
    job = tomllib.loads((kit / "batch.toml").read_text())
    assert job["job"]["name"] == "nightly-digest"
    assert job["job"]["models"] == ["claude-opus-4-8"]
    assert job["job"]["deadline"] == "24h"
    assert job["size"] == {"max_items": 10_000, "max_bytes": 200_000_000}
    # $50 planned over 30 days, times 1.2 = $2.00 a day
    assert job["budget"]["day_usd"] == "2.00"
    # 30,100 output tokens over 300 requests = 100.33, rounded up
    assert job["estimate"]["output_tokens"] == 101
    assert "cache" not in job
    runbook = (kit / "RUNBOOK.md").read_text()
    for figure in ("$50.00 | 50 %", "$52.00 | 52 %", "$55.00 | 55 %"):
        assert figure in runbook


def test_a_cached_plan_primes_and_marks_the_prefix(tmp_path: Path) -> None:
    write_kits(assessment(workload("w", component("c", levers=("caching", "batch")))), tmp_path)
    job = tomllib.loads((tmp_path / "01-w" / "batch.toml").read_text())
    assert job["cache"] == {"prime": True, "ttl": "1h"}
    assert '"ttl": "1h"' in (tmp_path / "01-w" / "before_after.py").read_text()


def test_a_tight_deadline_makes_small_batches_and_keeps_the_synchronous_path(tmp_path: Path) -> None:
    write_kits(assessment(workload("w", component("c", deadline_s=7200.0))), tmp_path)
    job = tomllib.loads((tmp_path / "01-w" / "batch.toml").read_text())
    assert job["job"]["deadline"] == "7200s"
    assert job["size"]["max_items"] == 1_000
    assert "Keep the synchronous path" in (tmp_path / "01-w" / "RUNBOOK.md").read_text()


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
    assert [c.verdict.component for c in kits[0].stays] == ["chat"]
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


def test_hostile_names_are_inert_in_every_file(tmp_path: Path) -> None:
    plans = [workload(name, component(name, sentence=name)) for name in HOSTILE]
    for path in write_kits(assessment(*plans), tmp_path / "m"):
        text = path.read_text(encoding="utf-8")
        assert path.resolve().is_relative_to(tmp_path / "m")
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u202e\u2028]", text)
        assert (
            "<script" not in text.replace("\\<script", "") or path.suffix in (".py", ".toml") or path.name == "crontab"
        )
    folders = [path for path in (tmp_path / "m").iterdir() if path.is_dir()]
    assert len(folders) == len(HOSTILE)
    for folder in folders:
        assert re.fullmatch(r"\d\d-[a-z0-9-]+", folder.name) and len(folder.name) <= 60
        job = tomllib.loads((folder / "batch.toml").read_text(encoding="utf-8"))
        assert set(job) == {"job", "size", "budget", "estimate"}
        assert job["job"]["store"] == "jobs.sqlite"
        assert job["job"]["workload"].replace("\ufffd", "\udc80") in HOSTILE
        code = compile((folder / "before_after.py").read_text(encoding="utf-8"), "before_after.py", "exec")
        assert "pwned" not in code.co_names
        entries = [
            line for line in (folder / "crontab").read_text(encoding="utf-8").split("\n") if line[:1] not in ("", "#")
        ]
        assert len(entries) == 2
        for entry in entries:
            assert re.fullmatch(
                r"[\d*/]+ \* \* \* \* \. \"\$HOME/whowaits/env\" && cd \"\$HOME/whowaits/[a-z0-9-]+\" && "
                r"whowaits batch (submit|collect) --job-file batch\.toml >>\w+\.log 2>&1",
                entry,
            )


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
    assert kit.day_budget_usd == Decimal("0.01")
    assert dataclasses.replace(kit, days=0).day_budget_usd == Decimal("0.02")


def test_the_runner_reads_every_job_file(tmp_path: Path) -> None:
    plans = [workload(name, component(name, levers=("caching", "batch"))) for name in HOSTILE]
    jobs = [load_job(path) for path in write_kits(assessment(*plans), tmp_path) if path.name == "batch.toml"]
    assert len({job.name for job in jobs}) == len(HOSTILE)
    for job in jobs:
        assert job.store.parent.parent == tmp_path and job.primes_cache and job.day_usd == Decimal("2.00")


def test_the_changed_code_puts_an_item_down(tmp_path: Path) -> None:
    write_kits(assessment(workload("w", component("c"))), tmp_path)
    code = runpy.run_path(str(tmp_path / "01-w" / "before_after.py"))
    code["after"]("document-1", "Summarise.", "some text")
    assert status_of(load_job(tmp_path / "01-w" / "batch.toml")).queued == 1


def test_a_lever_that_the_kit_does_not_pull_is_not_in_its_budget(tmp_path: Path) -> None:
    plan = component("c", low="20", levers=("routing", "batch"))
    alone = LeverFinding("batch", "applied", Decimal(50), "half price")
    write_kits(assessment(workload("w", dataclasses.replace(plan, findings=(alone,)))), tmp_path)
    job = tomllib.loads((tmp_path / "01-w" / "batch.toml").read_text())
    # $100 − $50 by batch alone, over 30 days, times 1.2 = $2.00; the whole plan's $20 would give $0.80
    assert job["budget"]["day_usd"] == "2.00"
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
