"""One owner a call: usage that two streams count (a gateway's log and the provider's report, say) is counted once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from analyzer.errors import UserError, nearest_name
from analyzer.sqlblocks import quoted, sql_blocks
from analyzer.store.audit import Audit
from analyzer.times import day_of_us

_SQL = Path(__file__).with_name("owners.sql")
_STEPS = (
    "streams",
    "stream_days",
    "report_overlaps",
    "sized_calls",
    "twins",
    "twin_sources",
    "stream_keys",
    "claims",
    "answered_claims",
    "judged_claims",
)
_CONDITION = re.compile(r",(?=(?:key|from|to)=)")
_FORM = "STREAM, STREAM+STREAM for different traffic, then key=NAME, from=DAY, to=DAY, parted by commas"


@dataclass(frozen=True)
class Owner:
    """Who owns what is seen twice. Several `streams` are different traffic: all count. `until` is inclusive.

    `api_keys`: the names that one key has in the streams; empty = every key.
    """

    streams: tuple[str, ...]
    api_keys: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True)
class Overlap:
    """Two streams that count the same usage; `records` of both, on the days from first to last.

    `strange_key`: the key of an answer that would fit, but of which `keyless` (one of both streams) has no usage.
    """

    stream: str
    other: str
    first_day: date
    last_day: date
    records: int
    strange_key: str | None = None
    keyless: str | None = None


def parse_owner(text: str) -> Owner:
    """`STREAM[+STREAM][,key=NAME][,from=DAY][,to=DAY]`; `key=` again: the name of the same key in the other stream.

    Raises: UserError when the text has another form.
    """
    streams, *conditions = _CONDITION.split(text)
    given: dict[str, list[str]] = {"key": [], "from": [], "to": []}
    for condition in conditions:
        name, _, value = condition.partition("=")
        if not value:
            raise UserError("--owner", repr(condition), _FORM)
        given[name].append(value)
    names = tuple(name.strip() for name in streams.split("+"))
    if not all(names) or len(given["from"]) > 1 or len(given["to"]) > 1:
        raise UserError("--owner", repr(text), _FORM)
    since, until = (_day(next(iter(given[name]), None)) for name in ("from", "to"))
    if since and until and since > until:
        raise UserError("--owner", f"from={since}, which is after to={until}", "a first day before the last")
    return Owner(names, tuple(given["key"]), since, until)


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise UserError("--owner", repr(text), "a day such as 2026-10-01") from None


def remember_owners(audit: Audit, owners: Sequence[Owner]) -> None:
    """Put answers before those the audit has: the newest decides.

    Raises: UserError for a stream or key that the audit does not have.
    """
    if not owners:
        return
    connection = audit.connection
    _refuse_unknown(audit, "stream_names", "log or report", [name for owner in owners for name in owner.streams])
    _refuse_unknown(audit, "key_names", "key", [key for owner in owners for key in owner.api_keys])
    known = connection.execute("select streams, api_keys, from_us, to_us from owners order by place").fetchall()
    new = [(list(o.streams), list(o.api_keys) or None, _us(o.since), _us(o.until, days=1)) for o in owners]
    connection.execute("delete from owners")
    connection.executemany(
        "insert into owners values (?, ?, ?, ?, ?)",
        [[place, *row] for place, row in enumerate([*new, *(row for row in known if row not in new)])],
    )


def _refuse_unknown(audit: Audit, block: str, noun: str, names: Sequence[str]) -> None:
    known = [str(row[0]) for row in audit.connection.execute(sql_blocks(_SQL)[block]).fetchall()]
    for name in names:
        if name not in known:
            raise UserError("--owner", repr(name), f"a {noun} of this audit", nearest_name(name, known))


def answers(audit: Audit) -> tuple[str, ...]:
    """What the audit was told, in the form of `parse_owner`, the one that decides first in front."""
    rows = audit.connection.execute("select streams, api_keys, from_us, to_us from owners order by place").fetchall()
    return tuple(
        "+".join(streams)
        + "".join(f",key={api_key}" for api_key in api_keys or ())
        + (f",from={day_of_us(from_us)}" if from_us is not None else "")
        + (f",to={day_of_us(to_us - 1)}" if to_us is not None else "")
        for streams, api_keys, from_us, to_us in rows
    )


def _us(day: date | None, days: int = 0) -> int | None:
    if day is None:
        return None
    start = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=days)
    return int(start.timestamp()) * 1_000_000


def own(audit: Audit) -> tuple[Overlap, ...]:
    """Build the temp table `disowned` and the temp view `owned`; returns the overlaps that nobody has settled.

    Needs `model_names`. Records of an overlap that is not settled stay in `owned`.
    """
    blocks, connection = sql_blocks(_SQL), audit.connection
    for step in _STEPS:
        connection.execute(f"create or replace temp table {quoted(step)} as {blocks[step]}")
    rows = connection.execute(blocks["unowned"]).fetchall()
    connection.execute(f"create or replace temp table disowned as {blocks['disowned']}")
    connection.execute(f"create or replace temp view owned as {blocks['owned']}")
    for step in _STEPS:
        connection.execute(f"drop table {quoted(step)}")
    return tuple(Overlap(a, b, day_of_us(first), day_of_us(last), *more) for a, b, first, last, *more in rows)


def refuse_overlaps(overlaps: Sequence[Overlap]) -> None:
    """Raises: UserError that names each pair of streams and how to say which owns the usage."""
    if not overlaps:
        return
    first = overlaps[0]
    more = f" (and {len(overlaps) - 1} more such pairs)" if len(overlaps) > 1 else ""
    raise UserError(
        "the audit",
        f"{first.stream} and {first.other} both count {first.first_day} to {first.last_day}{more}",
        "one owner of each call",
        settling(first) + ("; `whowaits owners` shows all" if len(overlaps) > 1 else ""),
    )


def settling(overlap: Overlap) -> str:
    """What to say so that the overlap is settled."""
    key, keyless, both = overlap.strange_key, overlap.keyless, f"{overlap.stream}+{overlap.other}"
    if key is not None:
        names = f"key={key},key=NAME"
        return f"{keyless} has no key {key!r}: give the name that it has there too, as {names}, or leave key= out"
    example = f"`whowaits owners --owner '{overlap.stream}'`"
    return f"say which counts: {example} for instance, or --owner '{both}' where they are different traffic"
