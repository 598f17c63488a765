"""Each result to its item, by type; nothing dropped, nothing counted twice."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from sqlite3 import Row
from typing import Any

from analyzer.batch.body import parts_of
from analyzer.batch.cost import Actual, actual
from analyzer.batch.job import Job
from analyzer.batch.output_check import output_problem
from analyzer.batch.provider import Result, one_line
from analyzer.batch.store import Store
from analyzer.times import day_of_us
from analyzer.tokens import TokenSums

# Errors that sending the same request again cannot mend.
_INVALID = frozenset(
    {"invalid_request_error", "not_found_error", "authentication_error", "permission_error", "request_too_large"}
)
_BACK_OFF_US = 60_000_000
_NOTHING = Actual(None, None, TokenSums())


@dataclass(frozen=True)
class Reading:
    """A reading of a batch's results: the batch and its token, the reading's number, when the batch was made."""

    batch_no: int
    token: str
    number: int
    created_us: int


@dataclass(frozen=True)
class Fate:
    """What becomes of an item. `keeps`: the answer (or the whole result of an unknown type) stays in the store."""

    state: str
    reason: str | None = None
    pause_us: int = 0
    route: str = "batch"
    keeps: bool = False
    expired: bool = False


def judge(result: Result, job: Job, attempts: int, canceler: str | None) -> Fate:
    """What becomes of an item that was sent `attempts` times, by its result."""
    fate = _by_kind(result, job, attempts, canceler)
    # Whoever canceled a job does not want its items sent again.
    return Fate("canceled", "canceled as asked") if canceler == "person" and fate.state == "queued" else fate


def _by_kind(result: Result, job: Job, attempts: int, canceler: str | None) -> Fate:
    if result.kind == "succeeded" and result.message is not None:
        problem = output_problem(result.message, job.fail_on, job.schema)
        return Fate("succeeded", keeps=True) if problem is None else Fate("dead", problem, keeps=True)
    if result.kind == "canceled":
        if canceler == "guard":
            return Fate("queued", "taken out of its batch by the deadline guard", route="direct")
        return Fate("canceled", "canceled as asked") if canceler else Fate("dead", "somebody else canceled its batch")
    if result.kind == "expired":
        return _again(job, attempts, Fate("queued", "the batch expired before it was its turn", expired=True))
    if result.kind == "errored":
        reason = f"{result.error_type}: {one_line(result.error_message or '')}"
        if result.error_type in _INVALID:
            return Fate("dead", reason)
        return _again(job, attempts, Fate("queued", reason, pause_us=_BACK_OFF_US * 2**attempts))
    return Fate("dead", f"a result of unknown type {result.kind[:60]!r}; kept in the store", keeps=True)


def _again(job: Job, attempts: int, fate: Fate) -> Fate:
    if attempts < job.max_attempts:
        return fate
    return Fate("dead", f"given up after {attempts} attempts: {fate.reason}")


@dataclass(frozen=True)
class Tally:
    """Of some results: first ones, second ones of the same reading, and those that nobody sent in the batch."""

    first: int
    duplicates: int
    strange: int


def settle(store: Store, job: Job, reading: Reading, results: Sequence[Result], now_us: int) -> Tally:
    """Apply some results of a batch, inside a change. What has its outcome already keeps it."""
    mine: list[tuple[int, Result]] = []
    for result in results:
        parts = parts_of(result.custom_id)
        if parts is not None and parts[0] == reading.token:
            mine.append((parts[1], result))
    sent = _sent(store, reading, [item_no for item_no, _ in mine])
    # As it is now: a person may have canceled the job since the reading began.
    canceler = store.row("batch", batch_no=reading.batch_no)["canceler"]
    seen: set[int] = set()
    outcomes, fates, answers = [], [], []
    duplicates = known = 0
    for item_no, result in mine:
        row = sent.get(item_no)
        if row is None:
            continue
        known += 1
        if item_no in seen or row["seen"] >= reading.number:
            duplicates += 1
            continue
        seen.add(item_no)
        if row["outcome"] is not None:
            continue
        fate = judge(result, job, row["attempts"], canceler)
        cost = actual(row["model"], result.message, day_of_us(reading.created_us)) if result.message else _NOTHING
        outcomes.append(_outcome(reading, item_no, result, cost))
        fates.append(_item(item_no, fate, now_us))
        if fate.keeps:
            text = json.dumps(result.message if result.kind == "succeeded" else result.raw)
            answers.append({"item_no": item_no, "message": text, "bytes": len(text)})
    store.run_many("see_result", [_key(reading, number) | {"reading": reading.number} for number in seen])
    store.run_many("set_outcome", outcomes)
    store.run_many("settle_item", fates)
    store.run_many("keep_answer", answers)
    return Tally(len(outcomes), duplicates, len(results) - known)


def _sent(store: Store, reading: Reading, item_nos: list[int]) -> Mapping[int, Row]:
    rows = store.rows("sent_items", batch_no=reading.batch_no, item_nos=json.dumps(item_nos))
    return {row["item_no"]: row for row in rows}


def _key(reading: Reading, item_no: int) -> dict[str, Any]:
    return {"batch_no": reading.batch_no, "item_no": item_no}


def _outcome(reading: Reading, item_no: int, result: Result, cost: Actual) -> dict[str, Any]:
    tokens = cost.tokens
    return {
        **_key(reading, item_no),
        "outcome": result.kind[:60],
        "batch_pico": cost.batch_pico,
        "direct_pico": cost.direct_pico,
        "input_tokens": tokens.uncached_input_tokens,
        "write_tokens": tokens.cache_write_5m_tokens + tokens.cache_write_1h_tokens,
        "read_tokens": tokens.cache_read_tokens,
        "output_tokens": tokens.output_tokens,
    }


def _item(item_no: int, fate: Fate, now_us: int) -> dict[str, Any]:
    return {
        "item_no": item_no,
        "state": fate.state,
        "reason": fate.reason,
        "route": fate.route,
        "expired": int(fate.expired),
        "not_before_us": now_us + fate.pause_us if fate.pause_us else 0,
        "done_us": now_us if fate.state in ("canceled", "dead") else None,
    }


def lose_missing(store: Store, batch_no: int, item_nos: Sequence[int], reason: str, now_us: int) -> None:
    """Items whose result will not come are dead, inside a change: whether they were billed, nobody can say."""
    for item_no in item_nos:
        store.run("close_sending", batch_no=batch_no, item_no=item_no, outcome="missing")
    store.run_many("settle_item", [_item(item_no, Fate("dead", reason), now_us) for item_no in item_nos])
