"""`whowaits pull` against an Admin API on loopback that misbehaves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from pull_server import KEY, KEYS, FakeAdmin, usage_row

from analyzer.cli import group
from analyzer.errors import UserError
from analyzer.pull import CLAUDE_CODE, COST, COST_LEGACY, USAGE, USAGE_LEGACY, Report, from_environment, pull, questions
from analyzer.store.audit import open_audit
from analyzer.store.ingest import ingest_paths


@pytest.fixture
def admin(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeAdmin]:
    monkeypatch.setenv("ANTHROPIC_ADMIN_KEY", KEY)
    monkeypatch.setenv("ANTHROPIC_API_KEY", "another-key")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server = FakeAdmin()
    server.thread.start()
    yield server
    server.http.shutdown()
    server.http.server_close()
    server.thread.join()


class Run:
    """A pull of the five days whose waits and lines are kept."""

    def __init__(self, admin: FakeAdmin, into: Path) -> None:
        self.admin, self.into = admin, into
        self.waits: list[float] = []
        self.lines: list[str] = []

    def __call__(self, report: Report = USAGE, to_on: date = date(2026, 10, 6)) -> tuple[int, int]:
        asked = questions(report, date(2026, 10, 1), to_on)
        api = from_environment(self.admin.url)
        done = pull(
            api,
            asked,
            self.into,
            say=self.lines.append,
            sleep=self.waits.append,
            now=lambda: datetime(2026, 11, 2, 8, tzinfo=UTC),
        )
        return done.fetched, done.known

    def pages(self) -> list[dict[str, Any]]:
        return [json.loads(path.read_text()) for path in sorted(self.into.rglob("page-*.json"))]


@pytest.fixture
def run(admin: FakeAdmin, tmp_path: Path) -> Run:
    return Run(admin, tmp_path / "reports")


def tokens_of(folder: Path) -> tuple[int, int]:
    """Rows and uncached input tokens that ingest makes of a folder."""
    with open_audit(None) as audit:
        ingest_paths(audit, [str(folder)])
        row = audit.connection.execute(
            "select count(*), sum(uncached_input_tokens)::bigint from usage_rollups"
        ).fetchone()
    assert row is not None
    return row


# 5 days x 3 keys = 15 rows; a day has 3 x 100 x day + 0 + 1 + 2 tokens: 300 x (1 + 2 + 3 + 4 + 5) + 5 x 3
ALL = (15, 4515)


def test_every_page_is_saved_as_it_came_and_ingest_reads_the_folder(run: Run) -> None:
    assert run() == (4, 0)
    first, *_, last = run.pages()
    told = first["pulled"]["anthropic_analytics_usage"]
    assert told["path"] == "/v1/organizations/analytics/usage"
    assert told["page"] is None
    assert told["at"] == "2026-11-02T08:00:00Z"
    assert told["request_id"] == "req_42"
    assert told["organization_id"] == "org-1"
    assert told["query"]["group_by"] == ["api_key_id", "inference_geo", "model", "service_tier", "speed"]
    assert {name: first[name] for name in first if name != "pulled"} == {
        "data": [usage_row(date(2026, 10, 1), key, 100 + number) for number, key in enumerate(KEYS)]
        + [usage_row(date(2026, 10, 2), KEYS[0], 200)],
        "has_more": True,
        "next_page": "cursor-0",
        "data_refreshed_at": "2026-11-01T06:00:00Z",
        "organization_id": "org-1",
    }
    assert last["has_more"] is False
    assert tokens_of(run.into) == ALL


def test_the_answer_on_disk_is_byte_for_byte_the_one_that_came(run: Run) -> None:
    run()
    last = sorted(run.into.rglob("page-*.json"))[-1].read_bytes()
    assert last.endswith(run.admin.before.removeprefix(b"{"))


def test_the_question_is_asked_as_the_api_names_it(run: Run) -> None:
    run()
    first = run.admin.asked[0]
    assert first["starting_at"] == ["2026-10-01T00:00:00Z"]
    assert first["ending_at"] == ["2026-10-06T00:00:00Z"]
    assert first["time_bucket_width"] == ["1d"]
    assert first["group_by[]"] == ["api_key_id", "inference_geo", "model", "service_tier", "speed"]
    assert (first["order_by"], first["order"], first["limit"]) == (["time"], ["asc"], ["1000"])
    assert run.admin.headers[0]["anthropic-beta"] == "analytics-usage-cost-2026-08-24"
    assert run.admin.asked[1]["page"] == ["cursor-0"]


def test_the_admin_key_is_sent_and_no_other(run: Run) -> None:
    run()
    assert {headers["authorization"] for headers in run.admin.headers} == {f"Bearer {KEY}"}
    assert not any("another-key" in value for headers in run.admin.headers for value in headers.values())


def test_a_finished_pull_asks_nothing_again(run: Run) -> None:
    run()
    asked = len(run.admin.asked)
    assert run() == (0, 4)
    assert len(run.admin.asked) == asked


def test_a_pull_that_stopped_goes_on_with_the_next_page(run: Run) -> None:
    run.admin.faults = ["ok", "ok", "403"]
    with pytest.raises(UserError, match="HTTP 403"):
        run()
    assert len(run.pages()) == 2
    asked = len(run.admin.asked)
    assert run() == (2, 2)
    assert run.admin.asked[asked]["page"] == [run.pages()[1]["next_page"]]
    assert tokens_of(run.into) == ALL


def test_no_draft_is_left_and_none_is_read(run: Run) -> None:
    draft = run.into / "usage-1d" / "2026-10-01_2026-10-06" / ".page-draft"
    draft.parent.mkdir(parents=True)
    draft.write_text('{"data": [')
    run()
    assert {path.name for path in draft.parent.iterdir()} == {
        ".page-draft",
        *(f"page-000{n}.json" for n in range(1, 5)),
    }
    assert tokens_of(run.into) == ALL


def test_too_many_requests_waits_as_long_as_the_api_asks(run: Run) -> None:
    run.admin.faults = ["429:7", "ok", "429:0"]
    assert run() == (4, 0)
    assert run.waits == [7.0, 0.0]
    assert "HTTP 429: told; trying again in 7 s" in run.lines


def test_a_failing_server_is_asked_again_with_longer_waits(run: Run) -> None:
    run.admin.faults = ["500", "529", "503", "torn", "nolist", "cut", "drop"]
    assert run() == (4, 0)
    assert run.waits == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0]
    assert tokens_of(run.into) == ALL


def test_eight_failures_in_a_row_end_the_pull_and_keep_its_pages(run: Run) -> None:
    run.admin.faults = ["ok", *["500"] * 8]
    with pytest.raises(UserError, match="HTTP 500: told, 8 times in a row; the pages so far are kept"):
        run()
    assert len(run.pages()) == 1
    assert run() == (3, 1)


def test_a_torn_page_is_never_saved(run: Run) -> None:
    run.admin.faults = ["torn"] * 8
    with pytest.raises(UserError, match="no JSON"):
        run()
    assert run.pages() == []


def test_a_page_that_comes_again_is_not_counted_twice(run: Run) -> None:
    run.admin.faults = ["ok", "ok", "repeat", "ok"]
    assert run() == (4, 0)
    assert "the same page again; trying again in 1 s" in run.lines
    assert tokens_of(run.into) == ALL


def test_pages_in_a_circle_end_in_a_clear_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    turn = iter([(1, "a"), (2, "b"), (3, "a")])

    def page(query: dict[str, list[str]]) -> dict[str, Any]:
        tokens, cursor = next(turn)
        rows = [usage_row(date(2026, 10, 1), "apikey_01A", tokens)]
        return {"data": rows, "has_more": True, "next_page": cursor}

    monkeypatch.setattr(run.admin, "page", page)
    with pytest.raises(UserError, match="a next page that was read already"):
        run()


def test_pages_with_the_same_rows_forever_end_in_a_clear_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each has a cursor of its own, so that no circle shows."""
    numbers = iter(range(100))
    monkeypatch.setattr(
        run.admin, "page", lambda query: {"data": [], "has_more": True, "next_page": f"cursor-{next(numbers)}"}
    )
    with pytest.raises(UserError, match="the rows of the page before, 8 times in a row"):
        run()
    assert len(run.pages()) == 1


