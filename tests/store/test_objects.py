"""Logs in an object store, against a small S3 on the loopback."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from s3_server import ACCESS_KEY, BUCKET, SECRET_KEY, Store, running_store

from analyzer.errors import UserError
from analyzer.store import objects
from analyzer.store.audit import Audit, open_audit
from analyzer.store.feed import Limits
from analyzer.store.ingest import ingest_paths
from analyzer.store.openings import open_path
from analyzer.store.paths import expand_paths


@pytest.fixture
def audit() -> Iterator[Audit]:
    with open_audit(None) as opened:
        yield opened


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Store]:
    """The store, its credentials in the environment, and no other place they could come from."""
    with running_store() as running:
        monkeypatch.setenv("AWS_ENDPOINT_URL", running.url)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
        for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
            monkeypatch.setenv(name, str(tmp_path / name))
        objects._client_at.cache_clear()
        yield running
        objects._client_at.cache_clear()


def lines(*numbers: int) -> bytes:
    calls = (
        {
            "started_at": f"2026-11-01T10:00:{number % 60:02}Z",
            "request_id": f"r{number}",
            "usage": {"input_tokens": 10, "output_tokens": 2},
        }
        for number in numbers
    )
    return "".join(json.dumps(call) + "\n" for call in calls).encode()


def url(key: str = "") -> str:
    return f"s3://{BUCKET}/{key}"


def test_objects_are_listed_over_many_pages_in_order_without_folders_and_hidden_ones(store: Store) -> None:
    names = [f"2026/{day:02}/log.jsonl" for day in range(1, 9)]
    store.objects = dict.fromkeys([*names, "2026/", "2026/.tmp/x.jsonl", "2026/01/.part", "2025/log.jsonl"], b"")
    assert expand_paths([url("2026/")]) == tuple(url(name) for name in names)


def test_a_key_that_is_there_means_that_object_alone(store: Store) -> None:
    store.objects = {"log.json": b"", "log.jsonl": b"", "logs/a": b""}
    assert expand_paths([url("log.json")]) == (url("log.json"),)
    assert expand_paths([url("log")]) == (url("log.json"), url("log.jsonl"), url("logs/a"))


def test_plain_and_packed_objects_are_read_and_known_again(store: Store, audit: Audit) -> None:
    store.objects = {
        "a/one.jsonl": lines(1, 2, 3),
        "a/two.jsonl.gz": gzip.compress(lines(3, 4)),
        "a/picture.png": b"\x89PNG",
        "a/ümlaut +%.jsonl": lines(5),
    }
    result = ingest_paths(audit, [url("a/")])
    assert (result.accepted, result.duplicates, len(result.files)) == (5, 1, 4)
    again = ingest_paths(audit, [url("a/")])
    assert (again.accepted, again.duplicates) == (0, 6)
    # the same bytes under another name are known by their content
    store.objects = {"b/copy.jsonl": lines(1, 2, 3)}
    assert ingest_paths(audit, [url("b/")]).files[0].remarks == (("the same content was read before", 1),)


def test_a_large_object_is_read_in_parts(store: Store, audit: Audit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objects, "PART_BYTES", 1000)
    data = lines(*range(50))
    store.objects = {"large.jsonl": data}
    assert ingest_paths(audit, [url("large.jsonl")]).accepted == 50
    parts = [asked for asked in store.asked if asked.startswith("large.jsonl bytes=")]
    assert parts == [f"large.jsonl bytes={start}-{start + 999}" for start in range(1000, len(data), 1000)]
    assert ingest_paths(audit, [url("large.jsonl")]).duplicates == 50
    assert audit.connection.execute("select distinct bytes from files").fetchall() == [(len(data),)]


def test_the_next_objects_are_fetched_while_one_is_read(store: Store, audit: Audit) -> None:
    """The store answers only when four are asked for at once; one after the other would wait for ever."""
    store.together = threading.Barrier(4)
    store.objects = {f"log-{number:02}.jsonl": lines(number) for number in range(20)}
    result = ingest_paths(audit, [url()])
    assert (result.accepted, [file.path for file in result.files]) == (20, [url(name) for name in store.objects])


def test_an_answer_that_breaks_off_is_asked_for_again(
    store: Store, audit: Audit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(objects, "PART_BYTES", 2000)
    store.objects = {"large.jsonl": lines(*range(50))}
    store.breaks = 2
    assert ingest_paths(audit, [url("large.jsonl")]).accepted == 50
    assert store.breaks == 0
    store.breaks = 9
    with pytest.raises(UserError, match="an answer that broke off 3 times"):
        ingest_paths(audit, [url("large.jsonl")])


def test_an_object_that_changes_while_it_is_read_is_told(
    store: Store, audit: Audit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(objects, "PART_BYTES", 1000)
    store.objects = {"large.jsonl": lines(*range(100))}
    opening = open_path(url("large.jsonl"), Limits(), audit)
    store.objects = {"large.jsonl": lines(*range(100, 200))}
    with pytest.raises(UserError, match="changed while it was read"):
        list(opening.chunks)


def test_parquet_is_read_and_no_copy_is_left(store: Store, audit: Audit, tmp_path: Path) -> None:
    source, temporary = tmp_path / "calls.jsonl", tmp_path / "temporary"
    source.write_bytes(lines(1, 2))
    duckdb.connect().execute(f"copy (from '{source}') to '{tmp_path}/calls.parquet' (format parquet)")
    store.objects = {"calls": (tmp_path / "calls.parquet").read_bytes()}
    temporary.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tempfile.tempdir", str(temporary))
        assert ingest_paths(audit, [url("calls")]).accepted == 2
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize(
    ("path", "told"),
    [
        (f"s3://{BUCKET}/nothing", "no object begins with this"),
        ("s3://another-bucket/x", "no such bucket"),
        (f"s3://{BUCKET}/closed/log.jsonl", "access denied"),
        ("s3:///x", "no bucket"),
    ],
)
def test_what_cannot_be_read_is_told_in_one_line(store: Store, audit: Audit, path: str, told: str) -> None:
    store.objects = {"closed/log.jsonl": lines(1)}
    with pytest.raises(UserError, match=told) as caught:
        ingest_paths(audit, [path])
    assert "\n" not in str(caught.value)


def test_missing_and_wrong_credentials_are_told(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAWRONG")
    with pytest.raises(UserError, match="an access key that the store does not know") as caught:
        expand_paths([url()])
    assert "AKIAWRONG" not in str(caught.value) and SECRET_KEY not in str(caught.value)
    objects._client_at.cache_clear()
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(UserError, match="no credentials"):
        expand_paths([url()])


def test_credentials_of_a_profile_count(store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    (tmp_path / "AWS_SHARED_CREDENTIALS_FILE").write_text(
        f"[client]\naws_access_key_id = {ACCESS_KEY}\naws_secret_access_key = {SECRET_KEY}\n"
    )
    monkeypatch.setenv("AWS_PROFILE", "client")
    store.objects = {"log.jsonl": b""}
    assert expand_paths([url("log")]) == (url("log.jsonl"),)


def test_a_store_that_does_not_answer_is_told(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    with pytest.raises(UserError, match="no answer from the store"):
        expand_paths([url()])


def test_the_command_line_takes_an_endpoint(store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    store.objects = {"log.jsonl": lines(1, 2)}
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    command = [sys.executable, "-m", "analyzer", "ingest", "--endpoint-url", store.url, url("log")]
    done = subprocess.run([*command, "--audit", str(tmp_path / "audit.duckdb")], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert url("log.jsonl") in done.stdout
    assert SECRET_KEY not in done.stdout + done.stderr


def test_the_missing_extra_is_named(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("boto3", "boto3.session", "botocore", "botocore.exceptions", "botocore.config"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(UserError, match=r"pip install 'whowaits\[s3\]'"):
        expand_paths([url()])
