"""The same requests both ways, compared: synchronously and in a batch, each answer on the disk when it has come."""

from __future__ import annotations

import hashlib
import json
import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

from analyzer.batch.calls import Answered, Call, make_calls, read_lines
from analyzer.batch.cost import actual, estimate, to_usd
from analyzer.batch.enqueue import NewItem, enqueue_many, row_of
from analyzer.batch.job import Destination, Job
from analyzer.batch.judge import Judged, judged, judging, judging_pico
from analyzer.batch.lease import sole_user
from analyzer.batch.likeness import Likeness, are_equal, likeness
from analyzer.batch.loop import run
from analyzer.batch.preflight import refusal
from analyzer.batch.provider import Provider
from analyzer.batch.submit import submit
from analyzer.errors import UserError
from analyzer.times import day_of_us

_SEED = 20_261_121
_POLL_S = 30
_PLAN, _BATCH, _CALLS = "plan.json", "batch.jsonl", "synchronous.jsonl"

Answers = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Parity:
    """What will be sent: `items` in a batch, and synchronously for each of `ways`. List cost, USD, low to high case.

    `rejected`: items that no batch takes, with the reason; they are sent neither way. `unpriced` items are in no sum.
    `judge`: the model that judges answers that differ, `judge_high_usd` if all do; None = nobody judges.
    """

    job: Job
    items: tuple[NewItem, ...]
    ways: list[str]
    rejected: tuple[tuple[str, str], ...]
    unpriced: int
    batch_usd: tuple[Decimal, Decimal, Decimal]
    synchronous_high_usd: Decimal
    judge: str | None
    judge_high_usd: Decimal

    @property
    def most_usd(self) -> Decimal:
        """The high case of everything."""
        return self.batch_usd[2] + self.synchronous_high_usd + self.judge_high_usd


@dataclass(frozen=True)
class Compared:
    """What came of it. `batch`: synchronous answers with those of the batch; `again`: with a second synchronous one.

    `judged`: the pairs of `batch` that differ. `unanswered`: way and key of what has no answer, with the reason. Money
    by the usage that came back, USD, of the items answered both ways; None where one has no price.
    """

    items: int
    batch: Likeness
    again: Likeness | None
    judged: Judged | None
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
    job: Job,
    items: Sequence[NewItem],
    folder: Path,
    *,
    twice: bool = False,
    judge: str | None = None,
    clock: Callable[[], float] = time.time,
) -> Parity:
    """Price what would be sent; nothing is sent or written. The run will have a store of its own in `folder`.

    Raises: UserError when the judge has no price.
    """
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
    known, ways = [pico for pico in picos if pico is not None], ["synchronous", "synchronous again"][: 1 + twice]
    return Parity(
        job=own,
        items=tuple(fit),
        ways=ways,
        rejected=tuple(rejected),
        unpriced=len(picos) - len(known),
        batch_usd=(
            to_usd(sum(pico.low_pico for pico in known)),
            to_usd(sum(pico.base_pico for pico in known)),
            to_usd(sum(pico.high_pico for pico in known)),
        ),
        synchronous_high_usd=to_usd(len(ways) * sum(pico.direct_pico for pico in known)),
        judge=judge,
        judge_high_usd=Decimal(0) if judge is None else _judging_usd(judge, own, fit, on),
    )


