"""How sure the saving is: all assumptions drawn together, many times.

A plan's cost is linear in each assumption by itself (shares of tokens, a factor on tokens), so between the ends of the
assumptions it is the multilinear interpolation of its costs at all corners, but for tokens being whole. Routing from a
newer to an older tokenizer divides by the factor; there the interpolation is an approximation.

    cost(t) = Σ over corners of cost(corner) × Π (tᵢ where the corner is high, else 1 − tᵢ)
    tᵢ = (xᵢ − lowᵢ) / (highᵢ − lowᵢ)

Each assumption is triangular from its low to its high value with its base as the mode, and is one number for all
components in a draw: what is uncertain here is the same for all of them, so nothing averages out.

Worked by hand: a plan that saves $100 × share, the share triangular on 0.5 to 1.0 with the mode at 1.0. A tenth of the
draws falls below 0.5 + 0.5 × √0.1 = 0.6581, half below 0.5 + 0.5 × √0.5 = 0.8536: P10 = $65.81, P50 = $85.36.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, Any

from analyzer.money import CENT
from analyzer.savings.assessment import (
    Assumption,
    ComponentPlan,
    Corners,
    Lever,
    Percentiles,
    Swing,
    Uncertainty,
)
from analyzer.savings.assumptions import Assumptions, Ends
from analyzer.savings.context import Context
from analyzer.savings.levers.caching import is_primable, long_enough
from analyzer.savings.stack import ORDER, Plan, lever_modules
from analyzer.savings.state import State

if TYPE_CHECKING:
    import numpy as np

    Vector = np.ndarray[Any, np.dtype[np.float64]]

DRAWS = 4_000
SEED = 20_261_001


def plan_corners(state: State, context: Context, plan: Plan) -> Corners:
    """The plan's cost with each assumption it hangs on at either end."""
    names: tuple[str, ...] = ()
    with_life, reached = context.living(plan.ttl), [state]
    for lever in ORDER:
        if lever not in plan.levers:
            continue
        own = _hanging_on(lever, reached, with_life)
        names += own
        project = lever_modules()[lever].project
        corners = [replace(with_life, assumptions=context.assumptions.at(ends)) for ends in _ends(own)]
        reached = [project(before, corner, "low") for corner in corners for before in reached]
    return Corners(names, tuple(context.prices.cost(after) for after in reached))


@cache
def _ends(names: tuple[str, ...]) -> tuple[Ends, ...]:
    """Every choice of an end for each name; bit i of the place set = `names[i]` is high."""
    return tuple(
        tuple((name, "high" if mask >> place & 1 else "low") for place, name in enumerate(names))
        for mask in range(1 << len(names))
    )


def _hanging_on(lever: Lever, before: list[State], context: Context) -> tuple[str, ...]:
    """The assumptions that a lever brings in, given the states that it is pulled in."""
    parts = [part for state in before for part in state]
    if lever == "output":
        return ("output_cut_kept_share",)
    if lever == "routing":
        models = context.prices.models
        new = models[context.route_to or ""].tokenizer
        same = all(models[part.key.model].tokenizer == new for part in parts)
        return ("routing_pass_kept_share",) if same else ("routing_pass_kept_share", "tokenizer_factor")
    if lever == "batch":
        return ("batch_placed_share", "guard_share") if context.guarded else ("batch_placed_share",)
    in_batch = ("batch_cache_hit_share",) if any(is_primable(part, context) for part in parts) else ()
    real_time = context.ttl != "none" and any(part.key.mode != "batch" and long_enough(part, context) for part in parts)
    return (*in_batch, "simulated_hit_share") if real_time else in_batch


