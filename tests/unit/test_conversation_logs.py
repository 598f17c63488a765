"""Logs with the bodies of conversations, from the file to the plan."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from analyzer.config import Config
from analyzer.savings import ComponentPlan, assess
from analyzer.store.audit import open_audit
from analyzer.store.ingest import ingest_paths

START = datetime(2026, 11, 2, 9, tzinfo=UTC)
STEPS = 12
LOOPS = 5
ROOM = "x" * 3_970  # a part of a prompt comes to about 4,000 characters, 1,000 tokens


def part(loop: int, step: int) -> str:
    return f"{loop} {step} {ROOM}"


def turn(loop: int, step: int, *, marked: bool = False) -> list[dict[str, Any]]:
    """The messages of one step of an agent loop: all before and a new result.

    `marked`: a cache mark on the last, which is why it is a list of a text where those before are a text.
    """
    messages: list[dict[str, Any]] = []
    for past in range(step):
        text = part(loop, past)
        messages.append({"role": "user", "content": text if marked else [{"type": "text", "text": text}]})
        messages.append({"role": "assistant", "content": [{"type": "text", "text": f"step {past}"}]})
    last: dict[str, Any] = {"type": "text", "text": part(loop, step)}
    if marked:
        last["cache_control"] = {"type": "ephemeral"}
    return [*messages, {"role": "user", "content": [last]}]


def call(loop: int, step: int, usage: dict[str, int], *, marked: bool = False) -> dict[str, Any]:
    """A step every 20 s, loops an hour and a half apart; answers take 5 s."""
    at = START + timedelta(seconds=20 * step, minutes=90 * loop)
    system = [{"type": "text", "text": "s" * 12_000}]
    request = {"model": "claude-sonnet-4-6", "max_tokens": 500, "system": system}
    request["messages"] = turn(loop, step, marked=marked)
    return {
        "started_at": at.isoformat(),
        "duration_s": 5,
        "request_id": f"{loop}-{step}",
        "tags": {"workload": "agent"},
        "awaited": True,
        "request": request,
        "model": "claude-sonnet-4-6",
        "usage": {"input_tokens": 0, "output_tokens": 20, **usage},
    }


def planned(tmp_path: Path, rows: list[dict[str, Any]]) -> ComponentPlan:
    log = tmp_path / "log.jsonl"
    log.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with open_audit(None) as audit:
        ingest_paths(audit, [str(log)])
        (workload,) = assess(audit, Config()).workloads
    (plan,) = workload.components
    return plan


def said(plan: ComponentPlan) -> str:
    return next(finding.sentence for finding in plan.findings if finding.lever == "caching")


def length(step: int) -> int:
    """Tokens of a step: 3,000 of system prompt and 1,000 for each part."""
    return 3_000 + 1_000 * (step + 1)


def test_the_whole_history_of_an_agent_loop_is_credited(tmp_path: Path) -> None:
    """Each loop sends 4,000, 5,000 ... 15,000 tokens, 114,000 in all: 5 x 114,000 x 3.00 = 1.71, and little output.

    With a breakpoint at the last message each step reads all but its new 1,000 tokens: 99,000 of 114,000 a loop. In the
    low case 0.90 of that happens: 89,100 x 0.30 + 24,900 x 3.75 = 0.120105 a loop, 0.600525; lengths are estimated
    from characters, to 2 %.
    """
    rows = [call(loop, step, {"input_tokens": length(step)}) for loop in range(LOOPS) for step in range(STEPS)]
    plan = planned(tmp_path, rows)
    output = STEPS * LOOPS * 20 * 15 / 1_000_000
    assert abs(float(plan.baseline_usd) - 1.71 - output) < 1e-9
    assert plan.levers == ("caching",)
    assert abs(float(plan.optimized_usd["low"]) - 0.600525 - output) < 0.02 * 0.600525
    assert "at the last message, for 5 minutes." in said(plan)


def test_a_loop_that_marks_its_last_message_is_recognised_and_stays(tmp_path: Path) -> None:
    rows = []
    for loop in range(LOOPS):
        for step in range(STEPS):
            read = length(step - 1) if step else 0
            usage = {"cache_read_input_tokens": read, "cache_creation_input_tokens": length(step) - read}
            rows.append(call(loop, step, usage, marked=True))
    plan = planned(tmp_path, rows)
    assert "Today's looks like 5 minutes, at the last message." in said(plan)
    assert plan.levers == ()


def test_a_loop_that_caches_its_system_prompt_alone_is_told_what_the_history_is_worth(tmp_path: Path) -> None:
    """Today 3,000 written and 33,000 read a loop; the low case counts on 0.90 of the 66,000 read beside."""
    rows = []
    for loop in range(LOOPS):
        for step in range(STEPS):
            kind = "cache_read_input_tokens" if step else "cache_creation_input_tokens"
            rows.append(call(loop, step, {kind: 3_000, "input_tokens": length(step) - 3_000}))
    plan = planned(tmp_path, rows)
    assert "Today's looks like 5 minutes, after the system prompt and the tools." in said(plan)
    read = 33_000 + 0.90 * 66_000
    low = LOOPS * (read * 0.30 + (114_000 - read) * 3.75 + STEPS * 20 * 15) / 1_000_000
    assert abs(float(plan.optimized_usd["low"]) - low) < 0.03 * low