def _judging_usd(model: str, job: Job, items: Sequence[NewItem], on: date) -> Decimal:
    """As if every pair differed."""
    picos = [
        judging_pico(model, item.params, job.high_output_tokens or int(item.params["max_tokens"]), on) for item in items
    ]
    known = [pico for pico in picos if pico is not None]
    if len(known) < len(picos):
        raise UserError("--judge", repr(model), "a model with a price")
    return to_usd(sum(known))


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

    Raises: UserError when the folder holds a run of other requests, another process works in it, an answer cannot be
    written, or the provider refuses for a lasting reason.
    """
    with sole_user(parity.job.store.parent):
        return _carry_out(parity, provider, clock, sleep, say)


def _carry_out(
    parity: Parity,
    provider: Provider,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
    say: Callable[[str], None],
) -> Compared:
    folder = parity.job.store.parent
    _keep_plan(parity, folder)
    enqueue_many(parity.items, job=parity.job, clock=clock)
    sent = submit(parity.job, provider, clock=clock)
    if sent.is_stuck:
        raise _refused("; ".join(sent.remarks))
    ask = partial(make_calls, provider=provider, path=folder / _CALLS, sleep=sleep, say=say)
    answered = ask([Call(way, item.key, item.params) for way in parity.ways for item in parity.items])
    status = run(parity.job, provider, clock=clock, sleep=sleep, say=say)
    if not status.done:
        raise _refused("; ".join(status.troubles))
    batch: Answers = {line["key"]: line["message"] for line in read_lines(folder / _BATCH)}
    verdict = _judge(parity, batch, answered.of(parity.ways[0]), ask)
    return _compare(parity, batch, answered, dict(status.dead_items), verdict, int(clock() * 1_000_000))


def _refused(reason: str) -> UserError:
    return UserError("parity", f"the batch was refused ({reason})", "an API key and a limit that allow it", "repeat it")


def _keep_plan(parity: Parity, folder: Path) -> None:
    """Note what this folder is for, once."""
    digest = hashlib.sha256()
    for item in parity.items:
        digest.update(json.dumps([item.key, item.params], sort_keys=True).encode())
    told = {"requests": digest.hexdigest(), "items": len(parity.items), "ways": parity.ways, "judge": parity.judge}
    path = folder / _PLAN
    if not path.exists():
        half = path.with_suffix(".half")
        half.write_text(json.dumps(told) + "\n", encoding="utf-8")
        half.replace(path)
    elif json.loads(path.read_text(encoding="utf-8")) != told:
        raise UserError(
            str(folder),
            "a run of other requests",
            "the same FILE, -n, --twice and --judge",
            "choose another folder with -o",
        )


def _compare(
    parity: Parity, batch: Answers, answered: Answered, dead: Mapping[str, str], verdict: Judged | None, now_us: int
) -> Compared:
    ways = [answered.of(way) for way in parity.ways]
    keys = [item.key for item in parity.items]
    unanswered = [*answered.unanswered]
    unanswered += [("batch", key, dead.get(key, "no answer; see jobs.sqlite")) for key in keys if key not in batch]
    both = [item for item in parity.items if item.key in batch and item.key in ways[0]]
    again = [(ways[0][key], ways[1][key]) for key in keys if all(key in way for way in ways)] if ways[1:] else None
    on = day_of_us(now_us)
    paid = [actual(str(item.params["model"]), batch[item.key], on).batch_pico for item in both]
    direct = [actual(str(item.params["model"]), ways[0][item.key], on).direct_pico for item in both]
    return Compared(
        items=len(keys),
        batch=likeness((ways[0][item.key], batch[item.key]) for item in both),
        again=None if again is None else likeness(again),
        judged=verdict,
        unanswered=tuple(sorted(unanswered)),
        batch_usd=_sum(paid),
        synchronous_usd=_sum(direct),
    )


def _judge(parity: Parity, batch: Answers, first: Answers, ask: Callable[[list[Call]], Answered]) -> Judged | None:
    """Have the judge look at the pairs that differ."""
    model = parity.judge
    if model is None:
        return None
    pairs = [
        (item, first[item.key], batch[item.key]) for item in parity.items if item.key in first and item.key in batch
    ]
    differ = [(item, one, other) for item, one, other in pairs if not are_equal(one, other)]
    asked = [Call("judge", item.key, judging(model, item.key, item.params, one, other)) for item, one, other in differ]
    return judged(model, [call.key for call in asked], ask(asked).of("judge"))


def _sum(picos: Sequence[int | None]) -> Decimal | None:
    known = [pico for pico in picos if pico is not None]
    return to_usd(sum(known)) if len(known) == len(picos) else None
