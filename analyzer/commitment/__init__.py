"""How much spend to commit to: demand paths after savings, against the terms on the table."""

from __future__ import annotations

from analyzer.commitment.advice import Advice, Month, Scenario, advise
from analyzer.commitment.backtest import Backtest, Forecast
from analyzer.commitment.curve import Level
from analyzer.commitment.moves import Move
from analyzer.commitment.terms import Growth, Terms, Tier, load_terms

__all__ = [
    "Advice",
    "Backtest",
    "Forecast",
    "Growth",
    "Level",
    "Month",
    "Move",
    "Scenario",
    "Terms",
    "Tier",
    "advise",
    "load_terms",
]
