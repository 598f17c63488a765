"""Requests become workloads, components, features and rollups, in SQL."""

from __future__ import annotations
