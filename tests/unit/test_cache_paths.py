"""The replay of the prompt cache, call by call, against sums made by hand."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from cache_values import add_prompt, empty_audit
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.savings.cache_paths import CacheRules, CacheSums, replay

AT_ONCE = CacheRules(300, "immediate", 0)


class Call(NamedTuple):
    """A call whose prompt is one block of `size` tokens a letter; its answer begins at `begins_s`."""

    at_s: float
    path: str
    size: int = 100
    component_no: int = 1
    begins_s: float | None = None
    model: str | None = None
    workspace: str = "w"

    @property
    def ends(self) -> list[tuple[str, int]]:
        """Each prefix, and the tokens up to its end."""
        return [(self.path[: end + 1], self.size * (end + 1)) for end in range(len(self.path))]


def replayed(calls: Sequence[Call], rules: CacheRules) -> dict[int, CacheSums]:
    audit = empty_audit()
    for no, call in enumerate(calls, 1):
        first_token_s = None if call.begins_s is None else call.begins_s - call.at_s
        add_prompt(
            audit,
            no,
            call.at_s,
            call.path,
            lead=0,
            size=call.size,
            component_no=call.component_no,
            first_token_s=first_token_s,
            model=call.model,
            workspace=call.workspace,
        )
    found = replay(audit, rules)
    audit.connection.close()
    return found


def sums(calls: Sequence[Call], rules: CacheRules = AT_ONCE) -> CacheSums:
    return replayed(calls, rules)[1]


def test_the_longest_known_prefix_is_read_and_the_rest_written() -> None:
    found = sums([Call(0, "abc"), Call(1, "abd"), Call(2, "abde")])
    # read: 0 + ab + abd = 0 + 200 + 300; written: 300 + 100 + 100
    assert (found.input_tokens, found.read_tokens, found.written_tokens) == (1000, 500, 500)
    # read again later: a, b (by the second call) and d (by the third)
    assert found.read_again_tokens == 300
    assert found.misses == {"first seen": 1}


def test_a_life_counts_from_the_last_touch_and_its_last_moment_is_alive() -> None:
    found = sums([Call(0, "a"), Call(300, "a"), Call(600, "a"), Call(901, "a")])
    assert (found.read_tokens, found.written_tokens) == (200, 200)
    assert found.misses == {"first seen": 1, "expired": 1}


def test_a_miss_further_down_refreshes_what_is_above() -> None:
    found = sums([Call(0, "ab"), Call(200, "ac"), Call(450, "ab")])
    # a is read at 200 and so lives at 450; b was last touched at 0 and does not
    assert found.read_tokens == 100 + 100


def test_an_entry_is_readable_once_its_answer_has_begun() -> None:
    rules = CacheRules(300, "answered", 0)
    calls = [Call(0, "a", begins_s=5), Call(1, "a", begins_s=6), Call(5, "a", begins_s=9)]
    found = sums(calls, rules)
    assert (found.read_tokens, found.written_tokens) == (100, 200)
    assert found.misses == {"first seen": 1, "not answered yet": 1}


def test_a_prefix_under_the_minimum_is_neither_read_nor_written() -> None:
    found = sums([Call(0, "a"), Call(1, "a"), Call(2, "abc"), Call(3, "abc")], CacheRules(300, "immediate", 250))
    assert (found.read_tokens, found.written_tokens) == (300, 300)
    assert found.misses == {"under the minimum": 2, "first seen": 1}


def test_models_and_scopes_share_nothing() -> None:
    one = Call(0, "a")
    others = [one._replace(at_s=1, workspace="elsewhere"), one._replace(at_s=2, model="claude-haiku-4-5")]
    assert sums([one, *others]).read_tokens == 0
    assert sums([one, one._replace(at_s=1)]).read_tokens == 100


def test_a_prefix_that_a_model_does_not_cache_is_plain_input() -> None:
    """Haiku 4.5 caches from 4,096 tokens, Sonnet 4.6 from 1,024; an unknown model is taken to need the most."""
    rules = CacheRules(300, "immediate", None)
    for model, size, read in (
        ("claude-haiku-4-5", 4095, 0),
        ("claude-haiku-4-5", 4096, 4096),
        ("claude-sonnet-4-6", 1024, 1024),
        (None, 1024, 0),
    ):
        assert sums([Call(0, "a", size, model=model), Call(1, "a", size, model=model)], rules).read_tokens == read


def test_the_cost_of_the_input_is_known_where_all_calls_have_a_price() -> None:
    """Sonnet 4.6: 1,000,000 tokens written at 3.75 and 1,000,000 read at 0.30 a million."""
    calls = [Call(at, "a", 1_000_000, model="claude-sonnet-4-6") for at in (0, 1)]
    assert sums(calls).input_cost_usd == Decimal("4.05")
    assert sums(calls, CacheRules(3600, "immediate", 0)).input_cost_usd == Decimal("6.30")
    assert sums([*calls, Call(2, "a")]).input_cost_usd is None


def test_a_block_that_another_component_reads_counts_as_read_again_where_it_was_written() -> None:
    found = replayed([Call(0, "a", component_no=1), Call(1, "a", component_no=2)], AT_ONCE)
    assert (found[1].read_again_tokens, found[2].read_tokens) == (100, 100)


def test_relative_cost_by_hand() -> None:
    found = sums([Call(0, "ab"), Call(1, "ab"), Call(2, "cd")])
    # input 600: read 200 at 0.1, written 400 at 1.25 = 520; only ab is read again: 200 × 0.1 + 200 × 1.25 + 200 = 470
    assert found.relative_cost(Decimal("1.25")) == Decimal(520) / 600
    assert found.relative_cost(Decimal("1.25"), read_again_only=True) == Decimal(470) / 600


PATHS = st.lists(st.tuples(st.integers(0, 2000), st.text("ab", min_size=1, max_size=6)), min_size=1, max_size=20)


@settings(max_examples=15, deadline=None, derandomize=True)
@given(PATHS, st.integers(1, 900), st.integers(1, 900))
def test_reads_never_exceed_what_was_sent_before_and_a_longer_life_never_reads_less(
    timed: list[tuple[int, str]], one: int, other: int
) -> None:
    calls = [Call(at, path) for at, path in sorted(timed)]
    short, long = (sums(calls, CacheRules(ttl, "immediate", 0)) for ttl in sorted((one, other)))
    for found in (short, long):
        assert found.read_tokens + found.written_tokens == found.input_tokens
        assert found.read_again_tokens <= found.written_tokens
    assert short.read_tokens <= long.read_tokens


@settings(max_examples=15, deadline=None, derandomize=True)
@given(PATHS, st.integers(1, 900))
def test_the_replay_agrees_with_the_definition(timed: list[tuple[int, str]], ttl: int) -> None:
    """Every call touches all its prefixes, so a prefix is alive exactly when it was last sent within the life."""
    calls = [Call(at, path) for at, path in sorted(timed)]
    expected = 0
    for number, this in enumerate(calls):
        for end, tokens in reversed(this.ends):
            times = [c.at_s for c in calls[:number] if end in dict(c.ends)]
            if times and this.at_s - max(times) <= ttl:
                expected += tokens
                break
    assert sums(calls, CacheRules(ttl, "immediate", 0)).read_tokens == expected