def test_an_interrupt_leaves_whole_pages_alone(run: Run) -> None:
    def stop(descriptor: int) -> None:
        raise KeyboardInterrupt

    run.admin.faults = ["ok", "401"]
    with pytest.raises(UserError):
        run()
    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("os.fsync", stop)
        run()
    assert [path.name for path in run.into.rglob("*") if path.is_file()] == ["page-0001.json"]
    assert run() == (3, 1)
    assert tokens_of(run.into) == ALL


def test_an_expired_page_starts_again_from_the_last_complete_day(run: Run) -> None:
    """Pages of 4 rows: after two of them 2 October is complete and 3 October is cut after two of its three keys."""
    run.admin.faults = ["ok", "ok", "410"]
    assert run() == (5, 0)
    assert run.admin.asked[3]["starting_at"] == ["2026-10-03T00:00:00Z"]
    assert "page" not in run.admin.asked[3]
    assert run.admin.asked[3]["ending_at"] == ["2026-10-06T00:00:00Z"]
    assert tokens_of(run.into) == ALL


def test_a_page_that_expired_while_the_pull_was_stopped_starts_again_too(run: Run) -> None:
    run.admin.faults = ["ok", "ok", "401"]
    with pytest.raises(UserError, match=r"HTTP 401.*ANTHROPIC_ADMIN_KEY"):
        run()
    run.admin.faults = ["410"]
    assert run() == (3, 2)
    assert run() == (0, 5)
    assert tokens_of(run.into) == ALL


def test_pages_that_expire_again_and_again_end_in_a_clear_line(run: Run) -> None:
    run.admin.page_rows = 1
    run.admin.faults = ["ok", *["410", "ok"] * 3, "410"]
    with pytest.raises(UserError, match=r"HTTP 410: told.*ask for fewer days"):
        run()


