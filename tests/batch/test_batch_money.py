from __future__ import annotations

import dataclasses
import json
from datetime import date
from decimal import Decimal

import pytest
from conftest import fill, params
from fake_server import FakeServer

from analyzer.batch import Job, collect, quote, run, status_of, submit
from analyzer.batch.cost import Estimate, actual, estimate, to_pico
from analyzer.batch.messages_api import MessagesApi
from analyzer.tokens import TokenSums

ON = date(2026, 11, 20)


def request(size: int, **more: object) -> tuple[dict[str, object], str]:
    return {"model": "claude-opus-4-8", "max_tokens": 1000, **more}, "x" * size


def test_the_estimate_is_a_range_by_hand() -> None:
    # Opus 4.8 in a batch: $2.50 in, $12.50 out per MTok; tokenizer factor 1 / 1.3 / 1.35; synchronous twice that.
    assert estimate(*request(4000), ON, mean_output_tokens=50) == Estimate(
        low_pico=800 * 2_500_000 + 25 * 12_500_000,
        base_pico=1300 * 2_500_000 + 50 * 12_500_000,
        high_pico=1800 * 2_500_000 + 1000 * 12_500_000,
        direct_pico=1800 * 5_000_000 + 1000 * 25_000_000,
    )


def test_counted_tokens_and_a_known_longest_answer_narrow_the_range() -> None:
    found = estimate(*request(4000), ON, mean_output_tokens=50, high_output_tokens=200, input_tokens=1111)
    assert found is not None
    assert found.base_pico == 1111 * 2_500_000 + 50 * 12_500_000
    assert found.high_pico == 1111 * 2_500_000 + 200 * 12_500_000


@pytest.mark.parametrize(("ttl", "pico"), [("", 3_125_000), (',"ttl":"1h"', 5_000_000)])
def test_a_marked_prefix_is_written_in_the_high_case(ttl: str, pico: int) -> None:
    # Writes to the cache cost 1.25 times (5 minutes) or twice (1 hour) the batch input price of $2.50.
    text = f'{{"system":[{{"cache_control":{{"type":"ephemeral"{ttl}}}}}]}}'
    found = estimate({"model": "claude-opus-4-8", "max_tokens": 10}, text, ON, input_tokens=1000)
    assert found is not None and found.high_pico == 1000 * pico + 10 * 12_500_000


def test_every_cache_bucket_has_its_own_price() -> None:
    usage = {
        "input_tokens": 10,
        "output_tokens": 20,
        "cache_creation_input_tokens": 300,
        "cache_creation": {"ephemeral_5m_input_tokens": 100, "ephemeral_1h_input_tokens": 200},
        "cache_read_input_tokens": 400,
    }
    found = actual("claude-sonnet-5-5", {"usage": usage}, ON)
    # Sonnet 5.5 in a batch per MTok: in 1.00, out 5.00, 5m write 1.25, 1h write 2.00, read 0.05; twice that directly.
    assert found.batch_pico == 10 * 1_000_000 + 20 * 5_000_000 + 100 * 1_250_000 + 200 * 2_000_000 + 400 * 50_000
    assert found.direct_pico == 2 * found.batch_pico
    assert found.tokens == TokenSums(10, 100, 200, 400, 20)


def test_usage_that_nobody_can_believe_leaves_the_answer_without_a_price(
    server: FakeServer, api: MessagesApi, job: Job
) -> None:
    server.plan.answers = {"a": {"usage": {"input_tokens": 10**30, "output_tokens": 1}}}
    fill(job, "a", "b")
    status = run(job, api, sleep=lambda s: None)
    assert (status.delivered, status.unpriced_results, status.actual_usd) == (2, 1, None)
    assert (status.input_tokens, status.output_tokens) == (1000, 100)


