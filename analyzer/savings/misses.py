"""Why a prompt cache would not be read: the reason of most requests, as a sentence with its numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from analyzer.pricing import Model


@dataclass(frozen=True)
class Misses:
    """Requests of one model and prefix length. `reads`: from a 5-minute cache. The rest reads nothing, since

    `first_seen`: no earlier request has the prefix; `expired_5m` (of them `expired_1h`): the last one is longer ago;
    `fan_out`: no answer with it had begun.
    """

    model: str
    length_tokens: int
    requests: int
    reads: int
    first_seen: int
    expired_5m: int
    expired_1h: int

    @property
    def fan_out(self) -> int:
        """Requests that start before the first answer."""
        return self.requests - self.reads - self.first_seen - self.expired_5m


@dataclass(frozen=True)
class CacheMisses:
    """The misses of a component. `boundaries`: of each in turn (0 tools, 1 system, 1 + k message k) calls that have it

    and how many different prefixes end there; empty = the log has the prefix alone.
    """

    rows: tuple[Misses, ...]
    boundaries: tuple[tuple[int, int, int], ...] = ()

    def reason(self, models: Mapping[str, Model]) -> str | None:
        """Why most requests that read nothing do so; None = all read."""
        short = [row for row in self.rows if row.length_tokens < models[row.model].min_cacheable_tokens]
        enough = [row for row in self.rows if row not in short]
        counts = {
            "short": sum(row.requests for row in short),
            "first_seen": sum(row.first_seen for row in enough),
            "expired": sum(row.expired_5m for row in enough),
            "fan_out": sum(row.fan_out for row in enough),
        }
        most = max(counts, key=counts.__getitem__)
        if not counts[most]:
            return None
        of = f"{counts[most]:,} of {sum(row.requests for row in self.rows):,} requests"
        if most == "short":
            longest = max(short, key=lambda row: row.length_tokens)
            least = models[longest.model].min_cacheable_tokens
            return (
                f"{of}: the prefix is under the minimum (at most {longest.length_tokens:,} tokens where "
                f"{longest.model} caches from {least:,})."
            )
        if most == "first_seen":
            return f"{of}: the prefix was not seen before, it changes {self._where_it_changes()}."
        if most == "expired":
            hours = sum(row.expired_1h for row in enough)
            return f"{of}: the last request with the prefix is more than 5 minutes ago ({hours:,}: more than an hour)."
        return f"{of}: they start before the first answer with their prefix has begun (a fan-out)."

    def _where_it_changes(self) -> str:
        """The first boundary at which most calls are no longer alike."""
        where = next((number for number, calls, prefixes in self.boundaries if prefixes * 2 > calls), None)
        if where is None:
            return "inside the system prompt or the tools"
        if where > 1:
            return f"in message {where - 1}"
        has_tools = self.boundaries[0][0] == 0
        return (
            "in the tools"
            if where == 0
            else "in the system prompt"
            if has_tools
            else "in the system prompt or the tools"
        )
