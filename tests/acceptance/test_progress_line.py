"""The progress line: on a terminal only, one line, gone when it is over."""

from __future__ import annotations

import io

import pytest

from analyzer.cli._progress import Progress
from analyzer.cli._terminal import counted, printable


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm")


def test_the_line_tells_files_bytes_and_records_and_goes_away() -> None:
    terminal = Terminal()
    with Progress(stream=terminal, clock=iter([0.0, 1.0]).__next__) as progress:
        progress("b.jsonl", 1, 1_500_000, 3_000_000)
        progress("a.jsonl", 2500)
    lines = terminal.getvalue().split("\r\x1b[K")
    assert lines == [
        "",
        "reading 1.5 of 3.0 MB, 1 file, 1 record: b.jsonl",
        "reading 2 files, 2,500 records: a.jsonl",
        "",
    ]


def test_the_line_is_written_ten_times_a_second_at_most() -> None:
    terminal = Terminal()
    progress = Progress(stream=terminal, clock=iter([0.0, 0.05, 0.09, 0.11]).__next__)
    for records in range(4):
        progress("-", records)
    lines = terminal.getvalue().split("\r\x1b[K")
    assert lines == ["", "reading 1 file, 0 records: -", "reading 1 file, 3 records: -"]


def test_nothing_is_written_where_no_one_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    plain, quiet, dumb = io.StringIO(), Terminal(), Terminal()
    with Progress(stream=plain) as on_plain, Progress(stream=quiet, quiet=True) as on_quiet:
        on_plain("a", 1)
        on_quiet.say("pricing ...")
    monkeypatch.setenv("TERM", "dumb")
    with Progress(stream=dumb) as on_dumb:
        on_dumb("a", 1)
    assert plain.getvalue() + quiet.getvalue() + dumb.getvalue() == ""


def test_a_long_or_hostile_path_stays_on_one_line() -> None:
    terminal = Terminal()
    Progress(stream=terminal)("a\n\x1b[2J" + "b" * 200, 1)
    (line,) = terminal.getvalue().split("\r\x1b[K")[1:]
    assert len(line) == 79
    assert line.startswith("reading 1 file, 1 record: a [2Jbbb")
    assert line.isprintable()


def test_a_count_agrees_with_its_noun() -> None:
    assert [counted(number, "file") for number in (0, 1, 2, 2000)] == ["0 files", "1 file", "2 files", "2,000 files"]
    assert printable("a\tb\x07", 0) == "a b"