def test_haiku_5_5_is_priced_by_the_size_of_each_request() -> None:
    small, large = (
        actual("claude-haiku-5-5", {"usage": {"input_tokens": n, "output_tokens": 10}}, ON) for n in (100_000, 100_001)
    )
    # Up to 100,000 tokens in 0.05 and out 0.25 per MTok in a batch; over it 0.25 and 1.25 for every token.
    assert small.batch_pico == 100_000 * 50_000 + 10 * 250_000
    assert large.batch_pico == 100_001 * 250_000 + 10 * 1_250_000


def test_the_cap_stops_before_the_post_by_the_high_estimate(server: FakeServer, api: MessagesApi, job: Job) -> None:
    fill(job, "a", "b", "c")
    size = len(json.dumps(params("a"), separators=(",", ":")))
    # each item at most: its bytes / 3 × 1.35 tokens in, rounded up, and max_tokens = 100 out
    tokens = -(-size * 135 // 300)
    item_pico = tokens * 2_500_000 + 100 * 12_500_000
    cap = Decimal(2 * item_pico) / 10**12
    assert to_pico(cap) == 2 * item_pico
    capped = dataclasses.replace(job, day_usd=cap)
    assert quote(capped).budget_left_usd == cap
    done = submit(capped, api)
    assert done.items == 2 and server.posts == 1
    assert len(done.remarks) == 1 and "budget.day_usd" in done.remarks[0]
    assert submit(capped, api).items == 0 and server.posts == 1
    assert status_of(job).queued == 1 and quote(capped).budget_left_usd == 0


def test_what_came_back_takes_the_place_of_the_estimate(server: FakeServer, api: MessagesApi, job: Job) -> None:
    server.plan.answers = {key: {"usage": {"input_tokens": 10, "output_tokens": 1}} for key in "abc"}
    fill(job, "a", "b", "c")
    first = quote(job)
    one_usd = first.high_usd / 3
    # One answer costs 10 × 2.50e-6 + 1 × 12.50e-6 = 0.0000375, far less than the estimate of 100 tokens out.
    capped = dataclasses.replace(job, job_usd=one_usd + Decimal("0.0001"))
    for _ in range(3):
        assert submit(capped, api).items == 1
        collect(capped, api)
    status = status_of(job)
    assert (status.delivered, status.actual_usd, status.synchronous_usd) == (
        3,
        Decimal("0.0001125"),
        Decimal("0.000225"),
    )
    assert status.estimate_high_usd == first.high_usd


def test_an_item_without_a_price_is_not_sent_under_a_cap(server: FakeServer, api: MessagesApi, job: Job) -> None:
    fill(job, "a", model="claude-of-tomorrow")
    done = submit(dataclasses.replace(job, day_usd=Decimal(100)), api)
    assert done.items == 0 and "has no price" in done.remarks[0]
    assert (quote(job).unpriced, quote(job).high_usd) == (1, 0)
    status = run(job, api, sleep=lambda s: None)
    assert status.delivered == 1 and status.unpriced_results == 1
    assert (status.actual_usd, status.estimate_usd) == (None, None)


def test_tokens_are_counted_by_the_provider_where_the_job_wants_it(
    server: FakeServer, api: MessagesApi, job: Job
) -> None:
    counting = dataclasses.replace(job, counts_tokens=True, output_tokens=100)
    server.plan.counts = ["ok", "400"]
    fill(counting, "a" * 50, "b" * 50)
    priced = quote(counting, api)
    # The fake counts 10 tokens a character: 500 in at 2.50 and 100 out at 12.50 per MTok. Which one is asked first, and
    # refused, is left to the threads.
    assert (priced.items, priced.rejected, priced.base_usd) == (1, 1, Decimal("0.0025"))
    assert "HTTP 400" in status_of(job).dead_items[0][1]


def test_what_cannot_be_counted_now_is_not_sent(server: FakeServer, api: MessagesApi, job: Job) -> None:
    counting = dataclasses.replace(job, counts_tokens=True)
    server.plan.counts = ["500"] * 3
    fill(counting, "a")
    done = submit(counting, api)
    assert done.items == 0 and "could not be counted" in done.remarks[0]
    assert submit(counting, api).items == 1
