"""Whowaits: is anyone waiting on this result? See docs/design.md."""

from __future__ import annotations

__version__ = "0.1.0"
