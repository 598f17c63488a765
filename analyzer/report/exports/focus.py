"""Usage in the columns of FOCUS 1.2, for tools that read it.

One row is one bucket of tokens of a component on a day. ListCost is ours; ContractedCost takes the terms agreed on, as
the configuration has them (list cost where it has none). BilledCost and EffectiveCost stay empty: they come from an
invoice alone. Usage without a price has no cost. Source of the columns:
https://learn.microsoft.com/en-us/cloud-computing/finops/focus/metadata, checked 2026-11-21.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from analyzer.cells import csv_cell
from analyzer.money import as_text, times
from analyzer.pricing import Price, models
from analyzer.savings.contract import Terms
from analyzer.tokens import SUM_COLUMNS
from analyzer.workloads.spend import Usage, list_price

COLUMNS = (
    "BilledCost",
    "BillingCurrency",
    "BillingPeriodStart",
    "BillingPeriodEnd",
    "ChargeCategory",
    "ChargeDescription",
    "ChargeFrequency",
    "ChargePeriodStart",
    "ChargePeriodEnd",
    "ConsumedQuantity",
    "ConsumedUnit",
    "ContractedCost",
    "ContractedUnitPrice",
    "EffectiveCost",
    "ListCost",
    "ListUnitPrice",
    "PricingCategory",
    "PricingQuantity",
    "PricingUnit",
    "ProviderName",
    "PublisherName",
    "ServiceCategory",
    "ServiceSubcategory",
    "ServiceName",
    "SkuId",
    "SkuMeter",
    "Tags",
)
_PROVIDERS = {
    "anthropic": "Anthropic",
    "aws_bedrock": "AWS",
    "claude_platform_aws": "AWS",
    "gcp_vertex": "Google Cloud",
    "azure_foundry": "Microsoft",
    "openrouter": "OpenRouter",
}


def focus_rows(usages: Iterable[Usage], terms: Terms) -> Iterator[dict[str, str]]:
    """One row a bucket that is not empty; money and quantities as plain decimal text, unknown as ''."""
    for usage in usages:
        found = list_price(usage)
        price = found if isinstance(found, Price) else None
        for bucket in SUM_COLUMNS:
            quantity = getattr(usage.tokens, bucket)
            if quantity:
                yield _row(usage, bucket, quantity, price, terms)


def _row(usage: Usage, bucket: str, quantity: int, price: Price | None, terms: Terms) -> dict[str, str]:
    name = "web_search" if bucket == "web_searches" else bucket.removesuffix("_tokens")
    unit = "Searches" if bucket == "web_searches" else "Tokens"
    unit_price = None if price is None else getattr(price, f"{name}_usd")
    model = usage.model or usage.raw_model or "(no model)"
    contracted = None if unit_price is None else terms.unit_price(model, usage.mode, name, unit_price)
    title = models()[usage.model].name if usage.model is not None and usage.model in models() else model
    first, following = usage.on.replace(day=1), (usage.last_on.replace(day=1) + timedelta(days=32)).replace(day=1)
    over = "not told" if usage.over_tokens is None else usage.over_tokens
    tags = {"workload": usage.workload, "component": usage.component, "mode": usage.mode, "geography": usage.geography}
    row = {
        "BillingCurrency": "USD",
        "BillingPeriodStart": f"{first}T00:00:00Z",
        "BillingPeriodEnd": f"{following}T00:00:00Z",
        "ChargeCategory": "Usage",
        "ChargeDescription": csv_cell(f"{title}, {name.replace('_', ' ')}, {usage.mode}"),
        "ChargeFrequency": "Usage-Based",
        "ChargePeriodStart": f"{usage.on}T00:00:00Z",
        "ChargePeriodEnd": f"{usage.last_on + timedelta(days=1)}T00:00:00Z",
        "ConsumedQuantity": str(quantity),
        "ConsumedUnit": unit,
        "ContractedCost": _money(None if contracted is None else times(contracted, quantity)),
        "ContractedUnitPrice": _money(contracted),
        "ListCost": _money(None if unit_price is None else times(unit_price, quantity)),
        "ListUnitPrice": _money(unit_price),
        "PricingCategory": "Standard" if usage.mode == "standard" else "Other",
        "PricingQuantity": str(quantity),
        "PricingUnit": unit,
        "ProviderName": _PROVIDERS.get(usage.provider, usage.provider),
        "PublisherName": "Anthropic",
        "ServiceCategory": "AI and Machine Learning",
        "ServiceSubcategory": "Generative AI",
        "ServiceName": "Claude API",
        "SkuId": csv_cell(f"{model}/{usage.mode}/{usage.geography}/{over}/{name}"),
        "SkuMeter": name,
        "Tags": json.dumps(tags, ensure_ascii=False),
    }
    return {column: row.get(column, "") for column in COLUMNS}


def _money(amount: Decimal | None) -> str:
    return "" if amount is None else as_text(amount)


def write_focus_csv(usages: Iterable[Usage], terms: Terms, path: Path) -> int:
    """Write the rows; returns how many."""
    count = 0
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, COLUMNS)
        writer.writeheader()
        for row in focus_rows(usages, terms):
            writer.writerow(row)
            count += 1
    return count
