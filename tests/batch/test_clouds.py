"""Bedrock and Vertex through a folder, with a stand-in for their command lines; never run against the clouds."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import botocore.session
import pytest
from botocore.validate import ParamValidator
from click.testing import CliRunner
from conftest import params

from analyzer.batch import Job, cancel, load_job, status_of
from analyzer.batch.body import custom_id, new_token
from analyzer.batch.clouds import id_of, job_definition, line_of, result_of
from analyzer.cli.batch import command
from analyzer.errors import UserErrors

CLOUDS = {
    "bedrock": """kind = "bedrock"
model = "anthropic.claude-haiku-4-5-20251001-v1:0"
bucket = "s3://a-bucket/batches"
role = "arn:aws:iam::123456789012:role/batches"
""",
    "vertex": """kind = "vertex"
model = "claude-haiku-4-5@20251001"
bucket = "gs://a-bucket/batches"
project = "a-project"
location = "us-east5"
""",
}
HEAD = '[job]\nname = "w"\nmodels = ["claude-haiku-4-5"]\npoll = "1s"\n'


@pytest.fixture(params=CLOUDS)
def kit(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "batch.toml").write_text(f"{HEAD}[provider]\n{CLOUDS[request.param]}")
    (tmp_path / "cloud").mkdir()
    (tmp_path / "bin").mkdir()
    for name in ("aws", "curl", "gcloud"):
        script = tmp_path / "bin" / name
        script.write_text(
            f'#!/bin/sh\nexec "{sys.executable}" "{Path(__file__).with_name("fake_cloud.py")}" {name} "$@"\n'
        )
        script.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    monkeypatch.setenv("FAKE_CLOUD", str(tmp_path / "cloud"))
    return tmp_path


def call(*words: str, text: str | None = None) -> int:
    ran = CliRunner().invoke(command, list(words), input=text, standalone_mode=False)
    assert ran.exception is None, ran.exception
    return int(ran.return_value)


def put(*keys: str) -> Job:
    lines = [json.dumps({"key": key, "params": params(key, model="claude-haiku-4-5")}) for key in keys]
    assert call("enqueue", "-", text="\n".join(lines)) == 0
    return load_job(Path("batch.toml"))


def round_of(job: Job) -> int:
    assert job.cloud is not None
    return subprocess.run(["bash", job.cloud.folder / "round.sh"], capture_output=True, check=False).returncode


def answers(kit: Path) -> dict[str, str]:
    lines = map(json.loads, (kit / "results.jsonl").read_text().splitlines())
    return {line["key"]: line["message"]["content"][0]["text"] for line in lines}


def starts(kit: Path) -> list[str]:
    return (kit / "cloud" / "starts").read_text().split()


def test_a_job_goes_there_and_back(kit: Path) -> None:
    job = put("a", "b", "wrong")
    assert call("submit") == 0 and call("collect") == 0
    assert status_of(job).submitted == 3
    for _ in range(3):
        assert round_of(job) == 0
    assert call("collect") == 3
    status = status_of(job)
    assert answers(kit) == {"a": "answer to a", "b": "answer to b"}
    assert status.done and status.dead_items == (("wrong", "invalid_request_error: bad request"),)
    assert len(starts(kit)) == 1
    # 1,000 in and 100 out of Haiku 4.5 in a batch: 1000 × 0.50e-6 + 100 × 2.50e-6 = 0.00075, twice.
    assert float(status.actual_usd or 0) == pytest.approx(0.0015)


@pytest.mark.parametrize("step", ["before create", "after create"])
def test_a_round_that_dies_starts_nothing_twice(kit: Path, step: str) -> None:
    job = put("a")
    call("submit")
    (kit / "cloud" / "die").write_text(step)
    assert round_of(job) != 0
    codes = [round_of(job) for _ in range(3)]
    is_vertex = job.cloud is not None and job.cloud.kind == "vertex"
    if is_vertex and step == "before create":
        # Started, as far as anybody can tell, and not listed: a person looks, then says so.
        assert codes == [3, 3, 3] and not (kit / "cloud" / "starts").exists()
        next((kit / "vertex").glob("w*/starting")).unlink()
        codes = [round_of(job) for _ in range(3)]
    assert codes == [0, 0, 0]
    assert call("collect") == 0 and answers(kit) == {"a": "answer to a"}
    assert len(set(starts(kit))) == 1 and len(list((kit / "cloud" / "jobs").iterdir())) == 1


def test_what_is_canceled_before_it_was_started_never_is(kit: Path) -> None:
    job = put("a")
    call("submit")
    cancel(job)
    call("collect")
    assert round_of(job) == 0
    call("collect")
    assert (status_of(job).canceled, (kit / "cloud" / "starts").exists()) == (1, False)


def test_what_runs_is_stopped_when_it_is_canceled(kit: Path) -> None:
    job = put("a")
    call("submit")
    (kit / "cloud" / "status").write_text("InProgress")
    round_of(job)
    cancel(job)
    call("collect")
    for _ in range(3):
        assert round_of(job) == 0
    call("collect")
    assert status_of(job).canceled == 1


@pytest.mark.parametrize(("ends", "queued"), [("expired", 1), ("failed", 1)])
def test_a_job_that_ends_without_output_is_sent_again(kit: Path, ends: str, queued: int) -> None:
    job = put("a")
    call("submit")
    assert job.cloud is not None
    names = {"bedrock": {"expired": "Expired", "failed": "Failed"}}.get(
        job.cloud.kind, {"expired": "JOB_STATE_EXPIRED", "failed": "JOB_STATE_FAILED"}
    )
    (kit / "cloud" / "status").write_text(names[ends])
    for _ in range(3):
        assert round_of(job) == 0
    call("collect")
    assert status_of(job).queued == queued


def test_a_batch_that_was_written_and_not_noted_is_found_in_the_folder(
    kit: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from analyzer.batch.files_api import FilesApi

    job = put("a")
    create = FilesApi.create

    def broken(self: FilesApi, body: object) -> object:
        create(self, body)  # type: ignore[arg-type]
        raise TimeoutError

    monkeypatch.setattr(FilesApi, "create", broken)
    assert call("submit") == 3
    monkeypatch.setattr(FilesApi, "create", create)
    assert call("submit") == 0
    assert (status_of(job).in_doubt, status_of(job).submitted) == (0, 1)


def test_a_job_definition_is_one_that_the_service_takes(tmp_path: Path) -> None:
    (tmp_path / "batch.toml").write_text(f"{HEAD}[provider]\n{CLOUDS['bedrock']}")
    cloud = load_job(tmp_path / "batch.toml").cloud
    assert cloud is not None
    definition = job_definition(cloud, new_token())
    service = botocore.session.get_session().get_service_model("bedrock")
    shape = service.operation_model("CreateModelInvocationJob").input_shape
    assert not ParamValidator().validate(definition, shape).has_errors()
    for name, member in shape.members.items():
        pattern = member.metadata.get("pattern")
        if pattern and name in definition:
            assert re.fullmatch(pattern.replace("$)", ")"), definition[name]), name


@pytest.mark.parametrize("kind", CLOUDS)
def test_a_line_says_only_what_the_cloud_reads_and_its_id_comes_back(tmp_path: Path, kind: str) -> None:
    (tmp_path / "batch.toml").write_text(f"{HEAD}[provider]\n{CLOUDS[kind]}")
    cloud = load_job(tmp_path / "batch.toml").cloud
    assert cloud is not None
    name = custom_id(new_token(), 17)
    line = json.loads(line_of(cloud, name, json.dumps(params("ü", model="m", stream=False))))
    request = line.get("modelInput") or line["request"]
    assert set(request) == {"anthropic_version", "max_tokens", "messages"} and id_of(line) == name
    if kind == "bedrock":
        assert line["recordId"].isalnum()
    assert result_of(b"torn {").kind == "unreadable"
    assert result_of(json.dumps(line).encode()).kind == "succeeded without a message"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda text: text.replace("s3://a-bucket/batches", "s3://x; rm -rf /"), "provider.bucket"),
        (lambda text: text + "[guard]\nenabled = true\n", "guard.enabled"),
        (lambda text: text.replace('models = ["claude-haiku-4-5"]\n', ""), "job.models"),
        (lambda text: text.replace('kind = "bedrock"', 'kind = "bedrok"'), "provider.kind"),
        (lambda text: text.replace("role =", "#"), "provider.role"),
    ],
)
def test_a_cloud_that_lacks_something_is_told(tmp_path: Path, change: Callable[[str], str], told: str) -> None:
    path = tmp_path / "batch.toml"
    path.write_text(change(f"{HEAD}[provider]\n{CLOUDS['bedrock']}"))
    with pytest.raises(UserErrors, match=told):
        load_job(path)
