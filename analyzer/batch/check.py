"""Every queued item is looked at before money is spent: what no batch takes is rejected, the rest gets its price."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date
from sqlite3 import Row
from typing import Any

from analyzer.batch.body import EMPTY_BYTES, ENVELOPE_BYTES
from analyzer.batch.cost import estimate
from analyzer.batch.job import Job
from analyzer.batch.pieces import in_pieces
from analyzer.batch.preflight import refusal
from analyzer.batch.provider import Provider, RefusedError, told
from analyzer.batch.store import Store
from analyzer.times import day_of_us

_AT_ONCE = 2_000
_BYTES_AT_ONCE = 16_000_000
_COUNTED_AT_ONCE = 200
_COUNTERS = 8
_HOUR_MARK = '"ttl":"1h"'
# Prices change by the day: what was priced earlier is priced again.
_FRESH_US = 86_400_000_000


@dataclass
class Checked:
    """Items that were rejected, remarks for people; `is_stuck`: a person has to change something first."""

    rejected: int = 0
    remarks: list[str] = field(default_factory=list)
    is_stuck: bool = False


def check_queued(store: Store, job: Job, provider: Provider | None, now_us: int) -> Checked:
    """Check and price what is queued and not checked today.

    Rejected items are dead with their reason. With `preflight.count_tokens` the provider counts each one; what it
    cannot count now stays unchecked, and nothing unchecked is sent.
    """
    done, after, unmarked = Checked(), 0, 0
    while True:
        rows = store.rows(
            "unchecked_items",
            job=job.name,
            stale_us=now_us - _FRESH_US,
            after=after,
            count=_COUNTED_AT_ONCE if job.counts_tokens else _AT_ONCE,
        )
        if not rows:
            break
        rows = next(in_pieces(rows, lambda row: int(row["bytes"]), count=len(rows), size=_BYTES_AT_ONCE))
        after = rows[-1]["item_no"]
        counts = {} if provider is None or not job.counts_tokens else _counted(store, provider, rows)
        fit, unfit, left = [], [], list[Exception]()
        for row in rows:
            count = counts.get(row["item_no"], row["input_tokens"])
            if isinstance(count, Exception):
                left.append(count)
                continue
            text = store.row("request", item_no=row["item_no"])["params"]
            unmarked += _HOUR_MARK not in text
            found = count if isinstance(count, str) else _looked_at(job, row, text, count, day_of_us(now_us))
            if isinstance(found, str):
                unfit.append({"item_no": row["item_no"], "reason": found, "now_us": now_us})
            else:
                fit.append({"item_no": row["item_no"], "now_us": now_us, **found})
        with store.change():
            done.rejected += store.run_many("kill_queued_item", unfit)
            store.run_many("item_is_fit", fit)
        if left:
            _tell_uncounted(done, left)
            break
    if job.primes_cache and unmarked:
        done.remarks.append(
            f"cache.prime is on, and {unmarked} items mark no prefix for an hour: nothing is warm for them"
        )
    return done


def _tell_uncounted(done: Checked, errors: list[Exception]) -> None:
    refused = next((each for each in errors if isinstance(each, RefusedError) and each.is_lasting), None)
    why = told(refused or errors[0])
    done.remarks.append(f"{len(errors)} items could not be counted ({why}); they stay queued until they are")
    done.is_stuck = refused is not None


def _looked_at(job: Job, row: Row, text: str, input_tokens: int | None, on: date) -> dict[str, Any] | str:
    """Its price, or why no batch takes it."""
    if row["bytes"] + EMPTY_BYTES + ENVELOPE_BYTES > job.max_bytes:
        return f"{row['bytes']} bytes are more than a batch of this job may have ({job.max_bytes})"
    params = json.loads(text)
    reason = refusal(params)
    if reason is not None:
        return reason
    cost = estimate(
        params,
        text,
        on,
        mean_output_tokens=job.output_tokens,
        high_output_tokens=job.high_output_tokens,
        input_tokens=input_tokens,
    )
    return {
        "input_tokens": input_tokens,
        "low_pico": cost and cost.low_pico,
        "base_pico": cost and cost.base_pico,
        "high_pico": cost and cost.high_pico,
        "direct_pico": cost and cost.direct_pico,
    }


def _counted(store: Store, provider: Provider, rows: list[Row]) -> dict[int, int | str | Exception]:
    """Item to its input tokens, why it is refused, or the error that kept it from being counted."""
    from concurrent.futures import ThreadPoolExecutor  # not needed to put requests down

    def count(params: dict[str, Any]) -> int | str | Exception:
        try:
            return provider.count_tokens(params)
        except RefusedError as error:
            return str(error) if error.is_about_item else error
        except Exception as error:
            return error

    asked = [row["item_no"] for row in rows if row["input_tokens"] is None]
    requests = [json.loads(store.row("request", item_no=number)["params"]) for number in asked]
    with ThreadPoolExecutor(_COUNTERS) as pool:
        return dict(zip(asked, pool.map(count, requests), strict=True))
