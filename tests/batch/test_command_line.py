from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from conftest import params
from fake_server import FakeServer

from analyzer.batch import Guard, load_job
from analyzer.batch.store import open_store
from analyzer.cli.batch import command
from analyzer.errors import UserError, UserErrors
from analyzer.waiting.window import load_turnaround

KIT = '[job]\nname = "w"\nmodels = ["claude-opus-4-8"]\npoll = "1s"\n[budget]\nday_usd = "1.00"\n'


@pytest.fixture
def kit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: FakeServer) -> Path:
    (tmp_path / "batch.toml").write_text(KIT)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ANTHROPIC_API_KEY", "for-tests")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
    return tmp_path


def call(*words: str, text: str | None = None) -> Result:
    return CliRunner().invoke(command, list(words), input=text, standalone_mode=False)


def test_a_kit_runs_from_enqueue_to_results(kit: Path) -> None:
    lines = [{"key": key, "params": params(key)} for key in ("a", "b", "a")]
    put = call("enqueue", "-", "--json", text="\n".join(json.dumps(line) for line in lines))
    assert json.loads(put.output) == {"added": 2, "known": 1, "rejected": 0, "rejects": []}
    assert call("run").return_value == 0
    status = call("status", "--json")
    document = json.loads(status.output)["jobs"][0]
    assert status.return_value == 0
    assert {k: document[k] for k in ("job", "delivered", "in_doubt", "dead", "done", "actual_usd")} == {
        "job": "w",
        "delivered": 2,
        "in_doubt": 0,
        "dead": 0,
        "done": True,
        "actual_usd": "0.0075",
    }
    assert len((kit / "results.jsonl").read_text().splitlines()) == 2


def test_doubt_exits_with_3(kit: Path, server: FakeServer) -> None:
    server.plan.creates = ["drop-before"]
    call("enqueue", "-", text=json.dumps({"key": "a", "params": params("a")}))
    assert call("submit").return_value == 3
    assert call("status").return_value == 3
    assert call("submit", "--assume-absent-after", "0s").return_value == 0


def test_bad_lines_are_told_by_number(kit: Path) -> None:
    good = json.dumps({"key": "a", "params": params("a"), "needed_by": "2026-11-20T08:00:00+00:00"})
    other = json.dumps({"key": "b", "params": params("b", model="claude-haiku-4-5")})
    late = json.dumps({"key": "c", "params": params("c"), "needed_by": "at eight"})
    put = call("enqueue", "-", "--json", text=f"{good}\nnot json\n[]\n\n{{}}\n{other}\n{late}\n")
    assert put.return_value == 1
    document = json.loads(put.output)
    assert (document["added"], document["known"], document["rejected"]) == (1, 0, 5)
    assert [(reject["line"], reject["reason"].split(";")[0]) for reject in document["rejects"]] == [
        (2, "no JSON object with key and params"),
        (3, "no JSON object with key and params"),
        (5, "no JSON object with key and params"),
        (6, "model 'claude-haiku-4-5'"),
        (7, "needed_by is no instant with an offset"),
    ]


def test_the_price_comes_before_the_post(kit: Path, server: FakeServer) -> None:
    call("enqueue", "-", text=json.dumps({"key": "a", "params": params("a", speed="fast")}))
    call("enqueue", "-", text=json.dumps({"key": "b", "params": params("b" * 15)}))
    priced = json.loads(call("estimate", "--json").output)
    # 101 bytes: low 101/5 = 20.2 tokens, base 101/4 × 1.3 = 32.825, high 101/3 × 1.35 = 45.45, each rounded up; 0 or
    # 100 tokens out; batch prices 2.50 and 12.50 per MTok.
    assert (priced["items"], priced["rejected"], priced["bytes"]) == (1, 1, 101)
    assert [priced[name] for name in ("low_usd", "base_usd", "high_usd", "synchronous_high_usd")] == [
        "0.0000525",
        "0.0013325",
        "0.001365",
        "0.00273",
    ]
    assert priced["budget_left_usd"] == "1.00" and server.posts == 0
    assert call("submit").return_value == 3


def test_cancel_and_prune(kit: Path) -> None:
    call("enqueue", "-", text=json.dumps({"key": "a", "params": params("a")}))
    assert "1 queued items canceled; 0 batches" in call("cancel").output
    assert json.loads(call("status", "--json").output)["jobs"][0]["canceled"] == 1
    assert "0 items forgotten" in call("prune").output
    assert "1 items forgotten" in call("prune", "--older-than", "0s").output


def test_status_says_it_in_words_metrics_and_logs(kit: Path, server: FakeServer) -> None:
    (kit / "batch.toml").write_text(KIT + '[metrics]\nprometheus = "out/batch.prom"\n')
    server.plan.kinds = {"b": ["invalid_request_error"]}
    call("enqueue", "-", text="\n".join(json.dumps({"key": key, "params": params(key)}) for key in "ab"))
    ran = call("--log-json", "run")
    assert ran.return_value == 3
    events = [json.loads(line) for line in ran.stderr.splitlines() if line.startswith("{")]
    assert [event["event"] for event in events] == ["batch_submitted", "results_read", "delivered"]
    assert events[0]["items"] == 2 and "msgbatch_" in events[0]["batch"]
    assert "a" not in [value for event in events for value in event.values()]
    words = call("status").output
    for part in (
        "1 delivered, 1 dead",
        "actual      <$0.01",
        "! dead items: 1",
        "dead: 'b': invalid_request_error: no",
    ):
        assert part in words
    metrics = (kit / "out" / "batch.prom").read_text()
    assert 'whowaits_batch_items{job="w",state="delivered"} 1\n' in metrics
    assert 'whowaits_batch_actual_usd{job="w"} 0.00375\n' in metrics
    assert 'whowaits_batch_troubles{job="w"} 1\n' in metrics and "oldest_queued" not in metrics


