"""Does anyone wait? Rules over features, owners' answers, verdicts."""

from __future__ import annotations

from analyzer.waiting.judge import judge
from analyzer.waiting.rulebook import Rule, example_outcomes, load_rules, rules_in_force

__all__ = ["Rule", "example_outcomes", "judge", "load_rules", "rules_in_force"]
