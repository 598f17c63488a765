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
    "claims",
    "answered_claims",
    "judged_claims",
)
_CONDITION = re.compile(r",(?=(?:key|from|to)=)")
_FORM = "STREAM, STREAM+STREAM for different traffic, then key=NAME, from=DAY, to=DAY, parted by commas"


@dataclass(frozen=True)
class Owner:
    """Who owns what is seen twice. Several `streams` are different traffic: all count. `until` is inclusive."""

    streams: tuple[str, ...]
    api_key: str | None = None
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True)
class Overlap:
    """Two streams that count the same usage; `records` of both, on the days from first to last."""

    stream: str
    other: str
    first_day: date
    last_day: date
    records: int


def parse_owner(text: str) -> Owner:
    """`STREAM[+STREAM][,key=NAME][,from=DAY][,to=DAY]`.

    Raises: UserError when the text has another form.
    """
    streams, *conditions = _CONDITION.split(text)
    given: dict[str, str] = {}
    for condition in conditions:
        name, _, value = condition.partition("=")
        if not value:
            raise UserError("--owner", repr(condition), _FORM)
        given[name] = value
    names = tuple(name.strip() for name in streams.split("+"))
    if not all(names):
        raise UserError("--owner", repr(text), _FORM)
    return Owner(names, given.get("key"), _day(given.get("from")), _day(given.get("to")))


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise UserError("--owner", repr(text), "a day such as 2026-10-01") from None


def remember_owners(audit: Audit, owners: Sequence[Owner]) -> None:
    """Put answers before those the audit has: the newest decides.

    Raises: UserError for a stream that the audit does not have.
    """
    if not owners:
        return
    connection = audit.connection
    names = [str(row[0]) for row in connection.execute(sql_blocks(_SQL)["stream_names"]).fetchall()]
    for name in (name for owner in owners for name in owner.streams):
        if name not in names:
            raise UserError("--owner", repr(name), "a log or report of this audit", nearest_name(name, names))
    known = connection.execute("select streams, api_key, from_us, to_us from owners order by place").fetchall()
    new = [(list(owner.streams), owner.api_key, _us(owner.since), _us(owner.until, days=1)) for owner in owners]
    connection.execute("delete from owners")
    connection.executemany(
        "insert into owners values (?, ?, ?, ?, ?)",
        [[place, *row] for place, row in enumerate([*new, *(row for row in known if row not in new)])],
    )


def answers(audit: Audit) -> tuple[str, ...]:
    """What the audit was told, in the form of `parse_owner`, the one that decides first in front."""
    rows = audit.connection.execute("select streams, api_key, from_us, to_us from owners order by place").fetchall()
    return tuple(
        "+".join(streams)
        + (f",key={api_key}" if api_key is not None else "")
        + (f",from={day_of_us(from_us)}" if from_us is not None else "")
        + (f",to={day_of_us(to_us - 1)}" if to_us is not None else "")
        for streams, api_key, from_us, to_us in rows
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
    return tuple(Overlap(a, b, day_of_us(first), day_of_us(last), count) for a, b, first, last, count in rows)


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
        f"say which counts, for instance --owner '{first.stream}' (or --owner '{first.stream}+{first.other}' where they"
        " are different traffic); `whowaits owners` shows all",
    )
