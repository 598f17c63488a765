"""LiteLLM's spend log straight from a real PostgreSQL: read-only, only what is new, no password anywhere."""

from __future__ import annotations

import json
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from postgres_server import OWNER, PASSWORD, Server, running_server

from analyzer.errors import UserError
from analyzer.store import feed
from analyzer.store.audit import Audit, open_audit
from analyzer.store.feed import Limits
from analyzer.store.ingest import IngestResult, ingest_paths
from analyzer.store.openings import open_path
from analyzer.store.paths import shown_path

pytestmark = pytest.mark.postgres

TABLE = """
drop table if exists "LiteLLM_SpendLogs";
create table "LiteLLM_SpendLogs" (
  request_id text primary key, call_type text not null, api_key text not null default '',
  spend double precision not null default 0, total_tokens integer not null default 0,
  prompt_tokens integer not null default 0, completion_tokens integer not null default 0,
  "startTime" timestamp(3) not null, "endTime" timestamp(3) not null, "completionStartTime" timestamp(3),
  model text not null default '', model_id text default '', model_group text default '',
  custom_llm_provider text default '', api_base text default '', "user" text default '',
  metadata jsonb default '{}', cache_hit text default '', cache_key text default '',
  request_tags jsonb default '[]', team_id text, end_user text, messages jsonb default '{}',
  response jsonb default '{}', session_id text, status text, proxy_server_request jsonb default '{}',
  litellm_call_id text, agent_id text);
"""
ADD = """
insert into "LiteLLM_SpendLogs" (request_id, call_type, spend, prompt_tokens, completion_tokens, "startTime", "endTime",
  "completionStartTime", model, custom_llm_provider, metadata, messages, proxy_server_request)
select 'chatcmpl-' || n, 'acompletion', 0.25, 1000, 7, {start}, {start} + interval '5 s', {start} + interval '1 s',
  'claude-sonnet-4-6', 'anthropic',
  '{{"user_api_key_alias": "digest", "additional_usage_values": {{"cache_read_input_tokens": 600}}}}',
  '[{{"role": "user", "content": "zQ7-sentinel-of-the-prompt"}}]',
  '{{"body": {{"stream": true, "messages": [{{"role": "user", "content": "zQ7-sentinel-of-the-prompt"}}]}}}}'
from generate_series({first}, {last}) n
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running_server() as running:
        running.run("create database proxy", database="postgres")
        yield running


@pytest.fixture(autouse=True)
def table(server: Server) -> None:
    server.run(TABLE)


@pytest.fixture
def audit() -> Iterator[Audit]:
    with open_audit(None) as opened:
        yield opened


def add_calls(server: Server, first: int, last: int, start: str = "timestamp '2025-11-01 10:00'") -> None:
    server.run(ADD.format(first=first, last=last, start=start))


def counts(result: IngestResult) -> tuple[int, int, int]:
    return result.accepted, result.duplicates, result.rejected


def test_rows_of_the_table_become_calls_with_their_cache_reads(server: Server, audit: Audit) -> None:
    add_calls(server, 1, 3)
    result = ingest_paths(audit, [server.url()]).files[0]
    assert (result.source, result.path) == ("litellm_spend_logs", f"postgresql://127.0.0.1:{server.port}/proxy")
    row = audit.connection.execute(
        "select count(*), sum(uncached_input_tokens)::bigint, sum(cache_read_tokens)::bigint,"
        " sum(output_tokens)::bigint, min(started_us), min(duration_s), min(first_token_s), min(api_key),"
        " sum(reported_cost_usd)::varchar from requests"
    ).fetchone()
    shapes = audit.connection.execute("select bool_and(is_streamed), max(message_count) from requests").fetchone()
    assert shapes == (True, 1)
    # 3 calls of 1,000 prompt tokens with 600 read; 2025-11-01T10:00:00Z is 1761991200 s
    assert row == (3, 1200, 1800, 21, 1761991200000000, 5.0, 1.0, "digest", "0.750000000000")


def test_the_old_scheme_name_and_a_prisma_url_work_too(server: Server, audit: Audit) -> None:
    add_calls(server, 1, 1)
    server.run("create schema if not exists other")
    server.run(f"set search_path = other; {TABLE}")
    url = server.url(query="?connection_limit=5&pool_timeout=20&options=-c%20statement_timeout%3D60s&schema=")
    assert ingest_paths(audit, [url.replace("postgresql:", "Postgres:") + "public"]).accepted == 1
    with open_audit(None) as empty, pytest.raises(UserError, match="no records"):
        ingest_paths(empty, [url + "other"])


def test_the_second_read_takes_only_what_began_since_less_an_overlap(server: Server, audit: Audit) -> None:
    add_calls(server, 1, 5, start="timestamp '2025-11-01 10:00'")
    add_calls(server, 6, 7, start="timestamp '2025-11-02 10:00'")
    assert counts(ingest_paths(audit, [server.url()])) == (7, 0, 0)
    add_calls(server, 8, 10, start="timestamp '2025-11-02 11:00'")
    add_calls(server, 11, 11, start="timestamp '2025-11-02 04:30'")  # began 5.5 h before the newest, logged after it
    assert counts(ingest_paths(audit, [server.url()])) == (4, 2, 0)
    assert counts(ingest_paths(audit, [server.url()])) == (0, 5, 0)  # 04:30 is over 6 h before 11:00
    assert audit.connection.execute("select count(*), count(distinct request_id) from requests").fetchone() == (11, 11)


def test_a_row_from_the_future_hides_no_later_rows(server: Server, audit: Audit) -> None:
    add_calls(server, 1, 2)
    add_calls(server, 3, 3, start="timestamp '2099-01-01 10:00'")
    assert counts(ingest_paths(audit, [server.url()])) == (3, 0, 0)
    add_calls(server, 4, 4, start="timestamp '2025-11-01 11:00'")
    assert counts(ingest_paths(audit, [server.url()])) == (1, 3, 0)


def test_a_dump_and_the_table_count_a_call_once(server: Server, audit: Audit, tmp_path: Path) -> None:
    add_calls(server, 1, 4)
    call = {"request_id": "chatcmpl-2", "call_type": "acompletion", "spend": 0.25, "startTime": "2025-11-01T10:00:00Z"}
    counted = {"prompt_tokens": 1000, "completion_tokens": 7}
    (tmp_path / "dump.jsonl").write_text(json.dumps(call | counted) + "\n")
    assert counts(ingest_paths(audit, [str(tmp_path / "dump.jsonl"), server.url()])) == (4, 1, 0)


def test_the_session_is_read_only_and_fetches_no_prompt_or_answer(server: Server, audit: Audit) -> None:
    add_calls(server, 1, 1)
    before = server.log.stat().st_size
    ingest_paths(audit, [server.url()])
    said = server.log.read_bytes()[before:].decode()
    assert "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY" in said
    assert "DECLARE" in said and "CURSOR" in said
    assert '"messages"' not in said and '"response"' not in said
    assert not any(word in said for word in ("INSERT", "UPDATE", "DELETE", "CREATE", "DROP"))


def test_rows_are_streamed_in_constant_memory(server: Server, audit: Audit, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two chunks and eight take the same memory: the next chunk is read when one is done, no result set beside it."""
    monkeypatch.setattr(feed, "CHUNK_RECORDS", 2_000)
    peaks, first = [], 1
    for last in (4_000, 16_000):
        add_calls(server, first, last)
        first = last + 1
        tracemalloc.start()
        assert sum(len(chunk.texts) for chunk in open_path(server.url(), Limits(), audit).chunks) == last
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.3 * peaks[0]


