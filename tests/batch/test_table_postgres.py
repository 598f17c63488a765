"""The PostgreSQL destination against a real server."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import psycopg
import pytest
from conftest import fill
from postgres_server import Server, running_server

from analyzer.batch import Destination, Job, collect, status_of, submit
from analyzer.batch.messages_api import MessagesApi
from analyzer.batch.sinks import Answer, DeliveryError, sink_of

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def postgres() -> Iterator[Server]:
    with running_server() as server:
        server.run("create database answers", "postgres")
        yield server


def rows(server: Server, table: str) -> list[tuple[str, ...]]:
    with psycopg.connect(server.url("answers")) as connection:
        return connection.execute(f"select job, key, metadata from {table} order by key").fetchall()  # type: ignore[arg-type]


def test_answers_are_upserted_by_job_and_key(
    postgres: Server, api: MessagesApi, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_DSN", postgres.url("answers"))
    postgres.run("create schema analytics", "answers")
    placed = dataclasses.replace(job, destination=Destination("postgresql", dsn_env="A_DSN", table="analytics.answers"))
    fill(placed, "a", "b")
    submit(placed, api)
    assert collect(placed, api).delivered == 2 and status_of(placed).done
    again = [Answer(1, "digest", "a", '{"row": 7}', "{}"), Answer(2, "other", "a", None, "{}")]
    for _ in range(2):
        sink_of(placed.destination).write(9, 0, iter(again))
    found = rows(postgres, "analytics.answers")
    assert sorted(found, key=str) == [("digest", "a", '{"row": 7}'), ("digest", "b", None), ("other", "a", None)]


def test_a_delivery_that_fails_in_the_middle_leaves_nothing(postgres: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_DSN", postgres.url("answers"))
    sink = sink_of(Destination("postgresql", dsn_env="A_DSN", table="half"))
    good, bad = Answer(1, "digest", "a", None, "{}"), Answer(2, "digest", "nul\0", None, "{}")
    with pytest.raises(DeliveryError):
        sink.write(1, 0, iter([good, bad]))
    sink.write(1, 0, iter([]))
    assert rows(postgres, "half") == []
