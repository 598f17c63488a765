"""Batch: half price on every token class, for what nobody waits for.

    cost' = placed × tokens × price(batch) + (1 − placed) × tokens × price(real time)

*placed* is the assumption `batch_placed_share`, times `guard_share` where a guard cancels what is late. What a batch
expires or errs on is not billed there and is paid at the real-time price. Only standard traffic moves (fast and
priority were chosen for speed), and only where the list has a batch price for the model at the provider.

Tokens that the log shows in a cache count as uncached input, in the batch and in what it leaves: the calls that kept
the cache warm are gone, a real-time cache does not warm a batch, and a cold batch reads nothing
(https://github.com/anthropics/skills/issues/1475, checked 2026-11-20), so half price on a read that does not happen is
never promised.

Worked by hand: 1,000,000 input tokens at $3.00 a million real-time and $1.50 in batch, 0.95 placed:
950,000 × $1.50 + 50,000 × $3.00 = $1.425 + $0.150 = $1.575, against $3.00.

>>> from analyzer.tokens import TokenSums
>>> placed, left = divided(TokenSums(uncached_input_tokens=1_000_000), Fraction("0.95"))
>>> placed.uncached_input_tokens, left.uncached_input_tokens
(950000, 50000)
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from analyzer.savings.assessment import Case, Lever, LeverFinding
from analyzer.savings.context import Context
from analyzer.savings.state import Part, Prefix, State, divided, uncached, whole

title = "Batch API"


def obstacle(state: State, context: Context) -> LeverFinding | None:
    """Why the lever may not be pulled; None = it may."""
    if all(part.key.mode == "batch" for part in state):
        return LeverFinding("batch", "nothing-to-do", Decimal(0), "It is in batch already.")
    if not context.allow_batch:
        return LeverFinding("batch", "not-allowed", None, "The configuration keeps it out of the Batch API.")
    if context.verdict.placement == "real-time":
        reasons = {
            "cannot-tell": "Nobody can tell from the log whether anyone waits, so it counts as real time.",
            "waits": "Someone or something waits for the result.",
            "does-not-wait": "Nobody waits, but the result is needed sooner than a batch reliably returns.",
        }
        return LeverFinding("batch", "not-allowed", None, reasons[context.verdict.outcome])
    if not any(context.prices.in_batch(part.key) for part in state):
        return LeverFinding(
            "batch", "nothing-to-do", Decimal(0), "No batch price is on the list for its model and provider."
        )
    if not any(context.in_batch(part.key) for part in state):
        regions = ", ".join(context.regions or ())
        sentence = f"A batch of it cannot be held in the regions that the configuration allows ({regions})."
        return LeverFinding("batch", "not-allowed", None, sentence)
    return None


def project(state: State, context: Context, case: Case) -> State:
    """The state with the placed share in batch; the rest is real-time, and what keeps a cache warm is gone."""
    share, in_batch = context.placed_share(case), context.in_batch
    some_stay = share < 1
    parts: list[Part] = []
    for part in state:
        key = in_batch(part.key)
        if key is None:
            parts.append(part)
            continue
        placed, left = divided(part.tokens, share) if some_stay else (part.tokens, None)
        parts.append(Part(uncached(placed), key, tuple([_placed_prefix(prefix, share) for prefix in part.prefixes])))
        if left is not None:
            parts.append(Part(uncached(left), part.key))
    return tuple(parts)


def _placed_prefix(prefix: Prefix, share: Fraction) -> Prefix:
    shared = whole(prefix.shared_tokens, share)
    return Prefix(prefix.least_tokens, 0, 0, 0, 0, 0, 0, shared, min(prefix.primed_tokens, shared))


def steps(context: Context, levers: tuple[Lever, ...]) -> tuple[str, ...]:
    """What the owner does."""
    placed = float(context.placed_share("low") * 100)
    sentences = [
        f"Send it through the Batch API, at half price. The low case counts on {placed:.0f} % of the tokens being "
        "answered there; the rest is paid in real time, so less than half is saved."
    ]
    if context.cached_already and "caching" not in levers:
        sentences.append(
            "Leave the cache breakpoints out of the batch: unless primed it reads nothing, and writes cost extra. What "
            "the cache serves today is plain input there: half the input price, but no longer the price of a cache "
            "read. The saving is what remains after that loss."
        )
    if context.guarded:
        sentences.append("Set the guard: cancel what is late and send it in real time before the deadline.")
    return tuple(sentences)
