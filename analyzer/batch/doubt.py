"""Batches whose creation is in doubt: found by listing, proven by their custom_ids, never guessed."""

from __future__ import annotations

from sqlite3 import Row

from analyzer.batch.body import parts_of
from analyzer.batch.job import Job
from analyzer.batch.provider import Provider, RemoteBatch, told
from analyzer.batch.store import Store

# How far the provider's clock may be from ours.
_SKEW_US = 15 * 60 * 1_000_000
# What was assumed absent is looked for as long as a batch can run after that, so that a mistake does not stay silent.
_WATCHED_US = 25 * 3600 * 1_000_000


def resolve_doubts(
    store: Store, job: Job, provider: Provider, *, now_us: int, assume_absent_after_s: int | None = None
) -> list[str]:
    """Adopt each batch in doubt that is proven to exist; what was found, for people.

    A batch of ours has as many items, was made between the intent and the doubt, and its first result carries one of
    our ids. While a batch that could be ours still runs, nothing is decided. One that no complete listing shows stays
    in doubt, unless it is older than `assume_absent_after_s`: then its items are queued again. What was proven to be
    somebody else's is not asked again.
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
        if mine is not None:
            remarks.append(_found(store, row, mine))
        elif row["state"] != "absent":
            is_assumed = (
                assume_absent_after_s is not None and now_us - row["intended_us"] >= assume_absent_after_s * 1e6
            )
            not_told = [each for each in fitting[row["batch_no"]] if proofs[each.id] is None]
            remarks.append(_not_found(store, row, not_told, is_assumed, now_us))
    return remarks


def _found(store: Store, row: Row, mine: RemoteBatch) -> str:
    if row["state"] == "absent":
        _was_not_absent(store, row["batch_no"], mine)
        return f"{mine.id} was assumed absent and exists: its items were sent twice"
    _adopt(store, row["batch_no"], mine)
    return f"a batch in doubt was found and adopted: {mine.id}"


def _not_found(store: Store, row: Row, not_told: list[RemoteBatch], is_assumed: bool, now_us: int) -> str:
    """`not_told`: batches that could be it."""
    if any(not each.is_archived for each in not_told):
        return "a batch in doubt may be one that still runs or cannot be read; it is looked at again"
    if is_assumed:
        return _assume_absent(store, row, not_told, now_us)
    stays = f"a batch of {row['item_count']} items stays in doubt"
    if not_told:
        return (
            f"{stays}: {not_told[0].id} could be it, and its results are gone; only sending the items again, with "
            "--assume-absent-after, brings answers"
        )
    return f"{stays}: no listing shows it; when you are sure that it was never made, say --assume-absent-after"


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
    """The batch of ours that it is; 0 = it is not ours, which is remembered; None = cannot be told (yet)."""
    if remote.status != "ended" or remote.is_archived:
        return None
    try:
        first = next(iter(provider.results(remote.id)), None)
    except Exception:
        # Results that cannot be read now prove nothing, and must not keep other batches from being proven.
        return None
    if first is None or first.kind == "unreadable":
        return None
    ours = parts_of(first.custom_id)
    row = store.run("batch_of_token", token=ours[0]).fetchone() if ours else None
    if row is not None:
        return int(row["batch_no"])
    with store.change():
        store.run("add_stranger", provider_id=remote.id)
    return 0


def _adopt(store: Store, batch_no: int, remote: RemoteBatch) -> None:
    with store.change():
        if store.run("adopt_batch", batch_no=batch_no, provider_id=remote.id, created_us=remote.created_us).rowcount:
            store.run("items_are_submitted", batch_no=batch_no)


def _was_not_absent(store: Store, batch_no: int, remote: RemoteBatch) -> None:
    with store.change():
        reason = "assumed absent, and exists"
        store.run("absent_was_found", batch_no=batch_no, provider_id=remote.id, reason=reason)


def _assume_absent(store: Store, row: Row, archived: list[RemoteBatch], now_us: int) -> str:
    """Queue its items again; the remark for people.

    An archived batch that could be it does not hold this up: it will never be told apart, and its answers are gone, so
    only sending again brings them. That it may be a second bill is told, and counts against the caps.
    """
    found = f"a batch of {row['item_count']} items is assumed absent; its items are queued again"
    reason = "assumed absent, as a person said"
    if archived:
        reason = f"assumed absent, and {archived[0].id}, whose results are gone, may have been it"
        found += f"; {archived[0].id}, whose results are gone, may have been it: then they are paid twice"
    with store.change():
        number = row["batch_no"]
        values = {"batch_no": number, "now_us": now_us, "reason": reason, "may_exist": int(bool(archived))}
        if store.run("assume_absent", **values).rowcount:
            store.run("items_are_queued_again", batch_no=number, now_us=now_us)
            store.run("close_sendings", batch_no=number, outcome="absent")
    return found
