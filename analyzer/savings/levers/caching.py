"""Caching: the shared prefix is written once and read afterwards, as the log's own timing allows.

    reads  = ⌊simulated reads × happen⌋ in real time, ⌊(requests − primes) × hits⌋ in a primed batch
    writes = requests − reads
    cost' = (input − prefix × requests) × input price + prefix × (writes × write price + reads × read price) + output

*simulated reads* come from `cache.sql`, *happen* is `simulated_hit_share`, *hits* is `batch_cache_hit_share`, *primes*
is one write a prefix and UTC day. A miss writes the prefix again, at the write price. In real time the cheaper of the
5-minute and the 1-hour cache is taken, in a batch the prefix is always held for 1 hour by a one-request batch that is
sent first: without it a batch reads nothing (and costs more than without a cache), so a cold batch is never planned.
A prefix under the model's minimum is never cached.

Worked by hand: a 10,000-token prefix on 500 requests in 5 minutes, each with 200 tokens of its own: 1 write, 499 reads;
uncached 500 × 200 = 100,000; written 10,000; read 499 × 10,000 = 4,990,000.

>>> tokens = TokenSums(uncached_input_tokens=5_100_000)
>>> cached(tokens, ((10_000, 1, 499),), "5m")
TokenSums(uncached_input_tokens=100000, cache_write_5m_tokens=10000, cache_write_1h_tokens=0, \
cache_read_tokens=4990000, output_tokens=0, web_searches=0)
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from analyzer.savings.assessment import Case, Lever, LeverFinding
from analyzer.savings.context import Context, Ttl
from analyzer.savings.state import Part, Prefix, State, whole
from analyzer.tokens import TokenSums

title = "Prompt cache"


def cached(tokens: TokenSums, prefixes: Iterable[tuple[int, int, int]], ttl: Ttl) -> TokenSums:
    """Tokens with prefixes, each (length in tokens, writes, reads), moved from uncached input into the cache.

    Raises: ValueError when the prefixes are more than the uncached input.
    """
    written = read = 0
    for length, writes, reads in prefixes:
        written += length * writes
        read += length * reads
    if written + read > tokens.uncached_input_tokens:
        raise ValueError(f"prefixes of {written + read} tokens in {tokens.uncached_input_tokens} tokens of input")
    return TokenSums(
        tokens.uncached_input_tokens - written - read,
        tokens.cache_write_5m_tokens + (written if ttl == "5m" else 0),
        tokens.cache_write_1h_tokens + (written if ttl == "1h" else 0),
        tokens.cache_read_tokens + read,
        tokens.output_tokens,
        tokens.web_searches,
    )


def obstacle(state: State, context: Context) -> LeverFinding | None:
    """Why the lever may not be pulled; None = it may."""
    if context.cached_already:
        sentence = "It uses the cache already; today's reads and writes are taken as they are."
        return LeverFinding("caching", "nothing-to-do", Decimal(0), sentence)
    if not context.has_prompt_shape:
        sentence = "The log has no prompt shape (hash and length of system and tools), so nothing is promised."
        return LeverFinding("caching", "unknown", None, sentence)
    if not any(long_enough(part, context) for part in state) and context.route_to is None:
        sentence = "The shared prefix is shorter than the model's minimum for the cache."
        reason = context.misses.reason(context.prices.models) if context.misses else None
        sentence = f"{sentence} {reason}" if reason else sentence
        return LeverFinding("caching", "nothing-to-do", Decimal(0), sentence)
    return None


def project(state: State, context: Context, case: Case) -> State:
    """The state with its prefixes in the cache: real-time parts for `context.ttl`, batch parts primed for 1 hour."""
    return tuple([_project_part(part, context, case) for part in state])


def _project_part(part: Part, context: Context, case: Case) -> Part:
    if not part.prefixes:
        return part
    prefixes = long_enough(part, context)
    in_batch = part.key.mode == "batch"
    ttl: Ttl = "1h" if in_batch else context.ttl
    if not prefixes or (ttl == "1h" and not context.allow_1h_cache):
        return part
    share = context.assumed("batch_cache_hit_share" if in_batch else "simulated_hit_share", case)
    counted: list[tuple[int, int, int]] = []
    for prefix in prefixes:
        if in_batch:
            reads = whole(prefix.requests - prefix.prefixes, share)
        else:
            reads = whole(prefix.reads_5m if ttl == "5m" else prefix.reads_1h, share)
        counted.append((prefix.length_tokens, prefix.requests - reads, reads))
    return Part(cached(part.tokens, counted, ttl), part.key)


def cold(state: State, context: Context) -> State:
    """What the same breakpoints do in a batch that is sent at once: every request writes, none reads."""
    return tuple(
        Part(
            cached(part.tokens, ((p.length_tokens, p.requests, 0) for p in long_enough(part, context)), "5m"), part.key
        )
        if part.key.mode == "batch"
        else part
        for part in state
    )


def long_enough(part: Part, context: Context) -> tuple[Prefix, ...]:
    """The prefixes of a part that its model caches."""
    least = context.prices.models[part.key.model].min_cacheable_tokens
    return tuple([prefix for prefix in part.prefixes if prefix.length_tokens >= least and prefix.requests])


def steps(context: Context, levers: tuple[Lever, ...]) -> tuple[str, ...]:
    """What the owner does."""
    if "batch" in levers:
        return (
            "Prime each run with a one-request batch that holds the shared prefix in a 1-hour cache block; "
            "send the rest when it has ended.",
        )
    life = "5 minutes" if context.ttl == "5m" else "1 hour"
    return (f"Put a cache breakpoint ({life}) after the system prompt and the tools.",)
