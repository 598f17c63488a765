"""All the ways a log reaches the audit: standard input, globs, folders, archives, twice, strictly, killed."""

from __future__ import annotations

import io
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import zstandard

from analyzer.errors import UserError
from analyzer.store.audit import Audit, open_audit
from analyzer.store.ingest import ingest_paths


@pytest.fixture
def audit() -> Iterator[Audit]:
    with open_audit(None) as opened:
        yield opened


def call(number: int) -> str:
    usage = {"input_tokens": 10, "output_tokens": 2}
    return json.dumps({"started_at": f"2026-11-01T10:00:{number:02}Z", "request_id": f"r{number}", "usage": usage})


def lines(*numbers: int) -> str:
    return "".join(call(number) + "\n" for number in numbers)


def ids(audit: Audit) -> list[str]:
    rows = audit.connection.execute("select request_id from requests order by request_id").fetchall()
    return [str(row[0]) for row in rows]


def test_strict_stops_at_the_first_bad_record_and_keeps_the_files_before(audit: Audit, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(lines(1))
    (tmp_path / "b.jsonl").write_text(lines(2) + '{"torn": \n' + lines(3))
    (tmp_path / "c.jsonl").write_text(lines(4))
    with pytest.raises(UserError, match=r"b\.jsonl, line 2"):
        ingest_paths(audit, [str(tmp_path)], strict=True)
    assert "r1" in ids(audit)
    assert "r4" not in ids(audit)


def test_strict_stops_at_a_file_that_is_no_log(audit: Audit, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"hello": 1}')
    (tmp_path / "b.jsonl").write_text(lines(1))
    with pytest.raises(UserError, match=r"a\.json.*not understood"):
        ingest_paths(audit, [str(tmp_path)], strict=True)
    assert ids(audit) == []


def test_standard_input_is_read_and_known_the_second_time(audit: Audit, monkeypatch: pytest.MonkeyPatch) -> None:
    counts = []
    for _ in range(2):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(lines(1, 2).encode())))
        result = ingest_paths(audit, ["-"])
        counts.append((result.accepted, result.duplicates))
    assert counts == [(2, 0), (0, 2)]
    assert audit.connection.execute("select path, lines from files").fetchall() == [("-", 2)]


def test_globs_folders_and_a_zst_name_each_file_once(audit: Audit, tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / ".hidden").mkdir()
    (tmp_path / "a.jsonl").write_text(lines(1))
    packed = zstandard.ZstdCompressor().compress(lines(2, 3).encode())
    (tmp_path / "deep" / "b.jsonl.zst").write_bytes(packed)
    (tmp_path / ".hidden" / "c.jsonl").write_text(lines(4))
    result = ingest_paths(audit, [str(tmp_path / "*.jsonl"), str(tmp_path), str(tmp_path / "**" / "*.zst")])
    assert [(Path(file.path).name, file.accepted) for file in result.files] == [("a.jsonl", 1), ("b.jsonl.zst", 2)]
    assert ids(audit) == ["r1", "r2", "r3"]


