"""A model as the judge of a pair: blind to which answer is whose, asked twice with the positions swapped.

The smaller model's answer passes when it is as good or better in both positions. Where the judge prefers another answer
once the positions are swapped, it prefers a position: that counts as failed and is told.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

from analyzer.batch.judge import MAX_TOKENS, judged, judging
from analyzer.trial.checks import text_of
from analyzer.trial.outcomes import broken
from analyzer.trial.requests import Request

ORDERS = ("judge-1", "judge-2")
JUDGE_MAX_TOKENS = MAX_TOKENS
Verdict = Literal["as good", "worse", "split", "none"]
"""`split`: as good in one position alone; `none`: the judge gave no verdict on one of them or on both."""

Message = Mapping[str, Any]
_WORD = re.compile(r"^[^\w\n]*(A|B|SAME)[^\w\n]*$", re.MULTILINE)


def judge_params(judge: str, request: Request, today: Message, smaller: Message) -> tuple[dict[str, Any], ...]:
    """What the judge is asked, one for each of ORDERS; thinking is no part of an answer and is not shown."""
    one, other = _shown(today), _shown(smaller)
    return (
        judging(judge, request.key, request.params, one, other),
        judging(judge, request.key, request.params, other, one),
    )


def verdict(request: Request, first: Message | None, second: Message | None) -> Verdict:
    """What the two answers of the judge say together."""
    if first is None or second is None:
        return "none"
    one = judged("", [request.key], {request.key: _word(first)})
    other = judged("", [request.key], {request.key: _word(second)})
    if one.undecided or other.undecided:
        return "none"
    # In the second asking today's answer and the smaller model's stand in each other's place.
    good = (one.batch_better + one.same, other.synchronous_better + other.same)
    return "as good" if all(good) else "split" if any(good) else "worse"


def _word(message: Message) -> dict[str, Any]:
    """Its last word on a line of its own, as the prompt asks; nothing where the judge was cut off or refused."""
    words = _WORD.findall(text_of(message)) if broken(message) is None else []
    return {"content": [{"type": "text", "text": word} for word in words[-1:]]}


def _shown(message: Message) -> dict[str, Any]:
    hidden = ("thinking", "redacted_thinking")
    blocks = [b for b in message.get("content") or [] if isinstance(b, dict) and b.get("type") not in hidden]
    return {"content": [{name: part for name, part in b.items() if name not in ("id", "signature")} for b in blocks]}
