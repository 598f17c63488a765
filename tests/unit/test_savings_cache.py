"""The cache simulation on requests that a reader can follow by hand; the log has the prefix alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest
from cache_values import KEY, MODEL, add_prompt, add_request, empty_audit
from savings_values import ASSUMPTIONS, PRICES

from analyzer.savings.simulation import ComponentCache, component_inputs, simulate_cache
from analyzer.savings.state import Prefix, PriceKey
from analyzer.store.audit import Audit

TEN = (0, 0.5, 2, 302, 602.000001, 700, 1000, 4600, 8200.000001, 8201.5)


@pytest.fixture
def audit() -> Iterator[Audit]:
    opened = empty_audit()
    yield opened
    opened.connection.close()


def simulated(audit: Audit) -> dict[int, ComponentCache]:
    return simulate_cache(audit, PRICES, ASSUMPTIONS)


def only(audit: Audit) -> Prefix:
    """The single row of component 1."""
    (prefix,) = simulated(audit)[1].prefixes[KEY]
    return prefix


def reads(audit: Audit, length: int = 1600) -> tuple[int, int]:
    """Requests that read from a 5-minute and a 1-hour cache."""
    prefix = only(audit)
    return prefix.read_5m_tokens // length, prefix.read_1h_tokens // length


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
    5 minutes: 5 reads. 1 hour: 7 reads. Ten times 1,600 are held; the prefix is from 1,024 and under 2,048 tokens long.
    """
    for no, at_s in enumerate(TEN, 1):
        add_request(audit, no, at_s)
    assert only(audit) == Prefix(
        1024,
        held_5m_tokens=16_000,
        read_5m_tokens=8_000,
        held_1h_tokens=16_000,
        read_1h_tokens=11_200,
        shared_tokens=16_000,
        primed_tokens=1_600,
    )


def test_an_answer_that_begins_just_as_the_next_request_starts_is_readable(audit: Audit) -> None:
    add_request(audit, 1, 0, first_token_s=2.000001)
    add_request(audit, 2, 2)
    assert reads(audit) == (0, 0)
    add_request(audit, 3, 2.000001)
    assert reads(audit) == (1, 1)


def test_without_first_token_the_end_counts_and_without_both_a_minute(audit: Audit) -> None:
    add_request(audit, 1, 0, first_token_s=None, duration_s=4.0)
    add_request(audit, 2, 3.9)  # writes: 1 is still being answered
    add_request(audit, 3, 4.1)  # reads from 1
    assert reads(audit) == (1, 1)
    add_request(audit, 4, 0, prefix="q", first_token_s=None, duration_s=None)
    add_request(audit, 5, 59, prefix="q", first_token_s=None, duration_s=None)  # writes
    add_request(audit, 6, 61, prefix="q", first_token_s=None, duration_s=None)  # reads from 4
    assert reads(audit) == (2, 2)
    assert only(audit).primed_tokens == 2 * 1600


def test_no_seconds_at_all_are_no_time_of_an_answer_so_a_fan_out_reads_nothing(audit: Audit) -> None:
    for no in range(1, 6):
        add_request(audit, no, 0, first_token_s=0.0, duration_s=0.0)
    assert reads(audit) == (0, 0)
    add_request(audit, 6, 59, first_token_s=0.0, duration_s=0.0)  # writes: a minute is taken
    add_request(audit, 7, 61)
    assert reads(audit) == (1, 1)


def test_a_prefix_in_two_workspaces_is_primed_in_each(audit: Audit) -> None:
    for no in range(1, 5):
        add_request(audit, no, no, workspace="ab"[no % 2])
    assert only(audit).primed_tokens == 2 * 1600


def test_equal_starts_are_told_apart_by_number_and_neither_reads_the_other(audit: Audit) -> None:
    add_request(audit, 2, 0)
    add_request(audit, 1, 0)
    assert reads(audit) == (0, 0)


def test_workspaces_are_apart_on_the_claude_api_and_together_on_bedrock(audit: Audit) -> None:
    add_request(audit, 1, 0, workspace="a")
    add_request(audit, 2, 5, workspace="b")
    assert reads(audit) == (0, 0)
    add_request(audit, 3, 0, workspace="a", provider="aws_bedrock", component_no=2)
    add_request(audit, 4, 5, workspace="b", provider="aws_bedrock", component_no=2)
    bedrock = PriceKey(MODEL, "standard", "aws_bedrock", "global", 0, date(2024, 10, 4))
    (prefix,) = simulated(audit)[2].prefixes[bedrock]
    assert (prefix.held_5m_tokens, prefix.read_5m_tokens) == (3200, 1600)


