"""What a trial of a smaller model prints: for people, and for machines (docs/trial.md). No text of an answer."""

from __future__ import annotations

from dataclasses import asdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from analyzer.cli._terminal import counted, printable
from analyzer.money import dollars

if TYPE_CHECKING:
    from analyzer.trial import Found, Run, Trial, Worth
    from analyzer.trial.run import Left

_SHOWN = 5


def plan_lines(trial: Trial, so_far: Run, left: Left | None, allowed: tuple[str, ...] | None) -> list[str]:
    """What will be sent to whom, the price, and what was left out."""
    from analyzer.pricing import resolve_model

    lines = [f"{counted(len(trial.requests), 'request')}: {_calls(trial)}"]
    if left is None:
        lines.append("all of it is answered already; nothing is sent")
    else:
        price = left.price
        low, base, high = (dollars(usd) for usd in (price.low_usd, price.base_usd, price.high_usd))
        lines.append(f"list cost in batches {base} ({low} to {high})")
        answered = sum(str(item.key) in so_far.messages for item in trial.items)
        if answered:
            lines.append(f"{counted(answered, 'call')} of it answered already, not paid again")
    own = {trial.target, *(request.model for request in trial.requests)}
    if trial.judge in own:
        lines.append(f"the judge {trial.judge} answers itself here: it may favour its own answers")
    if allowed is not None and trial.target not in {resolve_model(name, "anthropic").model for name in allowed}:
        lines.append(f"{trial.target} is not among the allowed models of the configuration: routing would not count")
    lines += [f"left out: {count:,}: {printable(reason, 100)}" for reason, count in _most(trial.passed_over)]
    return lines


def _calls(trial: Trial) -> str:
    parts = [f"{trial.smaller.calls:,} to {trial.target}"]
    unable = len(trial.requests) - trial.smaller.calls
    if unable:
        parts.append(f"{unable:,} that it cannot take")
    if trial.today.calls:
        parts.append(f"{trial.today.calls:,} to today's model, whose answer is not known")
    if trial.judge is not None:
        parts.append(f"up to {trial.judging.calls:,} to the judge {trial.judge}")
    return ", ".join(parts)


def _most(reasons: Any) -> list[tuple[str, int]]:
    return sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0]))[:_SHOWN]


def found_lines(found: Found, worth: Worth | None, workload: str) -> list[str]:
    """Passed with its interval, why others failed, what an answer costs, what the workload saves."""
    from analyzer.trial.outcomes import FAILURES

    lines = []
    if found.interval is None or found.pass_rate is None:
        lines.append("nothing was graded")
    else:
        low, high = found.interval
        lines.append(
            f"passed       {found.passed:,} of {found.tried:,} ({found.pass_rate:.1%}; 95 % interval "
            f"{low:.1%} to {high:.1%})"
        )
    lines += [f"failed       {count:,}: {FAILURES[name]}" for name, count in found.failures.items()]
    lines += [f"  {count:,}: {printable(reason, 100)}" for reason, count in _most(found.reasons)]
    if found.ungraded:
        lines.append(f"not graded   {found.ungraded:,}: no whole answer of today's to compare with")
    if found.today_checked:
        lines.append(f"today's own  {found.today_passed:,} of {found.today_checked:,} pass the same checks")
    lines += _cost_lines(found)
    if worth is not None:
        lines += _worth_lines(worth, workload)
    if found.spent_usd is not None:
        lines.append(f"paid         {dollars(found.spent_usd)} for this trial")
    return lines


def _cost_lines(found: Found) -> list[str]:
    costs = found.costs
    if costs is None:
        return ["cost         not known: no usage of today's model"]
    today, smaller, fallback = (
        dollars(usd * 1000 / costs.costed) for usd in (costs.today_usd, costs.smaller_usd, costs.fallback_usd)
    )
    lines = [
        f"1,000 answers at list price, synchronously: {today} today, {smaller} on {found.target}",
        f"1,000 that pass: {fallback}, with what failed answered again by today's model",
    ]
    again_share = (costs.fallback_usd - costs.smaller_usd) / costs.today_usd if costs.today_usd else Decimal(0)
    if found.interval is not None and again_share > 1 - found.interval[0]:
        lines.append(
            f"careful: what failed is {again_share:.1%} of today's cost, more than the lower end allows for: "
            "the long requests fail more often"
        )
    if costs.costed < found.tried:
        lines.append(f"  (of the {costs.costed:,} whose usage is known)")
    return lines


def _worth_lines(worth: Worth, workload: str) -> list[str]:
    low, base = worth.saving_usd["low"], worth.saving_usd["base"]
    about = f"{printable(workload)} costs {dollars(worth.baseline_usd)} in the audit"
    if low <= 0:
        return [f"saving       none at the lower end of the interval ({about})"]
    return [
        f"saving       at least {dollars(low)}, {dollars(base)} at the rate itself ({about}; beside the other levers)"
    ]


def plan_document(trial: Trial) -> dict[str, Any]:
    """`plan` of `--json`."""
    prices = {"smaller": trial.smaller, "today": trial.today, "judge": trial.judging}
    return {
        "to": trial.target,
        "requests": len(trial.requests),
        "unable": len(trial.requests) - trial.smaller.calls,
        "left_out": dict(_most(trial.passed_over)),
        "calls": {name: price.calls for name, price in prices.items()},
        **{name: getattr(trial.price, name) for name in ("low_usd", "base_usd", "high_usd")},
        "folder": str(trial.folder),
    }


def found_document(found: Found, worth: Worth | None) -> dict[str, Any]:
    """`found` of `--json`."""
    interval, costs = found.interval, found.costs
    return {
        "to": found.target,
        "tried": found.tried,
        "passed": found.passed,
        "failed": dict(found.failures),
        "reasons": dict(found.reasons),
        "ungraded": found.ungraded,
        "pass_rate": None if found.pass_rate is None else float(found.pass_rate),
        "pass_rate_low": float(interval[0]) if interval else None,
        "pass_rate_high": float(interval[1]) if interval else None,
        "today_checked": found.today_checked,
        "today_passed": found.today_passed,
        "costs": None
        if costs is None
        else {**asdict(costs), "passed_answer_usd": _each(costs.fallback_usd, costs.costed)},
        "spent_usd": found.spent_usd,
        "saving": None if worth is None else {"baseline_usd": worth.baseline_usd, **_by_case(worth)},
    }


def _each(usd: Decimal, count: int) -> Decimal:
    return (usd / count).quantize(Decimal("0.000000000001"))


def _by_case(worth: Worth) -> dict[str, Decimal]:
    return {f"{case}_usd": usd for case, usd in worth.saving_usd.items()}
