"""The kits for Bedrock and Vertex, run: S3 by moto, Cloud Storage by its emulator, the job services on the loopback."""

from __future__ import annotations

import json
import os
import runpy
import shutil
import stat
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import boto3
import pytest
from gcp_storage_emulator.server import create_server
from kit_clouds import BEDROCK, BUCKET, REGION, VERTEX, Cloud, cloud, message_for
from migration_values import assessment, component, workload
from moto import mock_aws

from analyzer.migration import kits_of, write_kits
from analyzer.store.audit import open_audit
from analyzer.store.ingest import ingest_paths

sys.path.append(str(Path(__file__).parents[2] / "reports" / "kit"))
from batch_jobs import Jobs, main
from batch_service import Answer, Refused, State
from batch_waiting import Waiting
from bedrock_batch import Bedrock
from vertex_batch import Vertex

HAIKU = "claude-haiku-4-5"
HAIKU_ID = "anthropic.claude-haiku-4-5-20251001-v1:0"
Edit = Callable[[list[dict[str, Any]]], list[dict[str, Any]]]


def write_kit(folder: Path, provider: str, **settings: Any) -> Path:
    """A kit with names put in place of REPLACE, as its runbook says."""
    (kit, *_) = {path.parent for path in _written(folder, provider) if path.name == "RUNBOOK.md"}
    for path in kit.rglob("*.json"):
        text = path.read_text()
        for name, value in (("BUCKET", BUCKET), ("ACCOUNT", "111122223333"), ("REGION", REGION)):
            text = text.replace(f"REPLACE-{name}", value)
        text = text.replace("REPLACE-PROJECT", "project-of-ours").replace("REPLACE-LOCATION", "us-east5")
        path.write_text(text)
    told = json.loads((kit / "settings.json").read_text())
    (kit / "settings.json").write_text(json.dumps({**told, "min_records": 1, "day_records": 10_000, **settings}))
    return kit


def _written(folder: Path, provider: str) -> tuple[Path, ...]:
    plan = component("c", providers=(provider,), model=HAIKU, deadline_s=30 * 3600.0)
    return write_kits(assessment(workload("nightly digest", plan)), folder)


def requests(*keys: str) -> str:
    """Requests as `before_after` and `--from-bodies` write them."""
    params = {"model": HAIKU, "max_tokens": 9, "stream": False, "metadata": {"user_id": "u"}}
    lines = [
        {"key": key, "params": {**params, "messages": [{"role": "user", "content": key}]}, "metadata": {"row": key}}
        for key in keys
    ]
    return "".join(json.dumps(line) + "\n" for line in lines)


def put(kit: Path, *keys: str) -> None:
    (kit / "put.jsonl").write_text(requests(*keys))
    assert main(kit, Memory(), ["put", str(kit / "put.jsonl")]) == 0


def lines_below(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for path in sorted(folder.glob("*.jsonl")) for line in path.read_text().splitlines()]


def keys_below(folder: Path) -> list[str]:
    return sorted(line["key"] for line in lines_below(folder))


def counts(kit: Path) -> dict[str, int]:
    """The status, without what is 0."""
    found = Jobs(kit, Memory()).status()
    return {name: number for name, number in found.items() if number}


# ---- Bedrock


@pytest.fixture
def bedrock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    with cloud(BEDROCK) as state, mock_aws():
        for name, value in (("ACCESS_KEY_ID", "x"), ("SECRET_ACCESS_KEY", "y"), ("DEFAULT_REGION", REGION)):
            monkeypatch.setenv(f"AWS_{name}", value)
        monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK", state.url)
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
        boto3.client("s3").create_bucket(Bucket=BUCKET)
        yield state


