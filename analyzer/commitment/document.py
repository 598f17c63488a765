"""The advice as JSON, and as the sentences that the command and the sheet share."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from analyzer.commitment.advice import Advice
from analyzer.commitment.curve import Level
from analyzer.commitment.demand import counted_days
from analyzer.money import as_text, dollars, to_cents
from analyzer.workloads.spend import counted_usage

CURVE_POINTS = 40


def cents(amount: float | Decimal) -> Decimal:
    """A modelled amount as USD in whole cents: what the simulation gives is no exact money."""
    return to_cents(Decimal(amount))


def usd_text(amount: float | Decimal) -> str:
    """For people: whole dollars from 1,000 on, cents below."""
    value = Decimal(amount)
    return dollars(value) if abs(value) < 1000 else f"{dollars(value.quantize(Decimal(1)))[:-3]}"


def share_text(share: float | None) -> str:
    """`37 %`; `n/a` where there is none."""
    return "n/a" if share is None else f"{share * 100:.0f} %"


def shown_curve(advice: Advice, points: int = CURVE_POINTS) -> tuple[Level, ...]:
    """Some `points` levels of the curve, evenly, up to the demand of today's usage that one path in ten exceeds.

    Always with the tiers' thresholds up to there, the best level and the one of today's usage.
    """
    named = {advice.best.commit_usd, advice.unoptimized.commit_usd, *(t.commit_usd for t in advice.terms.tiers)}
    most = max(Decimal(advice.demand_today_usd[2]), advice.best.commit_usd, advice.unoptimized.commit_usd)
    within = [level for level in advice.curve if level.commit_usd <= most]
    step = max(1, len(within) // points)
    return tuple(level for number, level in enumerate(within) if number % step == 0 or level.commit_usd in named)


def sentences(advice: Advice) -> list[str]:
    """What to sign, what it costs, what the wrong one costs, and how much to trust it."""
    best, demand = advice.best, advice.demand_usd
    term = f"{advice.starts_on} to {advice.ends_on}"
    if best.commit_usd:
        saved = advice.uncommitted.expected_cost_usd - best.expected_cost_usd
        first = (
            f"Commit {usd_text(best.commit_usd)} for {term}: expected cost {usd_text(best.expected_cost_usd)} "
            f"(P10 {usd_text(best.p10_usd)}, P90 {usd_text(best.p90_usd)}), {usd_text(saved)} less than without."
        )
    else:
        first = f"Do not commit for {term}: at these terms, buying as you go is expected to cost least."
    found = [first]
    if advice.good_from_usd != advice.good_to_usd:
        found.append(
            f"Anything from {usd_text(advice.good_from_usd)} to {usd_text(advice.good_to_usd)} is within 1 % of that."
        )
    found.append(
        f"Demand after savings, at list price: {usd_text(demand[1])} (P10 {usd_text(demand[0])}, "
        f"P90 {usd_text(demand[2])}); as today {usd_text(advice.demand_today_usd[1])}."
    )
    today = f"Today's usage would suggest {usd_text(advice.unoptimized.commit_usd)}"
    if advice.unoptimized.commit_usd == best.commit_usd:
        found.append(f"{today}, the same.")
    else:
        found.append(f"{today}; after savings that costs {usd_text(advice.regret_unoptimized_usd)} more.")
    if advice.break_even_usd is not None:
        worst = advice.worst_month
        found.append(
            f"Break-even: with less than {usd_text(advice.break_even_usd)} of demand it would have been cheaper not to "
            f"commit; so it is in {share_text(advice.loss_share)} of the paths."
        )
        found.append(
            f"Worst month: {worst.first_day:%B %Y} uses {usd_text(worst.p10_usd)} or less in a tenth of the paths; "
            f"on average it uses {share_text(worst.share)} of an even part of the commitment."
        )
    return [*found, backtest_sentence(advice), *caveats(advice)]


def backtest_sentence(advice: Advice) -> str:
    """How far off such forecasts were on the audit's own days."""
    tried = advice.backtest
    miss, bias = tried.mean_absolute_error_share, tried.mean_error_share
    if miss is None or bias is None:
        return f"Backtest: {counted_days(len(advice.history.usd))} of log are too short for one (three weeks)."
    count = len(tried.forecasts)
    return (
        f"Backtest on the log's own past: {count} forecast{'' if count == 1 else 's'} of up to four weeks missed by "
        f"{share_text(miss)} on average (bias {bias * 100:+.0f} %); P10 to P90 held {tried.inside} of {count} times."
    )