def test_a_connection_that_breaks_is_told_and_nothing_of_the_read_is_kept(
    server: Server, audit: Audit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "CHUNK_RECORDS", 1_000)
    add_calls(server, 1, 5_000)

    def cut(path: str, records: int, *sizes: int) -> None:
        server.run("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'whowaits'")

    with pytest.raises(UserError, match="the connection broke"):
        ingest_paths(audit, [server.url()], progress=cut)
    assert audit.connection.execute("select count(*) from requests").fetchone() == (0,)
    assert counts(ingest_paths(audit, [server.url()])) == (5_000, 0, 0)


def test_password_and_prompts_are_in_no_output_and_not_in_the_audit(server: Server, tmp_path: Path) -> None:
    add_calls(server, 1, 2)
    file = tmp_path / "audit.duckdb"
    outputs = []
    for url in (server.url(), server.url("missing")):
        command = [sys.executable, "-m", "analyzer", "ingest", url, "--audit", str(file)]
        done = subprocess.run(command, capture_output=True, text=True)
        outputs.append(done.stdout + done.stderr)
    assert "2 " in outputs[0] and f"postgresql://127.0.0.1:{server.port}/proxy" in outputs[0]
    assert all(PASSWORD not in output and OWNER not in output.replace(f'"{OWNER}"', "") for output in outputs)
    written = file.read_bytes()
    assert PASSWORD.encode() not in written
    assert b"zQ7-sentinel" not in written


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:sec:ret@host:5432/db",
        "postgres://u:sec%40ret@host:5432/db?sslmode=require&password=secret",
        "postgresql://u:sec?ret@host:5432/db",
        "postgresql://u:sec/ret@host:5432/db",
        "postgresql://u:sec ret@host:5432/db",
        "postgresql://u:se@cret@host:5432/db",
        "postgresql://host:5432/db?password=sec@ret",
        "POSTGRESQL://u:1?secret@host:5432/db",
    ],
)
def test_of_a_url_only_host_and_database_are_shown(url: str) -> None:
    assert shown_path(url) in ("postgresql://host:5432/db", "postgresql://...")


