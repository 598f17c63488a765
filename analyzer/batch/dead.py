"""What processes that died had in hand: set free, or in doubt where money may have been spent."""

from __future__ import annotations

from analyzer.batch.lease import is_alive, sweep
from analyzer.batch.store import Store


def take_from_dead(store: Store, now_us: int) -> None:
    """Batches that a dead process was sending go in doubt; what it was reading or delivering is free again."""
    for row in store.rows("holders"):
        holder = row["holder"]
        if is_alive(store.path, holder):
            continue
        with store.change():
            store.run("doubt_of_dead", holder=holder, now_us=now_us)
            for call in store.rows("calls_of_dead", holder=holder):
                lose_call(store, call["batch_no"], "the process that made it ended before it knew the answer", now_us)
            store.run("reading_of_dead", holder=holder)
            store.run("delivery_of_dead", holder=holder)
    sweep(store.path)


def lose_call(store: Store, batch_no: int, reason: str, now_us: int) -> None:
    """A direct call without an answer: it counts at its high estimate. Inside a change.

    Its item waits again, or is canceled where a person wants that.
    """
    if store.run(
        "close_batch", batch_no=batch_no, state="lost", reason=reason, retry_at_us=None, is_lasting=0
    ).rowcount:
        store.run("lost_item", batch_no=batch_no, now_us=now_us)
        store.run("close_sendings", batch_no=batch_no, outcome="lost")
