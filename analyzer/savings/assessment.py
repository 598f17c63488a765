"""What the analysis comes to: the value that report, exports and kits are made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from analyzer.money import ZERO, add
from analyzer.savings.state import State
from analyzer.tokens import TokenSums
from analyzer.waiting.verdicts import ComponentVerdict, WorkloadVerdict
from analyzer.workloads.reconcile import Reconciliation
from analyzer.workloads.spend import Unpriced
from analyzer.workloads.usage import TwoReadings

Lever = Literal["output", "routing", "caching", "batch"]
LEVERS: tuple[Lever, ...] = ("output", "routing", "caching", "batch")
FigureBasis = Literal["MEASURED", "MODELED", "ASSUMED"]
Case = Literal["low", "base", "high"]
CASES: tuple[Case, ...] = ("low", "base", "high")


@dataclass(frozen=True)
class LeverFinding:
    """What a lever can do for one component, used or not.

    `status`: applied; does-not-pay (`alone_usd` negative: what it would have cost); unknown (the log lacks what it
    needs); needs-evidence (a what-if, outside every total); not-allowed (verdict, or the configuration).
    `alone_usd`: saving by this lever alone, low case, USD; None = unknown.
    """

    lever: Lever
    status: Literal["applied", "does-not-pay", "unknown", "needs-evidence", "not-allowed", "nothing-to-do"]
    alone_usd: Decimal | None
    sentence: str

    @property
    def basis(self) -> FigureBasis:
        """What `alone_usd` rests on: a what-if hangs on an answer that nobody has given."""
        return "ASSUMED" if self.status == "needs-evidence" else "MODELED"


@dataclass(frozen=True)
class Corners:
    """What a plan costs when each assumption it hangs on stands at one of its ends, USD.

    `costs_usd[mask]`: bit i set = `names[i]` at its high value, else at its low value.
    """

    names: tuple[str, ...] = ()
    costs_usd: tuple[Decimal, ...] = ()


@dataclass(frozen=True)
class ComponentPlan:
    """The best allowed plan of a component.

    `credit_usd` is by lever (Shapley, low case) and adds up to the saving exactly.

    `optimized_usd` is by case; the plan itself is one, chosen in the low case. `corners`: the plan's cost for the
    simulation. `today`, `planned`: the parts that `baseline_usd` and the low case are the cost of. `set_costs_usd`: low
    case cost of every set of allowed levers, from which the credit follows; `set_parts`: the parts that they are the
    cost of, in the same order, where these are kept. `unpriced_rows`: rows of reports without a price that do not count
    their requests. `busiest_day_usd`, `busiest_day_requests`: list cost of the dearest UTC day and requests of the
    fullest.
    """

    verdict: ComponentVerdict
    requests: int
    tokens: TokenSums
    models: tuple[str, ...]
    baseline_usd: Decimal
    unpriced_requests: int
    levers: tuple[Lever, ...]
    credit_usd: dict[Lever, Decimal]
    optimized_usd: dict[Case, Decimal]
    upside_usd: Decimal
    findings: tuple[LeverFinding, ...]
    steps: tuple[str, ...]
    corners: Corners = Corners()
    today: State = ()
    planned: State = ()
    set_costs_usd: tuple[tuple[tuple[Lever, ...], Decimal], ...] = ()
    set_parts: tuple[State, ...] = ()
    unpriced_rows: int = 0
    busiest_day_usd: Decimal = ZERO
    busiest_day_requests: int = 0

    @property
    def saving_usd(self) -> Decimal:
        """Low case."""
        return self.baseline_usd - self.optimized_usd["low"]


@dataclass(frozen=True)
class WorkloadPlan:
    """A workload with the plans of its components (largest cost first); all money low case."""

    verdict: WorkloadVerdict
    components: tuple[ComponentPlan, ...]
    baseline_usd: Decimal
    optimized_usd: Decimal
    saving_usd: Decimal
    upside_usd: Decimal

    @property
    def moving(self) -> tuple[ComponentPlan, ...]:
        """The components that go to batch and gain by it; none of a real-time workload."""
        if self.verdict.verdict == "real-time":
            return ()
        return tuple(
            component
            for component in self.components
            if "batch" in component.levers and component.saving_usd > 0 and component.credit_usd.get("batch", 0) > 0
        )


@dataclass(frozen=True)
class Assumption:
    """One number that is not measured. `basis`: MEASURED, MODELED or ASSUMED."""

    id: str
    title: str
    low: str
    base: str
    high: str
    basis: str
    source: str
    checked: date | None


@dataclass(frozen=True)
class Percentiles:
    """A saving in USD that one draw in ten falls below, half, nine in ten."""

    p10_usd: Decimal
    p50_usd: Decimal
    p90_usd: Decimal


@dataclass(frozen=True)
class Swing:
    """The whole saving in USD with one assumption at its low and at its high value, all others at their base."""

    assumption: str
    low_usd: Decimal
    high_usd: Decimal


@dataclass(frozen=True)
class Uncertainty:
    """The simulation: draws of all assumptions together. `swings`: what matters most first."""

    draws: int
    seed: int
    saving: Percentiles
    workloads: Mapping[str, Percentiles]
    swings: tuple[Swing, ...]


@dataclass(frozen=True)
class FileRead:
    """What became of one file."""

    path: str
    source: str | None
    lines: int
    accepted: int
    duplicates: int
    rejected: int
    context_lines: int


@dataclass(frozen=True)
class Coverage:
    """What was read and what was not. Shares of requests, 0 to 1; None where there are no requests.

    `requests`: calls of logs, and those that reports count. `report_rows`: rows of usage reports among what counts;
    most do not say how many calls a row stands for. `long_rows`: those of them that cover several days each.
    `seen_twice`: format, the stream that owns, records of it.
    """

    files: tuple[FileRead, ...]
    remarks: tuple[tuple[str, str, int], ...]
    reject_reasons: tuple[tuple[str, int], ...]
    requests: int
    first_day: date | None
    last_day: date | None
    days: int
    priced_requests: int
    unpriced: tuple[Unpriced, ...]
    signal_shares: dict[str, float]
    report_rows: int = 0
    long_rows: int = 0
    seen_twice: tuple[tuple[str, str, int], ...] = ()
    two_readings: TwoReadings | None = None

    @property
    def unpriced_rows(self) -> int:
        """Rows of reports that do not count their requests and have no price."""
        return sum(row.uncounted for row in self.unpriced)


@dataclass(frozen=True)
class ContractedModel:
    """Today's cost of one model at list price and under the contract, USD."""

    model: str
    list_cost_usd: Decimal
    contracted_cost_usd: Decimal