def finish_bedrock(job: dict[str, Any], status: str = "Completed", edit: Edit = lambda lines: lines) -> None:
    """What Bedrock leaves in S3: one line of output a line of input, in its order, and a manifest."""
    bucket, _, key = job["inputDataConfig"]["s3InputDataConfig"]["s3Uri"].removeprefix("s3://").partition("/")
    s3 = boto3.client("s3")
    records = [json.loads(line) for line in s3.get_object(Bucket=bucket, Key=key)["Body"].iter_lines()]
    for record in records:
        record["modelOutput"] = message_for(record["modelInput"]["messages"][0]["content"])
    base = job["outputDataConfig"]["s3OutputDataConfig"]["s3Uri"].removeprefix(f"s3://{bucket}/")
    folder = f"{base}{job['jobArn'].rpartition('/')[2]}"
    text = "".join(line if isinstance(line, str) else json.dumps(line) + "\n" for line in edit(records))
    s3.put_object(Bucket=bucket, Key=f"{folder}/input.jsonl.out", Body=text.encode())
    s3.put_object(Bucket=bucket, Key=f"{folder}/manifest.json.out", Body=b'{"totalRecordCount": 1}')
    job["status"] = status


def aws(kit: Path, *words: str) -> int:
    return main(kit, Bedrock(kit), list(words))


def test_a_bedrock_kit_takes_requests_to_a_job_and_answers_back_by_key(bedrock: Cloud, tmp_path: Path) -> None:
    kit = write_kit(tmp_path, "aws_bedrock")
    keys = [f"document-{number}" for number in range(100)]
    put(kit, *keys)
    assert aws(kit, "submit") == 0
    (job,) = bedrock.jobs
    assert job["modelId"] == HAIKU_ID and job["timeoutDurationInHours"] == 30
    assert job["jobName"].startswith("nightly-digest-") and job["clientRequestToken"].isalnum()
    assert job["roleArn"] == "arn:aws:iam::111122223333:role/whowaits-nightly-digest"
    body = boto3.client("s3").get_object(Bucket=BUCKET, Key=f"whowaits/{job['jobName']}/input.jsonl")["Body"].read()
    first = json.loads(body.splitlines()[0])
    messages = [{"role": "user", "content": "document-0"}]
    assert first == {
        "recordId": "R0000000001",
        "modelInput": {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 9, "messages": messages},
    }
    assert aws(kit, "collect") == 0 and counts(kit) == {"under_way": 100}
    finish_bedrock(job)
    assert aws(kit, "collect") == 0 and counts(kit) == {"answered": 100}
    results = lines_below(kit / "results")
    assert [line["key"] for line in results] == keys
    assert results[7]["message"]["content"][0]["text"] == "answer to document-7"
    assert results[7]["metadata"] == {"row": "document-7"} and results[7]["job"] == job["jobName"]
    assert aws(kit, "submit") == aws(kit, "collect") == 0 and bedrock.posts == 1
    assert not [path for path in kit.rglob("*") if path.name in ("input.jsonl", "requests.jsonl")]
    private = (*(kit / "results").iterdir(), *(kit / "jobs").glob("*/*"))
    assert {stat.S_IMODE(path.stat().st_mode) for path in private} == {0o600}


@pytest.mark.parametrize("fault", ["lost", "silent"])
def test_a_repeated_submit_makes_no_second_bedrock_job(fault: str, bedrock: Cloud, tmp_path: Path) -> None:
    kit = write_kit(tmp_path, "aws_bedrock")
    put(kit, "a", "b")
    bedrock.faults = [fault]
    assert aws(kit, "submit") == (1 if fault == "lost" else 0)
    assert aws(kit, "submit") == 0
    assert len(bedrock.jobs) == 1 and counts(kit) == {"under_way": 2}


def test_the_token_alone_prevents_a_second_bedrock_job(bedrock: Cloud, tmp_path: Path) -> None:
    kit, hidden = write_kit(tmp_path, "aws_bedrock"), []
    put(kit, "a", "b")
    bedrock.faults = ["lost"]
    assert aws(kit, "submit") == 1
    service = Bedrock(kit)
    service.find = hidden.append  # type: ignore[assignment]  # as if the list did not show it yet
    assert main(kit, service, ["submit"]) == 0
    assert bedrock.posts == 2 and len(bedrock.jobs) == 1 and hidden == [bedrock.jobs[0]["jobName"]]


