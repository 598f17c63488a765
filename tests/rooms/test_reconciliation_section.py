"""The section that ties list cost to the invoice, or says that it does not."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from report_fixture import larkfield

from analyzer.report.build import report_environment
from analyzer.report.sections import coverage, headline, reconciliation
from analyzer.workloads.reconcile import Difference, Reconciliation


def rendered(found: Reconciliation | None) -> str:
    template = report_environment().get_template("sections/reconciliation.html.j2")
    return template.render(**reconciliation.build(replace(larkfield(), reconciliation=found)))


FOUND = Reconciliation(
    source="console_cost_csv",
    series="1d",
    first_day=date(2026, 10, 1),
    last_day=date(2026, 10, 31),
    invoiced_usd=Decimal("85.50"),
    list_cost_usd=Decimal(100),
    differences=(
        Difference("discount", Decimal("-15"), "15.00 % off list"),
        Difference("<script>", Decimal("0.25"), "x"),
    ),
    unexplained_usd=Decimal("0.25"),
    rounding_usd=Decimal("0.1"),
    coverage_share=Decimal("0.973"),
    discount_share=Decimal("0.15"),
    discount_basis="list amounts on the invoice",
    outside_usd=Decimal(3),
    unpriced_requests=1,
    cells=(),
    other_invoices=("anthropic_cost_report",),
)


def test_without_an_invoice_the_report_says_not_reconciled() -> None:
    assert "Not reconciled" in rendered(None)


def test_every_step_to_the_invoice_is_shown() -> None:
    html = rendered(FOUND)
    for text in (
        "$100.00",
        "−$15.00",
        "$0.25",
        "$85.50",
        "97 %",
        "15.0 %",
        "$3.00",
        "1 request",
        "anthropic_cost_report",
    ):
        assert text in html, text
    assert "<script>" not in html
    assert "Not reconciled" not in html


def test_without_a_known_discount_the_report_says_so() -> None:
    assert "not known" in rendered(replace(FOUND, discount_share=None))


def headline_of(found: Reconciliation | None) -> str:
    template = report_environment().get_template("sections/headline.html.j2")
    return template.render(**headline.build(replace(larkfield(), reconciliation=found)))


def test_the_first_screen_tells_the_coverage_or_that_nothing_was_reconciled() -> None:
    assert "Not reconciled" in headline_of(None)
    html = headline_of(FOUND)
    assert "Not reconciled" not in html
    assert "97 %" in html and "$85.50" in html


def test_what_another_stream_counts_is_named() -> None:
    assessment = larkfield()
    twice = replace(assessment.coverage, seen_twice=(("claude_code", "anthropic_usage_report", 1234),))
    template = report_environment().get_template("sections/coverage.html.j2")
    html = template.render(**coverage.build(replace(assessment, coverage=twice)))
    assert "1,234" in html and "anthropic_usage_report" in html


def test_the_steps_in_cents_lead_from_one_total_to_the_other() -> None:
    odd = replace(
        FOUND,
        list_cost_usd=Decimal("10.004"),
        invoiced_usd=Decimal("10.012"),
        differences=(Difference("a", Decimal("0.004"), ""),),
        unexplained_usd=Decimal("0.004"),
    )
    built = reconciliation.build(replace(larkfield(), reconciliation=odd))
    assert sum(step.usd for step in built["steps"]) == Decimal("10.01") - Decimal("10.00")
