"""Requests to workloads, components, token sums and features."""

from __future__ import annotations

from analyzer.workloads.scan import scan
from analyzer.workloads.spend import PricedUsage, Usage
from analyzer.workloads.usage import SPEND_KEYS, Spend, SpendKey, SpendRow, price_usage, spend_by, usage

__all__ = [
    "SPEND_KEYS",
    "PricedUsage",
    "Spend",
    "SpendKey",
    "SpendRow",
    "Usage",
    "price_usage",
    "scan",
    "spend_by",
    "usage",
]
