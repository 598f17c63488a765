"""Requests become jobs of a cloud's batch service, and every one is accounted for. Python 3.11, no package.

All state is files here, each put in its place by a rename: a round may be stopped at any moment, and repeated.

  waiting/             requests that are in no job yet
  jobs/NAME/           a job: definition.json, input.jsonl, keys.jsonl, requests.jsonl; then intent.json (about to be
                       created), created.json (the service has it), done.json (accounted for)
  results/NAME.jsonl   answers: {"key", "job", "metadata", "model", "is_batch", "message"}
  dead/NAME.jsonl      requests without an answer, each with its reason; delete the file to give them up

The same key is one request for ever: a second one is dropped. What differs between clouds is in bedrock_batch.py and
vertex_batch.py.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import json
import re
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any

from batch_service import Answer, Refused, Service, State
from batch_waiting import Item, Problem, Waiting, keep, line_of, lines_in, read, written

DONE, PROBLEM, PERSON = 0, 1, 3
FRAME_BYTES = 200
NOT_SENT = ("model", "stream", "anthropic_version", "metadata", "service_tier", "inference_geo")
COUNTS = ("answered", "again", "dead", "duplicate", "strange")


class Jobs:
    """The jobs of one kit. `settings`: settings.json."""

    def __init__(self, folder: Path, service: Service) -> None:
        self.folder, self.service = folder, service
        self.settings = read(folder / "settings.json")
        self.waiting = Waiting(folder / "waiting", self.settings["models"])
        for name in ("jobs", "results", "dead"):
            (folder / name).mkdir(mode=0o700, exist_ok=True)

    def prepare(self) -> list[str]:
        """Make jobs of what waits, within the limits; what is too little for one, or too much for a day, waits on."""
        for name in ("settings.json", "definition.json"):
            if left_out := sorted(set(re.findall(r"REPLACE[A-Z-]*", (self.folder / name).read_text(encoding="utf-8")))):
                raise Problem(f"{name} still says {', '.join(left_out)}: put your own names there, see the runbook")
        today = sum(count(job / "keys.jsonl") for job in self.all() if was_today(job / "keys.jsonl"))
        taken = self.waiting.files()
        items = self.waiting.items(taken, self._sent())
        left: list[Item] = []
        names: list[str] = []
        under_way = sum(not (job / "done.json").exists() for job in self.all())
        for chunk in self._chunks(items):
            room = max(self.settings["day_records"] - today, 0)
            if len(chunk) > room:
                print(f"{len(chunk) - room} wait: more than day_records of settings.json", file=sys.stderr)
                left += chunk[room:]
                chunk = chunk[:room]
            if len(chunk) < self.settings["min_records"] or under_way + len(names) >= self.settings["max_jobs"]:
                left += chunk
            else:
                names.append(self._write_job(chunk))
                today += len(chunk)
        if names:
            self.waiting.add(f"left-{names[0]}", (item.request() for item in left))
            for path in taken:
                path.unlink()
        return names

    def submit(self, *, assume_absent: bool = False) -> int:
        """Create every job that the service does not have yet; PERSON when one is in doubt."""
        self.prepare()
        new = [job for job in self.all() if not any((job / f"{name}.json").exists() for name in ("created", "done"))]
        return self._one_by_one(new, lambda job: self._create(job, assume_absent))

    def collect(self) -> int:
        """Account for every job that has ended; PERSON when a request is dead or late."""
        sent = [job for job in self.all() if (job / "created.json").exists() and not (job / "done.json").exists()]
        worst, status = self._one_by_one(sent, self._collect), self.status()
        return PERSON if status["dead"] or status["overdue"] else worst

    def account(self, job: Path, state: State, lines: Iterable[str]) -> None:
        """Every record becomes an answer, a request that waits again, or a dead one. What is odd is counted."""
        keys = {entry["id"]: entry for entry in lines_in(job / "keys.jsonl")}
        definition, counts = read(job / "definition.json"), Counter[str]()
        model = definition.get("modelId") or definition["model"]
        seen: dict[str, Answer] = {}
        with written(self.folder / "results" / f"{job.name}.jsonl") as file:
            for answer in map(self._answer, lines):
                if answer is None or answer.record_id not in keys:
                    counts["strange"] += 1
                elif answer.record_id in seen:
                    counts["duplicate"] += 1  # the first one stands
                else:
                    seen[answer.record_id] = answer._replace(message=None if answer.message is None else {})
                    if answer.message is not None:
                        entry = keys[answer.record_id]
                        told = {"key": entry["key"], "job": job.name, "metadata": entry["metadata"], "model": model}
                        file.write(line_of({**told, "is_batch": True, "message": answer.message}))
                        counts["answered"] += 1
        counts.update(self._unanswered(job, state, seen))
        report = {"status": state.status, "records": len(keys)} | {name: counts[name] for name in COUNTS}
        with written(job / "done.json") as file:
            file.write(line_of(report))
        for name in ("input.jsonl", "requests.jsonl"):
            (job / name).unlink(missing_ok=True)
        print(f"{job.name}: " + ", ".join(f"{name} {value}" for name, value in report.items()))

    def retry(self) -> int:
        """Let what is dead wait again; how many requests."""
        number = 0
        for path in sorted((self.folder / "dead").glob("*.jsonl")):
            entries = ({**entry, "attempt": entry["attempt"] + 1} for entry in lines_in(path))
            requests = ({name: value for name, value in entry.items() if name != "reason"} for entry in entries)
            number += self.waiting.add(f"retry-{path.stem}", requests)
            path.unlink()
        return number

    def take_back(self, path: Path) -> int:
        """Move what waits into a file, for whoever sends it otherwise; how many requests."""
        taken = self.waiting.files()
        items = self.waiting.items(taken, self._sent())
        with written(path) as file:
            file.writelines(line_of(item.request()) for item in items)
        for waiting in taken:
            waiting.unlink()
        return len(items)

    def status(self) -> dict[str, int]:
        """How many requests are where; `overdue` are waiting or under way and past their deadline."""
        found = dict.fromkeys(("waiting", "prepared", "in_doubt", "under_way", *COUNTS, "overdue"), 0)
        items = self.waiting.items(self.waiting.files(), self._sent())
        found["waiting"] = len(items)
        pending: list[Iterable[dict[str, Any]]] = [(item.request() for item in items)]
        for job in self.all():
            if (job / "done.json").exists():
                done = read(job / "done.json")
                found |= {name: found[name] + done[name] for name in COUNTS}
                continue
            created, intended = (job / "created.json").exists(), (job / "intent.json").exists()
            found["under_way" if created else "in_doubt" if intended else "prepared"] += count(job / "keys.jsonl")
            pending.append(lines_in(job / "keys.jsonl"))
        found["dead"] = sum(count(path) for path in (self.folder / "dead").glob("*.jsonl"))
        found["overdue"] = sum(self._is_late(entry["put_at"]) for entry in chain(*pending))
        return found

    def all(self) -> list[Path]:
        """The folders of all jobs."""
        return sorted(path.parent for path in (self.folder / "jobs").glob("[!.]*/definition.json"))

    def _one_by_one(self, jobs: Iterable[Path], step: Callable[[Path], int]) -> int:
        """What goes wrong with one job does not keep the others."""
        worst = DONE
        for job in jobs:
            try:
                worst = max(worst, step(job))
            except Exception as error:
                if not is_told(error, self.service):
                    raise
                print(f"{job.name}: {error}", file=sys.stderr)
                worst = max(worst, PROBLEM)
        return worst

    def _collect(self, job: Path) -> int:
        state = self.service.state(read(job / "created.json")["id"])
        if state.ended:
            self.account(job, state, self._lines(state))
        else:
            print(f"{job.name}: {state.status}")
        return DONE

    def _lines(self, state: State) -> Iterator[str]:
        """The output; a failed job may have some, or none that can be read."""
        try:
            yield from self.service.lines(state)
        except Exception as error:
            if state.ended != "failed" or not is_told(error, self.service):
                raise

    def _sent(self) -> dict[str, int]:
        sent: dict[str, int] = {}
        for entry in chain.from_iterable(lines_in(job / "keys.jsonl") for job in self.all()):
            sent[entry["key"]] = max(entry["attempt"], sent.get(entry["key"], 0))
        return sent

    def _chunks(self, items: list[Item]) -> Iterator[list[Item]]:
        """A job has one model, and keeps to the most records and bytes."""
        for model in sorted({item.model for item in items}):
            chunk: list[Item] = []
            size = 0
            for item in (item for item in items if item.model == model):
                size += item.size + FRAME_BYTES
                if chunk and (len(chunk) == self.settings["max_records"] or size > self.settings["max_bytes"]):
                    yield chunk
                    chunk, size = [], item.size + FRAME_BYTES
                chunk.append(item)
            yield chunk

    def _write_job(self, chunk: list[Item]) -> str:
        """A job's name follows from what it holds: the same requests make the same job. Ids carry no word of yours."""
        draft = self.folder / "jobs" / ".draft"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir()
        digest, files = hashlib.sha256(chunk[0].model.encode()), ("input", "keys", "requests")
        records, keys, requests = (written(draft / f"{name}.jsonl") for name in files)
        with records as records_file, keys as keys_file, requests as requests_file:
            for number, item in enumerate(chunk, 1):
                request, record_id = item.request(), f"R{number:010d}"
                body = {name: value for name, value in request["params"].items() if name not in NOT_SENT}
                line = line_of(self.service.record(record_id, body))
                digest.update(f"{line}{item.key} {item.attempt}\n".encode())
                records_file.write(line)
                requests_file.write(line_of(request))
                keys_file.write(line_of({"id": record_id} | {k: v for k, v in request.items() if k != "params"}))
        name = f"{self.settings['job']}-{digest.hexdigest()[:12]}"
        with written(draft / "definition.json") as file:
            definition = self.service.definition(name, digest.hexdigest(), chunk[0].model)
            file.write(json.dumps(definition, indent=2) + "\n")
        draft.rename(draft.with_name(name))
        keep(draft.parent)
        return name

    def _create(self, job: Path, assume_absent: bool) -> int:
        definition, intent = read(job / "definition.json"), job / "intent.json"
        found = self.service.find(job.name)
        if found is None and intent.exists() and not (self.service.repeat_is_safe or assume_absent):
            print(f"{job.name}: in doubt since {read(intent)['at']}, and not listed; see the runbook", file=sys.stderr)
            return PERSON
        if found is None:
            self.service.upload(job / "input.jsonl", definition)
            with written(intent) as file:
                file.write(line_of({"at": datetime.now(UTC).isoformat()}))
            try:
                found = self.service.create(definition)
            except Refused as refusal:
                intent.unlink()
                raise Problem(str(refusal)) from None
        with written(job / "created.json") as file:
            file.write(line_of({"id": found}))
        print(f"{job.name}: {count(job / 'keys.jsonl')} records sent")
        return DONE

    def _answer(self, line: str) -> Answer | None:
        try:
            return self.service.answer(json.loads(line))
        except (ValueError, KeyError, TypeError, AttributeError):
            return None

    def _unanswered(self, job: Path, state: State, seen: Mapping[str, Answer]) -> dict[str, int]:
        """What may pass waits again, until its last attempt; the rest is dead."""
        again = (
            {**request, "attempt": request["attempt"] + 1}
            for request, answer in self._errors(job, state, seen)
            if self._goes_again(request, answer)
        )
        number, dead = self.waiting.add(f"again-{job.name}", again), self.folder / "dead" / f"{job.name}.jsonl"
        with written(dead) as file:
            for request, answer in self._errors(job, state, seen):
                if not self._goes_again(request, answer):
                    file.write(line_of({**request, "reason": answer.error}))
        found = {"again": number, "dead": count(dead)}
        if not found["dead"]:
            dead.unlink()
        return found

    def _errors(self, job: Path, state: State, seen: Mapping[str, Answer]) -> Iterator[tuple[dict[str, Any], Answer]]:
        """Each request of the job that has no message, and why."""
        told = f"the job ended as {state.status}: {state.message}"
        missing = Answer("", None, told, passes=state.ended == "part")
        if state.ended == "whole":
            missing = Answer("", None, "in no output; it may have been billed")
        for entry, request in zip(lines_in(job / "keys.jsonl"), lines_in(job / "requests.jsonl"), strict=True):
            answer = seen.get(entry["id"], missing)
            if answer.message is None:
                yield request, answer

    def _goes_again(self, request: dict[str, Any], answer: Answer) -> bool:
        return answer.passes and bool(request["attempt"] < self.settings["max_attempts"])

    def _is_late(self, put_at: str) -> bool:
        deadline_s = self.settings["deadline_s"]
        return bool(deadline_s) and (datetime.now(UTC) - datetime.fromisoformat(put_at)).total_seconds() > deadline_s


