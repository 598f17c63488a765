"""The replay of the prompt cache, call by call, against sums made by hand."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.savings.cache_paths import CacheRules, CacheSums, PathCall, replay

AT_ONCE = CacheRules(300, "immediate", 0)
SECOND_US = 1_000_000


def call(at_s: float, path: str, *, size: int = 100, component_no: int = 1, begins_s: float | None = None) -> PathCall:
    """A call whose prompt is one block of `size` tokens a letter."""
    ends = tuple((path[: i + 1], size * (i + 1)) for i in range(len(path)))
    start = int(at_s * SECOND_US)
    begins = start if begins_s is None else int(begins_s * SECOND_US)
    return PathCall(component_no, "", None, start, begins, size * len(path), ends)


def sums(calls: Sequence[PathCall], rules: CacheRules = AT_ONCE) -> CacheSums:
    return replay(calls, rules)[1]


def test_the_longest_known_prefix_is_read_and_the_rest_written() -> None:
    found = sums([call(0, "abc"), call(1, "abd"), call(2, "abde")])
    # read: 0 + ab + abd = 0 + 200 + 300; written: 300 + 100 + 100
    assert (found.input_tokens, found.read_tokens, found.written_tokens) == (1000, 500, 500)
    # read again later: a, b (by the second call) and d (by the third)
    assert found.read_again_tokens == 300
    assert found.misses == {"first seen": 1}


def test_a_life_counts_from_the_last_touch_and_its_last_moment_is_alive() -> None:
    found = sums([call(0, "a"), call(300, "a"), call(600, "a"), call(901, "a")])
    assert (found.read_tokens, found.written_tokens) == (200, 200)
    assert found.misses == {"first seen": 1, "expired": 1}


def test_a_miss_further_down_refreshes_what_is_above() -> None:
    found = sums([call(0, "ab"), call(200, "ac"), call(450, "ab")])
    # a is read at 200 and so lives at 450; b was last touched at 0 and does not
    assert found.read_tokens == 100 + 100


def test_an_entry_is_readable_once_its_answer_has_begun() -> None:
    rules = CacheRules(300, "answered", 0)
    calls = [call(0, "a", begins_s=5), call(1, "a", begins_s=6), call(5, "a", begins_s=9)]
    found = sums(calls, rules)
    assert (found.read_tokens, found.written_tokens) == (100, 200)
    assert found.misses == {"first seen": 1, "not answered yet": 1}


def test_a_prefix_under_the_minimum_is_neither_read_nor_written() -> None:
    found = sums([call(0, "a"), call(1, "a"), call(2, "abc"), call(3, "abc")], CacheRules(300, "immediate", 250))
    assert (found.read_tokens, found.written_tokens) == (300, 300)
    assert found.misses == {"under the minimum": 2, "first seen": 1}


def test_models_and_scopes_share_nothing() -> None:
    one = call(0, "a")
    other = PathCall(1, "elsewhere", None, SECOND_US, SECOND_US, 100, one.ends)
    third = PathCall(1, "", "claude-haiku-4-5", 2 * SECOND_US, 2 * SECOND_US, 100, one.ends)
    assert sums([one, other, third]).read_tokens == 0


def test_a_block_that_another_component_reads_counts_as_read_again_where_it_was_written() -> None:
    found = replay([call(0, "a", component_no=1), call(1, "a", component_no=2)], AT_ONCE)
    assert (found[1].read_again_tokens, found[2].read_tokens) == (100, 100)


def test_relative_cost_by_hand() -> None:
    found = sums([call(0, "ab"), call(1, "ab"), call(2, "cd")])
    # input 600: read 200 at 0.1, written 400 at 1.25 = 520; only ab is read again: 200 × 0.1 + 200 × 1.25 + 200 = 470
    assert found.relative_cost(Decimal("1.25")) == Decimal(520) / 600
    assert found.relative_cost(Decimal("1.25"), read_again_only=True) == Decimal(470) / 600


PATHS = st.lists(st.tuples(st.integers(0, 2000), st.text("ab", min_size=1, max_size=6)), min_size=1, max_size=40)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(PATHS, st.integers(1, 900), st.integers(1, 900))
def test_reads_never_exceed_what_was_sent_before_and_a_longer_life_never_reads_less(
    timed: list[tuple[int, str]], one: int, other: int
) -> None:
    calls = [call(at, path) for at, path in sorted(timed)]
    short, long = (sums(calls, CacheRules(ttl, "immediate", 0)) for ttl in sorted((one, other)))
    for found in (short, long):
        assert found.read_tokens + found.written_tokens == found.input_tokens
        assert found.read_again_tokens <= found.written_tokens
    assert short.read_tokens <= long.read_tokens


@settings(max_examples=60, deadline=None, derandomize=True)
@given(PATHS, st.integers(1, 900))
def test_the_replay_agrees_with_the_definition(timed: list[tuple[int, str]], ttl: int) -> None:
    """Every call touches all its prefixes, so a prefix is alive exactly when it was last sent within the life."""
    calls = [call(at, path) for at, path in sorted(timed)]
    expected = 0
    for number, this in enumerate(calls):
        for end, tokens in reversed(this.ends):
            times = [c.started_us for c in calls[:number] if end in dict(c.ends)]
            if times and this.started_us - max(times) <= ttl * SECOND_US:
                expected += tokens
                break
    assert sums(calls, CacheRules(ttl, "immediate", 0)).read_tokens == expected
