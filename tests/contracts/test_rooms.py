"""Every room has its proof and its docs; files fit in a head."""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import pytest

from analyzer.rooms import room_files

ROOT = Path(__file__).parents[2]
SOURCES = room_files(ROOT / "analyzer" / "sources", ".sql", ".py")
SOURCE_ROOMS = [path for path in SOURCES if path.suffix == ".sql" or "ROOM" in path.read_text(encoding="utf-8")]
RULES = room_files(ROOT / "rules" / "waiting", ".toml")
LEVERS = room_files(ROOT / "analyzer" / "savings" / "levers", ".py")
SECTIONS = room_files(ROOT / "analyzer" / "report" / "sections", ".py")
COMMANDS = room_files(ROOT / "analyzer" / "cli", ".py")


def test_there_are_rooms_of_every_kind() -> None:
    assert len(SOURCE_ROOMS) >= 4
    assert len(RULES) >= 12
    assert [path.stem for path in LEVERS] == ["batch", "caching", "output", "routing"]
    assert len(SECTIONS) >= 6
    assert len(COMMANDS) >= 10


@pytest.mark.parametrize("room", SOURCE_ROOMS, ids=lambda path: path.stem)
def test_a_source_has_fixtures_and_a_page(room: Path) -> None:
    folder = ROOT / "tests" / "sources" / room.stem
    assert (folder / "README.md").exists(), "totals summed by hand"
    assert (folder / "expected.json").exists()
    assert (ROOT / "docs" / "sources" / f"{room.stem}.md").exists()


@pytest.mark.parametrize("room", RULES, ids=lambda path: path.stem)
def test_a_rule_has_examples_and_a_source(room: Path) -> None:
    text = room.read_text(encoding="utf-8")
    assert text.count("[[example]]") >= 3
    assert re.search(r"^source = ", text, re.MULTILINE)
    assert f"`{room.stem}`" in (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("room", LEVERS, ids=lambda path: path.stem)
def test_a_lever_is_in_the_method_paper(room: Path) -> None:
    assert re.search(rf"^#+ .*{room.stem}", (ROOT / "docs" / "method.md").read_text(), re.MULTILINE | re.IGNORECASE)


@pytest.mark.parametrize("room", SECTIONS, ids=lambda path: path.stem)
def test_a_section_has_its_template(room: Path) -> None:
    assert (ROOT / "reports" / "sections" / f"{room.stem}.html.j2").exists()


@pytest.mark.parametrize("room", COMMANDS, ids=lambda path: path.stem)
def test_a_command_is_in_the_generated_help(room: Path) -> None:
    page = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    assert f"## whowaits {room.stem.replace('_', '-')}\n" in page


def test_generated_docs_are_fresh() -> None:
    import subprocess
    import sys

    done = subprocess.run(
        [sys.executable, str(ROOT / "docs" / "generate.py"), "--check"], capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_column_of_the_schema_has_a_comment() -> None:
    from analyzer.store.audit import open_audit

    with open_audit(None) as audit:
        rows = audit.connection.execute(
            "select table_name, column_name from duckdb_columns() where comment is null and not internal"
            " and database_name = current_database()"
        ).fetchall()
    assert rows == []


def test_long_files_are_pointed_at() -> None:
    long = [
        f"{path.relative_to(ROOT)} ({lines})"
        for path in (ROOT / "analyzer").rglob("*.py")
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 400
    ]
    if long:
        with warnings.catch_warnings():
            warnings.simplefilter("default")
            warnings.warn("files over 400 lines: " + ", ".join(long), stacklevel=1)
    assert all(int(entry.rsplit("(", 1)[1][:-1]) < 800 for entry in long)


def test_no_two_macros_of_the_sources_share_a_name() -> None:
    """They share one connection: the later would silently win."""
    names = [
        name
        for path in (ROOT / "analyzer" / "sources").glob("_*.sql")
        for name in re.findall(r"create or replace temp macro (\w+)", path.read_text(encoding="utf-8"))
    ]
    assert sorted(set(names)) == sorted(names)