def test_a_glob_without_a_match_is_told(audit: Audit, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such file or folder"):
        ingest_paths(audit, [str(tmp_path / "*.jsonl")])


def test_the_same_content_under_another_name_adds_nothing(audit: Audit, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(lines(1, 2))
    (tmp_path / "b.jsonl").write_text(lines(1, 2))
    first, second = ingest_paths(audit, [str(tmp_path)]).files
    assert (first.accepted, first.duplicates) == (2, 0)
    assert (second.accepted, second.duplicates) == (0, 2)
    assert ids(audit) == ["r1", "r2"]


def test_a_call_in_both_litellm_shapes_is_counted_once(audit: Audit, tmp_path: Path) -> None:
    """1000 prompt tokens of which 600 were read from the cache: 400 uncached, whichever shape comes first."""
    usage = {"cache_read_input_tokens": 600}
    both = {
        "call_type": "acompletion",
        "status": "success",
        "prompt_tokens": 1000,
        "completion_tokens": 50,
        "startTime": "2026-11-01 10:00:00",
        "endTime": "2026-11-01 10:00:05",
        "completionStartTime": "2026-11-01 10:00:01",
        "model": "claude-sonnet-4-6",
        "custom_llm_provider": "anthropic",
        "metadata": {"usage_object": usage, "additional_usage_values": usage},
    }
    row = {**both, "request_id": "chatcmpl-1", "spend": 0.01}
    example = json.loads((Path(__file__).parents[1] / "sources/litellm_standard_logging/input.json").read_text())[0]
    payload = {**example, **both, "response": {"usage": usage}}
    assert payload["id"] == "chatcmpl-1"
    (tmp_path / "a.jsonl").write_text(json.dumps(row) + "\n")
    (tmp_path / "b.jsonl").write_text(json.dumps(payload) + "\n")
    files = ingest_paths(audit, [str(tmp_path)]).files
    assert [file.source for file in files] == ["litellm_spend_logs", "litellm_standard_logging"]
    assert [(file.accepted, file.duplicates) for file in files] == [(1, 0), (0, 1)]
    kept = "select uncached_input_tokens, cache_read_tokens, output_tokens from requests"
    assert audit.connection.execute(kept).fetchall() == [(400, 600, 50)]


def test_the_wrapper_keeps_writes_for_an_hour_apart(audit: Audit, tmp_path: Path) -> None:
    """700 written: 500 for an hour, so 200 for five minutes; without a split all are for five minutes."""
    split = {"ephemeral_5m_input_tokens": 200, "ephemeral_1h_input_tokens": 500}
    usage = {"input_tokens": 10, "output_tokens": 2, "cache_creation_input_tokens": 700}
    records = [
        {"started_at": "2026-11-01T10:00:00Z", "request_id": "a", "usage": {**usage, "cache_creation": split}},
        {"started_at": "2026-11-01T10:00:01Z", "request_id": "b", "usage": usage},
    ]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, records)))
    ingest_paths(audit, [str(tmp_path)])
    rows = audit.connection.execute(
        "select uncached_input_tokens, cache_write_5m_tokens, cache_write_1h_tokens from requests order by request_id"
    ).fetchall()
    assert rows == [(10, 200, 500), (10, 700, 0)]


def test_small_files_are_kept_when_the_reading_of_a_large_one_after_them_is_stopped(
    audit: Audit, tmp_path: Path
) -> None:
    (tmp_path / "a.jsonl").write_text(lines(1))
    (tmp_path / "b.jsonl").write_text(lines(2) + " " * 5_000_000 + "\n" + lines(3))

    def stop(path: str, *figures: int) -> None:
        if path.endswith("b.jsonl"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ingest_paths(audit, [str(tmp_path)], progress=stop)
    assert ids(audit) == ["r1"]
    assert ingest_paths(audit, [str(tmp_path)]).accepted == 2


def test_a_time_given_later_mends_the_calls_that_had_none_and_counts_the_others_once(
    audit: Audit, tmp_path: Path
) -> None:
    usage = {"input_tokens": 5, "output_tokens": 1}
    records = [json.loads(call(1)), {"request_id": "x", "usage": usage}, {"started_at": "soon", "usage": usage}]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, records)))
    first = ingest_paths(audit, [str(tmp_path)], format="whowaits_jsonl")
    assert (first.accepted, first.rejected) == (1, 2)
    for accepted, duplicates in ((1, 1), (0, 2)):
        again = ingest_paths(audit, [str(tmp_path)], format="whowaits_jsonl", assumed_us=1_793_527_200_000_000)
        assert (again.accepted, again.duplicates, again.rejected) == (accepted, duplicates, 1)
    assert ids(audit) == ["r1", "x"]
    rows = audit.connection.execute("select sum(rejected), sum(lines), count(*) from files").fetchall()
    assert rows == [(1, 4, 2)]
    assert audit.connection.execute("select line_no from rejects").fetchall() == [(3,)]