def test_a_refused_bedrock_job_is_sent_in_a_later_round(bedrock: Cloud, tmp_path: Path, capsys: Any) -> None:
    kit = write_kit(tmp_path, "aws_bedrock")
    put(kit, "a")
    bedrock.faults = ["refused"]
    assert aws(kit, "submit") == 1 and "too many jobs" in capsys.readouterr().err
    assert counts(kit) == {"prepared": 1}
    assert aws(kit, "submit") == 0 and counts(kit) == {"under_way": 1}


def test_every_record_of_a_bedrock_job_is_accounted_for(bedrock: Cloud, tmp_path: Path) -> None:
    kit = write_kit(tmp_path, "aws_bedrock")
    put(kit, "good", "bad", "throttled", "missing", "twice")
    assert aws(kit, "submit") == 0

    def edit(lines: list[Any]) -> list[Any]:
        good, bad, throttled, _, twice = lines
        for line, code in ((bad, 400), (throttled, 429)):
            line["error"] = {"errorCode": code, "errorMessage": "told by the model"}
            del line["modelOutput"]
        again = {**twice, "modelOutput": message_for("another")}
        return [good, bad, throttled, twice, again, {**good, "recordId": "nobody's"}, '{"recordId": "R00']

    finish_bedrock(bedrock.jobs[0], edit=edit)
    assert aws(kit, "collect") == 3
    # 5 records: good and twice answered, throttled again, bad and missing dead; the second `twice` and two odd lines
    assert counts(kit) == {"waiting": 1, "answered": 2, "again": 1, "dead": 2, "duplicate": 1, "strange": 2}
    assert keys_below(kit / "results") == ["good", "twice"]
    assert lines_below(kit / "results")[1]["message"]["content"][0]["text"] == "answer to twice"
    dead = {line["key"]: line["reason"] for line in lines_below(kit / "dead")}
    assert dead == {"bad": "400: told by the model", "missing": "in no output; it may have been billed"}
    assert aws(kit, "retry") == 0 and aws(kit, "submit") == 0
    assert len(bedrock.jobs) == 2 and counts(kit)["under_way"] == 3
    finish_bedrock(bedrock.jobs[1])
    assert aws(kit, "collect") == 0
    assert keys_below(kit / "results") == ["bad", "good", "missing", "throttled", "twice"]


def test_what_an_expired_job_did_not_do_waits_until_its_last_attempt(bedrock: Cloud, tmp_path: Path) -> None:
    kit = write_kit(tmp_path, "aws_bedrock")
    put(kit, "done", "left")
    for attempt in range(3):
        assert aws(kit, "submit") == 0
        finish_bedrock(bedrock.jobs[attempt], "Expired", lambda lines: [x for x in lines if "done" in json.dumps(x)])
        assert aws(kit, "collect") == (3 if attempt == 2 else 0)
    (dead,) = lines_below(kit / "dead")
    assert (dead["key"], dead["attempt"]) == ("left", 3) and dead["reason"].startswith("the job ended as Expired")
    assert len({job["clientRequestToken"] for job in bedrock.jobs}) == 3


def test_a_failed_bedrock_job_tells_why(bedrock: Cloud, tmp_path: Path) -> None:
    kit = write_kit(tmp_path, "aws_bedrock")
    put(kit, "a", "b")
    assert aws(kit, "submit") == 0
    bedrock.jobs[0] |= {"status": "Failed", "message": "the role may not read the bucket"}
    bedrock.jobs[0]["outputDataConfig"]["s3OutputDataConfig"]["s3Uri"] = "s3://no-such-bucket/"
    assert aws(kit, "collect") == 3
    told = "the job ended as Failed: the role may not read the bucket"
    assert [line["reason"] for line in lines_below(kit / "dead")] == [told, told]


