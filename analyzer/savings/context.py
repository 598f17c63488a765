"""What the levers know of a component beside its tokens."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction

from analyzer.config import Answer, Config
from analyzer.pricing import stays_in
from analyzer.savings.assessment import Case
from analyzer.savings.assumptions import Assumptions
from analyzer.savings.breakpoints import Breakpoints, Ttl
from analyzer.savings.misses import CacheMisses
from analyzer.savings.needs import Needs
from analyzer.savings.output_signs import OutputSigns
from analyzer.savings.state import PriceKey, Prices
from analyzer.waiting.verdicts import ComponentVerdict

_GEOGRAPHIES = {"us": "us", "global": "global"}
"""Of a region's name; all others are regions of a cloud."""


@dataclass(frozen=True)
class Context:
    """One component, its owner's answers and the constraints of the configuration.

    `output_share`, `route_to`, `pass_rate`: None = nobody has said; `tried`: of how many answers `pass_rate` is the
    share, None = not said. `largest_request_tokens`: None = not known.
    `has_prompt_shape`: the log has prefixes. `cached_already`: the log shows cache reads or writes.
    `regions`: where it may run, as `Constraints`; None = anywhere.
    `output_signs`: what the log tells of answers that are longer than needed. `needs`: what requests ask of a model.
    `breakpoints`: the best ones, and today's. `misses`: why requests would read nothing; None = no prompt shape.
    `ttl`: life of the real-time cache that is being costed; none = no cache, where one is used today.
    """

    verdict: ComponentVerdict
    prices: Prices
    assumptions: Assumptions
    output_share: Decimal | None = None
    route_to: str | None = None
    pass_rate: Decimal | None = None
    tried: int | None = None
    allow_1h_cache: bool = True
    allow_batch: bool = True
    allowed_models: tuple[str, ...] | None = None
    regions: tuple[str, ...] | None = None
    largest_request_tokens: int | None = None
    has_prompt_shape: bool = False
    cached_already: bool = False
    breakpoints: Breakpoints = field(default_factory=Breakpoints)
    misses: CacheMisses | None = None
    output_signs: OutputSigns = field(default_factory=OutputSigns)
    needs: Needs = field(default_factory=Needs)
    ttl: Ttl = "5m"

    def living(self, ttl: Ttl) -> Context:
        """The same with another life of the real-time cache."""
        return self if ttl == self.ttl else replace(self, ttl=ttl)

    def assumed(self, name: str, case: Case) -> Fraction:
        """The value of an assumption in a case."""
        return self.assumptions.value(name, case)

    def placed_share(self, case: Case) -> Fraction:
        """Share of what may move that the Batch API answers in the end."""
        share = self.assumed("batch_placed_share", case)
        return share * self.assumed("guard_share", case) if self.guarded else share

    def in_batch(self, key: PriceKey) -> PriceKey | None:
        """The same in batch mode; None = no batch price is published for it, or it would leave its regions."""
        target = self.prices.in_batch(key)
        return target if target is not None and self.may_run(target) else None

    def may_run(self, key: PriceKey) -> bool:
        """Whether tokens of this price stay in the regions that are allowed; without such a constraint always."""
        if self.regions is None:
            return True
        held = stays_in(key.geography, key.model, key.mode, key.provider)
        return (key.geography if held else "global") in {_GEOGRAPHIES.get(name, "regional") for name in self.regions}

    @property
    def guarded(self) -> bool:
        """The deadline may pass before a batch ends."""
        return self.verdict.placement == "batchable-with-guard"


def answered(config: Config, verdict: ComponentVerdict) -> Answer:
    """The owner's answers of a component in one: of each question the most specific answer; None = not answered."""
    answers = config.answers_for(verdict.workload, verdict.component)
    share = next((a.output_share for a in answers if a.output_share is not None), None)
    route = next((a for a in answers if a.route_to is not None), None)
    return Answer(
        workload=verdict.workload,
        component=verdict.component,
        output_share=share,
        route_to=route.route_to if route else None,
        pass_rate=route.pass_rate if route else None,
        tried=route.tried if route else None,
    )
