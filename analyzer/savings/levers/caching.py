"""Caching: what prompts have in common is written once and read afterwards, as the log's own timing allows.

    held   = held today + simulated held (new breakpoints − today's)
    reads  = reads today + ⌊simulated reads (new − today's) × happen⌋, a loss of reads counting in full
    writes = held − reads
    cost' = (input − held) × input price + writes × write price + reads × read price + output

All in tokens. *held* is what is read or written. The simulation is `cache.sql`, the breakpoints are those of
`breakpoints.py`, *happen* is `simulated_hit_share`; a read that does not happen is a write. Where the log shows a cache
in use, today's reads and writes are the truth, and the simulation prices only the change, if it finds today's again
(`cache_explained_share`); leaving the cache out needs no simulation: all input is uncached. Where nothing is cached
today, today's are 0. The 5-minute and the 1-hour cache and none are costed; a prefix under the model's minimum is never
cached.

In a batch the prefix after system and tools is held for 1 hour by a one-request batch that is sent first (*primed*):

    reads = ⌊(shared − primed) × hits⌋, writes = shared − reads

*shared* is that prefix in all requests, *primed* one write of each a UTC day, *hits* is `batch_cache_hit_share`.
Without priming a batch reads nothing (and costs more than without a cache), so a cold batch is never planned.

Worked by hand: a 10,000-token prefix on 500 requests in 5 minutes, each with 200 tokens of its own: held 5,000,000, of
which 499 × 10,000 = 4,990,000 are read and 10,000 written; uncached 500 × 200 = 100,000.

>>> cached(TokenSums(uncached_input_tokens=5_100_000), 5_000_000, 4_990_000, "5m")
TokenSums(uncached_input_tokens=100000, cache_write_5m_tokens=10000, cache_write_1h_tokens=0, \
cache_read_tokens=4990000, output_tokens=0, web_searches=0)
"""

from __future__ import annotations

from decimal import Decimal

from analyzer.money import add
from analyzer.savings.assessment import Case, Lever, LeverFinding
from analyzer.savings.breakpoints import Ttl
from analyzer.savings.context import Context
from analyzer.savings.state import Part, Prefix, State, whole
from analyzer.tokens import TokenSums

title = "Prompt cache"
LIVES = {"5m": "5 minutes", "1h": "1 hour"}


def cached(tokens: TokenSums, held_tokens: int, read_tokens: int, ttl: Ttl) -> TokenSums:
    """The same input with so much of it held in a cache of that life (never more than there is), and of this read."""
    whole_input = tokens.input_tokens
    held = min(max(held_tokens, 0), whole_input)
    read = min(max(read_tokens, 0), held)
    return TokenSums(
        whole_input - held,
        held - read if ttl == "5m" else 0,
        held - read if ttl == "1h" else 0,
        read,
        tokens.output_tokens,
        tokens.web_searches,
    )


def obstacle(state: State, context: Context) -> LeverFinding | None:
    """Why the lever may not be pulled; None = it may."""
    if context.cached_already:
        return _in_use(state, context)
    if not context.has_prompt_shape:
        sentence = "The log has no prompt shape (hash and length of system and tools), so nothing is promised."
        return LeverFinding("caching", "unknown", None, sentence)
    if not any(long_enough(part, context) for part in state) and context.route_to is None:
        sentence = "What its prompts share is shorter than the model's minimum for the cache."
        reason = context.misses.reason(context.prices.models) if context.misses else None
        sentence = f"{sentence} {reason}" if reason else sentence
        return LeverFinding("caching", "nothing-to-do", Decimal(0), sentence)
    return None


def _in_use(state: State, context: Context) -> LeverFinding | None:
    """Of a cache in use: the lever may be pulled where a change can be priced, or where no cache is cheaper."""
    if context.has_prompt_shape and context.breakpoints.is_explained:
        return None
    without = project(state, context.living("none"), "low")
    if add((context.prices.cost(state), -context.prices.cost(without))) > 0:
        return None
    sentence = f"It uses the cache already; today's reads and writes are taken as they are. {not_explained(context)}"
    return LeverFinding("caching", "nothing-to-do", Decimal(0), sentence.strip())


