"""Negotiated terms: contracted cost beside list cost, by hand."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner
from savings_values import PRICES, context, key, part, usd

from analyzer.cli.savings import command
from analyzer.config import CommittedRate, Config, load_config
from analyzer.errors import UserErrors
from analyzer.savings.assessment import Contracted
from analyzer.savings.contract import Terms, contracted_plans
from analyzer.savings.plans import plan_component
from analyzer.savings.state import Part
from analyzer.store.audit import open_audit
from analyzer.tokens import TokenSums

SONNET, HAIKU = "claude-sonnet-4-6", "claude-haiku-4-5"
AGREED = Config(
    discount_share=usd("0.10"),
    model_discounts=((HAIKU, usd("0.20")),),
    committed_rates=(CommittedRate(SONNET, "standard", (("uncached_input", usd("2.40")),)),),
)


def agreed(config: Config, *some: Part) -> Contracted:
    plan = plan_component(context().verdict, (), some, context())
    found = contracted_plans([plan], config, PRICES)
    assert found is not None
    return found


def test_a_rate_comes_before_the_discount_of_the_model_and_that_before_the_discount_of_all() -> None:
    """Sonnet: 1,000,000 in at 2.40, 100,000 out at 15.00 less 10 % = 1.35. Haiku: 1,000,000 at 1.00 less 20 %."""
    terms = Terms(AGREED, PRICES)
    assert terms.cost((part(1_000_000, 100_000),)) == usd("3.75")
    assert terms.cost((part(1_000_000, model=HAIKU),)) == usd("0.80")


def test_a_rate_holds_in_its_mode_alone() -> None:
    """In batch the list price, 1.50, less 10 %."""
    batch = Part(TokenSums(uncached_input_tokens=1_000_000), key(mode="batch"))
    assert Terms(AGREED, PRICES).cost((batch,)) == usd("1.35")


def test_searches_take_the_discount() -> None:
    """10 searches at 0.01 less 10 %."""
    assert Terms(AGREED, PRICES).cost((Part(TokenSums(web_searches=10), key()),)) == usd("0.09")


def test_the_plan_is_priced_at_contracted_prices_beside_list_cost() -> None:
    """Today 2.40. In batch, low: 950,000 x 1.35 + 50,000 x 2.40 = 1.2825 + 0.12 = 1.4025."""
    found = agreed(AGREED, part(1_000_000))
    assert (found.baseline_usd, found.optimized_usd, found.saving_usd) == (usd("2.40"), usd("1.4025"), usd("0.9975"))
    (model,) = found.models
    assert (model.model, model.list_cost_usd, model.contracted_cost_usd) == (SONNET, usd("3.00"), usd("2.40"))


def test_a_rate_can_make_batch_dearer_than_today_and_that_is_shown() -> None:
    """Rate 1.00 in real time; in batch 950,000 x 1.50 + 50,000 x 1.00 = 1.475: 0.475 more."""
    cheap = Config(committed_rates=(CommittedRate(SONNET, "standard", (("uncached_input", usd("1")),)),))
    assert agreed(cheap, part(1_000_000)).saving_usd == usd("-0.475")


def test_credits_are_used_before_anything_is_paid() -> None:
    """3.00 and 1.575 less 2.00: 1.00 payable, then nothing."""
    found = agreed(Config(credits_usd=Decimal(2)), part(1_000_000))
    assert (found.payable_baseline_usd, found.payable_optimized_usd) == (usd("1.00"), 0)
    assert found.saving_usd == usd("1.425")


def test_without_terms_there_is_nothing_beside_list_cost() -> None:
    plan = plan_component(context().verdict, (), (part(1),), context())
    assert contracted_plans([plan], Config(), PRICES) is None


FILE = """
[prices]
discount_share = 0.05
credits_usd = 100
[prices.models]
"claude-haiku-4.5" = 0.20
[[prices.committed]]
model = "claude-sonnet-4-6"
uncached_input = "2.40"
output = 12
"""


def test_terms_are_read_from_the_configuration(tmp_path: Path) -> None:
    path = tmp_path / "whowaits.toml"
    path.write_text(FILE)
    config = load_config(path)
    assert config.model_discounts == (("claude-haiku-4.5", usd("0.20")),)
    assert config.committed_rates == (
        CommittedRate(SONNET, "standard", (("uncached_input", usd("2.40")), ("output", Decimal(12)))),
    )
    assert (config.discount_share, config.credits_usd) == (usd("0.05"), 100)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[prices]\ncredits_usd = -1", "prices.credits_usd"),
        ("[prices.models]\nx = 2", "prices.models.x"),
        ("[[prices.committed]]\noutput = 1", "no model"),
        ("[[prices.committed]]\nmodel = 'x'", "no rate"),
        ("[[prices.committed]]\nmodel = 'x'\noutput = '1.0000001'", "prices.committed 1.output"),
        ("[limits]\nrequests_per_minute = 0", "limits.requests_per_minute"),
    ],
)
def test_terms_that_cannot_be_meant_are_told(text: str, problem: str, tmp_path: Path) -> None:
    path = tmp_path / "whowaits.toml"
    path.write_text(text)
    with pytest.raises(UserErrors) as told:
        load_config(path)
    assert problem in str(told.value)


def test_the_command_shows_the_contract_and_names_what_it_does_not_know(tmp_path: Path) -> None:
    audit, config = tmp_path / "audit.duckdb", tmp_path / "whowaits.toml"
    with open_audit(audit) as made:
        made.connection.execute(
            "insert into requests (request_no, source, duplicate_key, duplicate_rank, file_id, line_no, started_us,"
            " provider, raw_model, status, uncached_input_tokens, cache_write_5m_tokens, cache_write_1h_tokens,"
            " cache_read_tokens, output_tokens, web_searches, application)"
            " values (1, 'test', '1', 0, 1, 1, 1793600000000000, 'anthropic', 'claude-haiku-4-5', 'ok', 200000000,"
            " 0, 0, 0, 0, 0, 'chat')"
        )
    config.write_text(FILE)
    options = ["--audit", str(audit), "--config", str(config)]
    found = json.loads(CliRunner().invoke(command, [*options, "--json"], catch_exceptions=False).output)["contracted"]
    # 200 million at 1.00 less 20 % = 160.00; credits leave 60.00
    assert (found["baseline_usd"], found["payable_baseline_usd"]) == ("160.00", "60.00")
    assert found["models"] == [{"model": HAIKU, "list_cost_usd": "200.00", "contracted_cost_usd": "160.00"}]
    text = CliRunner().invoke(command, options, catch_exceptions=False).output
    assert "Under your contract: $160.00 today" in text and "After credits of $100.00: $60.00 payable" in text
    config.write_text('[[prices.committed]]\nmodel = "claude-haiku-4-5"\nmode = "bulk"\noutput = 1\n')
    with pytest.raises(UserErrors, match="bulk"):
        CliRunner().invoke(command, options, catch_exceptions=False)
