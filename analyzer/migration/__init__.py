"""Plans become kits that run."""

from __future__ import annotations

from analyzer.migration.bodies import Bodies, write_requests
from analyzer.migration.kits import Kit, kits_of
from analyzer.migration.write import write_kits

__all__ = ["Bodies", "Kit", "kits_of", "write_kits", "write_requests"]
