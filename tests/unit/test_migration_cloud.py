"""What the kits for Bedrock and Vertex share, and what they say."""

from __future__ import annotations

import json
import os
import re
import runpy
import shutil
import subprocess
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kit_clouds import message_for
from kit_runs import (
    HAIKU,
    HAIKU_ID,
    Answer,
    Jobs,
    Memory,
    State,
    Waiting,
    counts,
    keys_below,
    lines_below,
    main,
    put,
    requests,
    write_kit,
)
from migration_values import assessment, component, workload

from analyzer.migration import kits_of, write_kits


class Said(Memory):
    """Its lines say what became of a record."""

    def answer(self, line: dict[str, Any]) -> Answer:
        message = message_for("x") if line["said"] == "yes" else None
        return Answer(line["id"], message, line["said"], line["said"] == "later")


class Killed(BaseException):
    """The process is no more."""


def test_a_round_that_is_killed_anywhere_loses_nothing_and_sends_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, kills = write_kit(tmp_path / "made", "gcp_vertex", max_records=3), 0
    monkeypatch.setattr(os, "fsync", lambda _: None)
    while True:
        kit = shutil.copytree(made, tmp_path / str(kills))
        service, left = Memory(), [kills]

        def step(service: Memory = service, left: list[int] = left) -> None:
            left[0] -= 1
            if left[0] < 0:
                raise Killed

        put(kit, "a", "late", "bad", "b")
        service.dies = step
        was_killed = False
        with monkeypatch.context() as patch:
            for name in ("replace", "rename", "unlink"):
                real = getattr(Path, name)
                patch.setattr(Path, name, lambda path, *more, real=real, **how: (step(), real(path, *more, **how))[1])
            try:
                for words in (["submit"], ["collect"], ["submit"], ["collect"]):
                    main(kit, service, words)
            except Killed:
                was_killed = True
        service.dies = lambda: None
        for words in (["submit", "--assume-absent"], ["collect"]) * 3:
            assert main(kit, service, words) in (0, 3)
        sent = Counter(json.loads(line)["text"] for lines in service.jobs.values() for line in lines)
        assert sent == {"a": 1, "b": 1, "bad": 1, "late": 2}, kills
        assert keys_below(kit / "results") == ["a", "b", "late"], kills
        assert keys_below(kit / "dead") == ["bad"] and counts(kit)["answered"] == 3, kills
        if not was_killed:
            break
        kills += 1
    assert kills > 30


LINES = st.lists(
    st.sampled_from(
        [json.dumps({"id": f"R{number:010d}", "said": said}) for number in range(5) for said in ("yes", "no", "later")]
        + ["", "null", "[]", '{"id": 7, "said": "yes"}', '{"said": "yes"}', '{"id": "R0000000001", "sa']
    ),
    max_size=12,
)


@settings(max_examples=60)
@given(lines=LINES, ended=st.sampled_from(["whole", "part", "failed"]), attempts=st.sampled_from([1, 3]))
def test_every_record_is_in_one_place_whatever_the_output_holds(lines: list[str], ended: str, attempts: int) -> None:
    with TemporaryDirectory() as folder:
        kit = Path(folder)
        told = {"job": "w", "models": {HAIKU: HAIKU}, "min_records": 1, "max_records": 9, "max_bytes": 10_000}
        limits = {"max_jobs": 4, "day_records": 9, "max_attempts": attempts, "deadline_s": None}
        (kit / "settings.json").write_text(json.dumps({**told, **limits}))
        (kit / "definition.json").write_text("{}")
        jobs = Jobs(kit, Said())
        jobs.waiting.put(requests(*"abcd").splitlines())
        (name,) = jobs.prepare()
        jobs.account(kit / "jobs" / name, State("ended", ended), lines)
        assert sorted(keys_below(kit / "results") + keys_below(kit / "waiting") + keys_below(kit / "dead")) == [*"abcd"]
        done = json.loads((kit / "jobs" / name / "done.json").read_text())
        assert done["answered"] + done["again"] + done["dead"] == done["records"] == 4
        known = [json.loads(line)["id"] for line in lines if re.search(r"R000000000[1-4].*}", line)]
        # each line of output is the first of its record, a second one, or nobody's
        assert len(lines) == len(set(known)) + done["duplicate"] + done["strange"]
        if attempts == 1:
            assert done["again"] == 0