def test_what_a_failed_job_had_answered_is_kept(bedrock: Cloud, tmp_path: Path) -> None:
    kit = write_kit(tmp_path, "aws_bedrock")
    put(kit, "a", "b")
    assert aws(kit, "submit") == 0
    finish_bedrock(bedrock.jobs[0], "Failed", lambda lines: lines[:1])
    assert aws(kit, "collect") == 3 and counts(kit) == {"answered": 1, "dead": 1}


def test_a_job_that_cannot_be_asked_for_does_not_keep_the_others(bedrock: Cloud, tmp_path: Path, capsys: Any) -> None:
    kit = write_kit(tmp_path, "aws_bedrock", max_records=1)
    put(kit, "a", "b")
    assert aws(kit, "submit") == 0
    first, second = sorted(bedrock.jobs, key=lambda job: job["jobName"])
    finish_bedrock(second)
    (path,) = (kit / "jobs" / first["jobName"]).glob("created.json")
    path.write_text('{"id": "not-an-arn"}')
    assert aws(kit, "collect") == 1 and counts(kit) == {"under_way": 1, "answered": 1}
    assert capsys.readouterr().err.startswith(f"{first['jobName']}: ")


def test_too_few_records_wait_and_too_many_a_day_too(bedrock: Cloud, tmp_path: Path, capsys: Any) -> None:
    kit = write_kit(tmp_path, "aws_bedrock", min_records=3, max_records=5, day_records=8)
    put(kit, "a", "b")
    assert aws(kit, "submit") == 0 and counts(kit) == {"waiting": 2}
    put(kit, *"bcdefghijkl")  # b is there already
    assert aws(kit, "submit") == 0
    # 12 keys: a job of 5, then one of the 3 that the day has left; 2 + 2 wait
    assert counts(kit) == {"waiting": 4, "under_way": 8} and len(bedrock.jobs) == 2
    assert "2 wait: more than day_records" in capsys.readouterr().err
    assert aws(kit, "take-back", str(kit / "left.jsonl")) == 0
    assert [json.loads(line)["key"] for line in (kit / "left.jsonl").read_text().splitlines()] == list("ijkl")
    assert counts(kit) == {"under_way": 8}


def test_requests_gather_while_enough_jobs_are_under_way(bedrock: Cloud, tmp_path: Path) -> None:
    kit = write_kit(tmp_path, "aws_bedrock", max_jobs=2)
    for key in "abcd":
        put(kit, key)
        assert aws(kit, "submit") == 0
    assert counts(kit) == {"waiting": 2, "under_way": 2}
    finish_bedrock(bedrock.jobs[0])
    assert aws(kit, "collect") == aws(kit, "submit") == 0
    assert counts(kit) == {"under_way": 3, "answered": 1} and len(bedrock.jobs) == 3


def test_bedrock_results_are_read_into_an_audit_at_batch_price(bedrock: Cloud, tmp_path: Path) -> None:
    kit = write_kit(tmp_path, "aws_bedrock")
    metadata = {"workload": "nightly digest", "enqueued_at": "2026-11-01T03:00:00+00:00"}
    line = {**json.loads(requests("a")), "metadata": metadata}
    (kit / "put.jsonl").write_text(json.dumps(line) + "\n")
    for words in (["put", str(kit / "put.jsonl")], ["submit"]):
        assert aws(kit, *words) == 0
    finish_bedrock(bedrock.jobs[0])
    assert aws(kit, "collect") == 0
    (results,) = (kit / "results").iterdir()
    with open_audit(None) as audit:
        ingest_paths(audit, [str(results)], mapping=kit / "results-mapping.toml")
        columns = "provider, raw_model, tags['workload'], is_batch, uncached_input_tokens, output_tokens"
        row = audit.connection.execute(f"select {columns} from requests").fetchall()
    assert row == [("aws_bedrock", HAIKU_ID, "nightly digest", True, 11, 7)]


