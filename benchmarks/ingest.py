"""Ingest beside a bare DuckDB read_json of the same file, in one run: `python benchmarks/ingest.py [REQUESTS]`."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

import duckdb

from analyzer.store.audit import open_audit
from analyzer.store.ingest import ingest_paths

_FILLER = "lorem ipsum dolor sit amet " * 20


def write_log(path: Path, requests: int) -> None:
    with path.open("w") as stream:
        for i in range(requests):
            record = {
                "started_at": f"2026-11-{1 + i % 28:02}T{i % 24:02}:{i % 60:02}:00Z",
                "duration_s": 1.5 + i % 7,
                "request": {
                    "model": "claude-haiku-4-5",
                    "max_tokens": 1024,
                    "system": _FILLER[: 100 + i % 5],
                    "messages": [{"role": "user", "content": f"{i} {_FILLER}"[:300]}],
                },
                "response": {
                    "id": f"msg_{i:012}",
                    "type": "message",
                    "model": "claude-haiku-4-5",
                    "usage": {"input_tokens": 100 + i % 900, "output_tokens": 10 + i % 90},
                },
                "tags": {"workload": f"job-{i % 14}"},
            }
            stream.write(json.dumps(record) + "\n")


def main() -> None:
    requests = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log.jsonl"
        write_log(log, requests)
        start = time.perf_counter()
        engine = duckdb.connect(str(Path(folder) / "bare.duckdb"))
        engine.execute("create table bare as select * from read_json($path)", {"path": str(log)})
        engine.close()
        bare_s = time.perf_counter() - start
        start = time.perf_counter()
        with open_audit(Path(folder) / "audit.duckdb") as audit:
            result = ingest_paths(audit, [str(log)])
        ingest_s = time.perf_counter() - start
        assert result.accepted == requests
        size_mb = log.stat().st_size / 1e6
    print("| reading | requests | MB | s | MB/s | ratio |\n|---|---|---|---|---|---|")
    for name, seconds in (("bare read_json, auto-detected", bare_s), ("whowaits ingest", ingest_s)):
        rate, ratio = size_mb / seconds, seconds / bare_s
        print(f"| {name} | {requests:,} | {size_mb:.0f} | {seconds:.1f} | {rate:.0f} | {ratio:.1f} |")


if __name__ == "__main__":
    main()