def test_what_is_put_down_during_a_round_waits_for_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kit, service = write_kit(tmp_path, "gcp_vertex"), Memory()
    put(kit, "a")
    real = Waiting.items

    def items(self: Waiting, *known: Any) -> Any:
        found = real(self, *known)
        monkeypatch.undo()
        put(kit, "b")
        return found

    monkeypatch.setattr(Waiting, "items", items)
    assert main(kit, service, ["submit"]) == 0 and counts(kit) == {"waiting": 1, "under_way": 1}
    assert main(kit, service, ["submit"]) == 0 and counts(kit) == {"under_way": 2}


def test_putting_down_is_all_or_none_and_names_the_line(tmp_path: Path, capsys: Any) -> None:
    kit = write_kit(tmp_path, "gcp_vertex")
    for wrong, told in (
        ('{"key": "x", "params": {"model": [], "messages": [], "max_tokens": 1}}', "line 2: expected {"),
        ('{"key": "x"}', 'line 2: expected {"key": …, "params": {model, max_tokens, messages, …}}'),
        (requests("x").replace(HAIKU, "claude-opus-5"), "line 2: model 'claude-opus-5', expected one of " + HAIKU),
    ):
        (kit / "put.jsonl").write_text(requests("a") + wrong)
        assert main(kit, Memory(), ["put", str(kit / "put.jsonl")]) == 1
        assert capsys.readouterr().err.startswith(f"put: {told}")
    assert counts(kit) == {} and not list((kit / "waiting").iterdir())


def test_what_is_older_than_its_deadline_needs_a_person(tmp_path: Path) -> None:
    kit = write_kit(tmp_path, "gcp_vertex", deadline_s=3600, min_records=5)
    put(kit, "a", "b")
    (path,) = (kit / "waiting").iterdir()
    early, late = map(json.loads, path.read_text().splitlines())
    path.write_text(json.dumps({**early, "put_at": "2026-11-01T00:00:00+00:00"}) + "\n" + json.dumps(late) + "\n")
    assert counts(kit) == {"waiting": 2, "overdue": 1}
    assert main(kit, Memory(), ["collect"]) == main(kit, Memory(), ["status"]) == 3


def test_the_calling_code_of_a_cloud_kit_puts_down_and_reads_back(tmp_path: Path) -> None:
    kit = write_kit(tmp_path, "aws_bedrock")
    code = runpy.run_path(str(kit / "before_after.py"))
    code["after"]([("k", "Summarise.", "some text"), ("l", "Summarise.", "more")])
    ((first, _),) = [lines_below(kit / "waiting")]
    assert first["key"] == "k" and first["metadata"]["workload"] == "nightly digest"
    assert first["params"]["model"] == HAIKU_ID and first["params"]["system"] == "Summarise."
    (kit / "results").mkdir(exist_ok=True)
    (kit / "results" / "n.jsonl").write_text(json.dumps({"key": "k", "message": message_for("x")}) + "\n")
    assert list(code["answers"]()) == [("k", "answer to x")]


def test_the_round_of_a_cloud_kit_submits_and_collects(tmp_path: Path) -> None:
    kit = write_kit(tmp_path, "gcp_vertex")
    fake = tmp_path / "python3"
    fake.write_text('#!/bin/bash\necho "$*"\n[ "$2" = submit ] && exit 3\nexit 1\n')
    fake.chmod(0o755)
    (kit.parent / "env").write_text(f"PYTHON={fake}\n")
    told = subprocess.run(["bash", kit / "run.sh"], capture_output=True, text=True, check=False)
    assert told.stdout.splitlines() == ["vertex_batch.py submit", "vertex_batch.py collect"]
    assert told.returncode == 3


