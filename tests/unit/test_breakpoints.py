"""The best breakpoints of a component, by hand: where they stand, what is read through them, and a cache in use.

A letter is a part of the prompt of 2,000 tokens: S the system prompt, T the tools, the others messages. Sonnet 4.6, USD
per million tokens: input 3, 5-minute write 3.75, 1-hour write 6, read 0.30.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest
from cache_values import KEY, add_prompt, add_request, empty_audit
from hypothesis import given, settings
from hypothesis import strategies as st
from savings_values import ASSUMPTIONS, PRICES, WAITS, context, usd

from analyzer.savings.assessment import ComponentPlan
from analyzer.savings.breakpoints import BEFORE_LAST, LAST, MOST, SYSTEM, TOOLS, Breakpoints
from analyzer.savings.cache_paths import CacheRules, replay
from analyzer.savings.plans import plan_component
from analyzer.savings.simulation import ComponentCache, component_inputs, simulate_cache
from analyzer.savings.state import Part, Prefix, joined
from analyzer.store.audit import Audit
from analyzer.tokens import TokenSums

MESSAGE_1 = BEFORE_LAST + 1
TALK = tuple("SaBcDeFgHiJk"[: 2 * turn] for turn in range(1, 7))
"""A conversation: each call holds the one before, its answer and a new message: 4,000, 8,000 ... 24,000 tokens."""


@pytest.fixture
def audit() -> Iterator[Audit]:
    opened = empty_audit()
    yield opened
    opened.connection.close()


def simulated(audit: Audit, component_no: int = 1) -> ComponentCache:
    return simulate_cache(audit, PRICES, ASSUMPTIONS)[component_no]


def prompts(audit: Audit, paths: Sequence[str], every_s: float = 60, lead: int = 1, **more: object) -> ComponentCache:
    for no, path in enumerate(paths):
        add_prompt(audit, no, no * every_s, path, lead=lead, **more)  # type: ignore[arg-type]
    return simulated(audit)


def summed(cache: ComponentCache) -> Prefix:
    """All rows in one; the length is of no matter."""
    return joined([Prefix(0), *(row for rows in cache.prefixes.values() for row in rows)])


def planned(audit: Audit, cache: ComponentCache) -> ComponentPlan:
    """The plan of component 1, for which someone waits."""
    sums = audit.connection.execute(
        "select sum(uncached_input_tokens), sum(cache_write_5m_tokens), sum(cache_write_1h_tokens),"
        " sum(cache_read_tokens) from priced_requests"
    ).fetchall()[0]
    state = (Part(TokenSums(*map(int, sums)), KEY, cache.prefixes.get(KEY, ())),)
    inputs = component_inputs(audit)[1]
    made = context(WAITS, breakpoints=cache.breakpoints, misses=cache.misses, cached_already=bool(inputs.cache_tokens))
    return plan_component(WAITS, (), state, made)


def said(plan: ComponentPlan) -> str:
    return next(finding.sentence for finding in plan.findings if finding.lever == "caching")


def test_a_conversation_is_cached_at_its_last_message(audit: Audit) -> None:
    """All 84,000 are held; each call reads the one before: 4,000 + 8,000 + 12,000 + 16,000 + 20,000."""
    cache = prompts(audit, TALK)
    assert cache.breakpoints.five == (LAST,)
    assert (summed(cache).held_5m_tokens, summed(cache).read_5m_tokens) == (84_000, 60_000)


def test_a_conversation_is_credited_with_exactly_what_the_replay_reads_and_writes(audit: Audit) -> None:
    whole = summed(prompts(audit, TALK))
    replayed = replay(audit, CacheRules())[1]
    assert (whole.read_5m_tokens, whole.held_5m_tokens - whole.read_5m_tokens) == (60_000, 24_000)
    assert (replayed.read_tokens, replayed.written_tokens) == (60_000, 24_000)


def test_the_plan_of_a_conversation_says_where_to_put_the_breakpoint(audit: Audit) -> None:
    """84,000 x 3.00 = 0.252. Low: 60,000 x 0.90 = 54,000 read, 30,000 written: 0.1125 + 0.0162 = 0.1287."""
    plan = planned(audit, prompts(audit, TALK))
    assert (plan.levers, plan.baseline_usd, plan.optimized_usd["low"]) == (("caching",), usd("0.252"), usd("0.1287"))
    assert said(plan).endswith("Breakpoints: at the last message, for 5 minutes.")
    assert plan.steps == ("Put a cache breakpoint (5 minutes) at the last message.",)


def test_two_breakpoints_where_parts_of_the_prompt_change_at_different_paces(audit: Audit) -> None:
    """S is in all, a document in two calls each, questions in one. Held 4 x 4,000; read 0, 4,000, 2,000 (S), 4,000."""
    cache = prompts(audit, ("Sdw", "Sdxx", "Sey", "Sezz"), 10)
    assert cache.breakpoints.five == (SYSTEM, MESSAGE_1)
    assert (summed(cache).held_5m_tokens, summed(cache).read_5m_tokens) == (16_000, 10_000)
    assert cache.breakpoints.words(cache.breakpoints.five) == (
        "after the system prompt and the tools and after message 1"
    )


def test_history_with_a_question_that_is_not_kept_is_cached_before_the_last_message(audit: Audit) -> None:
    """The last message is replaced in each call. Before it: 4,000, 6,000, 8,000 held; 4,000 and 6,000 read."""
    cache = prompts(audit, ("Sax", "Saby", "Sabcz"))
    assert BEFORE_LAST in cache.breakpoints.five and LAST not in cache.breakpoints.five
    assert (summed(cache).held_5m_tokens, summed(cache).read_5m_tokens) == (18_000, 10_000)


def test_tools_that_stay_while_the_system_prompt_changes_are_cached_by_themselves(audit: Audit) -> None:
    cache = prompts(audit, ("TSx", "TUy", "TVz", "TWw"), 10, lead=2)
    assert cache.breakpoints.five == (TOOLS,)
    assert cache.breakpoints.words((TOOLS, SYSTEM, LAST)) == (
        "after the tools, after the system prompt and at the last message"
    )
    assert (summed(cache).held_5m_tokens, summed(cache).read_5m_tokens) == (8_000, 6_000)


def test_examples_at_the_beginning_of_the_messages_are_found(audit: Audit) -> None:
    """Five messages that are the same in all calls, and a question."""
    cache = prompts(audit, ("SabcdeX", "SabcdeY", "SabcdeZ"), 10)
    assert cache.breakpoints.five == (BEFORE_LAST,)
    cache = prompts(empty_audit(), ("SabcdeXx", "SabcdeYyy", "SabcdeZzzz"), 10)
    assert cache.breakpoints.five == (BEFORE_LAST + 5,)
    assert cache.breakpoints.words(cache.breakpoints.five) == "after message 5"
    assert (summed(cache).held_5m_tokens, summed(cache).read_5m_tokens) == (36_000, 24_000)


@pytest.mark.parametrize(("more", "today"), [(9, (LAST,)), (10, (LAST, MESSAGE_1))])
def test_a_moving_breakpoint_looks_back_over_ten_boundaries(audit: Audit, more: int, today: tuple[int, ...]) -> None:
    """The breakpoint is the first: after 9 new messages the end of the call before is in reach, after 10 it is not.

    The log shows it read: then only a second breakpoint, after message 1, explains it.
    """
    path = "Sa" + "123456789x"[:more]
    add_prompt(audit, 1, 0, "Sa", cached=(0, 4000, 0))
    add_prompt(audit, 2, 60, path, cached=(4000, 2000 * len(path) - 4000, 0))
    assert simulated(audit).breakpoints.today == today


def test_the_hour_is_simulated_by_itself(audit: Audit) -> None:
    """Turns 10 minutes apart: nothing is read within 5 minutes. For an hour a write costs twice the input, so the last

    two turns, which nobody reads, are best not written: after messages 3, 5 and 7 (8,000, 12,000, 16,000 tokens) and
    the system prompt 2,000 + 8,000 + 12,000 + 3 x 16,000 are held and 2,000 + 8,000 + 12,000 + 2 x 16,000 read.
    """
    cache = prompts(audit, TALK, 600)
    assert summed(cache).read_5m_tokens == 0
    assert cache.breakpoints.hour == (SYSTEM, MESSAGE_1 + 2, MESSAGE_1 + 4, MESSAGE_1 + 6)
    assert (summed(cache).held_1h_tokens, summed(cache).read_1h_tokens) == (70_000, 54_000)


def test_where_nothing_is_read_one_breakpoint_shows_what_it_would_cost(audit: Audit) -> None:
    """Four prompts with nothing in common. 4 x 2,000 x (3.75 - 3.00) = 0.006."""
    plan = planned(audit, prompts(audit, ("Sa", "Tb", "Uc", "Vd"), 10))
    assert plan.levers == ()
    assert said(plan).startswith("Prompt cache would cost $0.01 more. 4 of 4 requests: the prefix was not seen before")
    assert [f.alone_usd for f in plan.findings if f.lever == "caching"] == [usd("-0.006")]


def test_a_breakpoint_under_the_minimum_is_not_taken_for_free(audit: Audit) -> None:
    """Tools of 500 tokens, a system prompt that changes: 1,000 of both are too short, 1,500 with a message are not.

    Nothing is read, and what a cache would cost is told: 4 x 1,500 x 0.75 = 0.0045.
    """
    plan = planned(audit, prompts(audit, ("TSa", "TUb", "TVc", "TWd"), 10, 2, size=500))
    assert [f.alone_usd for f in plan.findings if f.lever == "caching"] == [usd("-0.0045")]


# A cache in use


def test_more_breakpoints_for_a_cache_in_use_are_priced_from_what_the_log_shows(audit: Audit) -> None:
    """Today after the system prompt: 2,000 written, 5 x 2,000 read of 84,000: 0.216 + 0.0075 + 0.003 = 0.2265.

    At the last message 84,000 held and 60,000 read: 50,000 more, of which 45,000 happen: 55,000 read, 29,000 written:
    0.10875 + 0.0165 = 0.12525. High: 60,000 read, 24,000 written: 0.09 + 0.018 = 0.108.
    """
    for no, path in enumerate(TALK):
        add_prompt(audit, no, no * 60, path, cached=(2000, 0, 0) if no else (0, 2000, 0))
    cache = simulated(audit)
    assert (cache.breakpoints.today, cache.breakpoints.today_ttl, cache.breakpoints.is_explained) == (
        (SYSTEM,),
        "5m",
        True,
    )
    plan = planned(audit, cache)
    assert (plan.baseline_usd, plan.optimized_usd["low"]) == (usd("0.2265"), usd("0.12525"))
    assert plan.optimized_usd["high"] == usd("0.108")
    assert "Today's looks like 5 minutes, after the system prompt and the tools." in said(plan)
    assert plan.steps == (
        "Set the cache breakpoints anew (5 minutes) at the last message; today's seem to be: 5 minutes, after the "
        "system prompt and the tools.",
    )


def test_what_part_of_the_calls_has_in_a_cache_already_is_not_credited_again(audit: Audit) -> None:
    """Two conversations: the first with no cache, the second an hour later with its last message in one, 0.108.

    First: 0.252, cached 54,000 read in the low case, 30,000 written: 0.1287. Second: stays 0.108.
    """
    for no, path in enumerate(TALK):
        add_prompt(audit, no, no * 60, path)
        cached = (4000 * no, 4000, 0)
        add_prompt(audit, 100 + no, 4000 + no * 60, path.replace("S", "T"), cached=cached)
    cache = simulated(audit)
    assert cache.breakpoints.today == (LAST,) and cache.breakpoints.is_explained
    plan = planned(audit, cache)
    assert (plan.baseline_usd, plan.optimized_usd["low"]) == (usd("0.36"), usd("0.2367"))


def test_a_cache_in_use_that_is_the_best_stays(audit: Audit) -> None:
    for no, path in enumerate(TALK):
        add_prompt(audit, no, no * 60, path, cached=(4000 * no, 4000, 0))
    cache = simulated(audit)
    assert cache.breakpoints.today == (LAST,)
    plan = planned(audit, cache)
    assert plan.levers == () and plan.saving_usd == 0
    assert said(plan).startswith("Another prompt cache would change nothing.")


def test_an_hour_that_is_not_needed_is_changed_to_five_minutes(audit: Audit) -> None:
    """24,000 written at 6.00 and 60,000 read: 0.144 + 0.018; at 3.75: 0.09 + 0.018."""
    for no, path in enumerate(TALK):
        add_prompt(audit, no, no * 60, path, cached=(4000 * no, 0, 4000))
    plan = planned(audit, simulated(audit))
    assert (plan.baseline_usd, plan.optimized_usd["low"]) == (usd("0.162"), usd("0.108"))
    assert plan.optimized_usd["high"] == usd("0.108")


def test_a_cache_of_calls_without_prompt_shape_is_not_explained(audit: Audit) -> None:
    """What the log shows in the cache must be found again, whoever used it."""
    for no, path in enumerate(TALK):
        add_prompt(audit, no, no * 60, path)
        add_request(audit, 100 + no, no * 60, prefix=None, tokens=5000, cached=(0, 0, 4000))
    found = simulated(audit).breakpoints
    assert (found.is_explained, found.logged_held_tokens, found.simulated_held_tokens) == (False, 24_000, 0)


def test_simulated_tokens_are_cut_down_to_the_length_that_the_log_shows(audit: Audit) -> None:
    """1,600 tokens of prefix by its characters, 1,500 in the log: of 3,200 held, 1,600 read, 3,000 and 1,500 count."""
    add_request(audit, 1, 0, cached=(0, 1500, 0))
    add_request(audit, 2, 60, cached=(1500, 0, 0))
    whole = summed(simulated(audit))
    assert (whole.held_today_tokens, whole.read_today_tokens) == (3000, 1500)
    assert (whole.held_1h_tokens, whole.read_1h_tokens) == (3000, 1500)


def test_a_cache_that_the_simulation_does_not_find_is_left_alone_and_both_figures_are_told(audit: Audit) -> None:
    """All is read though no call is near enough: another component must keep it warm."""
    for no, path in enumerate(TALK):
        add_prompt(audit, no, no * 4000, path, cached=(4000 * (no + 1), 0, 0))
    cache = simulated(audit)
    assert not cache.breakpoints.is_explained
    assert cache.breakpoints.logged_held_tokens == cache.breakpoints.logged_read_tokens == 84_000
    plan = planned(audit, cache)
    assert plan.levers == ()
    finding = next(f for f in plan.findings if f.lever == "caching")
    assert finding.status == "nothing-to-do"
    assert "The log shows 84,000 tokens in the cache, 84,000 of them read; the simulation" in finding.sentence


def test_a_cache_that_is_written_and_never_read_is_to_be_left_out(audit: Audit) -> None:
    """84,000 written at 3.75 = 0.315; plain 0.252. No simulation is needed, and no assumption."""
    for no, path in enumerate(TALK):
        add_prompt(audit, no, no * 4000, path, cached=(0, 4000 * (no + 1), 0))
    plan = planned(audit, simulated(audit))
    assert (plan.levers, plan.baseline_usd) == (("caching",), usd("0.315"))
    assert set(plan.optimized_usd.values()) == {usd("0.252")}
    assert plan.corners.names == ()
    assert said(plan).startswith("No prompt cache: $0.06 of the saving")
    assert (
        "5 of 6 requests: the last request with the prefix is more than 5 minutes ago (5: more than an hour)."
        in said(plan)
    )
    assert plan.steps[0].startswith("Take the cache breakpoints out")


def test_without_a_prompt_shape_a_cache_in_use_can_still_be_left_out() -> None:
    """1,000,000 written at 3.75 and 100,000 read at 0.30 = 3.78; plain 3.30."""
    tokens = TokenSums(cache_write_5m_tokens=1_000_000, cache_read_tokens=100_000)
    made = context(WAITS, has_prompt_shape=False, cached_already=True)
    plan = plan_component(WAITS, (), (Part(tokens, KEY),), made)
    assert (plan.levers, plan.optimized_usd["low"]) == (("caching",), usd("3.30"))
    read = replace(tokens, cache_read_tokens=10_000_000)
    plan = plan_component(WAITS, (), (Part(read, KEY),), made)
    assert plan.levers == ()
    assert "The log has no prompt shape, so no other way to use it is priced." in said(plan)


def test_the_lever_takes_only_the_lives_that_are_allowed(audit: Audit) -> None:
    """Turns 10 minutes apart pay only within the hour: 12,000 x 6.00 + 12,000 x 0.30 is more than 24,000 x 3.00."""
    paths = [TALK[0] + "Bc" * turns for turns in range(12)]
    cache = prompts(audit, paths, 600)
    state = (Part(TokenSums(uncached_input_tokens=sum(2000 * len(path) for path in paths)), KEY, cache.prefixes[KEY]),)
    made = context(WAITS, breakpoints=cache.breakpoints)
    assert plan_component(WAITS, (), state, made).levers == ("caching",)
    assert plan_component(WAITS, (), state, replace(made, allow_1h_cache=False)).levers == ()


def test_a_log_with_the_prefix_alone_has_one_breakpoint(audit: Audit) -> None:
    add_request(audit, 1, 0)
    add_request(audit, 2, 5)
    assert simulated(audit).breakpoints == Breakpoints()


# What must hold of any calls


def definition(paths: Sequence[tuple[int, str]], marks: tuple[int, ...], ttl_s: int) -> tuple[int, int]:
    """Held and read, straight from the rules, when all breakpoints share their entries: at least what each reads."""
    entries: dict[str, tuple[float, float]] = {}
    held = read = 0
    for at, path in paths:
        places = {
            m: {SYSTEM: 1, LAST: len(path), BEFORE_LAST: len(path) - 1}.get(m, m - BEFORE_LAST + 1) for m in marks
        }
        mine = [p for m, p in places.items() if p <= len(path) and (m == SYSTEM or p > 1)]
        reach = {p - back for p in mine for back in range(10) if p - back > 0}
        alive = {p for p in reach if path[:p] in entries and at - entries[path[:p]][0] <= ttl_s}
        hits = [p for p in alive if entries[path[:p]][1] <= at]
        for p in alive:
            entries[path[:p]] = (at, min(entries[path[:p]][1], at + 1) if p in mine else entries[path[:p]][1])
        for p in set(mine) - alive:
            entries[path[:p]] = (at, at + 1)
        read += 2000 * max(hits, default=0)
        held += 2000 * max([*mine, *hits], default=0)
    return held, read


WALKS = st.lists(st.tuples(st.integers(0, 900), st.text("ab", max_size=6)), min_size=1, max_size=12)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(WALKS)
def test_no_more_is_promised_than_the_rules_give_and_no_more_than_four_breakpoints(
    walks: list[tuple[int, str]],
) -> None:
    calls = [(at, "S" + path) for at, path in sorted(walks)]
    audit = empty_audit()
    for no, (at, path) in enumerate(calls):
        add_prompt(audit, no, at, path)
    cache = simulated(audit)
    audit.connection.close()
    whole = summed(cache)
    for marks, held, read, ttl_s in (
        (cache.breakpoints.five, whole.held_5m_tokens, whole.read_5m_tokens, 300),
        (cache.breakpoints.hour, whole.held_1h_tokens, whole.read_1h_tokens, 3600),
    ):
        assert 1 <= len(marks) <= MOST
        most_held, most_read = definition(calls, marks, ttl_s)
        assert read <= most_read and held <= most_held
        assert 0 <= read <= held <= sum(2000 * len(path) for _, path in calls)
        if marks in ((LAST,), (SYSTEM,)):
            assert (held, read) == (most_held, most_read)