def simulate_saving(
    plans: Iterable[tuple[str, ComponentPlan]], assumptions: Assumptions, *, draws: int = DRAWS, seed: int = SEED
) -> Uncertainty:
    """P10, P50 and P90 of the saving of each workload that has a plan and of all, and what moves the whole most."""
    import numpy as np

    rows = {row.id: row for row in assumptions.rows}
    heights = _drawn(rows, draws, seed)
    baseline: dict[str, float] = {}
    corners: dict[str, dict[tuple[str, ...], Vector]] = {}
    for workload, plan in plans:
        if not plan.levers:
            continue
        baseline[workload] = baseline.get(workload, 0.0) + float(plan.baseline_usd)
        mine = corners.setdefault(workload, {})
        costs = np.array([float(cost) for cost in plan.corners.costs_usd])
        mine[plan.corners.names] = mine[plan.corners.names] + costs if plan.corners.names in mine else costs
    weights = {names: _weights(names, heights, draws) for mine in corners.values() for names in mine}
    whole = np.zeros(draws)
    by_workload = {}
    for workload, mine in corners.items():
        saving = np.full(draws, baseline[workload])
        for names, costs in mine.items():
            saving -= weights[names] @ costs
        by_workload[workload] = _percentiles(saving)
        whole += saving
    return Uncertainty(draws, seed, _percentiles(whole), by_workload, _swings(rows, baseline, corners))


def _drawn(rows: Mapping[str, Assumption], draws: int, seed: int) -> dict[str, Vector]:
    """Where between its ends each assumption stands in each draw, 0 to 1."""
    import numpy as np

    generator = np.random.default_rng(seed)
    found = {}
    for name, row in rows.items():
        mode = _height(row, Decimal(row.base))
        uniform = generator.random(draws)  # also where nothing is uncertain: one assumption less moves no other's draws
        found[name] = np.zeros(draws) if mode is None else np.interp(uniform, *_triangle(float(mode)))
    return found


def _triangle(mode: float) -> tuple[Vector, Vector]:
    """The inverse of the triangular distribution on 0 to 1, as points to interpolate between."""
    import numpy as np

    heights = np.linspace(0.0, 1.0, 4_001)
    below = heights**2 / mode if mode > 0 else np.zeros_like(heights)
    above = 1 - (1 - heights) ** 2 / (1 - mode) if mode < 1 else np.ones_like(heights)
    return np.where(heights < mode, below, above), heights


def _height(row: Assumption, value: Decimal) -> Fraction | None:
    """Where a value stands between the ends of an assumption, 0 to 1; None = the ends are the same."""
    low, high = Fraction(row.low), Fraction(row.high)
    return None if low == high else (Fraction(value) - low) / (high - low)


def _weights(names: tuple[str, ...], heights: Mapping[str, Vector], draws: int) -> Vector:
    """The weight of each corner in each draw: (draws, corners)."""
    import numpy as np

    weights = np.ones((draws, 1))
    for name in names:
        height = heights[name][:, None]
        weights = np.concatenate([weights * (1 - height), weights * height], axis=1)
    return weights


def _percentiles(savings: Vector) -> Percentiles:
    import numpy as np

    return Percentiles(*(_usd(value) for value in np.percentile(savings, [10, 50, 90])))


def _usd(value: float) -> Decimal:
    return Decimal(repr(float(value))).quantize(CENT)


def _swings(
    rows: Mapping[str, Assumption],
    baseline: Mapping[str, float],
    corners: Mapping[str, Mapping[tuple[str, ...], Vector]],
) -> tuple[Swing, ...]:
    import numpy as np

    whole: dict[tuple[str, ...], Vector] = {}
    for mine in corners.values():
        for names, costs in mine.items():
            whole[names] = whole[names] + costs if names in whole else costs
    spent = sum(baseline.values())
    base = {name: float(_height(row, Decimal(row.base)) or 0) for name, row in rows.items()}

    def saving(changed: str, height: float) -> Decimal:
        at = {name: np.array([height if name == changed else base[name]]) for name in rows}
        return _usd(spent - sum(float((_weights(names, at, 1) @ costs)[0]) for names, costs in whole.items()))

    found = [Swing(name, saving(name, 0.0), saving(name, 1.0)) for name in {n for names in whole for n in names}]
    return tuple(sorted(found, key=lambda swing: (-abs(swing.high_usd - swing.low_usd), swing.assumption)))
