"""One owner a call: usage that two streams count (a gateway's log and the provider's report, say) is counted once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from analyzer.errors import UserError
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
    "judged_claims",
)
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
    streams, *conditions = text.split(",")
    given: dict[str, str] = {}
    for condition in conditions:
        name, is_one, value = condition.partition("=")
        if name not in ("key", "from", "to") or not is_one or not value:
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
    """Put answers before those the audit has: the newest decides."""
    if not owners:
        return
    connection = audit.connection
    known = connection.execute("select streams, api_key, from_us, to_us from owners order by place").fetchall()
    new = [(list(owner.streams), owner.api_key, _us(owner.since), _us(owner.until, days=1)) for owner in owners]
    connection.execute("delete from owners")
    connection.executemany(
        "insert into owners values (?, ?, ?, ?, ?)",
        [[place, *row] for place, row in enumerate([*new, *(row for row in known if row not in new)])],
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
    pairs = "; ".join(
        f"{o.stream} and {o.other} both count {o.first_day.isoformat()} to {o.last_day.isoformat()}" for o in overlaps
    )
    first = overlaps[0]
    raise UserError(
        "the audit",
        f"the same usage may stand in it twice: {pairs}",
        "one owner of each call",
        f"say which counts, for instance --owner '{first.stream}'"
        f" (or --owner '{first.stream}+{first.other}' where they are different traffic)",
    )