def test_a_job_may_be_made_and_fetched_by_hand(bedrock: Cloud, tmp_path: Path, capsys: Any) -> None:
    kit = write_kit(tmp_path, "aws_bedrock")
    put(kit, "a")
    capsys.readouterr()
    assert aws(kit, "prepare") == 0
    name = capsys.readouterr().out.strip()
    boto3.client("bedrock").create_model_invocation_job(
        **json.loads((kit / f"jobs/{name}/definition.json").read_text())
    )
    assert aws(kit, "submit") == 0 and len(bedrock.jobs) == 1  # found by its name
    output = {"recordId": "R0000000001", "modelInput": {}, "modelOutput": message_for("a")}
    (kit / "input.jsonl.out").write_text(json.dumps(output) + "\n")
    assert aws(kit, "account", name, str(kit / "input.jsonl.out")) == 0
    assert aws(kit, "submit") == aws(kit, "collect") == 0 and counts(kit) == {"answered": 1}


def test_names_that_were_not_put_in_are_told_before_anything_is_sent(tmp_path: Path, capsys: Any) -> None:
    (kit, *_) = {path.parent for path in _written(tmp_path, "aws_bedrock") if path.name == "RUNBOOK.md"}
    put(kit, "a")
    assert aws(kit, "submit") == 1
    assert capsys.readouterr().err == "submit: definition.json still says REPLACE: put your own names there\n"
    assert counts(kit) == {"waiting": 1}


def test_a_broken_settings_file_is_told_in_one_line(tmp_path: Path, capsys: Any) -> None:
    for name in ("settings.json", "definition.json"):
        kit = write_kit(tmp_path / name, "gcp_vertex")
        put(kit, "a")
        (kit / name).write_text("{")
        assert main(kit, Vertex(kit), ["submit"]) == 1
        assert capsys.readouterr().err.startswith(f"submit: {name}: no JSON object: ")


# ---- Vertex


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


# ---- what both share


class Memory:
    """A service in memory that never makes the same job one, answers all, and fails as it is told by the text."""

    repeat_is_safe = False

    def __init__(self) -> None:
        self.jobs: dict[str, list[str]] = {}
        self.dies: Callable[[], None] = lambda: None

    def is_expected(self, error: Exception) -> bool:
        return False

    def record(self, record_id: str, body: dict[str, Any]) -> dict[str, Any]:
        return {"id": record_id, "text": body["messages"][0]["content"]}

    def definition(self, name: str, token: str, model_id: str) -> dict[str, Any]:
        return {"name": name, "model": model_id}

    def upload(self, path: Path, definition: dict[str, Any]) -> None:
        self.uploaded = path.read_text().splitlines()

    def find(self, name: str) -> str | None:
        return name if name in self.jobs else None

    def create(self, definition: dict[str, Any]) -> str:
        self.dies()
        if definition["name"] in self.jobs:
            raise Refused("twice")
        before = {json.loads(line)["text"] for lines in self.jobs.values() for line in lines}
        records = [json.loads(line) for line in self.uploaded]
        lines = [line | {"fails": line["text"] not in before} for line in records]
        self.jobs[definition["name"]] = [json.dumps(line) for line in lines]
        self.dies()
        return str(definition["name"])

    def state(self, job_id: str) -> State:
        return State("Completed", "whole", output=job_id)

    def lines(self, state: State) -> Iterator[str]:
        yield from self.jobs[state.output]

    def answer(self, line: dict[str, Any]) -> Answer:
        if line["text"] == "bad" or (line["text"] == "late" and line["fails"]):
            return Answer(line["id"], None, "an error", line["text"] == "late")
        return Answer(line["id"], message_for(line["text"]))


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

    assert ids(model=HAIKU) == {HAIKU: HAIKU_ID}
    assert ids(model=HAIKU, geography="global") == {HAIKU: f"global.{HAIKU_ID}"}
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
    # 300 requests in 30 days, twice the mean day = 20, but one job takes 100 at least
    settings = json.loads((tmp_path / "01-w" / "settings.json").read_text())
    assert (settings["day_records"], settings["min_records"], settings["deadline_s"]) == (100, 100, 7200)
