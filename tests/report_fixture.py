"""Larkfield Books, a made-up bookseller, in October 2026: every kind of verdict, and names that attack."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from analyzer.money import ZERO, add
from analyzer.savings.assessment import (
    LEVERS,
    Assessment,
    Assumption,
    ComponentPlan,
    Coverage,
    FileRead,
    LeverFinding,
    Unpriced,
    WorkloadPlan,
)
from analyzer.tokens import TokenSums
from analyzer.waiting.verdicts import ComponentVerdict, Evidence, WorkloadVerdict

SCRIPT = "<script>alert(1)</script>"
FORMULA = '=HYPERLINK("x")'
IMAGE = "<img src=x onerror=alert(2)>"
RTL = "توقعات المخزون \u202egpj.exe"
LONG = "catalogue_enrichment_" + "x" * 160

_NOBODY = Evidence(
    "trigger-schedule",
    "nobody-waits",
    "declared",
    None,
    "98 % of 12,400 requests say they were started by a schedule.",
)
_PEOPLE = Evidence(
    "human-session",
    "someone-waits",
    "inferred",
    2.4,
    "A person answers after 21 s in the middle session (3,100 sessions).",
)
_BURST = Evidence(
    "bulk-backlog",
    "nobody-waits",
    "inferred",
    -2.1,
    "91 % of requests come in bursts that start at minute 5 of the hour.",
)
_LOOP = Evidence(
    "agent-chain",
    "process-waits",
    "inferred",
    3.0,
    "Chains of 9 calls, each started within 0.4 s of the answer before it.",
)
_TIGHT = Evidence(
    "deadline-shorter-than-window", "window-does-not-fit", "declared", None, "The results are needed within 10 min."
)
_OWNER = Evidence("owner-answer", "nobody-waits", "owner", None, "The owner said on 2 October 2026 that nobody waits.")

# workload, component, requests, cost, outcome, placement, probability, confidence, basis, evidence, credit by lever
Part = tuple[str, str, int, str, str, str, float, str, str, tuple[Evidence, ...], dict[str, str]]
_W, _N, _C = "waits", "does-not-wait", "cannot-tell"
_RT, _BA, _GU = "real-time", "batchable", "batchable-with-guard"
PARTS: tuple[Part, ...] = (
    ("store-chat", "reply", 41_200, "4120.337", _W, _RT, 0.99, "high", "inferred", (_PEOPLE,), {"caching": "611.25"}),
    (
        "catalogue-enrichment",
        "describe",
        12_400,
        "3377.0142",
        _N,
        _BA,
        0.01,
        "high",
        "declared",
        (_NOBODY, _BURST),
        {"caching": "207.1042", "batch": "1584.955"},
    ),
    ("support-tickets", "draft", 9_800, "1204.5", _W, _RT, 0.93, "medium", "inferred", (_PEOPLE,), {}),
    (
        "support-tickets",
        "weekly-themes",
        620,
        "890.125",
        _N,
        _BA,
        0.08,
        "medium",
        "inferred",
        (_BURST,),
        {"output": "40", "batch": "398.0625"},
    ),
    ("returns-agent", "step", 22_000, "1650.75", _W, _RT, 0.97, "high", "inferred", (_LOOP,), {}),
    ("nightly-digest", "write", 31, "48.3", _N, _BA, 0.02, "high", "declared", (_NOBODY,), {"batch": "24.15"}),
    (
        "review-moderation",
        "classify",
        18_400,
        "402.9",
        _N,
        _GU,
        0.2,
        "medium",
        "owner",
        (_OWNER, _TIGHT),
        {"batch": "120.4"},
    ),
    ("webhook-classifier", "classify", 8_100, "731.6", _C, _RT, 0.47, "low", "none", (), {}),
    ("evaluation-runs", "grade", 5_000, "1310", _N, _BA, 0.03, "high", "declared", (_NOBODY,), {"batch": "655"}),
    ("already-in-batch", "embed-notes", 7_000, "210.004", _N, _BA, 0.0, "high", "declared", (_NOBODY,), {}),
    (
        SCRIPT,
        IMAGE,
        700,
        "155.005",
        _N,
        _BA,
        0.1,
        "medium",
        "inferred",
        (Evidence("offline-name", "nobody-waits", "inferred", -1.5, f"The name {SCRIPT} says so."),),
        {"batch": "77.5025"},
    ),
    (FORMULA, "<b>bold</b>&amp;%{x}", 90, "61.4", _C, _RT, 0.5, "low", "none", (), {}),
    (LONG, "y" * 120, 300, "512.8", _N, _BA, 0.05, "high", "declared", (_NOBODY,), {"batch": "256.4"}),
    (RTL, "explain", 240, "97.333", _N, _RT, 0.1, "high", "declared", (_NOBODY, _TIGHT), {}),
    ("", "unnamed", 12, "0.004", _C, _RT, 0.5, "low", "none", (), {}),
    ("new-model-trial", "try", 55, "0", _W, _RT, 0.9, "medium", "inferred", (_PEOPLE,), {}),
)


def larkfield(*only: str) -> Assessment:
    """The whole month; with names, only those workloads of it (files, days and models stay as they are)."""
    names = [name for name in dict.fromkeys(part[0] for part in PARTS) if not only or name in only]
    plans = tuple(_workload([(no, part) for no, part in enumerate(PARTS, 1) if part[0] == name]) for name in names)
    baseline = add(plan.baseline_usd for plan in plans)
    saving = add(plan.saving_usd for plan in plans)
    credit = {lever: add(c.credit_usd[lever] for p in plans for c in p.components) for lever in LEVERS}
    days = [date(2026, 10, day) for day in range(1, 32)]
    return Assessment(
        company="Larkfield Books",
        coverage=_coverage(),
        workloads=plans,
        baseline_usd=baseline,
        optimized_usd=baseline - saving,
        saving_usd={"low": saving, "base": saving + Decimal("402.11"), "high": saving + Decimal("930.5")},
        lever_credit_usd=credit,
        upside_usd=add(plan.upside_usd for plan in plans),
        assumptions=(
            Assumption(
                "batch_cache_hit_share",
                "Cache hits inside a warm batch",
                "0.30",
                "0.65",
                "0.98",
                "MEASURED",
                "https://platform.claude.com/docs/en/build-with-claude/batch-processing",
                date(2026, 11, 20),
            ),
            Assumption(
                "guard_share",
                f"Share that a guard finishes in batch {SCRIPT}",
                "0.60",
                "0.80",
                "0.95",
                "ASSUMED",
                "javascript:alert(3)",
                None,
            ),
        ),
        by_day=tuple(
            row
            for index, day in enumerate(days)
            for row in (
                (day, "real-time", Decimal("265.31") if day.weekday() < 5 else Decimal("148.07")),
                (day, "batchable", Decimal("190.2") + index),
                (day, "batchable-with-guard", Decimal("13.0125")),
            )
            if day.day != 18
        ),
        by_model=(
            (
                "claude-sonnet-4-6",
                90_000,
                TokenSums(900_000_000, 1_000_000, 0, 80_000_000, 310_000_000),
                Decimal("10772.07"),
            ),
            ("claude-haiku-4-5", 35_000, TokenSums(400_000_000, 0, 0, 0, 90_000_000), Decimal("3999.9982")),
        ),
        reported_cost_usd=Decimal("14801.22"),
    )


def empty() -> Assessment:
    """No files, no requests, no money."""
    return Assessment(
        None, Coverage((), (), (), 0, None, None, 0, 0, (), {}), (), ZERO, ZERO,
        {"low": ZERO, "base": ZERO, "high": ZERO}, dict.fromkeys(LEVERS, ZERO), ZERO, (), (), (), None,
    )  # fmt: skip


def _coverage() -> Coverage:
    return Coverage(
        files=(
            FileRead("logs/litellm/spend.csv", "litellm", 60_004, 60_000, 0, 4, 0),
            FileRead("logs/claude-code/session.jsonl", "claude_code", 30_000, 14_000, 12_900, 0, 3_100),
            FileRead(f"logs/{SCRIPT}/{'deep/' * 30}messages.jsonl", "whowaits", 51_953, 51_948, 5, 0, 0),
            FileRead("logs/notes.txt", None, 12, 0, 0, 12, 0),
        ),
        remarks=(("claude_code", "usage.iterations seen and added up", 41),),
        reject_reasons=((f"line is not JSON: {IMAGE}", 12), ("started_at is missing", 4)),
        requests=125_948,
        first_day=date(2026, 10, 1),
        last_day=date(2026, 10, 31),
        days=31,
        priced_requests=125_893,
        unpriced=(
            Unpriced("claude-unheard-of-9", "not in the price list", 55, TokenSums(1_000_000, 0, 0, 0, 20_000)),
            Unpriced(None, "the log names no model", 3, TokenSums(10, 0, 0, 0, 5)),
        ),
        signal_shares={"trigger": 0.31, "awaited": 0.0, "session_id": 0.4444, "is_streamed": 1.0, "deadline": 0.0002},
    )  # fmt: skip


def _workload(parts: list[tuple[int, Part]]) -> WorkloadPlan:
    components = tuple(sorted((_component(no, part) for no, part in parts), key=lambda c: -c.baseline_usd))
    outcomes = {c.verdict.placement != "real-time" for c in components}
    first = components[0].verdict
    kind: Any = "splittable" if len(outcomes) == 2 else "batchable" if True in outcomes else "real-time"
    question = next((c.verdict.question for c in components if c.verdict.question), "")
    undecided = any(c.verdict.outcome == "cannot-tell" for c in components)
    verdict = WorkloadVerdict(
        first.workload, kind, first.confidence, first.basis, undecided,
        first.awaited_probability, question, tuple(c.verdict for c in components),
    )  # fmt: skip
    return WorkloadPlan(
        verdict,
        components,
        add(c.baseline_usd for c in components),
        add(c.optimized_usd["low"] for c in components),
        add(c.saving_usd for c in components),
        add(c.upside_usd for c in components),
    )


def _batch_finding(part: Part) -> LeverFinding:
    outcome, placement, credit = part[4], part[5], part[-1]
    if "batch" in credit:
        return LeverFinding("batch", "applied", Decimal(credit["batch"]), f"Batch API: ${credit['batch']} by itself.")
    if placement != _RT:
        return LeverFinding("batch", "nothing-to-do", ZERO, "It is in batch already.")
    reasons = {_W: "Someone waits for the result.", _C: "Nobody can tell.", _N: "It is needed too soon."}
    return LeverFinding("batch", "not-allowed", None, reasons[outcome])


def _component(no: int, part: Part) -> ComponentPlan:
    workload, component, requests, cost, outcome, placement, probability, confidence, basis, evidence, credit = part
    question = f"Does anyone read the result of {component} within the hour?" if outcome == _C else ""
    verdict: Any = ComponentVerdict(
        no, workload, component, requests, outcome, placement, probability, confidence, basis, evidence,  # type: ignore[arg-type]
        600.0 if _TIGHT in evidence else None, 9 if _LOOP in evidence else 1, question,
        "minutes" if _TIGHT in evidence else "within-the-day" if outcome == _N else "now",
        "deadline" if _TIGHT in evidence else "assumed" if outcome == _C else "evidence",
        0.25 if _TIGHT in evidence else None,
    )  # fmt: skip
    baseline = Decimal(cost)
    credits: Any = {lever: Decimal(credit.get(lever, "0")) for lever in LEVERS}
    saved = add(credits.values())
    used = tuple(lever for lever in LEVERS if lever in credit)
    return ComponentPlan(
        verdict=verdict,
        requests=requests,
        tokens=TokenSums(requests * 4_100, 0, 0, requests * 900, requests * 350),
        models=("claude-sonnet-4-6",),
        baseline_usd=baseline,
        unpriced_requests=55 if workload == "new-model-trial" else 0,
        levers=used,
        credit_usd=credits,
        optimized_usd={"low": baseline - saved, "base": baseline - saved, "high": baseline - saved},
        upside_usd=baseline / 2 if outcome == _C else ZERO,
        findings=(
            LeverFinding("output", "nothing-to-do", None, "Answers are as short as the limit allows."),
            LeverFinding("routing", "needs-evidence", Decimal("12.5"), "A trial on a smaller model would tell."),
            LeverFinding("caching", "does-not-pay", Decimal("-3.2"), f"The prefix is read too seldom: {IMAGE}"),
            _batch_finding(part),
        ),
        steps=("Send the requests as one batch a night.", "Check parity on 200 requests.") if used else (),
    )  # fmt: skip
