"""The batch runner: nothing lost, nothing paid twice."""

from __future__ import annotations