def caveats(advice: Advice) -> Sequence[str]:
    """What the log is too short for, what is assumed, and what is left out."""
    found = list(advice.outlook.remarks)
    if advice.unpriced_requests or advice.unpriced_rows:
        unpriced = counted_usage(advice.unpriced_requests, advice.unpriced_rows)
        found.append(f"Not counted: {unpriced} without a price (see whowaits spend).")
    if advice.terms.growth_is_assumed:
        shares = ", ".join(f"{g.name} {g.monthly_share * 100:+.0f} % a month" for g in advice.terms.growth)
        found.append(f"Growth is ASSUMED ({shares}): put your own [[growth]] into the terms.")
    return found


def advice_document(advice: Advice) -> dict[str, Any]:
    """What `--json` prints (docs/commit.md); money in decimal strings to the cent, shares 0 to 1."""
    tried = advice.backtest
    return {
        "recommended_usd": as_text(advice.best.commit_usd),
        "expected_cost_usd": as_text(cents(advice.best.expected_cost_usd)),
        "p10_usd": as_text(cents(advice.best.p10_usd)),
        "p90_usd": as_text(cents(advice.best.p90_usd)),
        "good_from_usd": as_text(advice.good_from_usd),
        "good_to_usd": as_text(advice.good_to_usd),
        "coverage_share": advice.best.coverage_share,
        "utilization_share": advice.best.utilization_share,
        "break_even_usd": None if advice.break_even_usd is None else as_text(cents(advice.break_even_usd)),
        "loss_share": advice.loss_share,
        "uncommitted_cost_usd": as_text(cents(advice.uncommitted.expected_cost_usd)),
        "unoptimized_commit_usd": as_text(advice.unoptimized.commit_usd),
        "regret_unoptimized_usd": as_text(cents(advice.regret_unoptimized_usd)),
        "starts_on": str(advice.starts_on),
        "ends_on": str(advice.ends_on),
        "seed": advice.seed,
        "unpriced_requests": advice.unpriced_requests,
        "unpriced_report_rows": advice.unpriced_rows,
        "demand": _spread(advice.demand_usd),
        "demand_today": _spread(advice.demand_today_usd),
        "worst_month": str(advice.worst_month.first_day),
        "months": [
            {
                "month": str(month.first_day),
                "expected_usd": as_text(cents(month.expected_usd)),
                "p10_usd": as_text(cents(month.p10_usd)),
                "utilization_share": month.share,
            }
            for month in advice.months
        ],
        "scenarios": [
            {
                "name": scenario.name,
                "monthly_share": str(scenario.monthly_share),
                "weight_share": scenario.weight_share,
                "demand_usd": as_text(cents(scenario.demand_usd)),
                "expected_cost_usd": as_text(cents(scenario.cost_usd)),
            }
            for scenario in advice.scenarios
        ],
        "moves": [
            {
                "workload": move.workload,
                "on": str(move.on),
                "baseline_usd": as_text(move.baseline_usd),
                "savings_usd": as_text(move.saving_usd[0]),
            }
            for move in advice.moves
        ],
        "history": {
            "first_day": str(advice.history.first_day),
            "last_day": str(advice.history.last_day),
            "days": len(advice.history.usd),
            "weekly_trend": advice.outlook.trend,
            "uses_trend": advice.outlook.uses_trend,
            "unseen_share": advice.outlook.unseen,
        },
        "backtest": {
            "forecasts": len(tried.forecasts),
            "mean_error_share": tried.mean_error_share,
            "mean_absolute_error_share": tried.mean_absolute_error_share,
            "within_p10_p90": tried.inside,
        },
        "remarks": list(caveats(advice)),
        "curve": [_level(level) for level in shown_curve(advice)],
    }


def _level(level: Level) -> dict[str, Any]:
    return {
        "commit_usd": as_text(level.commit_usd),
        "expected_cost_usd": as_text(cents(level.expected_cost_usd)),
        "p10_usd": as_text(cents(level.p10_usd)),
        "p90_usd": as_text(cents(level.p90_usd)),
        "coverage_share": level.coverage_share,
        "utilization_share": level.utilization_share,
        "forfeited_usd": as_text(cents(level.forfeited_usd)),
        "overage_usd": as_text(cents(level.overage_usd)),
    }


def _spread(spread: tuple[float, float, float]) -> dict[str, str]:
    return dict(zip(("p10_usd", "expected_usd", "p90_usd"), (as_text(cents(usd)) for usd in spread), strict=True))
