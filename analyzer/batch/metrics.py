"""The status as a Prometheus text file, for the textfile collector of node_exporter."""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path

from analyzer.batch.status import JobStatus
from analyzer.money import as_text

_STATES = ("queued", "submitted", "in_doubt", "succeeded", "delivered", "canceled", "dead")
_GAUGES = {
    "overdue_items": ("overdue", "Items that were needed by now and are not done."),
    "troubles": ("troubles", "Things that a person has to look at."),
    "estimate_high_usd": ("estimate_high_usd", "List cost of what was sent, high case."),
    "actual_usd": ("actual_usd", "List cost by the usage that came back."),
    "synchronous_usd": ("synchronous_usd", "List cost of the same answers, synchronous."),
    "guard_usd": ("guard_usd", "What the deadline guard paid more than a batch."),
    "cache_read_tokens": ("cache_read_tokens", "Input tokens read from the cache."),
    "oldest_queued_seconds": ("oldest_queued_s", "Age of the oldest queued item."),
    "oldest_batch_seconds": ("oldest_batch_s", "Age of the oldest batch with the provider."),
    "turnaround_p50_seconds": ("turnaround_p50_s", "Median time from creation to end of the last batches."),
    "turnaround_p90_seconds": ("turnaround_p90_s", "90th percentile of the same."),
}


def metrics_text(status: JobStatus) -> str:
    """Gauges with the label `job`; what is not known is left out, never 0."""
    job = status.job.replace("\\", r"\\").replace('"', r"\"")
    lines = ["# HELP whowaits_batch_items Items by state.", "# TYPE whowaits_batch_items gauge"]
    lines += [f'whowaits_batch_items{{job="{job}",state="{state}"}} {getattr(status, state)}' for state in _STATES]
    for name, (attribute, says) in _GAUGES.items():
        value = getattr(status, attribute)
        if value is None:
            continue
        told = len(value) if isinstance(value, tuple) else as_text(value) if isinstance(value, Decimal) else value
        lines += [f"# HELP whowaits_batch_{name} {says}", f"# TYPE whowaits_batch_{name} gauge"]
        lines.append(f'whowaits_batch_{name}{{job="{job}"}} {told}')
    return "\n".join(lines) + "\n"


def write_metrics(path: Path, status: JobStatus) -> None:
    """Put the file in place by a rename, so that a scrape never sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f".{path.name}.{os.getpid()}")
    half.write_text(metrics_text(status), encoding="utf-8")
    half.replace(path)
