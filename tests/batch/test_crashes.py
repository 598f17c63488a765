from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fake_server import FakeBatch, FakeServer, item_of

# One answer: 1,000 tokens in and 100 out of Opus 4.8, in a batch 1000 × 2.50e-6 + 100 × 12.50e-6 = 0.00375 USD,
# synchronously twice that.
BATCH_USD, DIRECT_USD = 0.00375, 0.0075


class Habits(dict[str, list[str]]):
    """What becomes of an item by scenario and key, decided when it is asked for the first time."""

    def get(self, item: str, default: Any = None) -> Any:
        name, _, key = item.removeprefix("warm-up-").partition("-")
        return self.setdefault(item, list(KINDS.get((name, key[-1]), [])))


KINDS = {
    ("rough", "a"): ["expired"],
    ("rough", "b"): ["overloaded_error"],
    ("late", "a"): ["succeeded"],
    ("canceled", "a"): ["succeeded"],
}
# These end when they are canceled, or hours later: what is in doubt cannot be canceled before it is found.
SLOW_S = 4.5 * 3600
NEVER_END = ("late", "canceled", "warm-up-late", "warm-up-canceled")


@pytest.fixture
def rough_server(server: FakeServer) -> Iterator[FakeServer]:
    broken: set[str] = set()

    def first_time_broken(requests: list[dict[str, Any]]) -> str:
        item = item_of(requests[0]["params"])
        is_new = item.startswith("rough") and item.endswith("-a") and item not in broken
        broken.add(item)
        return "drop" if is_new else "ok"

    def ends(batch: FakeBatch) -> bool:
        is_slow = item_of(batch.requests[0]["params"]).startswith(NEVER_END)
        return batch.cancel_at is not None or not is_slow or batch.seen_offset_s > SLOW_S

    server.plan.kinds = Habits()
    server.plan.create_fate = first_time_broken
    server.plan.ends = ends
    server.plan.page_size = 100
    yield server


def sweep(server: FakeServer, folder: Path, every: dict[str, int]) -> dict[str, list[dict[str, Any]]]:
    """Kill at each (or each second, third) step of each scenario, two processes at a time."""
    script = Path(__file__).with_name("crash_sweep.py")
    ends: dict[str, list[dict[str, Any]]] = {}
    for name, step in every.items():
        halves = [
            subprocess.Popen(
                [sys.executable, str(script), server.url, str(folder), name, str(first), str(2 * step)],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for first in (1, 1 + step)
        ]
        told = [half.communicate(timeout=500) for half in halves]
        assert [half.returncode for half in halves] == [0, 0], told[0][1][-2000:] + told[1][1][-2000:]
        ends[name] = [json.loads(line) for out, _ in told for line in out.splitlines()]
    return ends


def times(counts: dict[str, int], end: dict[str, Any]) -> dict[str, int]:
    return {key: counts.get(f"{end['job']}-{key}", 0) for key in "abc"}


def test_a_kill_at_any_step_loses_nothing_and_pays_nothing_twice(rough_server: FakeServer, tmp_path: Path) -> None:
    every = {"plain": 1, "rough": 2, "late": 3, "canceled": 2}
    if os.environ.get("WHOWAITS_ALL_KILLS"):  # over 400, for releases: minutes more
        every = dict.fromkeys(every, 1)
    ends = sweep(rough_server, tmp_path, every)
    kills = {name: len(found) for name, found in ends.items()}
    assert sum(kills.values()) >= 200 and min(kills.values()) >= 20, kills
    accepted, called = rough_server.times_accepted(), rough_server.times_called()
    for end in ends["plain"]:
        assert (end["done"], end["dead"], end["keys"]) == (True, 0, ["a", "b", "c"]), end
        assert times(accepted, end) == {"a": 1, "b": 1, "c": 1}, end
        assert float(end["actual_usd"]) == pytest.approx(3 * BATCH_USD), end
    for end in ends["rough"]:
        assert (end["done"], end["dead"], end["keys"]) == (True, 0, ["a", "b", "c"]), end
        # Expired and overloaded requests are not billed, and go once more.
        assert times(accepted, end) == {"a": 2, "b": 2, "c": 1}, end
        assert float(end["actual_usd"]) == pytest.approx(3 * BATCH_USD), end
    for end in ends["late"]:
        assert (end["done"], end["dead"], end["keys"]) == (True, 0, ["a", "b", "c"]), end
        assert times(accepted, end) == {"a": 1, "b": 1, "c": 1}, end
        # The item that finished in its batch is not sent again; a call whose answer was lost is, and is told. What a
        # batch in doubt held comes with it when it is found; if it was never made, the guard sends that alone as well.
        calls = times(called, end)
        direct = sum(calls[key] > 0 for key in "bc")
        assert direct in ((1, 2) if end["doubted"] else (2,)), end
        assert calls["a"] == 0 and direct <= calls["b"] + calls["c"] <= direct + end["lost_calls"], end
        assert end["lost_calls"] <= 1, end
        assert float(end["actual_usd"]) == pytest.approx((3 - direct) * BATCH_USD + direct * DIRECT_USD), end
    for end in ends["canceled"]:
        assert (end["done"], end["dead"]) == (True, 0), end
        assert len(end["keys"]) + end["canceled"] == 3 and len(end["keys"]) <= 1 + end["doubted"], end
        assert all(count <= 1 for count in times(accepted, end).values()), end
    # Death just before the POST cannot be told from death just after it: those, and only those, ask for a person.
    assert 1 <= sum(bool(end["doubted"]) for end in ends["plain"]) <= 12
