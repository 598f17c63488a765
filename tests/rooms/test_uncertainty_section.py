"""The section on how sure the saving is."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from report_fixture import empty, larkfield

from analyzer.report.build import report_environment
from analyzer.report.sections import uncertainty
from analyzer.savings.assessment import Assessment, Percentiles, Swing, Uncertainty


def with_draws() -> Assessment:
    month = larkfield()
    name = month.workloads[0].verdict.workload
    spread = Percentiles(Decimal("4100.5"), Decimal("4300"), Decimal("4555.555"))
    swings = tuple(
        Swing(row.id, Decimal(4000) + number, Decimal(4900) - number) for number, row in enumerate(month.assumptions)
    )
    return replace(month, uncertainty=Uncertainty(4000, 1, spread, {name: spread}, swings))


def rendered(assessment: Assessment) -> str:
    template = report_environment().get_template("sections/uncertainty.html.j2")
    return template.render(**uncertainty.build(assessment))


def test_quantiles_and_swings_are_told_in_cents() -> None:
    html = rendered(with_draws())
    for text in ("4,000 times", "$4,100.50", "$4,300.00", "$4,555.56", "$4,900.00"):
        assert text in html, text
    assert "<script>alert" not in html and "<img" not in html


def test_bars_lie_inside_their_room() -> None:
    for swing in uncertainty.build(with_draws())["swings"]:
        assert 0 <= swing["left"] <= swing["left"] + swing["width"] <= 100


def test_without_a_plan_there_is_nothing_to_be_unsure_of() -> None:
    assert "nothing to be unsure of" in rendered(empty())
