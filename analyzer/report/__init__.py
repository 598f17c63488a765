"""Verdicts and plans as a page a finance lead believes."""

from __future__ import annotations
