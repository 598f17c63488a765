"""Larkfield Books, a made-up online bookseller: its workloads, and the calls each makes in October 2026."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random

from rhythms import (
    DAY_S,
    DAYS,
    HOUR_S,
    OFFICE_HOURS,
    SHOP_HOURS,
    Run,
    even_times,
    human_times,
    scheduled_runs,
    weekday,
)

OPUS_47, OPUS_55 = "claude-opus-4-7", "claude-opus-5-5"
SONNET_46, SONNET_55 = "claude-sonnet-4-6", "claude-sonnet-5-5"
HAIKU_45, HAIKU_55 = "claude-haiku-4-5-20251001", "claude-haiku-5-5"
BEDROCK_SONNET = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
UNKNOWN_MODEL = "llama-4-shelf-embed"


@dataclass
class Call:
    """One call. Times in seconds from the start of the month; token buckets disjoint; None = the log is silent."""

    at: float
    duration: float
    model: str
    uncached: int
    output: int
    write_5m: int = 0
    read: int = 0
    first_token: float | None = None
    status: str = "ok"
    user: str | None = None
    session: str | None = None
    trace: str | None = None
    parent: str | None = None
    read_at: float | None = None
    messages: int = 1
    searches: int = 0
    fields: dict[str, object] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    prefix: tuple[str, int] | None = None


Maker = Callable[[Random, float], Iterator[Call]]


def some(count: int, scale: float) -> int:
    """`count` at this scale, at least 3."""
    return max(3, round(count * scale))


def around(rng: Random, middle: float, spread: float = 0.25) -> int:
    """A token count near `middle`."""
    return max(1, round(rng.triangular(middle * (1 - spread), middle * (1 + 1.3 * spread), middle)))


def answer_s(rng: Random, output: int, a_second: float = 70.0) -> float:
    """Seconds an answer of so many tokens takes."""
    return round(0.4 + output / a_second * rng.uniform(0.8, 1.35), 1)


def prefix_of(name: str, chars: int) -> tuple[str, int]:
    """A stable stand-in for the hash of system and tools, and their length in characters."""
    return hashlib.sha256(name.encode()).hexdigest()[:16], chars


def shopper(rng: Random) -> str:
    """A customer: some come often, most once."""
    return f"user-{int(rng.triangular(1, 4000, 1)):04d}"


def plain(
    rng: Random, at: float, model: str, uncached: float, output: float, streamed: bool = False, **more: object
) -> Call:
    """A call with tokens around the given ones; streamed calls get a first token."""
    out = around(rng, output, 0.4)
    call = Call(round(at, 3), answer_s(rng, out), model, around(rng, uncached), out)
    for name, value in more.items():
        setattr(call, name, value)
    if streamed:
        call.first_token = round(min(call.duration * 0.9, rng.triangular(0.35, 2.2, 0.7)), 2)
    return call


# ---- people wait ----------------------------------------------------------------------------------------------------


def support_chat(rng: Random, scale: float) -> Iterator[Call]:
    """Conversations of 1 to 8 turns, a median of two minutes apart; the policies are cached for five minutes."""
    prefix = prefix_of("support-chat", 45_000)
    last_touch = -1e9
    calls: list[Call] = []
    for number, start in enumerate(human_times(rng, some(4_200, scale), SHOP_HOURS, 1.25)):
        now, context, who = start, rng.triangular(15_000, 52_000, 24_000), shopper(rng)
        for turn in range(rng.choices(range(1, 9), (12, 16, 22, 18, 13, 9, 6, 4))[0]):
            call = plain(rng, now, OPUS_47, context, 420, streamed=True, user=who, prefix=prefix)
            call.session, call.messages = f"chat-{number:05d}", 2 * turn + 1
            if rng.random() < 0.035:
                call.status, call.output = "cancelled", max(1, call.output // 3)
                call.duration = round(max(call.first_token or 0.4, call.duration / 3), 1)
            calls.append(call)
            now += call.duration + rng.lognormvariate(4.8, 0.75)
            context += rng.uniform(1_500, 6_000)
    for call in sorted(calls, key=lambda c: c.at):
        if call.at >= DAYS * DAY_S:
            continue
        if call.at - last_touch <= 300:
            call.read = 14_210
        else:
            call.write_5m = 14_210
        last_touch = call.at
        yield call


def storefront_search(rng: Random, scale: float) -> Iterator[Call]:
    """The search box: high volume, streamed, a shopper behind each call who often searches again."""
    calls: list[Call] = []
    for number, start in enumerate(human_times(rng, some(5_000, scale), SHOP_HOURS, 1.3)):
        now, who = start, shopper(rng)
        for _ in range(rng.choices((1, 2, 3, 4), (4, 3, 2, 1))[0]):
            calls.append(plain(rng, now, OPUS_55, 26_000, 330, streamed=True, user=who, session=f"v{number:05d}"))
            now += calls[-1].duration + rng.lognormvariate(3.7, 0.7)
    yield from sorted((call for call in calls if call.at < DAYS * DAY_S), key=lambda c: c.at)


def gift_finder(rng: Random, scale: float) -> Iterator[Call]:
    """A streamed conversation about presents; its context grows and is cached."""
    calls: list[Call] = []
    for number, start in enumerate(human_times(rng, some(950, scale), SHOP_HOURS, 1.5)):
        now, seen, who = start, 0, shopper(rng)
        for turn in range(rng.randint(2, 6)):
            call = plain(rng, now, SONNET_55, 700, 450, streamed=True, user=who, session=f"gift-{number:04d}")
            call.messages, call.read, call.write_5m = 2 * turn + 1, seen, 9_400 if turn == 0 else around(rng, 1_100)
            seen += call.write_5m
            calls.append(call)
            now += call.duration + rng.triangular(15, 280, 70)
    yield from sorted((call for call in calls if call.at < DAYS * DAY_S), key=lambda c: c.at)


def buyer_desk(rng: Random, scale: float) -> Iterator[Call]:
    """Buyers ask about supplier contracts in office hours; on Bedrock, through a US profile."""
    calls: list[Call] = []
    for number, start in enumerate(human_times(rng, some(720, scale), OFFICE_HOURS, 0.04)):
        now, who = start, f"user-{rng.randint(9000, 9021)}"
        for _ in range(rng.randint(2, 8)):
            call = plain(rng, now, BEDROCK_SONNET, 110_000, 1_100, streamed=True, user=who)
            call.session = f"buyer-{number:04d}"
            calls.append(call)
            now += call.duration + rng.lognormvariate(4.8, 0.7)
    yield from sorted((call for call in calls if call.at < DAYS * DAY_S), key=lambda c: c.at)


def review_moderation(rng: Random, scale: float) -> Iterator[Call]:
    """A check before a customer's review is shown; the page waits, and says so."""
    prefix = prefix_of("review-moderation", 8_200)
    for at in human_times(rng, some(5_000, scale), SHOP_HOURS, 1.2):
        yield plain(rng, at, HAIKU_45, 2_600, 60, user=shopper(rng), prefix=prefix)


