"""Bedrock's and Vertex' batch services through a folder: the runner writes batches into it and reads answers out of it.

`round.sh` in the folder, run by cron, carries them to the cloud and back with the cloud's own command line. So the
runner needs no SDK and no credentials of a cloud, and an in-between crash on either side is repaired by the next round.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from analyzer.batch.body import parts_of
from analyzer.batch.clouds import ENDS, Ended, id_of, job_definition, line_of, result_of
from analyzer.batch.job import Cloud
from analyzer.batch.provider import Body, RefusedError, RemoteBatch, Result
from analyzer.batch.sinks.jsonl import sync_folder

_NAME = re.compile(r"w[0-9a-f]{32}")
_ROUNDS = Path(__file__).parent / "rounds"


class FilesApi:
    """A Provider. A batch is a folder `w…` with `input.jsonl` and `job.json`; `ended.json` and `output/` come back."""

    def __init__(self, cloud: Cloud, clock: Callable[[], float] = time.time) -> None:
        self._cloud, self._folder, self._clock = cloud, cloud.folder, clock

    def create(self, body: Body) -> RemoteBatch:
        """Write the folder of a batch; it is there as a whole, by a rename, or not at all."""
        requests = iter(body.requests)
        first = next(requests)
        parts = parts_of(first[0])
        assert parts is not None
        half = self._folder / f".{parts[0]}.half"
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            half.mkdir(mode=0o700)
            self._write_round()
            items = self._write_input(half / "input.jsonl", chain([first], requests))
            _write(half / "job.json", json.dumps(job_definition(self._cloud, parts[0]), indent=2) + "\n")
            told = {"items": items, "created_us": int(self._clock() * 1_000_000)}
            _write(half / "batch.json", json.dumps(told) + "\n")
            half.rename(self._folder / parts[0])
        except OSError as error:
            shutil.rmtree(half, ignore_errors=True)
            raise RefusedError(f"{self._folder} cannot be written ({error.strerror})", is_lasting=False) from None
        sync_folder(self._folder)
        return self.retrieve(parts[0])

    def _write_input(self, path: Path, requests: Iterable[tuple[str, str]]) -> int:
        count = 0
        path.touch(0o600)
        with path.open("w", encoding="utf-8") as file:
            for custom_id, params in requests:
                file.write(line_of(self._cloud, custom_id, params) + "\n")
                count += 1
            file.flush()
            os.fsync(file.fileno())
        return count

    def _write_round(self) -> None:
        text = (_ROUNDS / f"{self._cloud.kind}.sh").read_text(encoding="utf-8")
        for name in ("bucket", "project", "location"):
            text = text.replace(f"@{name}@", shlex.quote(getattr(self._cloud, name)))
        path = self._folder / "round.sh"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            half = self._folder / ".round.half"
            _write(half, text)
            half.chmod(0o700)
            half.rename(path)

    def retrieve(self, batch_id: str) -> RemoteBatch:
        """The batch as its folder tells it."""
        folder = self._place(batch_id)
        told, ended = _read(folder / "batch.json"), folder / "ended.json"
        is_ended = ended.exists()
        return RemoteBatch(
            batch_id,
            "ended" if is_ended else "canceling" if (folder / "cancel").exists() else "in_progress",
            int(told["items"]),
            int(told["created_us"]),
            ended.stat().st_mtime_ns // 1000 if is_ended else None,
            token=batch_id,
        )

    def batches(self) -> Iterator[RemoteBatch]:
        """All folders, newest first."""
        names = [path.name for path in self._folder.glob("w*") if _NAME.fullmatch(path.name)]
        yield from sorted(map(self.retrieve, names), key=lambda each: -each.created_us)

    def results(self, batch_id: str) -> Iterator[Result]:
        """The lines of the output, then what the end of the job says of items without one."""
        folder = self._place(batch_id)
        end = ENDS.get(str(_read(folder / "ended.json").get("status")), Ended(""))
        seen = set()
        pattern = "*.jsonl.out" if self._cloud.kind == "bedrock" else "*.jsonl"
        for path in sorted((folder / "output").rglob(pattern)):
            with path.open("rb") as file:
                for line in file:
                    result = result_of(line)
                    seen.add(result.custom_id)
                    yield result
        if not end.without_result:
            return
        with (folder / "input.jsonl").open("rb") as file:
            for name in (id_of(json.loads(line)) for line in file):
                if name not in seen:
                    yield Result(name, end.without_result, None, "api_error", end.message)

    def cancel(self, batch_id: str) -> RemoteBatch:
        """Leave word for the next round."""
        (self._place(batch_id) / "cancel").touch()
        return self.retrieve(batch_id)

    def answer(self, params: str) -> dict[str, Any]:
        """Never: a folder answers nobody at once."""
        raise RefusedError("no synchronous calls through a folder", is_lasting=True)

    def count_tokens(self, params: dict[str, Any]) -> int:
        """Never, likewise."""
        raise RefusedError("no counting of tokens through a folder", is_lasting=True)

    def _place(self, batch_id: str) -> Path:
        folder = self._folder / batch_id
        if not _NAME.fullmatch(batch_id) or not folder.is_dir():
            raise RefusedError(f"no folder {batch_id[:40]} in {self._folder}", is_lasting=True, is_about_item=True)
        return folder


def _read(path: Path) -> dict[str, Any]:
    found = json.loads(path.read_text(encoding="utf-8"))
    return found if isinstance(found, dict) else {}


def _write(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
