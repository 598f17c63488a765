"""The kit for Vertex, run: Cloud Storage by its emulator, the job service on the loopback."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from gcp_storage_emulator.server import create_server
from kit_clouds import BUCKET, VERTEX, Cloud, cloud, message_for
from kit_runs import Edit, Vertex, counts, lines_below, main, put, write_kit


@pytest.fixture
def vertex(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    storage = create_server("127.0.0.1", 0, in_memory=True, default_bucket=BUCKET)
    storage.start()
    try:
        with cloud(VERTEX) as state:
            monkeypatch.setenv("VERTEX_ENDPOINT", state.url)
            monkeypatch.setenv("STORAGE_ENDPOINT", f"http://127.0.0.1:{storage._api._httpd.server_port}")
            monkeypatch.setenv("GOOGLE_ACCESS_TOKEN", "of-the-test")
            yield state
    finally:
        storage.stop()


def finish_vertex(job: dict[str, Any], edit: Edit = lambda lines: lines) -> None:
    """What Vertex leaves in Cloud Storage: the input's fields, with `response` and `status`."""
    host = os.environ["STORAGE_ENDPOINT"]
    name = job["inputConfig"]["gcsSource"]["uris"][0].removeprefix(f"gs://{BUCKET}/")
    with urlopen(f"{host}/storage/v1/b/{BUCKET}/o/{name.replace('/', '%2F')}?alt=media") as body:
        lines = [json.loads(line) for line in body]
    for line in lines:
        line |= {"response": message_for(line["request"]["messages"][0]["content"]), "status": ""}
    folder = job["outputConfig"]["gcsDestination"]["outputUriPrefix"] + "/prediction-model-2026-11-21"
    target = folder.removeprefix(f"gs://{BUCKET}/") + "/predictions.jsonl"
    text = "".join(json.dumps(line) + "\n" for line in edit(lines)).encode()
    upload = f"{host}/upload/storage/v1/b/{BUCKET}/o?uploadType=media&name={target.replace('/', '%2F')}"
    urlopen(Request(upload, data=text, headers={"Content-Type": "application/octet-stream"})).close()
    job |= {"state": "JOB_STATE_SUCCEEDED", "outputInfo": {"gcsOutputDirectory": folder}}


def gcp(kit: Path, *words: str) -> int:
    return main(kit, Vertex(kit), list(words))


def test_a_vertex_kit_takes_requests_to_a_job_and_answers_back_by_key(vertex: Cloud, tmp_path: Path) -> None:
    kit = write_kit(tmp_path, "gcp_vertex")
    put(kit, "a", "b", "c")
    assert gcp(kit, "submit") == 0
    (job,) = vertex.jobs
    assert job["model"] == "publishers/anthropic/models/claude-haiku-4-5"
    assert gcp(kit, "collect") == 0 and counts(kit) == {"under_way": 3}

    def edit(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
        assert lines[0]["custom_id"] == "R0000000001"
        assert lines[0]["request"] == {
            "anthropic_version": "vertex-2023-10-16",
            "max_tokens": 9,
            "messages": [{"role": "user", "content": "a"}],
        }
        lines[1] |= {"response": None, "status": "Error 503: overloaded"}
        lines[2] |= {"response": None, "status": "Error 400: max_tokens"}
        return lines[::-1]

    finish_vertex(job, edit)
    assert gcp(kit, "collect") == 3
    assert counts(kit) == {"waiting": 1, "answered": 1, "again": 1, "dead": 1}
    assert lines_below(kit / "results")[0]["message"]["content"][0]["text"] == "answer to a"
    assert lines_below(kit / "dead")[0]["reason"] == '"Error 400: max_tokens"'
    assert gcp(kit, "submit") == 0 and len(vertex.jobs) == 2


def test_a_vertex_job_without_an_answer_is_found_by_its_name(vertex: Cloud, tmp_path: Path) -> None:
    kit = write_kit(tmp_path, "gcp_vertex")
    put(kit, "a")
    vertex.faults = ["lost"]
    assert gcp(kit, "submit") == 1 and counts(kit) == {"in_doubt": 1}
    assert gcp(kit, "submit") == 0 and counts(kit) == {"under_way": 1}
    assert vertex.posts == 1


def test_a_vertex_job_that_is_not_listed_is_never_made_again_by_itself(
    vertex: Cloud, tmp_path: Path, capsys: Any
) -> None:
    kit = write_kit(tmp_path, "gcp_vertex")
    put(kit, "a")
    vertex.faults = ["hidden"]
    assert gcp(kit, "submit") == 1
    for _ in range(2):
        assert gcp(kit, "submit") == 3 and "in doubt since" in capsys.readouterr().err
    assert vertex.posts == 1 and gcp(kit, "status") == 3
    assert gcp(kit, "submit", "--assume-absent") == 0 and vertex.posts == 2


def test_a_vertex_job_refused_for_the_quota_is_not_in_doubt(vertex: Cloud, tmp_path: Path) -> None:
    kit = write_kit(tmp_path, "gcp_vertex")
    put(kit, "a")
    vertex.faults = ["refused"]
    assert gcp(kit, "submit") == 1 and counts(kit) == {"prepared": 1}
    assert gcp(kit, "submit") == 0 and vertex.posts == 2 and len(vertex.jobs) == 1


def test_the_token_comes_from_gcloud(
    vertex: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    kit = write_kit(tmp_path, "gcp_vertex")
    put(kit, "a")
    monkeypatch.delenv("GOOGLE_ACCESS_TOKEN")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert gcp(kit, "submit") == 1 and "no gcloud on the PATH" in capsys.readouterr().err
    (tmp_path / "gcloud").write_text("#!/bin/sh\n[ \"$*\" = 'auth print-access-token' ] && echo of-the-test\n")
    (tmp_path / "gcloud").chmod(0o755)
    assert gcp(kit, "submit") == 0 and counts(kit) == {"under_way": 1}


def test_a_broken_settings_file_is_told_in_one_line(tmp_path: Path, capsys: Any) -> None:
    for name in ("settings.json", "definition.json"):
        kit = write_kit(tmp_path / name, "gcp_vertex")
        put(kit, "a")
        (kit / name).write_text("{")
        assert main(kit, Vertex(kit), ["submit"]) == 1
        assert capsys.readouterr().err.startswith(f"submit: {name}: no JSON object: ")
