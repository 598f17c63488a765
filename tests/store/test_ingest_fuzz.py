"""Damaged copies of every format's example: no crash, every record accounted for, no token made up."""

from __future__ import annotations

import copy
import csv
import io
import json
import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analyzer.errors import UserError
from analyzer.sources.formats import formats
from analyzer.store.audit import Audit, open_audit
from analyzer.store.ingest import ingest_paths
from analyzer.store.ledger import FileResult
from analyzer.store.projecting import NUMBERS

PROOFS = Path(__file__).parents[1] / "sources"
ROOMS = [*formats(), "generic"]
TOKENS = (
    "uncached_input_tokens",
    "cache_write_5m_tokens",
    "cache_write_1h_tokens",
    "cache_read_tokens",
    "output_tokens",
    "web_searches",
)
WRONG_VALUES: list[Any] = [
    None,
    True,
    -1,
    0.5,
    2**70,
    -(2**63),
    float("inf"),
    float("nan"),
    "",
    "null",
    " 7 ",
    "9999-12-31T23:59:59Z",
    "2026-02-30",
    "99999999999999999999",
    "1e308",
    "x" * 300,
    "\x00",
    "\ud800",
    "'; drop table requests; --",
    "{",
    "[]",
    [],
    {},
    [None],
    [[[]]],
    [{"model": None}],
    {"": {"": ""}},
    {"usage": []},
]
SMALL = settings(
    max_examples=int(os.environ.get("WHOWAITS_FUZZ_EXAMPLES", "3")),  # a file costs most of a second
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(scope="module")
def audit() -> Iterator[Audit]:
    with open_audit(None) as opened:
        yield opened


def example_of(name: str) -> Path:
    return next(PROOFS.joinpath(name).glob("input.*"))


def read(audit: Audit, name: str, data: bytes, folder: Path, *, is_named: bool) -> FileResult | None:
    """What an empty audit makes of `data`; None where the user is told that it is no log.

    The reader counts its records by itself: the books of the file must agree.
    """
    for table in (*NUMBERS, "rejects", "remarks", "files"):
        audit.connection.execute(f"delete from {table}")
    path = folder / example_of(name).name
    path.write_bytes(data)
    mapping = example_of(name).with_name("mapping.toml")
    seen = [0]
    try:
        result = ingest_paths(
            audit,
            [str(path)],
            format=name if is_named and name != "generic" else None,
            mapping=mapping if mapping.exists() else None,
            progress=lambda _, records, *sizes: seen.append(records),
        ).files[0]
    except UserError as error:
        assert "understood" in str(error) or "looks like" in str(error)
        return None
    assert seen[-1] == result.records
    assert len(result.rejects) == result.rejected
    kept = audit.connection.execute(
        "select lines, accepted + duplicates + rejected + context_lines, (select count(*) from rejects) from files"
    ).fetchall()
    assert kept == [(seen[-1], seen[-1], result.rejected)]
    for table in ("requests", "usage_rollups"):
        least = f"select count(*) from {table} where least({', '.join(TOKENS)}) < 0"
        assert audit.connection.execute(least).fetchone() == (0,)
    return result


def into(name: str) -> str:
    return formats()[name].into if name in formats() else "requests"


def totals(audit: Audit, name: str) -> dict[str, int]:
    """Token sums; of cost lines the amount, in millionths of a cent."""
    table = into(name)
    if table == "cost_lines":
        sizes = "select coalesce(sum(abs(amount_usd)), 0) * 100000000 from cost_lines"
        row = audit.connection.execute(sizes).fetchone()
        assert row is not None
        return {"amount": int(row[0])}
    sums = ", ".join(f"coalesce(sum({column}), 0)::bigint" for column in TOKENS)
    row = audit.connection.execute(f"select {sums} from {table}").fetchone()
    assert row is not None
    return dict(zip(TOKENS, row, strict=True))


def clean_totals(audit: Audit, name: str, folder: Path) -> dict[str, int]:
    if name not in _CLEAN:
        assert read(audit, name, example_of(name).read_bytes(), folder, is_named=True) is not None
        _CLEAN[name] = totals(audit, name)
        keyless = f"select count(*) from {into(name)} where contains(duplicate_key, ':?')"
        _HAS_KEYLESS[name] = audit.connection.execute(keyless).fetchone() != (0,)
        assert sum(_CLEAN[name].values()) > 0
    return _CLEAN[name]


_CLEAN: dict[str, dict[str, int]] = {}
_HAS_KEYLESS: dict[str, bool] = {}


def with_all_writes(found: dict[str, int]) -> dict[str, int]:
    """The 5-minute and the 1-hour writes as one."""
    if "amount" in found:
        return found
    rest = {name: count for name, count in found.items() if not name.startswith("cache_write")}
    return rest | {"cache_write_tokens": found["cache_write_5m_tokens"] + found["cache_write_1h_tokens"]}


def pieces_of(name: str) -> tuple[bytes, list[bytes], bytes, bytes]:
    """What stands before the records, the records as text, what stands between and after them."""
    path = example_of(name)
    if path.suffix == ".json":
        records = json.loads(path.read_bytes())
        records = records if isinstance(records, list) else [records]
        return b"[\n", [json.dumps(record, indent=1).encode() for record in records], b",\n", b"\n]\n"
    lines = path.read_bytes().splitlines(keepends=True)
    lines = [line if line.endswith(b"\n") else line + b"\n" for line in lines]
    head = 1 if path.suffix == ".csv" else 0
    return b"".join(lines[:head]), lines[head:], b"", b""


def joined(name: str, records: list[bytes]) -> bytes:
    before, _, between, after = pieces_of(name)
    return before + between.join(records) + after


def has_an_id(name: str, record: bytes) -> bool:
    """Repeats of a record without an id are calls of their own by design."""
    if not _HAS_KEYLESS[name]:
        return True
    if name in formats() and formats()[name].is_folded:
        return False
    return any(mark in record for mark in (b"msg_", b"req_", b"chatcmpl-", b"batch_1", b'"req"'))


@pytest.mark.parametrize("name", ROOMS)
@SMALL
@given(number=st.integers(0, 1 << 30))
def test_order_and_repeats_change_no_total(name: str, audit: Audit, tmp_path: Path, number: int) -> None:
    """Copies of one call that hold as many tokens may differ in how they split the cache writes."""
    seed, want = random.Random(number), clean_totals(audit, name, tmp_path)
    _, records, _, _ = pieces_of(name)
    repeatable = [record for record in records if has_an_id(name, record)]
    shuffled = [*records, *(seed.choices(repeatable, k=seed.randint(0, 20)) if repeatable else [])]
    seed.shuffle(shuffled)
    result = read(audit, name, joined(name, shuffled), tmp_path, is_named=True)
    assert result is not None
    if name not in formats() or not formats()[name].is_folded:
        assert result.records == sum(1 for record in shuffled if record.strip())
    assert with_all_writes(totals(audit, name)) == with_all_writes(want)


@pytest.mark.parametrize("name", ROOMS)
@SMALL
@given(number=st.integers(0, 1 << 30))
def test_a_cut_adds_no_tokens(name: str, audit: Audit, tmp_path: Path, number: int) -> None:
    """The file ends too early, and a line before that is torn; a copy that splits its writes otherwise may stand in."""
    seed, want = random.Random(number), clean_totals(audit, name, tmp_path)
    whole = example_of(name).read_bytes()
    lines = whole[: seed.randint(len(whole) // 2, len(whole))].splitlines(keepends=True)
    torn = seed.randrange(len(lines))
    if name not in _RANKED_APART:
        lines[torn] = lines[torn][: seed.randrange(len(lines[torn]))] + b"\n"
    assert read(audit, name, b"".join(lines), tmp_path, is_named=True) is not None
    most = with_all_writes(want)
    assert all(found <= most[column] for column, found in with_all_writes(totals(audit, name)).items())


# A side chain's copy of a call has more tokens than the main one, and stands in when only the main one is torn.
_RANKED_APART = ("claude_code",)


@pytest.mark.parametrize("name", ROOMS)
@SMALL
@given(number=st.integers(0, 1 << 30), is_named=st.booleans())
def test_damaged_records_are_accounted_for(
    name: str, audit: Audit, tmp_path: Path, number: int, is_named: bool
) -> None:
    """Values of the wrong type in many copies of each record, then bytes flipped in one record of five."""
    seed = random.Random(number)
    before, records, between, after = pieces_of(name)
    is_table = example_of(name).suffix == ".csv"
    damage = _with_wrong_cells if is_table else _with_wrong_values
    damaged = [damage(record, seed) for record in records * 25]
    damaged = [_with_flips(record, seed) if seed.random() < 0.2 else record for record in damaged]
    data = before + between.join(damaged) + after
    result = read(audit, name, data, tmp_path, is_named=is_named)
    assert result.records > 0 if result else not is_named


def _with_flips(record: bytes, seed: random.Random) -> bytes:
    flipped = bytearray(record)
    for _ in range(seed.randint(1, 4)):
        flipped[seed.randrange(len(flipped))] = seed.randrange(256)
    return bytes(flipped)


def _with_wrong_values(record: bytes, seed: random.Random) -> bytes:
    try:
        value = json.loads(record)
    except ValueError:
        return record
    for _ in range(seed.randint(0, 3)):
        holder, key = seed.choice(list(_places(value)))
        holder[key] = copy.deepcopy(seed.choice(WRONG_VALUES))
    return json.dumps(value).encode() + b"\n"


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every (container, key) of a JSON value, at all depths."""
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from _places(value[key])


def _with_wrong_cells(record: bytes, seed: random.Random) -> bytes:
    row = next(csv.reader([record.decode("utf-8")]))
    for _ in range(seed.randint(0, 3)):
        wrong = copy.deepcopy(seed.choice(WRONG_VALUES))
        row[seed.randrange(len(row))] = wrong if isinstance(wrong, str) else json.dumps(wrong)
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(row)
    return out.getvalue().encode("utf-8", "surrogatepass")
