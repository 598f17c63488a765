"""The price in force for a model, on a date, in a mode."""

from __future__ import annotations