def test_a_redirect_is_not_followed(run: Run) -> None:
    run.admin.faults = ["redirect"]
    with pytest.raises(UserError, match="HTTP 302"):
        run()
    assert run.admin.paths == ["/v1/organizations/analytics/usage"]


def test_the_key_is_in_no_file_line_or_error(run: Run) -> None:
    run.admin.faults = ["500", "429:1", "torn", "ok", "tell"]
    with pytest.raises(UserError) as caught:
        run()
    assert "bad key (ANTHROPIC_ADMIN_KEY)" in str(caught.value)
    assert KEY not in str(caught.value) + "".join(run.lines)
    for path in run.into.rglob("*"):
        assert path.is_dir() or KEY not in path.read_text()


def test_a_key_in_an_answer_is_not_saved(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        run.admin, "page", lambda query: {"data": [], "has_more": False, "next_page": None, "echo": KEY}
    )
    run()
    assert run.pages()[0]["echo"] == "(ANTHROPIC_ADMIN_KEY)"


@pytest.mark.parametrize("key", ["", "  ", "sk ant", "sk-ant\x00", "sk-änt"])
def test_no_request_is_made_without_a_key_that_can_be_one(
    key: str, admin: FakeAdmin, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "\x00" in key:
        monkeypatch.setattr("os.environ", {"ANTHROPIC_ADMIN_KEY": key})
    else:
        monkeypatch.setenv("ANTHROPIC_ADMIN_KEY", key)
    with pytest.raises(UserError, match="ANTHROPIC_ADMIN_KEY") as caught:
        from_environment(admin.url)
    assert not key.strip() or key not in str(caught.value)
    assert admin.asked == []


def test_pages_of_another_question_are_not_mixed(run: Run) -> None:
    run()
    other = questions(USAGE, date(2026, 10, 1), date(2026, 10, 6), group_by=["model"])
    with pytest.raises(UserError, match=r"another question.*choose another --into"):
        pull(from_environment(run.admin.url), other, run.into)


@pytest.mark.parametrize("harm", ["text", "gap"])
def test_a_folder_that_was_changed_is_told(run: Run, harm: str) -> None:
    run()
    second = sorted(run.into.rglob("page-*.json"))[1]
    if harm == "text":
        second.write_text(second.read_text()[:-9])
    else:
        second.unlink()
    with pytest.raises(UserError, match=r"page-0002\.json"):
        run()


def test_the_older_reports_go_through_the_plain_client(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run.admin, "page", lambda query: {"data": [], "has_more": False, "next_page": None})
    for report in (USAGE_LEGACY, COST_LEGACY, COST):
        assert run(report) == (1, 0)
    assert run(CLAUDE_CODE, date(2026, 10, 3)) == (2, 0)
    assert run.admin.paths == [
        "/v1/organizations/usage_report/messages",
        "/v1/organizations/cost_report",
        "/v1/organizations/analytics/cost",
        *["/v1/organizations/usage_report/claude_code"] * 2,
    ]
    older, cost, newer, first_day, second_day = run.admin.asked
    assert older["group_by[]"][-1] == "workspace_id"
    assert (older["limit"], older["bucket_width"]) == (["31"], ["1d"])
    assert run.admin.headers[0]["anthropic-beta"] == "fast-mode-2026-02-01"
    assert cost["group_by[]"] == ["description", "workspace_id"]
    assert {"cost_type", "token_type"} < set(newer["group_by[]"])
    assert (first_day["starting_at"], second_day["starting_at"]) == (["2026-10-01"], ["2026-10-02"])
    assert "group_by[]" not in first_day


def test_the_command_says_whom_it_asks_and_what_comes_next(admin: FakeAdmin, tmp_path: Path) -> None:
    into = tmp_path / "reports"
    days = ["--from", "2026-10-01", "--to", "2026-10-06"]
    done = CliRunner().invoke(group, ["pull", "usage", *days, "--into", str(into), "--base-url", admin.url])
    assert done.exit_code == 0, done.output
    assert f"asks {admin.url}/v1/organizations/analytics/usage from 2026-10-01 up to 2026-10-06" in done.stderr
    assert "4 pages fetched, 0 there before" in done.stdout
    assert f"next: whowaits ingest {into}" in done.stdout
    assert KEY not in done.output
    again = CliRunner().invoke(group, ["pull", "usage", *days, "--into", str(into), "--base-url", admin.url, "--json"])
    assert json.loads(again.stdout) == {
        "report": "usage",
        "from": "2026-10-01",
        "to": "2026-10-06",
        "folder": str(into),
        "pages_fetched": 0,
        "pages_known": 4,
    }


def test_days_that_are_not_over_are_not_asked(admin: FakeAdmin) -> None:
    day = datetime.now(UTC).date() + timedelta(days=1)
    done = CliRunner().invoke(group, ["pull", "usage", "--from", "2026-10-01", "--to", str(day)])
    assert isinstance(done.exception, UserError)
    assert "days that are not over" in str(done.exception)
    assert admin.asked == []