def warehouse_labels(rng: Random, scale: float) -> Iterator[Call]:
    """A packer scans a parcel and waits for the customs text; no tag, only an application name."""
    for at in human_times(rng, some(2_200, scale), OFFICE_HOURS, 0.3):
        yield plain(rng, at, SONNET_46, 5_500, 180, user=f"user-{rng.randint(8000, 8030)}")


# ---- a process waits ------------------------------------------------------------------------------------------------


def chain(
    rng: Random, start: float, trace: str, calls: int, model: str, context: float, growth: float, output: float
) -> Iterator[Call]:
    """An agent loop: each call starts 0.3 to 6 seconds after the one before ended."""
    now, parent = start, None
    for step in range(calls):
        call = plain(rng, now, model, context, output, trace=trace, messages=2 * step + 1)
        call.parent, parent = parent, f"{trace}-{step}"
        yield call
        now += call.duration + rng.uniform(0.3, 6.0)
        context += growth * rng.uniform(0.6, 1.4)


def code_review_bot(rng: Random, scale: float) -> Iterator[Call]:
    """Set off by a pull request: a chain of calls, each needing the one before."""
    for number, at in enumerate(human_times(rng, some(820, scale), OFFICE_HOURS, 0.06)):
        yield from chain(rng, at, f"pr-{4100 + number}", rng.randint(5, 12), OPUS_47, 70_000, 14_000, 900)


def research_agent(rng: Random, scale: float) -> Iterator[Call]:
    """An agent that reads what the press says of a title, step after step."""
    prefix = prefix_of("research-agent", 26_000)
    for number, at in enumerate(human_times(rng, some(640, scale), OFFICE_HOURS, 0.15)):
        for call in chain(rng, at, f"title-{number:04d}", rng.randint(8, 26), OPUS_47, 30_000, 8_500, 1_100):
            call.prefix = prefix
            yield call


# ---- nobody waits ---------------------------------------------------------------------------------------------------


def catalogue_enrichment(rng: Random, scale: float) -> Iterator[Call]:
    """A backlog of titles drained from a queue; every prompt begins with the same long style guide. The pilot."""
    prefix = prefix_of("catalogue-enrichment", 133_000)
    for day in range(DAYS):
        calls = some(1_150 if weekday(day) < 5 else 520, scale * rng.uniform(0.8, 1.2))
        run = Run(day * DAY_S + rng.uniform(5, 9) * HOUR_S, calls, rng.uniform(18, 30))
        for at in run.times(rng):
            if at < DAYS * DAY_S:
                yield plain(rng, at, OPUS_47, 52_000, 2_600, prefix=prefix)


def bestseller_digest(rng: Random, scale: float) -> Iterator[Call]:
    """Two hundred calls each night from a little after two; nothing but the clock says so."""
    for run in scheduled_runs(rng, (2.0,), some(200, scale), 2.4, 540):
        for at in run.times(rng):
            yield plain(rng, at, OPUS_47, 34_000, 2_500)


def evaluation(hour: float, calls: int, model: str, uncached: int, output: int) -> Maker:
    """Evaluation runs on working days: a block of calls at once."""

    def make(rng: Random, scale: float) -> Iterator[Call]:
        for run in scheduled_runs(rng, (hour,), some(calls, scale), 0.8, 900, weekdays_only=True):
            for at in run.times(rng):
                yield plain(rng, at, model, uncached, output)

    return make


