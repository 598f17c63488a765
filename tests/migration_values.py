"""Plans to make kits of, with figures that add up, and workload names that attack."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from analyzer.money import ZERO, add
from analyzer.savings.assessment import CASES, LEVERS, Assessment, ComponentPlan, Coverage, Lever, WorkloadPlan
from analyzer.savings.state import Part, PriceKey
from analyzer.tokens import TokenSums
from analyzer.waiting.verdicts import ComponentVerdict, Confidence, Evidence, WorkloadKind, WorkloadVerdict

HOSTILE = (
    "../../etc/passwd",
    'a"]\nstore = "/tmp/stolen"\n[x',
    "x\n* * * * * rm -rf ~",
    "| pipe | [link](http://evil.example) <script>alert(1)</script>",
    '"""\nimport os\n"""',
    "{{ 7 * 7 }}{% include 'x' %}",
    "\u202egpj.exe\u2028second\x00\x1b[31m",
    "CON",
    "名前 🧨",
    "",
    "a" * 5000,
    "$(touch pwned) `id` ; & | > <",
    "lone \udc80 surrogate",
    "100 % %h %n %i $HOME ${HOME} \\",
    "${{ secrets.ANTHROPIC_API_KEY }} # - &anchor *alias !!python/object:os.system ? |",
    "`; } */ -->] ${process.exit(1)} \\",
    "2026-11-21",
    "null",
)


def component(
    name: str,
    *,
    cost: str = "100",
    low: str = "50",
    levers: tuple[Lever, ...] = ("batch",),
    deadline_s: float | None = None,
    chain_length: int = 1,
    sentence: str = "all 300 requests came from a schedule",
    providers: tuple[str, ...] = (),
    model: str = "claude-opus-4-8",
    geography: str = "regional",
) -> ComponentPlan:
    """300 requests; where providers are named, each has an equal part of the tokens, the first one a token more."""
    keys = [PriceKey(model, "standard", provider, geography, 0, date(2026, 10, 1)) for provider in providers]
    saving = Decimal(cost) - Decimal(low)
    verdict = ComponentVerdict(
        1, "w", name, 300, "does-not-wait", "batchable", 0.02, "high", "declared",
        (Evidence("declared-schedule", "nobody-waits", "declared", None, sentence),), deadline_s, chain_length, "",
    )  # fmt: skip
    return ComponentPlan(
        verdict=verdict,
        requests=300,
        tokens=TokenSums(uncached_input_tokens=3_000_000, output_tokens=30_100),
        models=(model,),
        baseline_usd=Decimal(cost),
        unpriced_requests=0,
        levers=levers,
        credit_usd={"batch": saving} if "batch" in levers else {},
        optimized_usd={"low": Decimal(low), "base": Decimal(low) - 2, "high": Decimal(low) - 5},
        upside_usd=Decimal(0),
        findings=(),
        steps=(),
        today=tuple(Part(TokenSums(output_tokens=100 + (n == 0)), key) for n, key in enumerate(keys)),
    )


def workload(
    name: str,
    *components: ComponentPlan,
    verdict: WorkloadKind = "batchable",
    confidence: Confidence = "high",
) -> WorkloadPlan:
    components = tuple(
        replace(c, verdict=replace(c.verdict, component_no=number, workload=name))
        for number, c in enumerate(components, 1)
    )
    said = WorkloadVerdict(name, verdict, confidence, "declared", False, 0.02, "", tuple(c.verdict for c in components))
    baseline = sum((c.baseline_usd for c in components), Decimal(0))
    optimized = sum((c.optimized_usd["low"] for c in components), Decimal(0))
    return WorkloadPlan(said, components, baseline, optimized, baseline - optimized, Decimal(0))


def assessment(*workloads: WorkloadPlan, days: int = 30) -> Assessment:
    first = date(2026, 10, 1)
    coverage = Coverage((), (), (), 300, first, first + timedelta(days - 1), days, 300, (), {})
    baseline = add(plan.baseline_usd for plan in workloads)
    optimized = {case: add(c.optimized_usd[case] for plan in workloads for c in plan.components) for case in CASES}
    saving = {case: baseline - optimized[case] for case in CASES}
    credit = {
        lever: add(c.credit_usd.get(lever, ZERO) for plan in workloads for c in plan.components) for lever in LEVERS
    }
    return Assessment(
        None, coverage, workloads, baseline, optimized["low"], saving, credit, ZERO, (), (), (), None
    )  # fmt: skip
