"""Verdicts and plans as a page a finance lead believes."""

from __future__ import annotations

from analyzer.report.build import build_report

__all__ = ["build_report"]
