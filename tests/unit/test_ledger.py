"""Figures in cents: they add up, nothing saves more than it costs, and one order of migration is told everywhere."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st
from migration_values import assessment, component, workload

from analyzer.commitment.moves import planned_moves
from analyzer.commitment.terms import Terms, Tier
from analyzer.migration.kits import kits_of
from analyzer.money import add, to_cents
from analyzer.savings.ledger import ledger_of, savings_in_cents

D = Decimal
CENT = D("0.01")


def test_nothing_is_shown_to_save_more_than_it_costs() -> None:
    """Two workloads of 0.007 save 0.006 each: 0.01 of 0.01 in all. One cent of cost and one of saving, in one row.

    A third that costs 0.004 and saves 0.004 has neither. Rounded apart, a row could cost 0.00 and save 0.01.
    """
    assert savings_in_cents([D("0.004"), D("0.006")], CENT, [CENT, D("0.00")]) == [CENT, D("0.00")]
    plans = [workload(name, component("all", cost="0.007", low="0.001")) for name in "ab"]
    ledger = ledger_of(assessment(*plans, workload("c", component("all", cost="0.004", low="0"))))
    assert (ledger.baseline_usd, ledger.saving_usd) == (D("0.02"), D("0.02"))
    assert sorted(row.optimized_usd for row in ledger.rows) == [0, 0, 0]


parts = st.tuples(st.integers(0, 30_000), st.integers(0, 1000)).map(
    lambda pair: (D(pair[0]).scaleb(-4), (D(pair[0]) * pair[1] / 1000).quantize(D(1)).scaleb(-4))
)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(parts, min_size=1, max_size=4), min_size=1, max_size=5))
def test_every_row_and_part_keeps_between_nothing_and_its_cost(drawn: list[list[tuple[Decimal, Decimal]]]) -> None:
    plans = [
        workload(
            f"w{number}",
            *(
                component(f"c{place}", cost=str(cost), low=str(cost - saved))
                for place, (cost, saved) in enumerate(some)
            ),
        )
        for number, some in enumerate(drawn)
    ]
    ledger = ledger_of(assessment(*plans))
    assert add(row.saving_usd for row in ledger.rows) == ledger.saving_usd
    assert add(row.baseline_usd for row in ledger.rows) == ledger.baseline_usd
    for row in ledger.rows:
        assert add(cell.saving_usd for cell in row.cells) == row.saving_usd
        assert add(cell.baseline_usd for cell in row.cells) == row.baseline_usd
        for shown in (row, *row.cells):
            assert 0 <= shown.saving_usd <= shown.baseline_usd
            assert abs(shown.baseline_usd - to_cents(shown.plan.baseline_usd)) <= 2 * CENT


def test_the_commitment_moves_workloads_in_the_order_of_the_kits() -> None:
    """Of two sure workloads the one whose moving part saves more goes first, though the other saves more in all."""
    in_place = component("cached", cost="100", low="10", levers=("caching",))
    mixed = workload("mixed", component("moved", cost="20", low="10"), in_place)
    moved = workload("moved", component("all", cost="80", low="40"))
    unsure = workload("unsure", component("all", cost="900", low="500"), confidence="low")
    kept = workload("kept", replace(in_place, baseline_usd=D(900)), verdict="real-time")
    found = assessment(mixed, moved, unsure, kept)
    kits = [kit.row.plan.verdict.workload for kit in kits_of(found)]
    assert kits == ["moved", "mixed", "unsure"]
    terms = Terms(tiers=(Tier(D(0), D(0)),), months=12)
    moves = planned_moves(found, terms, date(2026, 10, 31))
    assert [move.workload for move in moves] == [*kits, "kept"]
