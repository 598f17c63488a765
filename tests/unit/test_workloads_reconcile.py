"""List cost beside an invoice: every difference has a name, and the rest is shown."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest
from audit_rows import DAY_US, add_cost_lines, add_requests, add_rollups

from analyzer.config import Config
from analyzer.errors import UserError
from analyzer.money import add
from analyzer.store.audit import Audit, open_audit
from analyzer.workloads.reconcile import Reconciliation, reconcile
from analyzer.workloads.scan import scan_spend

# Haiku 4.5: $1 a million input tokens; Sonnet 4.6: $3.
MILLION = {"uncached_input_tokens": 1_000_000, "output_tokens": 0}


@pytest.fixture
def audit() -> Iterator[Audit]:
    with open_audit(None) as opened:
        yield opened


def found(audit: Audit, config: Config | None = None) -> Reconciliation:
    scan_spend(audit, config or Config())
    result = reconcile(audit, config or Config())
    assert result is not None
    steps = add(step.usd for step in result.differences)
    assert add([result.list_cost_usd, steps, result.unexplained_usd]) == result.invoiced_usd
    return result


def steps(result: Reconciliation) -> dict[str, Decimal]:
    return {step.name: step.usd for step in result.differences}


def test_without_an_invoice_there_is_nothing_to_reconcile(audit: Audit) -> None:
    add_requests(audit, [MILLION])
    assert reconcile(audit, Config()) is None


def test_logs_that_hold_all_calls_tie_to_the_invoice_exactly(audit: Audit) -> None:
    add_requests(audit, [MILLION, {**MILLION, "raw_model": "claude-sonnet-4-6", "at": DAY_US}])
    add_cost_lines(audit, [{"amount_usd": 1}, {"amount_usd": 3, "raw_model": "Claude Sonnet 4.6", "at": DAY_US}])
    result = found(audit)
    assert (result.list_cost_usd, result.invoiced_usd, result.unexplained_usd) == (4, 4, 0)
    assert result.differences == ()
    assert result.coverage_share == 1
    assert result.discount_share is None


def test_a_cent_of_rounding_is_rounding_and_two_are_not(audit: Audit) -> None:
    add_requests(audit, [{**MILLION, "uncached_input_tokens": 1_004_000}])  # $1.004
    add_cost_lines(audit, [{"amount_usd": 1, "rounded_to_usd": "0.01"}])
    assert steps(found(audit)) == {"rounding on the invoice": Decimal("-0.004")}
    add_cost_lines(audit, [{"amount_usd": "0.02"}])
    result = found(audit)
    assert result.unexplained_usd == Decimal("0.016")


def test_days_and_models_that_one_side_lacks_are_named(audit: Audit) -> None:
    add_requests(audit, [MILLION, {**MILLION, "raw_model": "claude-sonnet-4-6"}])
    add_cost_lines(audit, [{"amount_usd": 1}, {"amount_usd": 5, "raw_model": "Claude Opus 4.7"}])
    result = found(audit)
    assert steps(result) == {"days and models that no log has": 5, "days and models not on the invoice": -3}
    assert result.unexplained_usd == 0
    assert result.coverage_share == Decimal(1) / 6


@pytest.mark.parametrize("model", ["Claude Haiku 4.5", None])
def test_web_searches_stand_against_their_own_line_of_the_invoice(audit: Audit, model: str | None) -> None:
    """$1 of tokens and 200 searches at $10 a thousand = $2."""
    add_requests(audit, [{**MILLION, "web_searches": 200}])
    add_cost_lines(audit, [{"amount_usd": 1}, {"amount_usd": 2, "cost_type": "web_search", "raw_model": model}])
    result = found(audit)
    assert (result.list_cost_usd, result.differences, result.coverage_share) == (3, (), 1)
    assert [(cell.model, cell.invoiced_usd) for cell in result.cells] == [("claude-haiku-4-5", 1), ("web search", 2)]


def test_web_searches_of_one_side_are_named(audit: Audit) -> None:
    add_requests(audit, [MILLION])
    add_cost_lines(audit, [{"amount_usd": 1}, {"amount_usd": 2, "cost_type": "web_search", "raw_model": None}])
    (step,) = found(audit).differences
    assert (step.name, step.usd, step.detail) == ("days and models that no log has", 2, "1 day and model: web search")


def test_calls_that_another_provider_bills_cover_nothing_of_the_invoice(audit: Audit) -> None:
    """$1 through Anthropic on an invoice of $2; the second dollar went through Bedrock, which AWS bills."""
    add_requests(audit, [MILLION, {**MILLION, "provider": "aws_bedrock"}])
    add_cost_lines(audit, [{"amount_usd": 2}])
    result = found(audit)
    assert steps(result) == {"calls that another provider bills": -1}
    assert (result.coverage_share, result.unexplained_usd) == (Decimal("0.5"), 1)


def test_keys_that_no_log_has_are_named_when_other_keys_match(audit: Audit) -> None:
    add_requests(audit, [{**MILLION, "api_key": "web"}])
    add_cost_lines(audit, [{"amount_usd": 1, "api_key": "web"}, {"amount_usd": 7, "api_key": "intern"}])
    result = found(audit)
    assert steps(result) == {"keys that no log has": 7}
    assert result.coverage_share == Decimal(1) / 8


def test_keys_are_not_compared_when_no_name_is_known_on_both_sides(audit: Audit) -> None:
    add_requests(audit, [{**MILLION, "api_key": "sk-hash"}])
    add_cost_lines(audit, [{"amount_usd": 1, "api_key": "web"}])
    assert steps(found(audit)) == {}


def test_list_amounts_on_the_invoice_give_the_discount(audit: Audit) -> None:
    add_requests(audit, [MILLION])
    add_cost_lines(audit, [{"amount_usd": "0.85", "list_amount_usd": 1}])
    result = found(audit)
    assert (result.discount_share, steps(result)) == (Decimal("0.15"), {"discount": Decimal("-0.15")})
    assert result.coverage_share == 1


def test_one_ratio_on_every_day_and_model_implies_a_discount(audit: Audit) -> None:
    add_requests(audit, [{**MILLION, "at": i * DAY_US} for i in range(4)])
    add_cost_lines(audit, [{"amount_usd": "0.8", "at": i * DAY_US} for i in range(4)])
    result = found(audit)
    assert (result.discount_share, steps(result)) == (Decimal("0.2"), {"discount": Decimal("-0.8")})
    assert result.coverage_share == 1


def test_uneven_ratios_imply_no_discount_and_stay_unexplained(audit: Audit) -> None:
    add_requests(audit, [{**MILLION, "at": i * DAY_US} for i in range(4)])
    add_cost_lines(audit, [{"amount_usd": amount, "at": i * DAY_US} for i, amount in enumerate(("0.8", 1, 1, 1))])
    result = found(audit)
    assert (result.discount_share, result.unexplained_usd) == (None, Decimal("-0.2"))


def test_priority_and_code_execution_are_named(audit: Audit) -> None:
    add_requests(audit, [MILLION, {**MILLION, "service_tier": "priority"}])
    add_cost_lines(audit, [{"amount_usd": 1}, {"amount_usd": 2, "cost_type": "code_execution", "raw_model": None}])
    result = found(audit)
    assert steps(result) == {"code execution": 2}
    assert result.unpriced_requests == 1


def test_days_outside_the_invoice_are_in_no_figure(audit: Audit) -> None:
    add_requests(audit, [MILLION, {**MILLION, "at": 5 * DAY_US}])
    add_cost_lines(audit, [{"amount_usd": 1}])
    result = found(audit)
    assert (result.list_cost_usd, result.outside_usd) == (1, 1)


def test_exports_of_two_generations_add_up_on_their_own_days_and_count_once_on_a_shared_day(audit: Audit) -> None:
    add_requests(audit, [{**MILLION, "at": i * DAY_US} for i in range(3)])
    add_cost_lines(audit, [{"amount_usd": 1, "at": i * DAY_US, "series": "old"} for i in (0, 1)])
    add_cost_lines(audit, [{"amount_usd": 1, "at": i * DAY_US, "series": "new"} for i in (1, 2)])
    result = found(audit)
    assert (result.invoiced_usd, result.list_cost_usd, result.coverage_share) == (3, 3, 1)


def test_of_two_invoices_one_is_compared_and_the_other_named(audit: Audit) -> None:
    add_requests(audit, [MILLION])
    add_cost_lines(audit, [{"amount_usd": 1}, {"amount_usd": 1, "at": DAY_US}])
    add_cost_lines(audit, [{"amount_usd": 9, "source": "console_cost_csv"}])
    assert found(audit).other_invoices == ("console_cost_csv",)
    other = reconcile(audit, Config(), "console_cost_csv")
    assert other is not None
    assert other.invoiced_usd == 9
    with pytest.raises(UserError, match="--invoice"):
        reconcile(audit, Config(), "nothing")


def test_a_line_of_a_week_is_compared_with_the_calls_of_all_its_days(audit: Audit) -> None:
    """Seven days at $1 of Haiku, one line of $7; Sonnet at $3 on the third day has a line of its own day."""
    add_requests(audit, [{**MILLION, "at": i * DAY_US} for i in range(7)])
    add_requests(audit, [{**MILLION, "raw_model": "claude-sonnet-4-6", "at": 2 * DAY_US}])
    add_cost_lines(audit, [{"amount_usd": 7, "ended_at": 7 * DAY_US}])
    add_cost_lines(audit, [{"amount_usd": 3, "raw_model": "Claude Sonnet 4.6", "at": 2 * DAY_US}])
    result = found(audit)
    assert (result.differences, result.unexplained_usd, result.coverage_share) == ((), 0, 1)
    assert [(c.model, (c.last_on - c.on).days + 1, c.list_cost_usd, c.invoiced_usd) for c in result.cells] == [
        ("claude-haiku-4-5", 7, 7, 7),
        ("claude-sonnet-4-6", 1, 3, 3),
    ]


def test_a_week_of_a_report_is_compared_with_the_lines_of_all_its_days(audit: Audit) -> None:
    """$7 in one row of a report, $1 a day on the invoice. On the day after the week a call of $1 stands for itself."""
    add_rollups(audit, [{**MILLION, "uncached_input_tokens": 7_000_000, "series": "7d", "ended_at": 7 * DAY_US}])
    add_requests(audit, [{**MILLION, "at": 7 * DAY_US}])
    add_cost_lines(audit, [{"amount_usd": 1, "at": i * DAY_US} for i in range(8)])
    result = found(audit)
    assert (result.list_cost_usd, result.differences, result.coverage_share) == (8, (), 1)
    assert [(cell.list_cost_usd, cell.invoiced_usd) for cell in result.cells] == [(7, 7), (1, 1)]


def test_a_row_of_a_report_that_reaches_beyond_the_invoice_is_outside(audit: Audit) -> None:
    add_rollups(audit, [{**MILLION, "uncached_input_tokens": 7_000_000, "series": "7d", "ended_at": 7 * DAY_US}])
    add_cost_lines(audit, [{"amount_usd": 1}])
    result = found(audit)
    assert (result.list_cost_usd, result.outside_usd) == (0, 7)


def test_a_week_in_one_line_and_the_same_days_one_by_one_count_once(audit: Audit) -> None:
    """Two exports of one source: $1 on each of eight days, and one line of $7 for the first seven."""
    add_requests(audit, [{**MILLION, "at": i * DAY_US} for i in range(8)])
    add_cost_lines(audit, [{"amount_usd": 1, "at": i * DAY_US} for i in range(8)])
    add_cost_lines(audit, [{"amount_usd": 7, "series": "7d", "ended_at": 7 * DAY_US}])
    result = found(audit)
    assert (result.invoiced_usd, result.series, result.coverage_share) == (8, "1d by description", 1)


# Haiku 5.5 is priced by the size of each request, so a report of sums has no list price for it.
UNPRICED = {"raw_model": "claude-haiku-5-5", "output_tokens": 0, "requests": None}


def test_usage_without_a_list_price_is_a_step_of_its_own(audit: Audit) -> None:
    """$1 of Haiku 4.5 has a price; $4 on the invoice are of a model that a report has, not the size of its calls."""
    add_requests(audit, [MILLION])
    add_rollups(audit, [UNPRICED])
    add_cost_lines(audit, [{"amount_usd": 1}, {"amount_usd": 4, "raw_model": "Claude Haiku 5.5"}])
    result = found(audit)
    assert steps(result) == {"days and models without a list price": 4}
    assert (result.unpriced_requests, result.unpriced_rows) == (0, 1)
    assert result.coverage_share == Decimal(1) / 5


def test_a_day_that_is_priced_in_part_implies_no_discount_and_hides_none(audit: Audit) -> None:
    """Four days at $1 of calls, billed $0.80; on the fourth there is fast usage too, which Haiku has no price for, and
    the bill is $2.80: $0.20 of discount on the priced dollar, $2.00 for the rest.
    """
    add_requests(audit, [{**MILLION, "at": i * DAY_US} for i in range(4)])
    add_requests(audit, [{**MILLION, "speed": "fast", "at": 3 * DAY_US}])
    amounts = ("0.8", "0.8", "0.8", "2.8")
    add_cost_lines(audit, [{"amount_usd": amount, "at": i * DAY_US} for i, amount in enumerate(amounts)])
    result = found(audit)
    assert steps(result) == {"days and models without a list price": 2, "discount": Decimal("-0.8")}
    assert (result.discount_share, result.unexplained_usd) == (Decimal("0.2"), 0)
    assert result.differences[0].detail == "1 day and model: claude-haiku-4-5, 1 of them in part"


def test_a_bill_below_the_priced_part_is_not_explained_by_what_has_no_price(audit: Audit) -> None:
    add_requests(audit, [MILLION, {**MILLION, "speed": "fast"}])
    add_cost_lines(audit, [{"amount_usd": "0.9"}])
    result = found(audit)
    assert (steps(result), result.unexplained_usd) == ({}, Decimal("-0.1"))