def test_the_service_with_most_tokens_gets_the_kit_and_the_others_are_named(tmp_path: Path) -> None:
    (kit,) = kits_of(assessment(workload("w", component("c", providers=("gcp_vertex", "anthropic"), model=HAIKU))))
    assert kit.service.name == "vertex" and kit.elsewhere == ("anthropic",)
    write_kits(assessment(kit.plan), tmp_path)
    runbook = (tmp_path / "01-w" / "RUNBOOK.md").read_text()
    assert "Some of these calls are at anthropic today." in runbook


def test_a_provider_without_batches_is_told_from_the_claude_api_and_its_name_is_text(tmp_path: Path) -> None:
    hostile = "[x](http://evil.example)"
    plan = component("c", providers=("openrouter", hostile, "claude_platform_aws"))
    (kit,) = kits_of(assessment(workload("w", plan)))
    assert kit.service.name == "anthropic" and kit.elsewhere == (hostile, "openrouter")
    write_kits(assessment(kit.plan), tmp_path)
    assert r"\[x\]\(http\://evil" in (tmp_path / "01-w" / "RUNBOOK.md").read_text().replace(r"\/", "/")


def test_a_bedrock_model_is_named_as_far_as_it_is_known() -> None:
    def ids(**how: Any) -> dict[str, str]:
        (kit,) = kits_of(assessment(workload("w", component("c", providers=("aws_bedrock",), **how))))
        return kit.model_ids

    assert ids(model=HAIKU) == {HAIKU: HAIKU_ID.replace("us.", "REPLACE-PLACE.")}
    assert ids(model=HAIKU, geography="global") == {HAIKU: HAIKU_ID.replace("us.", "global.")}
    assert ids() == {"claude-opus-4-8": "REPLACE-WITH-THE-ID-OF-claude-opus-4-8"}


def test_the_time_that_a_job_takes_to_fill_is_in_the_schedule(tmp_path: Path) -> None:
    plan = component("c", providers=("aws_bedrock",), model=HAIKU, deadline_s=12 * 86_400.0)
    write_kits(assessment(workload("w", plan)), tmp_path)
    runbook = (tmp_path / "01-w" / "RUNBOOK.md").read_text()
    assert "| − until 100 requests have come together, at the mean rate | 10 days |" in runbook
    # 12 days − 10 days − 2 × 10 min − 4 h = 43 h 40 min
    assert "| **slack** | **1.8 days** |" in runbook and "before a job is full" not in runbook


def test_a_cloud_kit_leaves_caching_to_the_engineer_and_says_so(tmp_path: Path) -> None:
    plan = component("c", providers=("aws_bedrock",), model=HAIKU, levers=("caching", "batch"), deadline_s=7200.0)
    write_kits(assessment(workload("w", plan)), tmp_path)
    runbook = (tmp_path / "01-w" / "RUNBOOK.md").read_text()
    assert "does not carry out by itself (caching)" in runbook and "there is no guard here" in runbook
    # 300 requests in 30 days are 10 a day, 100 of them 10 days
    assert "**The deadline is over before a job is full**" in runbook and "come together in 10 days" in runbook
    assert "where its deadline is over before a job is full" in (tmp_path / "INDEX.md").read_text()
    assert "cache_control" not in (tmp_path / "01-w" / "before_after.py").read_text()
    # 300 requests in 30 days, twice that = 20, but one job takes 100 at least
    settings = json.loads((tmp_path / "01-w" / "settings.json").read_text())
    assert (settings["day_records"], settings["min_records"], settings["deadline_s"]) == (100, 100, 7200)
