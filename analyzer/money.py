"""Exact money: US dollars as Decimal, never float, never rounded before it is printed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal, localcontext
from fractions import Fraction

ZERO = Decimal(0)
CENT = Decimal("0.01")
PICO = Decimal("0.000000000001")
_EXACT = Context(prec=60)


def add(amounts: Iterable[Decimal]) -> Decimal:
    """The exact sum in USD; 0 for none."""
    with localcontext(_EXACT):
        return sum(amounts, ZERO)


def times(amount: Decimal, quantity: int | Decimal) -> Decimal:
    """The exact product in USD."""
    with localcontext(_EXACT):
        return amount * quantity


def as_text(amount: Decimal) -> str:
    """A plain decimal string for machines: no exponent, no trailing zeros, at least two decimals."""
    text = f"{amount:f}"
    if "." in text:
        whole, decimals = text.split(".")
        decimals = decimals.rstrip("0").ljust(2, "0")
        return f"{whole}.{decimals}"
    return f"{text}.00"


def dollars(amount: Decimal) -> str:
    """For people: `$1,234.56`, `−$0.50`; a cost under a cent that is not zero shows as `<$0.01`."""
    if amount != 0 and abs(amount) < Decimal("0.005"):
        return "<$0.01" if amount > 0 else "−<$0.01"
    cents = to_cents(amount)
    return f"−${-cents:,.2f}" if cents < 0 else f"${cents:,.2f}"


def to_cents(amount: Decimal) -> Decimal:
    """USD rounded to the cent, half a cent up (away from zero), as an invoice does."""
    with localcontext(_EXACT):
        return amount.quantize(CENT, rounding=ROUND_HALF_UP)


def cents_that_add_up(parts: Sequence[Decimal], total: Decimal) -> list[Decimal]:
    """`parts` in whole cents whose sum is `total` in cents, for columns that people add up.

    Each is rounded down and the largest remainders get a cent more, so only figures next to half a cent differ from
    plain rounding. `total` must be the sum of the parts to within a cent a part: no figure moves by more than a cent.
    """
    with localcontext(_EXACT):
        cut = [part.quantize(CENT, rounding=ROUND_FLOOR) for part in parts]
        missing = int((to_cents(total) - sum(cut, ZERO)) / CENT)
        by_remainder = sorted(range(len(parts)), key=lambda i: (cut[i] - parts[i], i))
        order = by_remainder if missing > 0 else by_remainder[::-1]
        for turn in range(abs(missing) if order else 0):
            cut[order[turn % len(order)]] += CENT if missing > 0 else -CENT
        return cut


def split_exactly(total: Decimal, weights: list[Fraction]) -> list[Decimal]:
    """`weights` (which add up to `total`) as Decimals that add up to `total` to the last decimal.

    Each part is cut to a pico-dollar; what the cuts leave goes to the largest part.
    """
    with localcontext(_EXACT):
        parts = [(Decimal(weight.numerator) / Decimal(weight.denominator)).quantize(PICO) for weight in weights]
        if parts:
            largest = max(range(len(parts)), key=lambda index: abs(parts[index]))
            parts[largest] += total - sum(parts, ZERO)
        return parts
