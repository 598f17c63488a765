"""What the levers save, alone and stacked."""

from __future__ import annotations