def test_a_url_that_is_none_is_told_without_quoting_it(audit: Audit) -> None:
    with pytest.raises(UserError) as caught:
        ingest_paths(audit, ["postgresql://u:sec/ret@host:5432/db"])
    assert "no URL of a database" in str(caught.value)
    assert "ret" not in str(caught.value).replace("secret", "")


def test_no_server_is_told(audit: Audit) -> None:
    with pytest.raises(UserError, match="no server answers") as caught:
        ingest_paths(audit, [f"postgresql://{OWNER}:{PASSWORD}@127.0.0.1:1/proxy"])
    assert PASSWORD not in str(caught.value)


@pytest.mark.parametrize(
    ("database", "user", "password", "told"),
    [
        ("proxy", OWNER, "wrong", "the server refused: password authentication failed"),
        ("nowhere", OWNER, PASSWORD, 'the server refused: database "nowhere" does not exist'),
        ("postgres", OWNER, PASSWORD, 'no table "LiteLLM_SpendLogs"'),
    ],
)
def test_what_cannot_be_read_is_told_in_one_line(
    server: Server, audit: Audit, database: str, user: str, password: str, told: str
) -> None:
    with pytest.raises(UserError) as caught:
        ingest_paths(audit, [server.url(database, user, password)])
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)
    assert audit.connection.execute("select count(*) from files").fetchone() == (0,)


def test_missing_rights_are_told_and_the_documented_grant_is_enough(server: Server, audit: Audit) -> None:
    add_calls(server, 1, 2)
    server.run("drop role if exists reader")
    server.run("create role reader login password 'reader-secret'")
    url = server.url(user="reader", password="reader-secret")
    try:
        with pytest.raises(UserError, match=r"no right to read .*request_id.*docs/postgres.md"):
            ingest_paths(audit, [url])
        guide = (Path(__file__).parents[2] / "docs" / "postgres.md").read_text()
        grant = guide.split("```sql\n", 1)[1].split("```", 1)[0].split(";\n", 1)[1]
        server.run(grant)
        assert ingest_paths(audit, [url]).accepted == 2
    finally:
        server.run("drop owned by reader; drop role reader")


def test_the_missing_extra_is_named(audit: Audit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(UserError, match=r"pip install 'whowaits\[postgres\]'"):
        ingest_paths(audit, ["postgresql://reader@127.0.0.1:1/litellm"])
