"""Plans become kits that run."""

from __future__ import annotations

from analyzer.migration.kits import Kit, kits_of
from analyzer.migration.write import write_kits

__all__ = ["Kit", "kits_of", "write_kits"]