def test_a_file_of_two_formats_is_read_once_with_each_and_then_known_in_both(audit: Audit, tmp_path: Path) -> None:
    bedrock = {
        "schemaType": "ModelInvocationLog",
        "requestId": "r9",
        "modelId": "anthropic.claude-haiku-4-5",
        "input": {},
    }
    bedrock |= {"timestamp": "2026-11-01T10:00:00Z"}
    counts = {"input": {"inputTokenCount": 9}, "output": {"outputTokenCount": 1}}
    (tmp_path / "a.jsonl").write_text(lines(1) + json.dumps({**bedrock, **counts}))
    with pytest.raises(UserError, match=r"looks like bedrock_invocation_log and whowaits_jsonl: .*once with each"):
        ingest_paths(audit, [str(tmp_path)])
    names = ("bedrock_invocation_log", "whowaits_jsonl")
    assert [ingest_paths(audit, [str(tmp_path)], format=name).accepted for name in names] == [1, 1]
    again = [ingest_paths(audit, [str(tmp_path)], format=name).files[0] for name in names]
    assert [(file.source, file.remarks[0][0]) for file in again] == [
        (name, "the same content was read before") for name in names
    ]


_KILLED_BEFORE_COMMIT = """
import os, signal, sys
from pathlib import Path
from analyzer.store import projecting
from analyzer.store.audit import open_audit
from analyzer.store.ingest import ingest_paths

written = projecting.Projection.write_rows

def write_and_die(self):
    written(self)
    os.kill(os.getpid(), signal.SIGKILL)

projecting.Projection.write_rows = write_and_die
with open_audit(Path(sys.argv[1])) as audit:
    ingest_paths(audit, [sys.argv[2]])
"""


def test_kill_between_the_writing_and_the_commit_leaves_nothing_of_the_file(tmp_path: Path) -> None:
    log, database = tmp_path / "a.jsonl", tmp_path / "audit.duckdb"
    log.write_text(lines(1, 2))
    child = subprocess.run([sys.executable, "-c", _KILLED_BEFORE_COMMIT, str(database), str(log)], check=False)
    assert child.returncode == -signal.SIGKILL
    with open_audit(database) as audit:
        for table in ("requests", "files", "rejects", "remarks"):
            assert audit.connection.execute(f"select count(*) from {table}").fetchone() == (0,)
        assert ingest_paths(audit, [str(log)]).accepted == 2


def test_images_are_known_by_digest_and_size_and_count_as_no_characters(audit: Audit, tmp_path: Path) -> None:
    def message(data: str) -> dict[str, object]:
        source = {"type": "base64", "media_type": "image/png", "data": data}
        return {"role": "user", "content": [{"type": "image", "source": source}]}

    def one(number: int, *images: str) -> str:
        answer = {"id": f"msg_{number}", "usage": {"input_tokens": 10, "output_tokens": 2}}
        request = {"model": "m", "messages": [message(data) for data in images]}
        return json.dumps({"started_at": "2026-11-01T10:00:00Z", "request": request, "response": answer}) + "\n"

    (tmp_path / "a.jsonl").write_text(one(1, "A" * 100, "B" * 40) + one(2, "A" * 100) + one(3))
    ingest_paths(audit, [str(tmp_path / "a.jsonl")])
    query = "select media_hashes, media_bytes, boundary_chars from requests order by request_id"
    (first, sizes, chars), (second, _, _), (none, _, _) = audit.connection.execute(query).fetchall()
    assert sizes == [100, 40]
    assert first[0] == second[0]
    assert first[0] != first[1]
    assert none is None
    # Both messages are as long as each other once the base64 is out.
    assert chars[1] == 2 * chars[0]
