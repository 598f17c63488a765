"""What the levers save, alone and stacked."""

from __future__ import annotations

from analyzer.savings.analysis import assess
from analyzer.savings.assessment import (
    CASES,
    LEVERS,
    Assessment,
    Assumption,
    Case,
    ComponentPlan,
    Coverage,
    FileRead,
    Lever,
    LeverFinding,
    WorkloadPlan,
)
from analyzer.savings.assumptions import load_assumptions
from analyzer.workloads.spend import Unpriced

__all__ = [
    "CASES",
    "LEVERS",
    "Assessment",
    "Assumption",
    "Case",
    "ComponentPlan",
    "Coverage",
    "FileRead",
    "Lever",
    "LeverFinding",
    "Unpriced",
    "WorkloadPlan",
    "assess",
    "load_assumptions",
]
