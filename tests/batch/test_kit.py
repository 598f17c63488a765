"""A kit as an engineer finds it: its calling code, its round, its caps and its guard, against the server."""

from __future__ import annotations

import json
import os
import runpy
import subprocess
import sys
from pathlib import Path

from fake_server import FakeServer
from migration_values import assessment, component, workload

from analyzer.batch import load_job, status_of
from analyzer.migration import write_kits


def test_a_kit_goes_from_the_calling_code_to_the_answers(tmp_path: Path, server: FakeServer) -> None:
    write_kits(assessment(workload("nightly digest", component("c", deadline_s=8 * 3600.0))), tmp_path)
    kit = tmp_path / "01-nightly-digest"
    code = runpy.run_path(str(kit / "before_after.py"))
    for number in range(3):
        code["after"](f"document-{number}", "Summarise.", f"text {number}")
    command = tmp_path / "whowaits"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m analyzer "$@"\n')
    command.chmod(0o755)
    (tmp_path / "env").write_text(f"ANTHROPIC_API_KEY=for-tests\nWHOWAITS={command}\n")
    environment = {**os.environ, "ANTHROPIC_BASE_URL": server.url, "PYTHONPATH": str(Path.cwd())}
    told = subprocess.run(["bash", kit / "run.sh"], env=environment, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout + told.stderr
    job = load_job(kit / "batch.toml")
    status = status_of(job)
    assert (status.delivered, status.done, status.guard_items, server.posts) == (3, True, 0, 1)
    assert sorted(code["answers"]()) == [(f"document-{number}", f"answer to text {number}") for number in range(3)]
    metadata = json.loads((kit / "results.jsonl").read_text().splitlines()[0])["metadata"]
    assert metadata["workload"] == "nightly digest" and metadata["enqueued_at"].startswith("20")
