"""Rules over features become verdicts with evidence."""

from __future__ import annotations
