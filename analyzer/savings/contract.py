"""What the contract makes of list cost: discounts, committed rates, credits. Beside list cost, never inside it.

    contracted cost = Σ tokens × committed rate, where the contract names one for the model and mode,
                      else Σ tokens × list price × (1 − discount of the model, else the discount of all)
    payable         = what of it the credits do not cover

The plan stays the one that is cheapest at list price in the low case; the contract only prices it.

Worked by hand: 1,000,000 input tokens of Sonnet 4.6 ($3.00 at list) and 1,000,000 of Haiku 4.5 ($1.00). Committed rate
for Sonnet $2.40, discount of all 0.10: $2.40 + $1.00 × 0.90 = $3.30; with $2.00 of credits $1.30 is payable.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from analyzer.config import RATE_COLUMNS, Config
from analyzer.money import ZERO, add, times
from analyzer.pricing import contracted
from analyzer.savings.assessment import ComponentPlan, Contracted, ContractedModel
from analyzer.savings.state import Part, Prices, State

_MILLION = Decimal("0.000001")


def contracted_plans(plans: Iterable[ComponentPlan], config: Config, prices: Prices) -> Contracted | None:
    """The plans in all at contracted prices, low case; None = the configuration names no terms."""
    if not (config.discount_share or config.model_discounts or config.committed_rates or config.credits_usd):
        return None
    terms = Terms(config, prices)
    today: dict[str, tuple[list[Decimal], list[Decimal]]] = {}
    after: list[Decimal] = []
    for plan in plans:
        for part in plan.today:
            listed, agreed = today.setdefault(part.key.model, ([], []))
            listed.append(prices.cost((part,)))
            agreed.append(terms.cost((part,)))
        after.append(terms.cost(plan.planned))
    models = (ContractedModel(model, add(listed), add(agreed)) for model, (listed, agreed) in today.items())
    ordered = tuple(sorted(models, key=lambda row: (-row.list_cost_usd, row.model)))
    baseline, optimized = add(row.contracted_cost_usd for row in ordered), add(after)
    return Contracted(
        discount_share=config.discount_share,
        baseline_usd=baseline,
        optimized_usd=optimized,
        credits_usd=config.credits_usd,
        payable_baseline_usd=max(ZERO, add((baseline, -config.credits_usd))),
        payable_optimized_usd=max(ZERO, add((optimized, -config.credits_usd))),
        models=ordered,
    )


class Terms:
    """The negotiated terms of a configuration whose models are canonical."""

    def __init__(self, config: Config, prices: Prices) -> None:
        self._prices, self._for_all = prices, config.discount_share
        self._by_model = dict(config.model_discounts)
        self._rates = {
            (rate.model, rate.mode, column): times(usd, _MILLION)
            for rate in config.committed_rates
            for column, usd in rate.usd_per_mtok
        }

    def cost(self, state: State) -> Decimal:
        """Contracted cost in USD. Raises: ValueError when a part has no price."""
        return add(line for part in state for line in self._lines(part))

    def _lines(self, part: Part) -> Iterable[Decimal]:
        price, key = self._prices.price(part.key), part.key
        if price is None:
            raise ValueError(f"no price for {key}")
        for column in RATE_COLUMNS:
            rate = self.unit_price(key.model, key.mode, column, getattr(price, f"{column}_usd"))
            yield times(rate, getattr(part.tokens, f"{column}_tokens"))
        searched = self.unit_price(key.model, key.mode, "web_search", price.web_search_usd)
        yield times(searched, part.tokens.web_searches)

    def unit_price(self, model: str, mode: str, column: str, list_usd: Decimal) -> Decimal:
        """What one token (or search) of a column costs under the contract, USD; `list_usd` is its list price."""
        rate = self._rates.get((model, mode, column))
        return contracted(list_usd, self._by_model.get(model, self._for_all)) if rate is None else rate
