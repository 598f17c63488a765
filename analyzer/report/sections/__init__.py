"""One section a file."""

from __future__ import annotations
