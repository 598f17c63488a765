"""Money is exact."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from analyzer.money import add, as_text, dollars, split_exactly


def test_a_sum_keeps_every_decimal() -> None:
    assert add([Decimal("0.000000000001")] * 3 + [Decimal("1e15")]) == Decimal("1000000000000000.000000000003")


def test_text_for_machines_has_no_exponent() -> None:
    assert as_text(Decimal("1E-8")) == "0.00000001"
    assert as_text(Decimal("12")) == "12.00"
    assert as_text(Decimal("12.500")) == "12.50"
    assert as_text(Decimal("1E+3")) == "1000.00"


def test_text_for_people_never_shows_a_cost_as_nothing() -> None:
    assert dollars(Decimal("0.004")) == "<$0.01"
    assert dollars(Decimal("0")) == "$0.00"
    assert dollars(Decimal("-1234.5")) == "−$1,234.50"


def test_a_third_each_adds_up_to_the_whole() -> None:
    parts = split_exactly(Decimal("1"), [Fraction(1, 3)] * 3)
    assert parts == [Decimal("0.333333333334"), Decimal("0.333333333333"), Decimal("0.333333333333")]


@given(st.lists(st.integers(-(10**18), 10**18), min_size=1, max_size=5), st.integers(1, 24))
def test_parts_always_add_up(numerators: list[int], divisor: int) -> None:
    scale = 10**12 * divisor
    weights = [Fraction(n * divisor, scale) for n in numerators]
    total = add(Decimal(n) / Decimal(10**12) for n in numerators)
    assert add(split_exactly(total, weights)) == total
