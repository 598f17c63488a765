"""The same requests both ways, compared: synchronously and in a batch, each answer on the disk when it has come."""

from __future__ import annotations

import hashlib
import json
import os
import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from analyzer.batch.cost import actual, estimate, to_usd
from analyzer.batch.enqueue import NewItem, enqueue_many, row_of
from analyzer.batch.job import Destination, Job
from analyzer.batch.likeness import Likeness, likeness
from analyzer.batch.loop import run
from analyzer.batch.preflight import refusal
from analyzer.batch.provider import Provider, RefusedError
from analyzer.batch.status import status_of
from analyzer.batch.submit import submit
from analyzer.errors import UserError
from analyzer.times import day_of_us

_SEED = 20_261_121
_CALLS_AT_ONCE = 4
_TRIES = 6
_POLL_S = 30
_PLAN, _BATCH, _CALLS = "plan.json", "batch.jsonl", "synchronous.jsonl"

Answers = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Parity:
    """What will be sent: `items` in a batch, and `calls` times each synchronously. List cost, USD, low to high case.

    `rejected`: items that no batch takes, with the reason; they are sent neither way. `unpriced` items are in no sum.
    """

    job: Job
    items: tuple[NewItem, ...]
    calls: int
    rejected: tuple[tuple[str, str], ...]
    unpriced: int
    batch_usd: tuple[Decimal, Decimal, Decimal]
    synchronous_high_usd: Decimal

    @property
    def most_usd(self) -> Decimal:
        """The high case of everything."""
        return self.batch_usd[2] + self.synchronous_high_usd


@dataclass(frozen=True)
class Compared:
    """What came of it. `batch`: synchronous answers with those of the batch; `again`: with a second synchronous one.

    `unanswered`: way and key of what has no answer, with the reason. Money by the usage that came back, USD, of the
    items answered both ways; None where one has no price.
    """

    items: int
    batch: Likeness
    again: Likeness | None
    unanswered: tuple[tuple[str, str, str], ...]
    batch_usd: Decimal | None
    synchronous_usd: Decimal | None

    @property
    def needs_a_person(self) -> bool:
        """An answer is missing one way, or the batch broke the form that the synchronous answers keep."""
        return bool(self.unanswered or self.batch.json_first_only)


def sample(items: Iterable[NewItem], count: int) -> tuple[NewItem, ...]:
    """`count` items, each with the same chance, in their order; the same items give the same sample. First of a key."""
    chance, kept, seen, number = random.Random(_SEED), list[tuple[int, NewItem]](), set[str](), 0
    for item in items:
        if item.key in seen:
            continue
        seen.add(item.key)
        if len(kept) < count:
            kept.append((number, item))
        elif (place := chance.randrange(number + 1)) < count:
            kept[place] = (number, item)
        number += 1
    return tuple(item for _, item in sorted(kept, key=lambda pair: pair[0]))


def plan(
    job: Job, items: Sequence[NewItem], folder: Path, *, twice: bool = False, clock: Callable[[], float] = time.time
) -> Parity:
    """Price what would be sent; nothing is sent or written. The run will have a store of its own in `folder`."""
    own, on = _own_job(job, folder), day_of_us(int(clock() * 1_000_000))
    fit, rejected, picos = [], [], []
    for item in (replace(item, needed_by=None, metadata=None) for item in items):
        try:
            text = row_of(own, item, 0)["params"]
            reason = refusal(json.loads(text))
        except UserError as error:
            reason = f"{error.found}; expected {error.expected}"
        if reason is not None:
            rejected.append((str(item.key), reason))
            continue
        fit.append(item)
        mean, high = own.output_tokens, own.high_output_tokens
        picos.append(estimate(json.loads(text), text, on, mean_output_tokens=mean, high_output_tokens=high))
    known, calls = [pico for pico in picos if pico is not None], 2 if twice else 1
    return Parity(
        job=own,
        items=tuple(fit),
        calls=calls,
        rejected=tuple(rejected),
        unpriced=len(picos) - len(known),
        batch_usd=(
            to_usd(sum(pico.low_pico for pico in known)),
            to_usd(sum(pico.base_pico for pico in known)),
            to_usd(sum(pico.high_pico for pico in known)),
        ),
        synchronous_high_usd=to_usd(calls * sum(pico.direct_pico for pico in known)),
    )


def _own_job(job: Job, folder: Path) -> Job:
    """A store of its own, no caps (the cost is shown and agreed to), no deadline, and every answer is delivered."""
    return replace(
        job,
        name=f"{job.name[:70]}-parity",
        store=folder / "jobs.sqlite",
        destination=Destination("jsonl", folder / _BATCH),
        poll_s=min(job.poll_s, _POLL_S),
        deadline_s=None,
        day_usd=None,
        job_usd=None,
        fail_on=(),
        schema=None,
        guard=None,
        prometheus=None,
    )


def carry_out(
    parity: Parity,
    provider: Provider,
    *,
    clock: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
    say: Callable[[str], None] = lambda line: None,
) -> Compared:
    """Send it both ways and compare. Stopped halfway it is taken up again: what has an answer is not paid again.

    Raises: UserError when the folder holds a run of other requests, or the provider refuses for a lasting reason.
    """
    folder = parity.job.store.parent
    _keep_plan(parity, folder)
    enqueue_many(parity.items, job=parity.job, clock=clock)
    sent = submit(parity.job, provider, clock=clock)
    if sent.is_stuck:
        raise _refused("; ".join(sent.remarks))
    lost = _call(parity, provider, folder / _CALLS, sleep, say)
    status = run(parity.job, provider, clock=clock, sleep=sleep, say=say)
    if not status.done:
        raise _refused("; ".join(status.troubles))
    reasons = dict(status_of(parity.job, clock=clock).dead_items)
    return _compare(parity, folder, lost, reasons, int(clock() * 1_000_000))


