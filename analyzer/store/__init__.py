"""The audit file and the way into it."""

from __future__ import annotations
