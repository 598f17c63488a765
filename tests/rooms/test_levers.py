"""Every lever has a title, a formula with a worked example that holds, and the three functions of its room."""

from __future__ import annotations

import doctest
from types import ModuleType

import pytest

from analyzer.savings.assessment import LEVERS
from analyzer.savings.stack import lever_modules

MODULES = [pytest.param(module, id=lever) for lever, module in lever_modules().items()]


def test_the_levers_are_those_of_the_design() -> None:
    assert set(lever_modules()) == set(LEVERS)


@pytest.mark.parametrize("module", MODULES)
def test_a_lever_has_the_parts_of_its_room(module: ModuleType) -> None:
    assert isinstance(module.title, str) and module.title
    assert all(callable(getattr(module, name)) for name in ("obstacle", "project", "steps"))


@pytest.mark.parametrize("module", MODULES)
def test_a_lever_shows_its_formula_and_its_worked_example_holds(module: ModuleType) -> None:
    assert module.__doc__ and "Worked by hand" in module.__doc__
    assert "cost'" in module.__doc__ or "output'" in module.__doc__
    result = doctest.testmod(module)
    assert result.attempted >= 1
    assert result.failed == 0
