from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import params
from fake_server import FakeServer

from analyzer.batch import Job, enqueue
from analyzer.batch import deliver as delivery
from analyzer.batch.messages_api import MessagesApi
from analyzer.batch.store import open_store
from analyzer.batch.submit import submit


def test_death_at_any_step_loses_nothing_and_sends_nothing_twice(server: FakeServer, tmp_path: Path) -> None:
    sweep = Path(__file__).with_name("crash_sweep.py")
    ran = subprocess.run(
        [sys.executable, str(sweep), server.url, str(tmp_path)], capture_output=True, text=True, timeout=500
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    ends = [json.loads(line) for line in ran.stdout.splitlines()]
    assert len(ends) > 60, len(ends)
    for end in ends:
        assert (end["done"], end["dead"], sorted(end["keys"])) == (True, 0, ["a", "b", "c"]), end
    accepted = {item: times for item, times in server.times_accepted().items() if not item.startswith("warm-up")}
    assert accepted == {f"{end['job']}-{item}": 1 for end in ends for item in "abc"}
    # Death just before the POST cannot be told from death just after it: those, and only those, ask for a person.
    assert 1 <= sum(bool(end["doubted"]) for end in ends) <= 12


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 1.0])
def test_a_torn_delivery_is_completed_byte_for_byte(api: MessagesApi, job: Job, share: float) -> None:
    for key in "abcdefgh":
        enqueue(params(key), job=job, key=key)
    submit(job, api)
    job.destination.write_bytes(b"before\n")
    with open_store(job.store) as store:
        store.connection.execute("update items set state = 'succeeded', result = '{\"n\": 1}'")
        assert delivery._intend(store, job)
        rows = store.rows("delivery_items", delivery_no=1)
        payload = b"".join(delivery._line(row) for row in rows)
        job.destination.write_bytes(b"before\n" + payload[: int(len(payload) * share)])
        assert delivery.deliver(store, job) == 8
    assert job.destination.read_bytes() == b"before\n" + payload
