"""Output: shorter answers, where the owner says how much is enough.

    output' = output − ⌊output × (1 − share) × kept⌋

*share* is the owner's `output_share`, *kept* the assumption `output_cut_kept_share`. Input does not change.

Without an owner's word it is a what-if, in no total: as short as the answers that others get to the same prompt, where
these are much longer (`output_signs.py`), else a tenth shorter. Answers that are cut off, and thinking, are told.

Worked by hand: 1,000,000 output tokens, 60 % is enough, and 0.80 of the cut is reached: the cut is
1,000,000 × 0.40 × 0.80 = 320,000, so 680,000 remain.

>>> kept_output(1_000_000, Fraction("0.6"), Fraction("0.8"))
680000
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from analyzer.money import add, dollars
from analyzer.savings.assessment import Case, Lever, LeverFinding
from analyzer.savings.context import Context
from analyzer.savings.state import Part, State, whole
from analyzer.tokens import TokenSums

title = "Shorter output"
_WHAT_IF = Decimal("0.9")


def kept_output(output_tokens: int, share: Fraction, kept: Fraction) -> int:
    """Output tokens that remain; the cut is rounded down."""
    return output_tokens - whole(output_tokens, (1 - share) * kept)


def obstacle(state: State, context: Context) -> LeverFinding | None:
    """Why the lever may not be pulled; None = it may."""
    if context.output_share is not None and context.output_share < 1:
        return None
    if context.output_share is not None or not any(part.tokens.output_tokens for part in state):
        return LeverFinding("output", "nothing-to-do", Decimal(0), "There is no output to cut.")
    return _what_if(state, context)


def _what_if(state: State, context: Context) -> LeverFinding:
    """What the signs in the log suggest, else a tenth; worth what it says, and in no total."""
    signs = context.output_signs
    share = signs.peers_share
    if share is None:
        share, so_short = _WHAT_IF, "If answers may be 10 % shorter"
    else:
        so_short = "As short as those"
    shorter = project(state, replace(context, output_share=share), "low")
    saving = add((context.prices.cost(state), -context.prices.cost(shorter)))
    worth = f"{so_short}, that is worth {dollars(saving)}; the owner must say so (output_share in whowaits.toml)."
    return LeverFinding("output", "needs-evidence", saving, " ".join((*signs.sentences(), worth)))


def project(state: State, context: Context, case: Case) -> State:
    """The state with shorter answers."""
    if context.output_share is None:
        return state
    cut = _cut(context.output_share, context.assumed("output_cut_kept_share", case))
    return tuple([Part(_shorter(part.tokens, cut), part.key, part.prefixes) for part in state])


@lru_cache(maxsize=1024)
def _cut(share: Decimal, kept: Fraction) -> Fraction:
    return (1 - Fraction(share)) * kept


def _shorter(tokens: TokenSums, cut: Fraction) -> TokenSums:
    return TokenSums(
        tokens.uncached_input_tokens,
        tokens.cache_write_5m_tokens,
        tokens.cache_write_1h_tokens,
        tokens.cache_read_tokens,
        tokens.output_tokens - whole(tokens.output_tokens, cut),
        tokens.web_searches,
    )


def steps(context: Context, levers: tuple[Lever, ...]) -> tuple[str, ...]:
    """What the owner does."""
    share = (context.output_share or Decimal(1)) * 100
    return (f"Tighten the instructions until answers are {share.normalize():f} % as long as today.",)
