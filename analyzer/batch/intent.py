"""What is about to be sent is written down first; what was refused is taken back."""

from __future__ import annotations

from analyzer.batch.choose import Choice
from analyzer.batch.job import Job
from analyzer.batch.provider import RefusedError
from analyzer.batch.store import Store


def write_intent(store: Store, job: Job, me: str, kind: str, token: str, choice: Choice, now_us: int) -> int:
    """Write down what is about to be sent, and claim its items; the batch's number.

    Inside a change, so that no other process claims the same.
    """
    batch_no = store.run(
        "intend_batch",
        job=job.name,
        kind=kind,
        token=token,
        holder=me,
        item_count=len(choice.item_nos),
        bytes=choice.bytes,
        intended_us=now_us,
        low_pico=choice.low_pico,
        base_pico=choice.base_pico,
        high_pico=choice.high_pico,
    ).lastrowid
    number = int(batch_no or 0)
    store.run_many("add_sending", ({"batch_no": number, "item_no": item_no} for item_no in sorted(choice.item_nos)))
    store.run("claim_items", batch_no=number)
    return number


def take_back(store: Store, batch_no: int, error: RefusedError, now_us: int) -> None:
    """What certainly was not made: its items wait again, and its custom_ids are forgotten."""
    retry_at_us = None if error.retry_after_s is None else now_us + int(error.retry_after_s * 1e6)
    with store.change():
        store.run("items_are_queued_again", batch_no=batch_no, now_us=now_us)
        store.run("forget_sendings", batch_no=batch_no)
        store.run(
            "close_batch",
            batch_no=batch_no,
            state="refused",
            reason=str(error),
            retry_at_us=retry_at_us,
            is_lasting=int(error.is_lasting),
        )


def asked_to_wait_s(store: Store, job: Job, kind: str, now_us: int) -> float:
    """How long the provider asked not to be sent another one; 0 = send."""
    last = store.run("last_batch", job=job.name, kind=kind).fetchone()
    if last is None or last["state"] != "refused" or last["retry_at_us"] is None:
        return 0.0
    return max(int(last["retry_at_us"]) - now_us, 0) / 1e6
