"""The kit for Bedrock, run: S3 by moto, the job service on the loopback."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from kit_clouds import BEDROCK, BUCKET, REGION, Cloud, cloud, message_for
from kit_runs import HAIKU_ID, Bedrock, Edit, counts, keys_below, lines_below, main, put, requests, write_kit, written
from moto import mock_aws

from analyzer.store.audit import open_audit
from analyzer.store.ingest import ingest_paths


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
    (kit, *_) = {path.parent for path in written(tmp_path, "aws_bedrock") if path.name == "RUNBOOK.md"}
    put(kit, "a")
    assert aws(kit, "submit") == 1
    assert "settings.json still says REPLACE-PLACE: put your own" in capsys.readouterr().err
    (kit / "settings.json").write_text((kit / "settings.json").read_text().replace("REPLACE-PLACE", "us"))
    assert aws(kit, "submit") == 1
    told = "definition.json still says REPLACE-ACCOUNT, REPLACE-BUCKET, REPLACE-PLACE: put your own names there"
    assert told in capsys.readouterr().err and counts(kit) == {"waiting": 1}
