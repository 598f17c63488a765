"""Which model a log means, what it costs on a day, and where its requests could go instead."""

from __future__ import annotations

from analyzer.pricing.cards import size_tiers
from analyzer.pricing.models import FAMILIES, Model, TokenizerFactor, models
from analyzer.pricing.names import ResolvedModel, resolve_model
from analyzer.pricing.price import (
    GEOGRAPHIES,
    MODES,
    NoPrice,
    Price,
    contracted,
    list_cost,
    price_on,
    smaller_models,
    stays_in,
)

__all__ = [
    "FAMILIES",
    "GEOGRAPHIES",
    "MODES",
    "Model",
    "NoPrice",
    "Price",
    "ResolvedModel",
    "TokenizerFactor",
    "contracted",
    "list_cost",
    "models",
    "price_on",
    "resolve_model",
    "size_tiers",
    "smaller_models",
    "stays_in",
]
