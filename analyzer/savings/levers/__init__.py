"""One lever a file."""

from __future__ import annotations