def test_no_key_is_told_in_one_line(kit: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    monkeypatch.delenv("ANTHROPIC_AUTH_TOKEN", raising=False)
    assert isinstance(call("submit").exception, UserError)


def test_every_problem_of_a_job_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "batch.toml"
    path.write_text('[job]\nname = "../x"\npol = "1m"\n[size]\nmax_items = 100001\n[budget]\nday_usd = 1.0\n[sizes]\n')
    with pytest.raises(UserErrors) as caught:
        load_job(path)
    told = str(caught.value)
    assert len(caught.value.errors) == 5
    for part in ("job.name", "did you mean 'poll'?", "size.max_items", "budget.day_usd", "did you mean 'size'?"):
        assert part in told


def test_the_whole_job_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "batch.toml"
    path.write_text(
        """
        [job]
        name = "j"
        deadline = "8h"
        max_attempts = 3
        [size]
        max_queued = 500
        [budget]
        day_usd = "1.50"
        job_usd = "20"
        [estimate]
        output_tokens = 200
        high_output_tokens = 900
        [preflight]
        count_tokens = true
        [results]
        fail_on = ["refusal"]
        schema = "answer.json"
        [guard]
        enabled = true
        tail = "1h"
        concurrency = 8
        [destination]
        kind = "postgresql"
        dsn_env = "DATABASE_URL"
        table = "analytics.answers"
        """
    )
    job = load_job(path)
    assert (job.deadline_s, job.max_attempts, job.max_queued, job.counts_tokens) == (28_800, 3, 500, True)
    assert (job.day_usd, job.job_usd, job.high_output_tokens) == (Decimal("1.50"), Decimal(20), 900)
    assert (job.fail_on, job.schema) == (("refusal",), tmp_path / "answer.json")
    assert job.guard == Guard(tail_s=3600, reserve_s=600, concurrency=8)
    assert job.destination.place == "postgresql:DATABASE_URL#analytics.answers"


@pytest.mark.parametrize(
    ("destination", "told"),
    [
        ('kind = "jsonlines"', "did you mean 'jsonl'?"),
        ('kind = "webhook"', "destination.url: nothing"),
        ('kind = "sqlite"', "destination.path: nothing"),
    ],
)
def test_a_destination_that_lacks_something_is_told(tmp_path: Path, destination: str, told: str) -> None:
    path = tmp_path / "batch.toml"
    path.write_text(f'[job]\nname = "j"\n[destination]\n{destination}\n')
    with pytest.raises(UserErrors) as caught:
        load_job(path)
    assert told in str(caught.value)


ENDED = """insert into batches
  (job, kind, token, state, item_count, bytes, intended_us, created_us, ended_us, canceler)
values ('w', 'batch', ?, 'collected', 1, 1, 0, 0, ?, ?)"""
ITEM = """insert or ignore into items (item_no, job, key, model, bytes, enqueued_us) values (1, 'w', 'k', 'm', 1, 0)"""
SENT = "insert into sendings (batch_no, item_no, outcome) values (?, 1, ?)"


def ended_batches(folder: Path, minutes: list[int | None], canceler: str | None = None) -> None:
    """Batches that took so long; None = its item expired."""
    with open_store(load_job(folder / "batch.toml").store) as store:
        store.connection.execute(ITEM)
        for number, took in enumerate(minutes):
            values = (f"w{number}{canceler}", (took or 1440) * 60_000_000, canceler)
            batch_no = store.connection.execute(ENDED, values).lastrowid
            store.connection.execute(SENT, (batch_no, "expired" if took is None else "succeeded"))


def test_the_measured_turnaround_takes_the_place_of_the_published_one_in_the_analysis(kit: Path) -> None:
    ended_batches(kit, [*range(1, 23), None])
    ended_batches(kit, [90], canceler="guard")
    ended_batches(kit, [1] * 50, canceler="person")
    printed = call("turnaround")
    assert printed.return_value == 0
    (kit / "_turnaround.toml").write_text(printed.output)
    read = load_turnaround(kit)
    # 24 batches, 22 back after 1 to 22 minutes: the k-th stands for k / 25.
    assert read.measured and read.points == (
        (60.0, 0.04),
        (180.0, 0.12),
        (420.0, 0.28),
        (780.0, 0.52),
        (1140.0, 0.76),
        (1320.0, 0.88),
    )
    # Ranks 23 (92 %) and 24 (96 %) never came back, so no time stands for them.
    assert read.back_within(86_400) == 0.88
    assert "24 batches, 2 not back" in printed.output


def test_too_few_batches_measure_nothing(kit: Path) -> None:
    ended_batches(kit, [5] * 19)
    assert "19 batches that have ended" in str(call("turnaround").exception)
    ended_batches(kit, [5], canceler="guard")
    assert "share = 0.9047" in call("turnaround").output
