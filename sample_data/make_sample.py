"""Write the sample: a month of Claude traffic of a made-up bookseller, in four log formats.

    python sample_data/make_sample.py [--out FOLDER] [--scale 1.0] [--seed 2026]

The same seed and scale give the same files. Standard library only.
"""

from __future__ import annotations

import argparse
import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import company as c
from company import Call, Maker
from developers import sessions
from encode import Service, compact, lines, payload_line, spend_csv, spend_row, wrapper_line

PYTHON, BROWSER = "python-httpx/0.28.1", "larkfield-web/5.2"
HOSTILE_TAG, HOSTILE_FORMULA = "<script>alert(1)</script>", '=HYPERLINK("http://x")'


def tagged(name: str, **more: object) -> Service:
    """A service behind the gateway, tagged with its workload."""
    return Service(name, gateway_tags=(f"workload:{name}",), **more)  # type: ignore[arg-type]


def own(name: str, tag: str = "workload", **more: object) -> Service:
    """A service that logs itself in the whowaits wrapper."""
    return Service(name, tags={tag: name}, **more)  # type: ignore[arg-type]


SPEND_LOGS: tuple[tuple[Service, Maker], ...] = (
    (tagged("storefront-search", api_key="web-prod", user_agent=BROWSER), c.storefront_search),
    (Service("webhooks-prod", api_key="webhooks-prod", user_agent=PYTHON), c.webhooks),
    (
        tagged("eval-recommendations", api_key="ci", user_agent=PYTHON),
        c.evaluation(18.2, 150, c.OPUS_55, 70_000, 3_400),
    ),
    (tagged("eval-search-ranking", api_key="ci", user_agent=PYTHON), c.evaluation(19.6, 150, c.OPUS_47, 39_000, 2_300)),
    (tagged("bestseller-digest", api_key="batchbox", user_agent=PYTHON), c.bestseller_digest),
    (tagged("buyer-desk", api_key="buyer-desk", user_agent=BROWSER), c.buyer_desk),
    (tagged("shelf-similarity", api_key="ml", user_agent=PYTHON), c.shelf_similarity),
)
PAYLOADS: tuple[tuple[Service, Maker], ...] = (
    (
        Service(
            "code-review-bot",
            gateway_tags=("workload:code-review-bot", "trigger:event"),
            api_key="ci",
            user_agent=PYTHON,
            max_tokens=4096,
        ),
        c.code_review_bot,
    ),
    (tagged("gift-finder", api_key="web-prod", user_agent=BROWSER, max_tokens=1024), c.gift_finder),
)
QUEUED: dict[str, object] = {"trigger": "queue", "awaited": False}
WRAPPED: dict[str, tuple[tuple[Service, Maker], ...]] = {
    "support": (
        (own("support-chat", "feature", workspace="shop", user_agent=BROWSER, max_tokens=1024), c.support_chat),
        (
            own("review-moderation", workspace="shop", extra={"awaited": True, "trigger": "event"}, max_tokens=128),
            c.review_moderation,
        ),
    ),
    "catalogue": (
        (
            own(
                "catalogue-enrichment",
                workspace="catalogue",
                api_key="catalogue-workers",
                extra={**QUEUED, "destination": "catalogue-db"},
                max_tokens=4096,
            ),
            c.catalogue_enrichment,
        ),
        (own("genre-tagging", workspace="catalogue", extra=dict(QUEUED), max_tokens=512), c.genre_tagging),
        (own("backlist-keywords", "job", workspace="catalogue", extra={"is_batch": True}), c.backlist_keywords),
    ),
    "content": (
        (
            own(
                "review-translations",
                "job",
                workspace="content",
                extra={"trigger": "schedule", "needed_within_s": 28800, "destination": "review-db"},
                max_tokens=8192,
            ),
            c.review_translations,
        ),
        (
            own(
                "weekly-category-report",
                workspace="content",
                extra={"trigger": "user", "awaited": False},
                max_tokens=8192,
            ),
            c.weekly_category_report,
        ),
        (own("stock-alerts", workspace="content", extra={"trigger": "event"}, max_tokens=1024), c.stock_alerts),
    ),
    "documents": ((own("document-intake", workspace="documents", max_tokens=8192), c.document_intake),),
    "agents": (
        (own("research-agent", "app", workspace="research", has_tools=True, max_tokens=4096), c.research_agent),
    ),
    "operations": (
        (
            own(
                "price-watch",
                "job",
                workspace="operations",
                extra={"trigger": "schedule", "awaited": False, "needed_within_s": 600},
                max_tokens=2048,
            ),
            c.price_watch,
        ),
        (
            Service(
                "warehouse-labels",
                application="warehouse-labels",
                workspace="operations",
                extra={"trigger": "user", "awaited": True},
            ),
            c.warehouse_labels,
        ),
        (own(HOSTILE_TAG, extra={"awaited": False}), c.few(c.SONNET_46, 12_000)),
        (own(HOSTILE_FORMULA), c.few(c.SONNET_46, 9_000)),
    ),
}


