"""Each feature column, documented once; docs/features.md is made from this table."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Feature:
    """One column of `features`. `kind` is its SQL type; `meaning` says what NULL means where it can be NULL."""

    name: str
    kind: str
    unit: str
    meaning: str


FEATURES = (
    Feature("component_no", "bigint", "number", "number of the component in this scan"),
    Feature("workload", "varchar", "text", "name of the workload"),
    Feature("component", "varchar", "text", "label of the component inside its workload"),
    Feature("name", "varchar", "text", "workload and component, lower case, for rules that read names"),
    Feature("request_share", "double", "share", "of the workload's requests"),
    Feature("requests", "bigint", "requests", "all of the component"),
    Feature("days", "bigint", "days", "UTC days with a request"),
    Feature("span_days", "bigint", "days", "from the first day to the last, both counted"),
    Feature("input_tokens", "bigint", "tokens", "uncached, written to and read from the cache"),
    Feature("output_tokens", "bigint", "tokens", "output, thinking inside it"),
    Feature(
        "trigger_user_share",
        "double",
        "share",
        "of requests declared set off by a user; NULL = no trigger declared",
    ),
    Feature(
        "trigger_schedule_share",
        "double",
        "share",
        "of requests declared set off by a schedule; NULL = no trigger declared",
    ),
    Feature(
        "trigger_queue_share",
        "double",
        "share",
        "of requests declared set off by a queue; NULL = no trigger declared",
    ),
    Feature(
        "trigger_event_share",
        "double",
        "share",
        "of requests declared set off by an event (a webhook); NULL = no trigger declared",
    ),
    Feature("awaited_share", "double", "share", "of requests declared awaited; NULL = never declared"),
    Feature(
        "not_awaited_share",
        "double",
        "share",
        "of requests declared not awaited; NULL = never declared",
    ),
    Feature(
        "needed_within_s_p10",
        "double",
        "s",
        "declared deadline: a tenth of the requests have this or less; NULL = not declared",
    ),
    Feature("needed_within_s_p50", "double", "s", "declared deadline, median; NULL = not declared"),
    Feature(
        "read_share",
        "double",
        "share",
        "of requests whose result is known to have been read; NULL = reading is not logged",
    ),
    Feature(
        "read_delay_s_p10",
        "double",
        "s",
        "from the end (else start) of the answer to its reading, tenth percentile; NULL = not logged",
    ),
    Feature("read_delay_s_p50", "double", "s", "the same, median; NULL = not logged"),
    Feature(
        "destination",
        "varchar",
        "text",
        "declared destination, lower case (the first by name where there are several); NULL = not declared",
    ),
    Feature(
        "streamed_share",
        "double",
        "share",
        "of requests that were streamed, where known; NULL = the log cannot say",
    ),
    Feature(
        "first_token_share",
        "double",
        "share",
        "of requests with a time to first token; NULL = none is logged",
    ),
    Feature(
        "cancelled_share",
        "double",
        "share",
        "of requests cancelled by the caller, where the outcome is known; NULL = never known",
    ),
    Feature(
        "batch_share",
        "double",
        "share",
        "of requests sent through a batch API, where known; NULL = the log cannot say",
    ),
    Feature(
        "tools_share",
        "double",
        "share",
        "of requests that offered tools, where known; NULL = not logged",
    ),
    Feature("messages_p50", "bigint", "messages", "in a request, median; NULL = not logged"),
    Feature("users", "bigint", "users", "distinct end users; NULL = no user logged"),
    Feature(
        "browser_share",
        "double",
        "share",
        "of requests whose caller is a browser, where a user agent is logged; NULL = none is",
    ),
    Feature(
        "cli_share",
        "double",
        "share",
        "of requests whose caller is a command-line tool (claude-cli, curl); NULL = no user agent logged",
    ),
    Feature(
        "sdk_share",
        "double",
        "share",
        "of requests whose caller is other software (an SDK, a server); NULL = no user agent logged",
    ),
    Feature(
        "coding_agent_share",
        "double",
        "share",
        "of requests from Claude Code, by log format or user agent",
    ),
    Feature(
        "human_turn_share",
        "double",
        "share",
        "of requests that a person's own message set off, where the log tells turns from loops; NULL = it does not",
    ),
    Feature("sessions", "bigint", "sessions", "distinct; NULL = no session logged"),
    Feature(
        "turns_per_session_p50",
        "bigint",
        "requests",
        "of the component in a session, median; NULL = no session logged",
    ),
    Feature("thinks", "bigint", "pauses", "pauses inside sessions of 10 s to a day; NULL = none"),
    Feature("think_s_p25", "double", "s", "pauses inside sessions, first quartile; NULL = none"),
    Feature("think_s_p50", "double", "s", "pauses inside sessions, median; NULL = none"),
    Feature("think_s_p75", "double", "s", "pauses inside sessions, third quartile; NULL = none"),
    Feature(
        "chained_share",
        "double",
        "share",
        "of requests that start 0 to 10 s after the one before in trace or session ended; NULL = not logged",
    ),
    Feature(
        "chain_depth_p50",
        "bigint",
        "requests",
        "in the chain a request belongs to, median; NULL as above",
    ),
    Feature(
        "chain_depth_p90",
        "bigint",
        "requests",
        "in the chain a request belongs to, ninth decile; NULL as above",
    ),
    Feature("trace_calls_p50", "bigint", "requests", "of the component in a trace, median; NULL = no trace logged"),
    Feature(
        "fan_out_share",
        "double",
        "share",
        "of calls in traces that start before the call before them has ended; NULL = no trace or duration logged",
    ),
    Feature(
        "later_in_trace_s_p50",
        "double",
        "s",
        "from the start of the call before in the trace to the start of these, median; NULL = no trace, or first calls",
    ),
    Feature(
        "retry_share",
        "double",
        "share",
        "of requests that repeat a prompt whose call failed up to 300 s before; NULL = no prompt shape logged",
    ),
    Feature("runs", "bigint", "runs", "stretches of requests without a gap over 300 s"),
    Feature("run_days", "bigint", "days", "UTC days on which a run starts"),
    Feature("run_s_p90", "double", "s", "length of a run, ninth decile"),
    Feature("requests_per_run_p50", "bigint", "requests", "in a run, median"),
    Feature("largest_run_share", "double", "share", "of requests that fall in the largest run"),
    Feature(
        "active_share",
        "double",
        "share",
        "of the time from first to last request that lies inside runs; NULL = a single instant",
    ),
    Feature(
        "phase_score",
        "double",
        "n·R²",
        "gathering of run starts at one phase of a period under an hour, at the best of 10, 15, 20, 30 and 60 minutes",
    ),
    Feature(
        "phase_r",
        "double",
        "0 to 1",
        "mean resultant length at that period: 0 spread evenly, 1 all at one phase",
    ),
    Feature("phase_period_min", "double", "min", "that period"),
    Feature(
        "slot_score",
        "double",
        "log ratio",
        "pairs of runs on different days at the same time of day, to within 1.5 to 5 minutes, over a shuffle around it",
    ),
    Feature("slot_ratio", "double", "ratio", "such pairs of runs, over those of the shuffle"),
    Feature("slot_min", "double", "min", "width within which they start: the best of 3, 5 and 10 minutes"),
    Feature("wide_slot_score", "double", "log ratio", "the same to within 10 minutes, over a shuffle within 2 hours"),
    Feature("wide_slot_ratio", "double", "ratio", "such pairs of runs, over those of the shuffle"),
    Feature(
        "off_share",
        "double",
        "share",
        "of requests off the schedule: in runs out of phase that come back at that time on no two other days",
    ),
    Feature(
        "other_share",
        "double",
        "share",
        "of requests off the schedule that are other work than its own late runs; 0 = nothing says so",
    ),
    Feature(
        "kept_share",
        "double",
        "share",
        "of days with runs on which a turn of the phase period is kept, over turns kept on 3 days; NULL = no such turn",
    ),
    Feature("weekdays", "bigint", "days", "of the week that hold 2 % of the run starts or more"),
    Feature("hours_of_day", "bigint", "hours", "of the day that hold 2 % of the run starts or more"),
    Feature(
        "hour_repeat",
        "double",
        "-1 to 1",
        "active hours that the next day repeats to within an hour, over chance (kappa); NULL = one day, or all hours",
    ),
    Feature(
        "runs_fano",
        "double",
        "ratio",
        "variance over mean of the runs a day, days without runs counted; even schedules are near 0, chance is 1",
    ),
    Feature("gap_s_p50", "double", "s", "between the starts of neighbouring runs, median; NULL = a single run"),
    Feature(
        "gap_cv",
        "double",
        "ratio",
        "1.4826 · MAD / median of the gaps between run starts; NULL = a single run",
    ),
    Feature(
        "day_autocorrelation",
        "double",
        "-1 to 1",
        "of the runs an hour with those 24 h later; NULL under 3 days",
    ),
    Feature(
        "burst_share",
        "double",
        "share",
        "of requests in a 10 s stretch with at least 20; measures volume only",
    ),
    Feature("office_share", "double", "share", "of requests on Monday to Friday, 08 to 18 h UTC"),
    Feature("weekend_share", "double", "share", "of requests on Saturday and Sunday, UTC"),
)


def features_page() -> str:
    """docs/features.md as text."""
    lines = [
        "# Features",
        "",
        "What the scan shows of each component (a kind of call inside a workload), one row each. The rules of",
        "`rules/waiting/` are SQL booleans over these columns. NULL means that the log cannot say, and a rule that",
        "meets NULL does not match. Shares run from 0 to 1; days and hours are UTC.",
        "This page is made from `analyzer/workloads/features.py` by `python -m analyzer.workloads.features`.",
        "",
        "| column | unit | meaning |",
        "|---|---|---|",
    ]
    lines += [f"| `{feature.name}` | {feature.unit} | {feature.meaning} |" for feature in FEATURES]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(features_page(), end="")
