"""One log format a file."""

from __future__ import annotations
