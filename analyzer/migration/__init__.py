"""Plans become kits that run."""

from __future__ import annotations
