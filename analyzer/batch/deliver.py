"""Answers to the destination. A delivery is written down before it is made, held by one process, and made again
as it was when that process dies or the destination fails."""

from __future__ import annotations

from dataclasses import dataclass, field

from analyzer.batch.job import Job
from analyzer.batch.journal import note
from analyzer.batch.sinks import Answer, DeliveryError, Sink, sink_of
from analyzer.batch.store import Store

_MOST_BYTES = 16_000_000
_PAUSE_US = 60_000_000
_LONGEST = 6  # doublings


@dataclass
class Delivered:
    """What a round of deliveries did."""

    answers: int = 0
    remarks: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Delivery:
    number: int
    mark: int
    failures: int


def deliver(store: Store, job: Job, me: str, now_us: int) -> Delivered:
    """Deliver what has succeeded.

    Raises: UserError when a person has to act: a file that somebody else changed, a driver that is not installed.
    """
    done = Delivered()
    if (
        not store.rows("undelivered", job=job.name, count=1)
        and store.run("pending_delivery", job=job.name).fetchone() is None
    ):
        return done
    sink = sink_of(job.destination)
    while (delivery := _take(store, job, sink, me, now_us)) is not None:
        try:
            done.answers += _make(store, job, sink, delivery, now_us)
        except (DeliveryError, OSError) as error:
            reason = str(error) if isinstance(error, DeliveryError) else f"{error.strerror or type(error).__name__}"
            pause_us = _PAUSE_US * 2 ** min(delivery.failures, _LONGEST)
            with store.change():
                store.run(
                    "delivery_failed", delivery_no=delivery.number, reason=reason, not_before_us=now_us + pause_us
                )
            done.remarks.append(f"not delivered, tried again later: {reason}")
            note("delivery_failed", job=job.name, delivery=delivery.number, failures=delivery.failures + 1)
            return done
        except BaseException:
            with store.change():
                store.run("leave_delivery", delivery_no=delivery.number, holder=me)
            raise
    return done


def _take(store: Store, job: Job, sink: Sink, me: str, now_us: int) -> _Delivery | None:
    """The delivery under way, or a new one; None when there is nothing to do or another process does it."""
    with store.change():
        pending = store.run("pending_delivery", job=job.name).fetchone()
        if pending is not None and pending["destination"] != job.destination.place and pending["holder"] is None:
            # The job's destination is another one now: what was under way goes there as a whole.
            store.run("release_items", delivery_no=pending["delivery_no"])
            store.run("finish_delivery", delivery_no=pending["delivery_no"])
            pending = None
        if pending is not None:
            if pending["holder"] is not None or pending["not_before_us"] > now_us:
                return None
            store.run("take_delivery", delivery_no=pending["delivery_no"], holder=me)
            return _Delivery(pending["delivery_no"], pending["mark"], pending["failures"])
        place = job.destination.place
        if store.row("is_pending_at", destination=place)["pending"]:
            return None
        item_nos = _some(store, job, sink.at_once)
        if not item_nos:
            return None
        mark = sink.mark()
        number = store.run("intend_delivery", job=job.name, destination=place, mark=mark, holder=me).lastrowid or 0
        store.run_many("carry_item", ({"delivery_no": number, "item_no": item_no} for item_no in item_nos))
        return _Delivery(number, mark, 0)


def _some(store: Store, job: Job, count: int) -> list[int]:
    """The oldest answers, as many as fit in one delivery."""
    item_nos: list[int] = []
    size = 0
    for row in store.rows("undelivered", job=job.name, count=count):
        size += row["bytes"]
        if item_nos and size > _MOST_BYTES:
            break
        item_nos.append(row["item_no"])
    return item_nos


def _make(store: Store, job: Job, sink: Sink, delivery: _Delivery, now_us: int) -> int:
    rows = store.run("delivery_items", delivery_no=delivery.number)
    try:
        unwanted = sink.write(delivery.number, delivery.mark, (Answer.of(row) for row in rows))
    finally:
        rows.close()
    with store.change():
        for item_no, reason in unwanted:
            store.run("item_is_unwanted", item_no=item_no, reason=reason, now_us=now_us)
        store.run("drop_answers", delivery_no=delivery.number)
        count = store.run("items_are_delivered", delivery_no=delivery.number, now_us=now_us).rowcount
        store.run("finish_delivery", delivery_no=delivery.number)
    note("delivered", job=job.name, delivery=delivery.number, answers=count, refused=len(unwanted))
    return count