@dataclass(frozen=True)
class Contracted:
    """The plans under the negotiated terms, low case, USD. `payable`: what the credits do not cover."""

    discount_share: Decimal
    baseline_usd: Decimal
    optimized_usd: Decimal
    credits_usd: Decimal
    payable_baseline_usd: Decimal
    payable_optimized_usd: Decimal
    models: tuple[ContractedModel, ...]

    @property
    def saving_usd(self) -> Decimal:
        """At contracted prices, before credits; negative where the contract makes the plan dearer than today."""
        return add((self.baseline_usd, -self.optimized_usd))


@dataclass(frozen=True)
class Peak:
    """The most of each in any one minute. Input leaves out cache reads, which count towards no limit."""

    requests: int
    input_tokens: int
    output_tokens: int


@dataclass(frozen=True)
class MinuteLimits:
    """What the account may send in a minute; None = not known."""

    requests: int | None
    input_tokens: int | None
    output_tokens: int | None


@dataclass(frozen=True)
class Pool:
    """The real-time traffic of one provider and model family: busiest minutes, and the account's limits if known."""

    provider: str
    family: str
    today: Peak
    planned: Peak
    limits: MinuteLimits | None


@dataclass(frozen=True)
class Headroom:
    """Pools, busiest first. `tier` None = not said. `batch_requests_a_day`: of the busiest UTC day, moved ones too."""

    tier: str | None
    pools: tuple[Pool, ...]
    batch_requests_a_day: int
    queued_batch_requests: int | None
    source: str | None
    checked: date | None


@dataclass(frozen=True)
class Assessment:
    """The whole result. `baseline_usd − Σ lever_credit_usd = optimized_usd` to the last decimal.

    `saving_usd` is by case; the low case is the headline. `upside_usd` is in no total. `by_day`: (day, placement or
    'unpriced', list cost) for the chart of spend by day. `contracted` None = no negotiated terms.
    """

    company: str | None
    coverage: Coverage
    workloads: tuple[WorkloadPlan, ...]
    baseline_usd: Decimal
    optimized_usd: Decimal
    saving_usd: dict[Case, Decimal]
    lever_credit_usd: dict[Lever, Decimal]
    upside_usd: Decimal
    assumptions: tuple[Assumption, ...]
    by_day: tuple[tuple[date, str, Decimal], ...]
    by_model: tuple[tuple[str, int, TokenSums, Decimal], ...]
    reported_cost_usd: Decimal | None
    reconciliation: Reconciliation | None = None
    uncertainty: Uncertainty | None = None
    contracted: Contracted | None = None
    headroom: Headroom | None = None
