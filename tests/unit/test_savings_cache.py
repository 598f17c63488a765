"""The cache simulation on requests that a reader can follow by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import duckdb
import pytest

from analyzer.savings.assumptions import load_assumptions
from analyzer.savings.simulation import cache_misses, component_inputs, simulate_cache
from analyzer.savings.state import Prefix, PriceKey
from analyzer.store.audit import Audit

MODEL = "claude-sonnet-4-6"
DAY_US = 20_000 * 86_400_000_000  # 2024-10-04T00:00:00Z
S = 1_000_000
KEY = PriceKey(MODEL, "standard", "anthropic", "global", 0, date(2024, 10, 4))


@pytest.fixture
def audit() -> Iterator[Audit]:
    """The three tables that the simulation reads, empty."""
    connection = duckdb.connect(":memory:")
    connection.execute(
        "create table requests (request_no bigint, provider varchar, workspace varchar, prefix_hash varchar,"
        " prefix_chars bigint, prompt_chars bigint, started_us bigint, first_token_s double, duration_s double,"
        " boundary_hashes varchar[])"
    )
    connection.execute("create table calls (request_no bigint, component_no bigint)")
    connection.execute(
        "create table priced_requests (request_no bigint, provider varchar, model varchar, mode varchar,"
        " geography varchar, over_tokens bigint, day_us bigint, uncached_input_tokens bigint,"
        " cache_write_5m_tokens bigint, cache_write_1h_tokens bigint, cache_read_tokens bigint)"
    )
    yield Audit(None, connection, "salt")
    connection.close()


def add_request(
    audit: Audit,
    no: int,
    at_s: float,
    *,
    prefix: str | None = "p",
    workspace: str = "w",
    provider: str = "anthropic",
    first_token_s: float | None = 1.0,
    duration_s: float | None = 4.0,
    chars: tuple[int | None, int | None] = (4000, 5000),
    tokens: int = 2000,
    component_no: int = 1,
    boundaries: list[str] | None = None,
) -> None:
    connection, start = audit.connection, DAY_US + int(at_s * S)
    row = [no, provider, workspace, prefix, *chars, start, first_token_s, duration_s, boundaries]
    connection.execute("insert into requests values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
    connection.execute("insert into calls values (?, ?)", [no, component_no])
    connection.execute(
        "insert into priced_requests values (?, ?, ?, 'standard', 'global', 0, ?, ?, 0, 0, 0)",
        [no, provider, MODEL, start - start % (86_400 * S), tokens],
    )


def simulated(audit: Audit) -> dict[tuple[int, PriceKey], tuple[Prefix, ...]]:
    return simulate_cache(audit, load_assumptions())


def only(audit: Audit) -> Prefix:
    """The single prefix row of component 1."""
    (prefix,) = simulated(audit)[1, KEY]
    return prefix


def test_ten_requests_by_hand(audit: Audit) -> None:
    """Answers begin 1 s after the start. 2,000 tokens x 4,000 / 5,000 characters = 1,600 tokens of prefix.

    at s      5-minute cache                     1-hour cache
    0         writes (first)                     writes (first)
    0.5       writes (nothing has begun)         writes
    2         reads                              reads
    302       reads (300 s after 2: alive)       reads
    602.000001 writes (a microsecond too late)   reads
    700       reads                              reads
    1000      reads (renewed at 700)             reads
    4600      writes                             reads (3,600 s after 1000)
    8200.000001 writes                           writes
    8201.5    reads                              reads
    5 minutes: 5 reads. 1 hour: 7 reads.
    """
    for no, at_s in enumerate((0, 0.5, 2, 302, 602.000001, 700, 1000, 4600, 8200.000001, 8201.5), 1):
        add_request(audit, no, at_s)
    assert only(audit) == Prefix(1600, requests=10, prefixes=1, reads_5m=5, reads_1h=7)


def test_an_answer_that_begins_just_as_the_next_request_starts_is_not_readable(audit: Audit) -> None:
    add_request(audit, 1, 0, first_token_s=2.0)
    add_request(audit, 2, 2)
    assert only(audit).reads_5m == 0
    add_request(audit, 3, 2.000001)
    assert only(audit).reads_5m == 1


def test_without_first_token_the_end_counts_and_without_both_a_minute(audit: Audit) -> None:
    add_request(audit, 1, 0, first_token_s=None, duration_s=4.0)
    add_request(audit, 2, 3.9)  # writes: 1 is still being answered
    add_request(audit, 3, 4.1)  # reads from 1
    assert only(audit).reads_5m == 1
    add_request(audit, 4, 0, prefix="q", first_token_s=None, duration_s=None)
    add_request(audit, 5, 59, prefix="q", first_token_s=None, duration_s=None)  # writes
    add_request(audit, 6, 61, prefix="q", first_token_s=None, duration_s=None)  # reads from 4
    assert only(audit) == Prefix(1600, requests=6, prefixes=2, reads_5m=2, reads_1h=2)


def test_equal_starts_are_told_apart_by_number_and_neither_reads_the_other(audit: Audit) -> None:
    add_request(audit, 2, 0)
    add_request(audit, 1, 0)
    assert only(audit) == Prefix(1600, requests=2, prefixes=1, reads_5m=0, reads_1h=0)


def test_workspaces_are_apart_on_the_claude_api_and_together_on_bedrock(audit: Audit) -> None:
    add_request(audit, 1, 0, workspace="a")
    add_request(audit, 2, 5, workspace="b")
    assert only(audit).reads_5m == 0
    add_request(audit, 3, 0, workspace="a", provider="aws_bedrock", component_no=2)
    add_request(audit, 4, 5, workspace="b", provider="aws_bedrock", component_no=2)
    bedrock = PriceKey(MODEL, "standard", "aws_bedrock", "global", 0, date(2024, 10, 4))
    assert simulated(audit)[2, bedrock] == (Prefix(1600, requests=2, prefixes=1, reads_5m=1, reads_1h=1),)


def test_the_shortest_estimate_of_a_prefix_counts_and_is_cut_down(audit: Audit) -> None:
    """2,000 x 4,000 / 5,000 = 1,600; 1,999 x 4,000 / 5,003 = 1,598.2..., cut to 1,598."""
    add_request(audit, 1, 0)
    add_request(audit, 2, 5, chars=(4000, 5003), tokens=1999)
    assert only(audit).length_tokens == 1598


def test_a_prefix_longer_than_its_prompt_is_taken_as_the_whole_prompt(audit: Audit) -> None:
    add_request(audit, 1, 0, chars=(9000, 5000))
    assert only(audit).length_tokens == 2000


def test_requests_without_prompt_shape_or_input_are_left_out(audit: Audit) -> None:
    add_request(audit, 1, 0, prefix=None)
    add_request(audit, 2, 1, chars=(None, 5000))
    add_request(audit, 3, 2, chars=(10, None))
    add_request(audit, 4, 3, tokens=0)
    assert simulated(audit) == {}


def test_a_run_over_midnight_keeps_its_cache_and_is_counted_by_day(audit: Audit) -> None:
    add_request(audit, 1, 86_398)
    add_request(audit, 2, 86_401)
    found = simulated(audit)
    next_day = PriceKey(MODEL, "standard", "anthropic", "global", 0, date(2024, 10, 5))
    assert found[1, KEY] == (Prefix(1600, 1, 1, 0, 0),)
    assert found[1, next_day] == (Prefix(1600, 1, 1, 1, 1),)


def test_the_largest_request_and_cached_tokens_of_a_component_are_known(audit: Audit) -> None:
    add_request(audit, 1, 0, tokens=700)
    add_request(audit, 2, 1, tokens=900)
    audit.connection.execute("update priced_requests set cache_read_tokens = 50 where request_no = 1")
    (found,) = component_inputs(audit).values()
    assert (found.largest_request_tokens, found.cache_tokens) == (900, 50)


def test_why_requests_read_nothing_by_hand(audit: Audit) -> None:
    """The ten requests above: 1 was the first, 1 began before an answer, 3 came too late (one of them by an hour)."""
    for no, at_s in enumerate((0, 0.5, 2, 302, 602.000001, 700, 1000, 4600, 8200.000001, 8201.5), 1):
        add_request(audit, no, at_s)
    simulated(audit)
    (row,) = cache_misses(audit)[1].rows
    assert (row.requests, row.reads, row.first_seen, row.fan_out) == (10, 5, 1, 1)
    assert (row.expired_5m, row.expired_1h) == (3, 1)


def test_where_a_prefix_changes_is_known_from_its_boundaries(audit: Audit) -> None:
    """Three prefixes: the tools stay the same, what follows does not."""
    for no in (1, 2, 3):
        add_request(audit, no, no, prefix=f"p{no}", boundaries=["tools", f"system {no}"])
    simulated(audit)
    found = cache_misses(audit)[1]
    assert (found.first_boundaries, found.prefixes) == (1, 3)