def calls_of(seed: int, scale: float, service: Service, maker: Maker) -> Iterator[tuple[int, Call]]:
    """The calls of one service, numbered; each service has its own stream of chance."""
    calls = sorted(maker(Random(f"{seed} {service.name}"), scale), key=lambda call: call.at)
    return enumerate(calls, 1)


def spend_logs(seed: int, scale: float) -> tuple[str, str]:
    """The month's spend table, and a second export that overlaps it in one day."""
    rows = []
    for service, maker in SPEND_LOGS:
        rng = Random(f"{seed} failures {service.name}")
        for number, call in calls_of(seed, scale, service, maker):
            if rng.random() < 0.004:
                call.status = "error"
            row = spend_row(service, number, call)
            if service.name == "storefront-search" and rng.random() < 0.02:
                suffix = f"_cache_hit{1790812800 + number}"
                row.update(cache_hit="True", spend=0.0, request_id=f"{row['request_id']}{suffix}")
            rows.append(row)
    overlap = [row for row in rows if str(row["startTime"]).startswith("2026-10-20")]
    torn = [{**rows[0], "request_id": "chatcmpl-bad-1", "startTime": "yesterday"}]
    torn.append({**rows[1], "request_id": "chatcmpl-bad-2", "prompt_tokens": "12k", "total_tokens": "12k"})
    return spend_csv(rows + torn), spend_csv(overlap)


def wrapped(seed: int, scale: float, services: tuple[tuple[Service, Maker], ...]) -> list[str]:
    """The lines of one team's own log."""
    return [
        wrapper_line(service, number, call)
        for service, maker in services
        for number, call in calls_of(seed, scale, service, maker)
    ]


def damaged(row: str) -> list[str]:
    """A good line as logs have it after a bad day: four times unusable, once of a model that nobody knows."""
    good: dict[str, Any] = json.loads(row)
    wrong_type = {**good, "request_id": "req_bad2", "usage": {"input_tokens": "many", "output_tokens": 40}}
    no_time = {key: value for key, value in good.items() if key != "started_at"}
    return [
        row[:70],
        compact(wrong_type),
        compact({**no_time, "request_id": "req_bad3"}),
        compact({**good, "request_id": "req_bad4"}).replace("req_bad4", "req_\0bad4"),
        compact({**good, "request_id": "req_new1", "model": "claude-nimbus-9"}),
    ]


def texts(seed: int, scale: float) -> Iterator[tuple[str, str]]:
    """(path, text) of every file of the sample."""
    month, overlap = spend_logs(seed, scale)
    yield "gateway/litellm_spend_logs_2026-10.csv.gz", month
    yield "gateway/litellm_spend_logs_2026-10_overlap.csv.gz", overlap
    payloads = [
        payload_line(service, number, call)
        for service, maker in PAYLOADS
        for number, call in calls_of(seed, scale, service, maker)
    ]
    yield "gateway/litellm_payloads_2026-10.jsonl.gz", lines(payloads)
    for team, services in WRAPPED.items():
        rows = wrapped(seed, scale, services)
        if team == "operations":
            rows[20:20] = [*damaged(rows[5]), "", *rows[3:15]]
        yield f"messages/{team}_2026-10.jsonl.gz", lines(rows)
    for path, text in sessions(Random(f"{seed} developers"), scale):
        yield f"claude_code/{path}", text


def write_all(out: Path, seed: int, scale: float, say: Callable[[str], None]) -> None:
    """Write every file below `out`; gzip carries no time and no name, so the bytes depend on the seed alone."""
    for path, text in texts(seed, scale):
        target = out / path
        target.parent.mkdir(parents=True, exist_ok=True)
        data = text.encode()
        if target.suffix == ".gz":
            data = gzip.compress(data, compresslevel=9, mtime=0)
        target.write_bytes(data)
        say(f"{len(data):>9,} bytes  {path}")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Write the sample month of a made-up bookseller.")
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parent)
    parser.add_argument("--scale", type=float, default=1.0, help="share of the calls to write, 1 = the sample in git")
    parser.add_argument("--seed", type=int, default=2026)
    options = parser.parse_args()
    write_all(options.out, options.seed, options.scale, print)


if __name__ == "__main__":
    main()