def not_explained(context: Context) -> str:
    """Why no other way to use a cache in use is priced; "" = it is."""
    found = context.breakpoints
    if not context.has_prompt_shape:
        return "The log has no prompt shape, so no other way to use it is priced."
    if found.is_explained:
        return ""
    return (
        f"The log shows {found.logged_held_tokens:,} tokens in the cache, {found.logged_read_tokens:,} of them read; "
        f"the simulation comes no nearer than {found.simulated_held_tokens:,} and {found.simulated_read_tokens:,}, so "
        "no other way to use it is priced."
    )


def project(state: State, context: Context, case: Case) -> State:
    """The state with its prompts in the cache: real-time parts for `context.ttl`, batch parts primed for 1 hour."""
    return tuple([_project_part(part, context, case) for part in state])


def _project_part(part: Part, context: Context, case: Case) -> Part:
    if part.key.mode == "batch":
        return _primed(part, context, case) if part.prefixes else part
    if context.ttl == "none":
        return Part(cached(part.tokens, 0, 0, "none"), part.key)
    prefixes = long_enough(part, context)
    if not prefixes or (context.ttl == "1h" and not context.allow_1h_cache):
        return part
    held, gain = 0, 0
    for prefix in prefixes:
        new = prefix[1:3] if context.ttl == "5m" else prefix[3:5]
        held += new[0] - prefix.held_today_tokens
        gain += new[1] - prefix.read_today_tokens
    tokens, happen = part.tokens, context.assumed("simulated_hit_share", case)
    held += tokens.input_tokens - tokens.uncached_input_tokens
    read = tokens.cache_read_tokens + (whole(gain, happen) if gain > 0 else gain)
    return Part(cached(tokens, held, read, context.ttl), part.key)


def _primed(part: Part, context: Context, case: Case) -> Part:
    shared = primed = 0
    for prefix in long_enough(part, context):
        shared += prefix.shared_tokens
        primed += prefix.primed_tokens
    is_cached = part.tokens.input_tokens > part.tokens.uncached_input_tokens
    if not shared or is_cached or not context.allow_1h_cache:
        return part
    read = whole(shared - primed, context.assumed("batch_cache_hit_share", case))
    return Part(cached(part.tokens, shared, read, "1h"), part.key)


def is_primable(part: Part, context: Context) -> bool:
    """It is in a batch, not cached today, and its requests share a prefix that the model caches."""
    return (
        part.key.mode == "batch"
        and part.tokens.input_tokens == part.tokens.uncached_input_tokens
        and any(prefix.shared_tokens for prefix in long_enough(part, context))
    )


def cold(state: State, context: Context) -> State:
    """What the same breakpoints do in a batch that is sent at once: every request writes, none reads."""
    return tuple(
        Part(cached(part.tokens, sum(p.shared_tokens for p in long_enough(part, context)), 0, "5m"), part.key)
        if is_primable(part, context)
        else part
        for part in state
    )


def long_enough(part: Part, context: Context) -> tuple[Prefix, ...]:
    """The prefixes of a part that its model caches."""
    if not part.prefixes:
        return ()
    least = context.prices.models[part.key.model].min_cacheable_tokens
    return tuple([prefix for prefix in part.prefixes if prefix.least_tokens >= least])


def steps(context: Context, levers: tuple[Lever, ...]) -> tuple[str, ...]:
    """What the owner does."""
    if "batch" in levers:
        return (
            "Prime each run with a one-request batch that holds the shared prefix in a 1-hour cache block; "
            "send the rest when it has ended.",
        )
    found = context.breakpoints
    if context.ttl == "none":
        return ("Take the cache breakpoints out: what they write is not read often enough to pay for writing it.",)
    where = f"({LIVES[context.ttl]}) {found.words(found.of(context.ttl))}"
    if found.today:
        today = f"{LIVES[found.today_ttl]}, {found.words(found.today)}"
        return (f"Set the cache breakpoints anew {where}; today's seem to be: {today}.",)
    return (f"Put a cache breakpoint {where}.",)