def test_the_shortest_estimate_of_a_prefix_counts_and_is_cut_down(audit: Audit) -> None:
    """2,000 x 4,000 / 5,000 = 1,600; 1,999 x 4,000 / 5,003 = 1,598.2..., cut to 1,598."""
    add_request(audit, 1, 0)
    add_request(audit, 2, 5, chars=(4000, 5003), tokens=1999)
    assert only(audit).shared_tokens == 2 * 1598


def test_a_prefix_longer_than_its_prompt_is_taken_as_the_whole_prompt(audit: Audit) -> None:
    add_request(audit, 1, 0, chars=(9000, 5000))
    assert only(audit).shared_tokens == 2000


def test_requests_without_prompt_shape_model_or_input_are_left_out(audit: Audit) -> None:
    add_request(audit, 1, 0, prefix=None)
    add_request(audit, 2, 1, chars=(None, 5000))
    add_request(audit, 3, 2, chars=(10, None))
    add_request(audit, 4, 3, tokens=0)
    add_request(audit, 5, 4, model=None)
    assert simulated(audit) == {}


def test_a_run_over_midnight_keeps_its_cache_and_is_counted_by_day(audit: Audit) -> None:
    add_request(audit, 1, 86_398)
    add_request(audit, 2, 86_401)
    found = simulated(audit)[1].prefixes
    next_day = KEY._replace(on=date(2024, 10, 5))
    assert found[KEY] == (Prefix(1024, 1600, 0, 1600, 0, 0, 0, 1600, 1600),)
    assert found[next_day] == (Prefix(1024, 1600, 1600, 1600, 1600, 0, 0, 1600, 1600),)


def test_prefixes_are_parted_where_the_minimum_of_a_model_lies(audit: Audit) -> None:
    """500, 1,600 and 4,800 tokens: what is under 512 no model caches; this one caches from 1,024."""
    add_request(audit, 1, 0, prefix="short", tokens=625)
    add_request(audit, 2, 1, prefix="enough")
    add_request(audit, 3, 2, prefix="long", tokens=6000)
    rows = simulated(audit)[1].prefixes[KEY]
    assert [(row.least_tokens, row.held_5m_tokens) for row in rows] == [(1024, 1600), (4096, 4800)]


def test_the_largest_request_and_cached_tokens_of_a_component_are_known(audit: Audit) -> None:
    add_request(audit, 1, 0, tokens=700)
    add_request(audit, 2, 1, tokens=900, cached=(50, 0, 0))
    (found,) = component_inputs(audit).values()
    assert (found.largest_request_tokens, found.cache_tokens) == (900, 50)


def test_why_requests_read_nothing_by_hand(audit: Audit) -> None:
    """The ten requests above: 1 was the first, 1 began before an answer, 3 came too late (one of them by an hour)."""
    for no, at_s in enumerate(TEN, 1):
        add_request(audit, no, at_s)
    misses = simulated(audit)[1].misses
    assert misses is not None
    (row,) = misses.rows
    assert (row.requests, row.reads, row.first_seen, row.fan_out) == (10, 5, 1, 1)
    assert (row.expired_5m, row.expired_1h) == (3, 1)


def test_where_a_prefix_changes_is_known_from_its_boundaries(audit: Audit) -> None:
    """Three prompts of tools, system and a message: the tools stay the same, what follows does not."""
    for no, path in enumerate(("tab", "tcd", "tef"), 1):
        add_prompt(audit, no, no, path, lead=2)
    misses = simulated(audit)[1].misses
    assert misses is not None
    assert misses.boundaries == ((0, 3, 1), (1, 3, 3), (2, 3, 3))
    assert "it changes in the system prompt." in (misses.reason(PRICES.models) or "")


def test_a_model_without_a_price_plans_nothing(audit: Audit) -> None:
    add_request(audit, 1, 0)
    nothing = replace(PRICES, find=lambda key: None, _known={KEY: None})
    (cache,) = simulate_cache(audit, nothing, ASSUMPTIONS).values()
    (prefix,) = cache.prefixes[KEY]
    assert (prefix.held_5m_tokens, prefix.shared_tokens) == (0, 1600)


def test_what_is_in_batch_already_reads_nothing_in_real_time_and_has_its_prefix_to_prime(audit: Audit) -> None:
    add_request(audit, 1, 0)
    add_request(audit, 2, 5)
    audit.connection.execute("update priced_requests set mode = 'batch'")
    (cache,) = simulated(audit).values()
    assert cache.prefixes == {KEY._replace(mode="batch"): (Prefix(1024, shared_tokens=3200, primed_tokens=1600),)}
