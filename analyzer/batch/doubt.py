"""Batches whose creation is in doubt: found by listing, proven by their custom_ids, never guessed."""

from __future__ import annotations

from sqlite3 import Row

from analyzer.batch.body import parts_of
from analyzer.batch.job import Job
from analyzer.batch.provider import Provider, RemoteBatch, told
from analyzer.batch.store import Store

# How far the provider's clock may be from ours.
_SKEW_US = 15 * 60 * 1_000_000
# What was assumed absent is looked for as long as a batch can run, so that a wrong assumption does not stay silent.
_WATCHED_US = 25 * 3600 * 1_000_000


def resolve_doubts(
    store: Store, job: Job, provider: Provider, *, now_us: int, assume_absent_after_s: int | None = None
) -> list[str]:
    """Adopt each batch in doubt that is proven to exist; what was found, for people.

    A batch of ours has as many items, was made between the intent and the doubt, and its first result carries one of
    our ids. While a batch that could be ours still runs, nothing is decided. One that no complete listing shows stays
    in doubt, unless it is older than `assume_absent_after_s`: then its items are queued again.
    """
    doubted = store.rows("batches_in", job=job.name, state="in-doubt")
    absent = store.rows("assumed_absent", job=job.name, since_us=now_us - _WATCHED_US)
    if not doubted and not absent:
        return []
    try:
        since_us = min(row["intended_us"] for row in (*doubted, *absent)) - _SKEW_US
        remotes = _unknown_since(store, provider, since_us)
        fitting = {row["batch_no"]: [each for each in remotes if _fits(row, each)] for row in (*doubted, *absent)}
        proofs = {each.id: _proof(store, provider, each) for row in fitting.values() for each in row}
    except Exception as error:
        return [f"{len(doubted)} batches stay in doubt: the provider could not be asked ({told(error)})"]
    remarks = []
    for row in (*doubted, *absent):
        mine = next((each for each in fitting[row["batch_no"]] if proofs[each.id] == row["batch_no"]), None)
        age_s = (now_us - row["intended_us"]) / 1e6
        if row["state"] == "absent":
            if mine is not None:
                _was_not_absent(store, row["batch_no"], mine)
                remarks.append(f"{mine.id} was assumed absent and exists: its items were sent twice")
        elif mine is not None:
            _adopt(store, row["batch_no"], mine)
            remarks.append(f"a batch in doubt was found and adopted: {mine.id}")
        elif any(proofs[each.id] is None for each in fitting[row["batch_no"]]):
            remarks.append("a batch in doubt may be one that still runs or cannot be read; it is looked at again")
        elif assume_absent_after_s is not None and age_s >= assume_absent_after_s:
            _assume_absent(store, row["batch_no"], now_us)
            remarks.append(f"a batch of {row['item_count']} items is assumed absent; its items are queued again")
        else:
            remarks.append(
                f"a batch of {row['item_count']} items stays in doubt: no listing shows it; when you are sure that it "
                "was never made, say --assume-absent-after"
            )
    return remarks


def _fits(row: Row, remote: RemoteBatch) -> bool:
    """By size and time it could be ours."""
    earliest_us, latest_us = row["intended_us"] - _SKEW_US, _known_by_us(row) + _SKEW_US
    return bool(remote.items == row["item_count"] and earliest_us <= remote.created_us <= latest_us)


def _known_by_us(row: Row) -> int:
    """When its sender was certainly at an end; not before the intent, should a clock have been put back since."""
    return max(int(row["doubted_us"]), int(row["intended_us"]))


def _unknown_since(store: Store, provider: Provider, since_us: int) -> list[RemoteBatch]:
    found = []
    for remote in provider.batches():
        if remote.created_us < since_us:
            break
        if not store.row("is_known_batch", provider_id=remote.id)["known"]:
            found.append(remote)
    return found


def _proof(store: Store, provider: Provider, remote: RemoteBatch) -> int | None:
    """The batch of ours that it is; 0 = it is not ours; None = cannot be told yet."""
    if remote.status != "ended" or remote.is_archived:
        return None
    try:
        first = next(iter(provider.results(remote.id)), None)
    except Exception:
        # Results that cannot be read now prove nothing, and must not keep other batches from being proven.
        return None
    if first is None:
        return None
    ours = parts_of(first.custom_id)
    row = store.run("batch_of_token", token=ours[0]).fetchone() if ours else None
    return int(row["batch_no"]) if row is not None else 0


def _adopt(store: Store, batch_no: int, remote: RemoteBatch) -> None:
    with store.change():
        if store.run("adopt_batch", batch_no=batch_no, provider_id=remote.id, created_us=remote.created_us).rowcount:
            store.run("items_are_submitted", batch_no=batch_no)


def _was_not_absent(store: Store, batch_no: int, remote: RemoteBatch) -> None:
    with store.change():
        reason = "assumed absent, and exists"
        store.run("absent_was_found", batch_no=batch_no, provider_id=remote.id, reason=reason)


def _assume_absent(store: Store, batch_no: int, now_us: int) -> None:
    with store.change():
        reason = "assumed absent, as a person said"
        if store.run(
            "close_batch", batch_no=batch_no, state="absent", reason=reason, retry_at_us=None, is_lasting=0
        ).rowcount:
            store.run("items_are_queued_again", batch_no=batch_no, now_us=now_us)
            store.run("close_sendings", batch_no=batch_no, outcome="absent")