def _refused(reason: str) -> UserError:
    return UserError("parity", f"the batch was refused ({reason})", "an API key and a limit that allow it", "repeat it")


def _keep_plan(parity: Parity, folder: Path) -> None:
    """Note what this folder is for, once."""
    digest = hashlib.sha256()
    for item in parity.items:
        digest.update(json.dumps([item.key, item.params], sort_keys=True).encode())
    told = {"requests": digest.hexdigest(), "items": len(parity.items), "calls": parity.calls}
    path = folder / _PLAN
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        path.write_text(json.dumps(told) + "\n", encoding="utf-8")
    elif json.loads(path.read_text(encoding="utf-8")) != told:
        raise UserError(
            str(folder), "a run of other requests", "the same FILE, -n and --twice", "choose another folder with -o"
        )


def _call(
    parity: Parity, provider: Provider, path: Path, sleep: Callable[[float], None], say: Callable[[str], None]
) -> dict[tuple[int, str], str]:
    """Make the synchronous calls that have no answer yet; what stays without one, with the reason."""
    _drop_torn_line(path)
    done = {(line["call"], line["key"]) for line in _lines(path)}
    open_calls = [(no, item) for no in range(parity.calls) for item in parity.items if (no, item.key) not in done]
    lost: dict[tuple[int, str], str] = {}
    lock, stop = threading.Lock(), threading.Event()

    def work(call: tuple[int, NewItem]) -> None:
        number, item = call
        if stop.is_set():
            return
        try:
            told: dict[str, Any] = {"message": _answer(provider, item, sleep)}
        except RefusedError as error:
            if not error.is_about_item:
                stop.set()
                raise UserError("parity", str(error), "an answer", "repeat it: what has an answer stays") from None
            told = {"error": str(error)}
        except Exception as error:
            lost[number, item.key] = f"the answer was lost ({type(error).__name__}); it may have been billed"
            return
        with lock, path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"call": number, "key": item.key, **told}) + "\n")
            file.flush()
            os.fsync(file.fileno())

    say(f"{len(open_calls)} synchronous calls")
    with ThreadPoolExecutor(_CALLS_AT_ONCE) as pool:
        for done_call in [pool.submit(work, call) for call in open_calls]:
            done_call.result()
    return lost


def _answer(provider: Provider, item: NewItem, sleep: Callable[[float], None]) -> dict[str, Any]:
    for attempt in range(_TRIES):
        try:
            return provider.answer(json.dumps(item.params))
        except RefusedError as error:
            if error.is_about_item or error.is_lasting or attempt == _TRIES - 1:
                raise
            sleep(min(error.retry_after_s or 2.0**attempt, 60.0))
    raise AssertionError("the last try answers or raises")


def _compare(
    parity: Parity, folder: Path, lost: Mapping[tuple[int, str], str], dead: Mapping[str, str], now_us: int
) -> Compared:
    batch: Answers = {line["key"]: line["message"] for line in _lines(folder / _BATCH)}
    calls: list[Answers] = [{} for _ in range(parity.calls)]
    unanswered = [(f"synchronous {number + 1}", key, reason) for (number, key), reason in lost.items()]
    for line in _lines(folder / _CALLS):
        if "message" in line:
            calls[line["call"]][line["key"]] = line["message"]
        else:
            unanswered.append((f"synchronous {line['call'] + 1}", line["key"], line["error"]))
    keys = [item.key for item in parity.items]
    unanswered += [("batch", key, dead.get(key, "no answer; see jobs.sqlite")) for key in keys if key not in batch]
    both = [item for item in parity.items if item.key in batch and item.key in calls[0]]
    again = [(calls[0][key], calls[1][key]) for key in keys if all(key in way for way in calls)] if calls[1:] else None
    on = day_of_us(now_us)
    paid = [actual(str(item.params["model"]), batch[item.key], on).batch_pico for item in both]
    direct = [actual(str(item.params["model"]), calls[0][item.key], on).direct_pico for item in both]
    return Compared(
        items=len(keys),
        batch=likeness((calls[0][item.key], batch[item.key]) for item in both),
        again=None if again is None else likeness(again),
        unanswered=tuple(sorted(unanswered)),
        batch_usd=_sum(paid),
        synchronous_usd=_sum(direct),
    )


def _sum(picos: Sequence[int | None]) -> Decimal | None:
    known = [pico for pico in picos if pico is not None]
    return to_usd(sum(known)) if len(known) == len(picos) else None


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    if path.exists():
        with path.open(encoding="utf-8") as file:
            yield from (json.loads(line) for line in file)


def _drop_torn_line(path: Path) -> None:
    """A crash in the middle of a line leaves an answer that cannot be read: it is asked for again."""
    if path.exists():
        whole = path.read_bytes()
        kept = whole[: whole.rfind(b"\n") + 1]
        if kept != whole:
            os.truncate(path, len(kept))
