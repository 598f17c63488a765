"""How much room the real-time limits leave, today and once what moves is in batch, which has limits of its own.

The busiest minute of each provider and model family: requests, input (without cache reads, which count towards no
limit) and output. What moves keeps the share that a batch does not answer (low case) in real time, in the minute it
had. Routing, caching and shorter output free more; they are not counted here.

Worked by hand: 1,000 requests in one minute, 900 of a component that moves, 0.95 placed: 100 + 900 × 0.05 = 145 stay.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from pathlib import Path

from analyzer.config import Config
from analyzer.config import Limits as OwnLimits
from analyzer.errors import UserError, UserErrors, nearest_name
from analyzer.resources import shipped
from analyzer.savings.assessment import ComponentPlan, Headroom, MinuteLimits, Peak, Pool
from analyzer.savings.assumptions import Assumptions
from analyzer.savings.context import Context
from analyzer.savings.state import Prices, whole_up
from analyzer.sqlblocks import sql_blocks
from analyzer.store.audit import Audit

_SQL = Path(__file__).with_name("headroom.sql")
_PPM = 1_000_000


@dataclass(frozen=True)
class Tier:
    """Published limits: by model family, and requests that the queue of the Batch API takes."""

    name: str
    queued_batch_requests: int
    families: Mapping[str, MinuteLimits]


@dataclass(frozen=True)
class PublishedLimits:
    """All tiers, with the page they are from."""

    tiers: tuple[Tier, ...]
    source: str
    checked: date


@cache
def published_limits() -> PublishedLimits:
    """`rules/limits.toml`."""
    document = tomllib.loads((shipped("rules") / "limits.toml").read_text(encoding="utf-8"))
    tiers = []
    for table in document["tier"]:
        families = {
            family: MinuteLimits(pool["requests"], pool["input_tokens"], pool["output_tokens"])
            for pool in table["pools"]
            for family in pool["families"]
        }
        tiers.append(Tier(table["name"], table["queued_batch_requests"], families))
    return PublishedLimits(tuple(tiers), document["source"], document["checked"])


def measure_headroom(
    audit: Audit, plans: Iterable[ComponentPlan], config: Config, prices: Prices, assumptions: Assumptions
) -> Headroom:
    """The pools, busiest first. Takes the temp tables of `analyzer.workloads.scan`.

    Raises: UserErrors for a tier that is not published.
    """
    tier, connection, sql = _tier(config), audit.connection, sql_blocks(_SQL)
    connection.execute("create or replace temp table model_families (model varchar, family varchar)")
    families = [(model.id, model.family) for model in prices.models.values()]
    if families:
        connection.executemany("insert into model_families values (?, ?)", families)
    connection.execute(
        "create or replace temp table moves (component_no bigint, provider varchar, model varchar, left_ppm bigint)"
    )
    moves = sorted(_moves(plans, prices, assumptions))
    if moves:
        connection.executemany("insert into moves values (?, ?, ?, ?)", moves)
    connection.execute(f"create or replace temp view real_time_calls as {sql['real_time_calls']}")
    pools = []
    for provider, family, *peaks in connection.execute(sql["busiest_minutes"]).fetchall():
        after = Peak(*(-(-int(left) // _PPM) for left in peaks[3:]))
        limits = _limits(provider, family, tier, config.limits)
        pools.append(Pool(provider, family, Peak(*peaks[:3]), after, limits))
    (a_day,) = connection.execute(sql["busiest_batch_day"]).fetchall()[0]
    own = config.limits.queued_batch_requests if config.limits else None
    return Headroom(
        tier=tier.name if tier else None,
        pools=tuple(sorted(pools, key=lambda pool: (-pool.today.requests, pool.provider, pool.family))),
        batch_requests_a_day=a_day or 0,
        queued_batch_requests=own or (tier.queued_batch_requests if tier else None),
        source=published_limits().source if tier else None,
        checked=published_limits().checked if tier else None,
    )


def _moves(plans: Iterable[ComponentPlan], prices: Prices, assumptions: Assumptions) -> set[tuple[int, str, str, int]]:
    found = set()
    for plan in plans:
        if "batch" not in plan.levers:
            continue
        share = Context(plan.verdict, prices, assumptions).placed_share("low")
        for part in plan.today:
            if prices.in_batch(part.key):
                left = whole_up(_PPM, 1 - share)
                found.add((plan.verdict.component_no, part.key.provider, part.key.model, left))
    return found


def _tier(config: Config) -> Tier | None:
    name = config.limits.tier if config.limits else None
    if name is None:
        return None
    tiers = {tier.name.lower(): tier for tier in published_limits().tiers}
    if name.lower() not in tiers:
        names = [tier.name for tier in published_limits().tiers]
        where = f"{config.path or 'whowaits.toml'}, limits.tier"
        todo = f"{nearest_name(name, names)} (of a custom tier give the figures, such as requests_per_minute)"
        raise UserErrors([UserError(where, name, "a published tier", todo)])
    return tiers[name.lower()]


def _limits(provider: str, family: str, tier: Tier | None, own: OwnLimits | None) -> MinuteLimits | None:
    """The limits of a pool; None = not known. The account's own figures stand in place of the tier's."""
    if provider != "anthropic" or own is None:
        return None
    published = tier.families.get(family) if tier else None
    limits = published or MinuteLimits(None, None, None)
    limits = replace(
        limits,
        requests=own.requests_per_minute or limits.requests,
        input_tokens=own.input_tokens_per_minute or limits.input_tokens,
        output_tokens=own.output_tokens_per_minute or limits.output_tokens,
    )
    return None if limits == MinuteLimits(None, None, None) else limits
