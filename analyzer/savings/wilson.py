"""How far a share that was counted on a sample may lie from the true one: Wilson's score interval, 95 %.

    centre = (p + z²/2n) / (1 + z²/n)
    half   = z / (1 + z²/n) × √(p(1 − p)/n + z²/4n²)

It stays inside 0 to 1 and is honest for small samples and for shares near 1, where p ± z√(p(1 − p)/n) is not: 10 of 10
give 0.72 to 1, not "surely all".

Worked by hand: 9 of 10, z² = 3.841459. Centre = (0.9 + 0.192073) / 1.384146 = 0.788987; half = 1.959964 / 1.384146 ×
√(0.009 + 0.009604) = 1.416010 × 0.136395 = 0.193137. So 0.595850 to 0.982124.

>>> wilson(Decimal("0.9"), 10)
(Decimal('0.595849'), Decimal('0.982124'))

Source: E. B. Wilson, Probable Inference, the Law of Succession, and Statistical Inference, 1927.
"""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal, localcontext

_Z = Decimal("1.959963984540054")
"""The 97.5 % quantile of the normal distribution."""
_SIX = Decimal("0.000001")


def wilson(share: Decimal, tried: int) -> tuple[Decimal, Decimal]:
    """The ends of the 95 % interval of a share (0 to 1) of `tried` (from 1), six decimals, rounded outwards."""
    with localcontext(Context(prec=40)):
        over = _Z * _Z / tried
        centre = (share + over / 2) / (1 + over)
        half = _Z / (1 + over) * (share * (1 - share) / tried + over / (4 * tried)).sqrt()
        low = (centre - half).quantize(_SIX, ROUND_FLOOR)
        high = (centre + half).quantize(_SIX, ROUND_CEILING)
        return max(low, Decimal(0)), min(high, Decimal(1))