def is_told(error: Exception, service: Service) -> bool:
    """An error to tell in one line; any other one is a bug."""
    return isinstance(error, (Problem, OSError)) or service.is_expected(error)


def count(path: Path) -> int:
    """Its lines."""
    with path.open("rb") as file:
        return sum(1 for _ in file)


def was_today(path: Path) -> bool:
    """Written on this UTC day."""
    return datetime.fromtimestamp(path.stat().st_mtime, UTC).date() == datetime.now(UTC).date()


def main(folder: Path, service: Service, words: list[str] | None = None) -> int:
    """The command line of bedrock_batch.py and vertex_batch.py."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    steps = parser.add_subparsers(dest="step", required=True)
    steps.add_parser("put", help="put requests down").add_argument("file", help="JSON lines; - = standard input")
    steps.add_parser("prepare", help="make jobs of what waits, without sending them")
    submit = steps.add_parser("submit", help="make jobs of what waits, and send them")
    submit.add_argument("--assume-absent", action="store_true", help="create jobs in doubt again, because you are sure")
    steps.add_parser("collect", help="account for the jobs that have ended")
    steps.add_parser("status", help="how many requests are where, as JSON")
    steps.add_parser("retry", help="let what is dead wait again")
    steps.add_parser("take-back", help="move what waits into a file").add_argument("file")
    account = steps.add_parser("account", help="account for a completed job whose output you fetched yourself")
    account.add_argument("job", help="the job's name")
    account.add_argument("file", help="its output")
    asked = parser.parse_args(words)
    try:
        with (folder / ".lock").open("w") as lock:
            if asked.step != "put":  # putting down needs no turn
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return _step(Jobs(folder, service), asked)
    except BlockingIOError:
        print("another round is at work; nothing done")
        return DONE
    except Exception as error:
        if not is_told(error, service):
            raise
        print(f"{asked.step}: {error}", file=sys.stderr)
        return PROBLEM


def _step(jobs: Jobs, asked: argparse.Namespace) -> int:
    if asked.step == "submit":
        return jobs.submit(assume_absent=asked.assume_absent)
    if asked.step == "collect":
        return jobs.collect()
    if asked.step == "status":
        status = jobs.status()
        print(json.dumps(status))
        return PERSON if status["dead"] or status["overdue"] or status["in_doubt"] else DONE
    if asked.step == "put":
        with sys.stdin if asked.file == "-" else Path(asked.file).open(encoding="utf-8") as lines:
            print(f"{jobs.waiting.put(lines)} put down")
    elif asked.step == "prepare":
        print("\n".join(jobs.prepare()))
    elif asked.step == "account":
        with Path(asked.file).open(encoding="utf-8") as lines:
            jobs.account(jobs.folder / "jobs" / asked.job, State("Completed", "whole"), lines)
    else:
        print(jobs.retry() if asked.step == "retry" else jobs.take_back(Path(asked.file)), "requests")
    return DONE