def review_translations(rng: Random, scale: float) -> Iterator[Call]:
    """Every six hours the new reviews are translated; needed within eight hours."""
    prefix = prefix_of("review-translations", 9_600)
    for run in scheduled_runs(rng, (0.0, 6.0, 12.0, 18.0), some(80, scale), 3.5, 300):
        for at in run.times(rng):
            yield plain(rng, at + 900, OPUS_47, 8_200, 7_000, prefix=prefix)


def document_intake(rng: Random, scale: float) -> Iterator[Call]:
    """A publisher uploads a document: acknowledged at once while they look, analysed later from a queue."""
    acknowledge, analyse = prefix_of("intake-acknowledge", 5_100), prefix_of("intake-analyse", 24_000)
    for number, at in enumerate(human_times(rng, some(5_000, scale), OFFICE_HOURS, 0.1)):
        who, trace = f"publisher-{rng.randint(1, 160):03d}", f"doc-{number:05d}"
        first = plain(rng, at, HAIKU_45, 3_900, 190, streamed=True, user=who, prefix=acknowledge)
        first.tags, first.fields = {"step": "acknowledge"}, {"trigger": "user"}
        first.session = f"upload-{number:05d}"
        later = plain(rng, at + rng.triangular(1_200, 14_000, 4_000), OPUS_47, 68_000, 5_200, prefix=analyse)
        later.tags = {"step": "analyse"}
        later.fields = {"trigger": "queue", "awaited": False, "needed_within_s": 86400, "destination": "intake-table"}
        first.trace = later.trace = trace
        yield first
        if later.at < DAYS * DAY_S:
            yield later


def backlist_keywords(rng: Random, scale: float) -> Iterator[Call]:
    """Already moved: sent through the batch API, so there is nothing left to save there."""
    prefix = prefix_of("backlist-keywords", 31_000)
    for day in range(2, DAYS, 3):
        for at in Run(day * DAY_S + 20 * HOUR_S, some(450, scale), 0.05).times(rng):
            call = plain(rng, at, OPUS_47, 30_000, 2_000, prefix=prefix)
            call.duration = round(rng.uniform(400, 3_000))
            yield call


def price_watch(rng: Random, scale: float) -> Iterator[Call]:
    """Rivals' prices every hour; nobody looks on, but the shop needs them within ten minutes."""
    prefix = prefix_of("price-watch", 12_000)
    for run in scheduled_runs(rng, tuple(float(h) for h in range(24)), some(7, scale), 5.0, 60):
        for at in run.times(rng):
            yield plain(rng, at + 1_500, OPUS_55, 52_000, 900, prefix=prefix)


def weekly_category_report(rng: Random, scale: float) -> Iterator[Call]:
    """Asked for by a category manager on Monday, opened hours later; searches the web."""
    for day in range(4, DAYS, 7):
        for category in range(some(56, scale)):
            at = day * DAY_S + 8.5 * HOUR_S + rng.uniform(0, 5_400)
            call = plain(rng, at, OPUS_55, 38_000, 4_800, user=f"user-{7000 + category % 14}")
            call.searches, call.read_at = rng.randint(2, 8), at + rng.triangular(2.5, 30, 7) * HOUR_S
            call.fields = {"category": category}
            yield call


def genre_tagging(rng: Random, scale: float) -> Iterator[Call]:
    """Whole books to Haiku 5.5 since the day after its release; a fifth are over 100,000 tokens, on the dearer card."""
    prefix = prefix_of("genre-tagging", 6_400)
    for at in even_times(rng, some(5_000, scale), first_day=7):
        size = 165_000 if rng.random() < 0.2 else 58_000
        yield plain(rng, at, HAIKU_55, size, 240, prefix=prefix)


# ---- nobody can tell ------------------------------------------------------------------------------------------------


def webhooks(rng: Random, scale: float) -> Iterator[Call]:
    """Events from outside at any hour; only the name of an API key says where they come from."""
    for at in even_times(rng, some(8_000, scale)):
        yield plain(rng, at, OPUS_47, 70_000, 650)


def stock_alerts(rng: Random, scale: float) -> Iterator[Call]:
    """Set off by a change of stock; whether a shop page waits for the text nobody wrote down."""
    prefix = prefix_of("stock-alerts", 7_000)
    for at in even_times(rng, some(2_000, scale)):
        yield plain(rng, at, SONNET_46, 9_000, 380, prefix=prefix)


def shelf_similarity(rng: Random, scale: float) -> Iterator[Call]:
    """A model that no Anthropic price list knows: counted, never priced."""
    for at in even_times(rng, some(1_500, scale)):
        yield plain(rng, at, UNKNOWN_MODEL, 1_200, 1)


def few(model: str, uncached: int) -> Maker:
    """A small workload; its name is the point."""

    def make(rng: Random, scale: float) -> Iterator[Call]:
        for at in even_times(rng, some(60, scale)):
            yield plain(rng, at, model, uncached, 300)

    return make
