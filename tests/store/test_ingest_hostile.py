"""Broken, hostile and repeated input: every record is accounted for, nothing of a prompt is kept."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import os
import signal
import subprocess
import sys
import tarfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import zstandard

from analyzer.errors import UserError
from analyzer.store.audit import Audit, open_audit
from analyzer.store.feed import Limits, read_chunks
from analyzer.store.ingest import ingest_paths
from analyzer.store.ledger import FileResult
from analyzer.store.streams import raw_blocks

SENTINEL = "ZQX-prompt-text-7731"


@pytest.fixture
def audit() -> Iterator[Audit]:
    with open_audit(None) as opened:
        yield opened


def call(number: int, **more: object) -> str:
    record = {
        "started_at": f"2026-11-01T10:{number // 60 % 60:02}:{number % 60:02}Z",
        "response": {
            "id": f"msg_{number}",
            "model": "claude-haiku-4-5",
            "usage": {"input_tokens": 10, "output_tokens": 2},
        },
        **more,
    }
    return json.dumps(record)


def read(audit: Audit, path: Path, data: bytes, limits: Limits | None = None) -> FileResult:
    path.write_bytes(data)
    result = ingest_paths(audit, [str(path)], limits=limits).files[0]
    row = audit.connection.execute(
        "select lines, accepted + duplicates + rejected + context_lines from files where path = ?", [str(path)]
    ).fetchone()
    assert row is not None
    assert row[0] == row[1] == result.records
    return result


def test_a_torn_line_and_a_nul_are_refused_with_their_lines(audit: Audit, tmp_path: Path) -> None:
    data = f"{call(1)}\n\n{call(2)[:40]}\n{call(3)[:-1]}\0}}\n{call(4)}".encode()
    result = read(audit, tmp_path / "a.jsonl", data)
    assert result.accepted == 2
    assert [line for line, _ in result.rejects] == [3, 4]
    assert "NUL" in result.rejects[1][1]


def test_invalid_utf8_costs_one_line(audit: Audit, tmp_path: Path) -> None:
    data = f"{call(1)}\n".encode() + b'{"a":"\xff"}\n' + call(2).encode()
    result = read(audit, tmp_path / "a.jsonl", data)
    assert (result.accepted, [line for line, _ in result.rejects]) == (2, [2])


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_other_encodings_are_read(encoding: str, audit: Audit, tmp_path: Path) -> None:
    result = read(audit, tmp_path / "a.jsonl", f"{call(1)}\n{call(2)}\n".encode(encoding))
    assert (result.accepted, result.rejected) == (2, 0)


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.ZstdCompressor().compress], ids=["gz", "zst"])
def test_a_truncated_archive_gives_what_came_before_the_tear_and_one_reject(
    pack: object, audit: Audit, tmp_path: Path
) -> None:
    assert callable(pack)
    data = pack("".join(call(n, padding=f"{n * 7919 % 10007}" * 9) + "\n" for n in range(40_000)).encode())
    whole = read(audit, tmp_path / "whole", data)
    assert (whole.accepted, whole.rejected) == (40_000, 0)
    torn = read(audit, tmp_path / "torn", data[: len(data) // 2])
    assert 0 < torn.duplicates < 40_000
    assert torn.rejected == 1
    assert "cut off" in torn.rejects[0][1]


def test_a_line_over_the_limit_is_refused_with_its_size(audit: Audit, tmp_path: Path) -> None:
    long = call(2, padding="x" * 3_000_000)
    result = read(audit, tmp_path / "a.jsonl", f"{call(1)}\n{long}\n{call(3)}\n".encode(), Limits(1_000_000))
    assert result.accepted == 2
    assert result.rejects == ((2, f"a record of {len(long)} bytes, expected at most 1000000"),)


def test_an_open_quote_in_csv_costs_its_own_line(audit: Audit, tmp_path: Path) -> None:
    header = "request_id,call_type,spend,startTime,prompt_tokens,completion_tokens,metadata\n"
    rows = [f"r{n},acompletion,0,2026-11-01 10:00:00,1,1,{{}}\n" for n in range(4)]
    rows[1] = rows[1].replace("r1,", '"r1,')
    result = read(audit, tmp_path / "a.csv", (header + "".join(rows)).encode())
    assert result.accepted == 3
    assert result.rejects == ((3, "a quote left open or out of place"),)


def test_an_empty_file_is_named_and_not_an_error_beside_others(audit: Audit, tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").write_text("")
    (tmp_path / "notes.md").write_text("# notes")
    (tmp_path / "log.jsonl").write_text(call(1))
    files = ingest_paths(audit, [str(tmp_path)]).files
    assert [(Path(file.path).name, file.source) for file in files] == [
        ("empty.jsonl", None),
        ("log.jsonl", "whowaits_jsonl"),
        ("notes.md", None),
    ]


def test_when_no_file_is_understood_the_user_is_told(audit: Audit, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"hello": 1}')
    with pytest.raises(UserError, match="not understood: no log format matches"):
        ingest_paths(audit, [str(tmp_path)])


def test_a_file_of_two_formats_must_be_named(audit: Audit, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(call(1) + '\n{"sessionId": "s", "uuid": "u", "type": "user"}\n')
    with pytest.raises(UserError, match="claude_code and whowaits_jsonl"):
        ingest_paths(audit, [str(path)])
    assert ingest_paths(audit, [str(path)], format="whowaits_jsonl").accepted == 1


def test_overlapping_exports_count_each_call_once(audit: Audit, tmp_path: Path) -> None:
    first = read(audit, tmp_path / "a.jsonl", "\n".join(call(n) for n in range(10)).encode())
    second = read(audit, tmp_path / "b.jsonl", "\n".join(call(n) for n in range(5, 15)).encode())
    assert (first.accepted, second.accepted, second.duplicates) == (10, 5, 5)


def test_a_better_copy_replaces_the_one_the_audit_has(audit: Audit, tmp_path: Path) -> None:
    read(audit, tmp_path / "a.jsonl", call(1).encode())
    better = call(1).replace('"output_tokens": 2', '"output_tokens": 50')
    result = read(audit, tmp_path / "b.jsonl", better.encode())
    assert (result.accepted, result.duplicates) == (0, 1)
    assert audit.connection.execute("select output_tokens from requests").fetchall() == [(50,)]


def test_repeats_without_an_id_are_calls_in_one_file_and_duplicates_across_files(audit: Audit, tmp_path: Path) -> None:
    line = '{"started_at":"2026-11-01T10:00:00Z","model":"m","usage":{"input_tokens":1,"output_tokens":1}}\n'
    assert read(audit, tmp_path / "a.jsonl", (line * 3).encode()).accepted == 3
    second = read(audit, tmp_path / "b.jsonl", (line * 4).encode())
    assert (second.accepted, second.duplicates) == (1, 3)


def test_concatenated_pretty_documents_are_read_with_their_first_lines(audit: Audit, tmp_path: Path) -> None:
    documents = "\n".join(json.dumps(json.loads(call(n)), indent=2) for n in range(3))
    result = read(audit, tmp_path / "a.json", documents.encode())
    assert result.accepted == 3
    height = (documents.count("\n") + 1) // 3
    lines = audit.connection.execute("select line_no from requests order by line_no").fetchall()
    assert lines == [(1,), (1 + height,), (1 + 2 * height,)]


def test_parquet_rows_are_records(tmp_path: Path) -> None:
    import duckdb

    path = tmp_path / "a.parquet"
    duckdb.execute(f"copy (select range as n, 'x' as t from range(3)) to '{path}' (format parquet)")
    chunks = list(read_chunks(str(path), raw_blocks(str(path))))
    assert [json.loads(text) for chunk in chunks for text in chunk.texts] == [{"n": n, "t": "x"} for n in range(3)]


def test_no_prompt_text_reaches_the_audit(tmp_path: Path) -> None:
    request = {
        "system": SENTINEL,
        "tools": [{"name": "t", "description": SENTINEL}],
        "messages": [{"role": "user", "content": SENTINEL}],
    }
    lines = [
        call(1, request=request),
        call(2).replace('"output_tokens": 2', f'"output_tokens": "{SENTINEL}"'),
        call(3, request=request)[:-30],
        call(4, started_at=SENTINEL),
        call(5, model={"text": SENTINEL}, application=[SENTINEL], tags={"a": {"b": SENTINEL}}),
    ]
    log, database = tmp_path / "a.jsonl", tmp_path / "audit.duckdb"
    log.write_text("\n".join(lines))
    with open_audit(database) as audit:
        result = ingest_paths(audit, [str(log)])
        assert (result.accepted, result.rejected) == (2, 3)
        assert SENTINEL not in json.dumps(result.document())
    kept = [path for path in tmp_path.iterdir() if path != log]
    assert database in kept
    assert all(SENTINEL.encode() not in path.read_bytes() for path in kept)


def test_kill_in_the_middle_of_a_file_leaves_the_audit_as_before(tmp_path: Path) -> None:
    first, second, database = tmp_path / "a.jsonl", tmp_path / "b.jsonl", tmp_path / "audit.duckdb"
    first.write_text("\n".join(call(n) for n in range(10)))
    second.write_text("\n".join(call(n) for n in range(10, 60_000)))
    with open_audit(database) as audit:
        ingest_paths(audit, [str(first)])
    marker = tmp_path / "started"
    program = (
        "import sys, time\nfrom pathlib import Path\n"
        "from analyzer.store.audit import open_audit\nfrom analyzer.store.ingest import ingest_paths\n"
        "def progress(path, records, *sizes):\n    Path(sys.argv[3]).touch()\n    time.sleep(0.5)\n"
        "with open_audit(Path(sys.argv[1])) as audit:\n    ingest_paths(audit, [sys.argv[2]], progress=progress)\n"
    )
    child = subprocess.Popen([sys.executable, "-c", program, str(database), str(second), str(marker)])
    deadline = time.monotonic() + 60
    while not marker.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert marker.exists()  # it was in the middle of the file
    child.send_signal(signal.SIGKILL)
    assert child.wait(60) == -signal.SIGKILL
    with open_audit(database) as audit:
        assert audit.connection.execute("select count(*) from requests").fetchone() == (10,)
        assert audit.connection.execute("select count(*) from files").fetchone() == (1,)
        assert ingest_paths(audit, [str(second)]).accepted == 59_990


def test_a_record_that_breaks_the_sql_is_rejected_and_the_rest_goes_on(
    audit: Audit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    from analyzer.sources.formats import formats
    from analyzer.store import ingest

    source = formats()["whowaits_jsonl"]
    breaking = (
        "(select * replace (case when contains(text, 'boom') then error('no') else text end as text) from record)"
    )
    assert "from record\n" in source.projection
    broken = replace(source, projection=source.projection.replace("from record\n", f"from {breaking} record\n", 1))
    monkeypatch.setattr(ingest, "formats", lambda: {"whowaits_jsonl": broken})
    usage = {"input_tokens": 10, "output_tokens": 2}
    calls = [
        {"started_at": "2026-11-01T10:00:00Z", "request_id": f"r{n}", "usage": usage, "tags": {"a": "boom"[: n % 7]}}
        for n in range(8)
    ]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(call) + "\n" for call in calls))
    result = ingest_paths(audit, [str(tmp_path / "a.jsonl")], format="whowaits_jsonl").files[0]
    bad = [5, 6, 7]
    assert result.rejects == tuple((line, "a record that cannot be read (InvalidInputException)") for line in bad)
    assert result.accepted == 8 - len(bad)


def test_a_tag_that_stands_twice_keeps_its_first_value(audit: Audit, tmp_path: Path) -> None:
    row = {"request_id": "r", "call_type": "completion", "spend": 0, "startTime": "2026-11-01T10:00:00Z"}
    row |= {"prompt_tokens": 1, "completion_tokens": 1, "request_tags": '["job:a", "job:b"]'}
    (tmp_path / "a.json").write_text(json.dumps([row]))
    assert ingest_paths(audit, [str(tmp_path / "a.json")]).accepted == 1
    assert audit.connection.execute("select tags['job'] from requests").fetchall() == [("a",)]


def test_a_file_whose_name_is_no_utf8_is_read_and_named(audit: Audit, tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"bad\xff.jsonl")).write_text(call(1))
    (tmp_path / os.fsdecode(b"odd\xfe.json")).write_text('{"a": 1}')
    result = ingest_paths(audit, [str(tmp_path)])
    assert [Path(file.path).name for file in result.files] == ["bad\\xff.jsonl", "odd\\xfe.json"]
    assert result.accepted == 1
    assert ingest_paths(audit, [str(tmp_path)]).accepted == 0


@pytest.mark.parametrize("name", [b"[x].parquet", b"*.parquet", b"bad\xff.parquet", b"year=2020/a.parquet"])
def test_a_parquet_file_is_read_alone_whatever_its_name(audit: Audit, tmp_path: Path, name: bytes) -> None:
    import duckdb

    def written(numbers: tuple[int, int]) -> Path:
        log, made = tmp_path / "rows.jsonl", tmp_path / f"other{numbers[0]}.parquet"
        log.write_text("\n".join(map(call, numbers)))
        duckdb.execute(f"copy (select * from read_json('{log}')) to '{made}' (format parquet)")
        return made

    path = tmp_path / os.fsdecode(name)
    path.parent.mkdir(exist_ok=True)
    written((1, 2)).rename(path)
    written((3, 4))
    assert ingest_paths(audit, [str(path)]).accepted == 2
    assert audit.connection.execute("select request_id from requests order by all").fetchall() == [
        ("msg_1",),
        ("msg_2",),
    ]


def _archive(kind: str) -> bytes:
    packed = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("a.jsonl", call(1))
    else:
        with tarfile.open(fileobj=packed, mode=f"w:{kind.partition('.')[2]}") as archive:  # type: ignore[call-overload]
            info = tarfile.TarInfo("a.jsonl")
            info.size = len(call(1))
            archive.addfile(info, io.BytesIO(call(1).encode()))
    return packed.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("logs.json", _archive("zip")[:-30], "a zip archive or Excel workbook: unpack it, or save its sheet as CSV"),
        ("logs.zip", _archive("zip"), "a zip archive or Excel workbook: unpack it, or save its sheet as CSV"),
        ("logs.tar", _archive("tar"), "a tar archive: unpack it"),
        ("logs.tgz", _archive("tar.gz"), "a tar archive: unpack it"),
        ("logs.bz2", bz2.compress(call(1).encode()), "packed with bzip2: unpack it"),
        ("log.gz", gzip.compress(call(1).encode(), mtime=0)[:20], "the gzip file is cut off here"),
    ],
)
def test_an_archive_in_a_folder_is_named_with_what_to_do(
    audit: Audit, tmp_path: Path, name: str, data: bytes, reason: str
) -> None:
    (tmp_path / "a.jsonl").write_text(call(7))
    (tmp_path / name).write_bytes(data)
    result = ingest_paths(audit, [str(tmp_path)])
    assert result.accepted == 1
    assert [file.remarks for file in result.files if file.path.endswith(name)] == [((f"not understood: {reason}", 1),)]
