"""The worksheet on the command line: out with the questions, back with the answers, and what they change in dollars."""

from __future__ import annotations

import csv
import re
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from openpyxl import Workbook, load_workbook

from analyzer.cli import group
from analyzer.config import load_config
from analyzer.errors import UserError, UserErrors
from analyzer.store.audit import open_audit

sys.path.insert(0, str(Path(__file__).parents[1] / "unit"))
from audit_rows import DAY_US, add_requests

WAITS = "Does a person or a process wait for this result before going on?"
SOON = "How soon is it truly needed?"
MODEL = "Which smaller model was tried?"
PASSED = "Share of its answers that were good enough"
FORMULA = '=HYPERLINK("http://x","click")'
HOSTILE = "@evil\n\x1b[2J\u202ename;=1+1"
TOLD = """# what Larkfield told us
company = "Larkfield"  # the name

[[answer]]
workload = "digest"
awaited = true  # asked twice
who = "web team"
on = 2026-11-03

# below the answers
[prices]
discount_share = "0.1"
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Calls of 1,000,000 tokens in on Sonnet 4.6, $3 each: letters 20, digest 10, intake 4 and 2, three others 1."""
    path = tmp_path_factory.mktemp("worksheet") / "audit.duckdb"
    call = {"raw_model": "claude-sonnet-4-6", "uncached_input_tokens": 1_000_000, "output_tokens": 0}
    rows: list[dict[str, Any]] = [{"api_key": "letters"}] * 20 + [{"api_key": "digest"}] * 10
    rows += [{"api_key": "intake", "tags": {"step": step}} for step in ["one"] * 4 + ["two"] * 2]
    rows += [{"api_key": FORMULA}, {"api_key": HOSTILE}, {"api_key": "chat", "awaited": True}]
    with open_audit(path) as audit:
        add_requests(audit, [{**call, **row, "at": 10 * DAY_US + n**3 * 40_000_000} for n, row in enumerate(rows)])
    return path


@pytest.fixture
def folder(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "audit.duckdb").write_bytes(made.read_bytes())
    return tmp_path


def run(*words: str) -> Result:
    result = CliRunner().invoke(group, list(words), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result


def lines_of(path: str = "q.csv") -> list[dict[str, str]]:
    with Path(path).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def answer(edit: Callable[[list[dict[str, str]]], None], path: str = "q.csv") -> None:
    """Export, fill in, save as a person would in a spreadsheet that parts cells with semicolons."""
    run("worksheet", "export", path)
    lines = lines_of(path)
    edit(lines)
    with Path(path).open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, list(lines[0]), delimiter=";")
        writer.writeheader()
        writer.writerows(lines)


def line_of(lines: list[dict[str, str]], workload: str, component: str = "all calls") -> dict[str, str]:
    return next(line for line in lines if (line["workload"], line["kind of call"]) == (workload, component))


def test_the_questions_stand_in_the_order_of_the_money_that_hangs_on_them(folder: Path) -> None:
    printed = run("worksheet", "export", "q.csv").stdout
    lines = lines_of()
    assert [line["workload"] for line in lines[:4]] == ["letters", "digest", "intake", "intake"]
    # 20 calls at $3, half of it saved on the 98 % that batches answer in the base case
    assert [lines[0][key] for key in ("requests", "list cost, USD", "hangs on the answer, USD")] == [
        "20",
        "60.00",
        "29.40",
    ]
    # Haiku 5.5 makes 1.3 tokens of each, at $0.50 a million for large requests: $60 − $13
    assert lines[0]["smaller model, at most, USD"] == "47.00"
    assert "Does anyone wait for “letters”" in lines[0]["question"]
    assert lines[0]["our guess"] == "cannot tell; $29.40 can be saved if nobody waits"
    # 38 calls at $3, half, 98 %
    assert "7 rows; 6 ask who waits, and $55.86 hangs on them" in printed


def test_rows_beyond_the_limit_are_counted_with_their_money(folder: Path) -> None:
    printed = run("worksheet", "export", "q.csv", "--rows", "1").stdout
    # 18 calls at $3, half, 98 %
    assert "left out: 6 rows; 5 ask who waits, and $26.46 hangs on them" in printed


def test_an_answered_worksheet_is_never_written_over(folder: Path) -> None:
    run("worksheet", "export", "q.csv")
    with pytest.raises(UserError, match="is there already"):
        run("worksheet", "export", "q.csv")
    run("worksheet", "export", "q.csv", "--replace")


def test_an_answer_moves_the_headline_by_its_dollars(folder: Path) -> None:
    def edit(lines: list[dict[str, str]]) -> None:
        line_of(lines, "letters").update({WAITS: "no", SOON: "within 1 week", "owner": "Ann", "note": "by post"})

    answer(edit)
    printed = run("worksheet", "import", "q.csv").stdout
    # low case: 95 % of $60 at half price
    assert "saves at least  $0.00 -> $28.50 (+$28.50)" in printed
    # base case: 38 calls, then the 18 that nobody answered
    assert "still open      $55.86 -> $26.46" in printed
    assert "letters: real-time (cannot tell) -> batchable; saving +$28.50" in printed
    (told,) = load_config(folder / "whowaits.toml").answers
    assert (told.workload, told.component, told.awaited, told.needed_within_s) == ("letters", None, False, 604_800)
    assert (told.who, told.note) == ("Ann", "by post")
    assert told.on is not None


def test_the_same_worksheet_again_changes_nothing(folder: Path) -> None:
    def edit(lines: list[dict[str, str]]) -> None:
        line_of(lines, "letters").update({WAITS: "no", "owner": "Ann", MODEL: "claude-haiku-4.5", PASSED: "97 %"})

    answer(edit)
    run("worksheet", "import", "q.csv")
    text = (folder / "whowaits.toml").read_bytes()
    assert "0 of them new or different; whowaits.toml stays as it is" in run("worksheet", "import", "q.csv").stdout
    run("worksheet", "export", "all.xlsx", "--all")
    assert "0 of them new" in run("worksheet", "import", "all.xlsx").stdout
    assert (folder / "whowaits.toml").read_bytes() == text


def test_a_dry_run_tells_the_dollars_and_writes_nothing(folder: Path) -> None:
    answer(lambda lines: line_of(lines, "letters").update({WAITS: "no", "owner": "Ann"}))
    assert "+$28.50" in run("worksheet", "import", "q.csv", "--dry-run").stdout
    assert not (folder / "whowaits.toml").exists()


def test_the_users_comments_stay_and_what_is_contradicted_is_shown(folder: Path) -> None:
    (folder / "whowaits.toml").write_text(TOLD)

    def edit(lines: list[dict[str, str]]) -> None:
        assert [line_of(lines, "digest")[key] for key in (WAITS, "owner", "answered on")] == [
            "yes",
            "web team",
            "2026-11-03",
        ]
        for name, who in (("letters", "Ann"), ("digest", "Bob")):
            line_of(lines, name).update({WAITS: "no", "owner": who, "answered on": "2026-11-20"})

    answer(edit)
    printed = run("worksheet", "import", "q.csv").stdout
    assert "digest: waits was yes (web team, 2026-11-03), now no (Bob)" in printed
    text = (folder / "whowaits.toml").read_text()
    for comment in ("# what Larkfield told us", "# the name", "# asked twice; awaited was true (web team, 2026-11-03)"):
        assert comment in text
    assert text.index("# below the answers\n[prices]") > text.index('workload = "letters"')
    told = {a.workload: (a.awaited, a.who, str(a.on)) for a in load_config(folder / "whowaits.toml").answers}
    assert told == {"digest": (False, "Bob", "2026-11-20"), "letters": (False, "Ann", "2026-11-20")}


def test_every_problem_of_a_worksheet_is_listed_at_once_and_nothing_is_written(folder: Path) -> None:
    def edit(lines: list[dict[str, str]]) -> None:
        lines[0].update({WAITS: "perhaps", "owner": "Ann"})
        lines[1].update({SOON: "10", "answered on": "3.11.2026", WAITS: "no", "owner": "Ann"})
        lines[2].update({MODEL: "claude-haiku-4-6-x", PASSED: "97"})
        lines[3].update({PASSED: "50 %"})
        lines[4].update({"workload": "leters", "row": "", WAITS: "yes"})

    answer(edit)
    with pytest.raises(UserErrors) as raised:
        run("worksheet", "import", "q.csv")
    told = [str(error) for error in raised.value.errors]
    assert [line.split(":")[0] for line in told] == [
        f"q.csv row 2, {WAITS!r}",
        f"q.csv row 3, {SOON!r}",
        "q.csv row 3, 'answered on'",
        f"q.csv row 4, {MODEL!r}",
        f"q.csv row 4, {PASSED!r}",
        f"q.csv row 5, {MODEL!r}",
        "q.csv row 6",
    ]
    assert "found" not in told[0] and "'perhaps'; expected yes or no" in told[0]
    assert "did you mean 'letters'?" in told[-1]
    assert not (folder / "whowaits.toml").exists()


def test_an_answer_needs_the_name_of_who_gave_it(folder: Path) -> None:
    answer(lambda lines: line_of(lines, "letters").update({WAITS: "no"}))
    with pytest.raises(UserErrors, match="an answer without an owner"):
        run("worksheet", "import", "q.csv")
    run("worksheet", "import", "q.csv", "--who", "Ann")
    (told,) = load_config(folder / "whowaits.toml").answers
    assert told.who == "Ann"


def test_a_row_answers_for_its_component_and_an_emptied_one_for_the_whole_workload(folder: Path) -> None:
    answer(lambda lines: line_of(lines, "intake", "step two").update({WAITS: "yes", "owner": "Ann"}))
    run("worksheet", "import", "q.csv")

    def edit(lines: list[dict[str, str]]) -> None:
        whole = {WAITS: "no", "owner": "Bob", "kind of call": ""}
        line_of(lines, "intake", "step one").update(whole)

    answer(edit, "more.csv")
    printed = run("worksheet", "import", "more.csv").stdout
    assert "intake, step two: waits stays yes (Ann, " in printed
    told = {a.component: a.awaited for a in load_config(folder / "whowaits.toml").answers}
    assert told == {"step two": True, None: False}
    # 4 calls at $3, half, 95 %
    assert "intake: real-time (cannot tell) -> splittable; saving +$5.70" in printed


def test_an_answer_that_the_log_speaks_strongly_against_is_told_with_its_evidence(folder: Path) -> None:
    answer(lambda lines: line_of(lines, "chat").update({WAITS: "no", "owner": "Ann"}))
    printed = run("worksheet", "import", "q.csv").stdout
    assert "chat: Ann says no; the log: The log declares 100 % of 1 request" in printed


def test_rows_sorted_in_part_are_refused(folder: Path) -> None:
    def edit(lines: list[dict[str, str]]) -> None:
        marks = [line["row"] for line in lines]
        for line, mark in zip(lines, reversed(marks), strict=True):
            line["row"] = mark
        lines[0].update({WAITS: "no", "owner": "Ann"})

    answer(edit)
    with pytest.raises(UserErrors, match="the mark of"):
        run("worksheet", "import", "q.csv")


@pytest.mark.parametrize("suffix", [".xlsx", ".csv"])
def test_hostile_names_are_text_in_the_sheet_and_come_back_as_they_were(folder: Path, suffix: str) -> None:
    file = f"q{suffix}"
    run("worksheet", "export", file)
    shown = "@evil<U+000A><U+001B>[2J<U+202E>name;=1+1"
    if suffix == ".csv":
        raw = (folder / file).read_text(encoding="utf-8-sig")
        assert f'"\'{shown}"' in raw
        assert '"\'=HYPERLINK(""http://x"",""click"")"' in raw
        lines = lines_of(file)
        for line in lines:
            line.update({WAITS: "no", "owner": "=Ann"})
        with (folder / file).open("w", encoding="utf-8", newline="") as out:
            writer = csv.DictWriter(out, list(lines[0]))
            writer.writeheader()
            writer.writerows(lines)
    else:
        with zipfile.ZipFile(folder / file) as archive:
            sheets = [archive.read(name).decode() for name in archive.namelist() if "worksheets/" in name]
        assert sheets and not any(mark in sheet for sheet in sheets for mark in ("<f>", "<f ", "<hyperlink"))
        book = load_workbook(folder / file)
        sheet = book["Questions"]
        titles = [cell.value for cell in sheet[1]]
        names = [cell.value for cell in sheet["A"]]
        assert FORMULA in names and shown in names
        for row in range(2, sheet.max_row + 1):
            sheet.cell(row, titles.index(WAITS) + 1).value = "no"
            owner = sheet.cell(row, titles.index("owner") + 1)
            owner.value, owner.data_type = "=Ann", "s"
            for cell in sheet[row]:
                cell.data_type = "s" if cell.data_type == "f" else cell.data_type
        book.save(folder / file)
    assert "\x1b" not in run("worksheet", "import", file).stdout
    told = {a.workload: a for a in load_config(folder / "whowaits.toml").answers}
    assert {FORMULA, HOSTILE} < set(told)
    assert told[HOSTILE].awaited is False
    assert told[HOSTILE].who == "=Ann"


def test_the_excel_sheet_has_drop_downs_a_frozen_header_and_fits_on_paper(folder: Path) -> None:
    run("worksheet", "export", "q.xlsx")
    book = load_workbook(folder / "q.xlsx")
    sheet = book["Questions"]
    titles = [cell.value for cell in sheet[1]]
    ranges = {str(rule.sqref).split("2:")[0]: rule.formula1 for rule in sheet.data_validations.dataValidation}
    letter = {title: chr(ord("A") + index) for index, title in enumerate(titles)}
    for title in (WAITS, SOON, MODEL):
        column, last = ranges[letter[title]].split("!")[1].replace("$", "").split(":")
        offered = [row[0].value for row in book["lists"][f"{column}:{last}"]]
        assert {WAITS: "no", SOON: "within 1 day", MODEL: "claude-haiku-5-5"}[title] in offered
    assert sheet.freeze_panes == "C2"
    assert (sheet.print_title_rows, sheet.page_setup.orientation, sheet.page_setup.fitToHeight) == (
        "$1:$1",
        "landscape",
        0,
    )
    assert sheet.cell(2, titles.index("list cost, USD") + 1).value == 60


def test_a_sheet_that_claims_to_be_endless_is_read_as_far_as_it_goes(folder: Path) -> None:
    run("worksheet", "export", "q.xlsx")
    with zipfile.ZipFile("q.xlsx") as old, zipfile.ZipFile("big.xlsx", "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name.endswith("sheet1.xml"):
                content = re.sub(rb'<dimension ref="[^"]*"', b'<dimension ref="A1:XFD1048576"', content)
                assert b"XFD1048576" in content
            new.writestr(name, content)
    assert "0 rows answered" in run("worksheet", "import", "big.xlsx").stdout


def test_a_formula_is_no_answer(folder: Path) -> None:
    run("worksheet", "export", "q.xlsx")
    book = load_workbook(folder / "q.xlsx")
    titles = [cell.value for cell in book["Questions"][1]]
    book["Questions"].cell(2, titles.index(WAITS) + 1).value = '=IF(1=1,"no","yes")'
    book.save(folder / "q.xlsx")
    with pytest.raises(UserErrors, match="a formula; expected a value that is typed in"):
        run("worksheet", "import", "q.xlsx")


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        ("q.xlsx", b"PK no zip", "is no .xlsx file"),
        ("q.csv", b"a,b\n1,2\n", "no header of a worksheet"),
        ("q.csv", "workload,Größe\n".encode("cp1252"), "not in UTF-8"),
        ("q.ods", b"", "a .ods"),
        ("q.csv", f"workload,{SOON},{SOON}\n".encode(), "twice"),
    ],
)
def test_what_is_no_worksheet_is_refused_in_one_line(folder: Path, name: str, content: bytes, found: str) -> None:
    (folder / name).write_bytes(content)
    with pytest.raises(UserError, match=found):
        run("worksheet", "import", name)


def test_a_sheet_of_a_few_own_columns_will_do(folder: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for line in (
        ["asked by phone"],
        ["Owner", "mine", "Workload", WAITS, SOON],
        ["Ann", 7, "letters", "No", "8 hours"],
    ):
        sheet.append(line)
    book.save(folder / "own.xlsx")
    run("worksheet", "import", "own.xlsx", "--config", "answers.toml")
    (told,) = load_config(folder / "answers.toml").answers
    assert (told.workload, told.awaited, told.needed_within_s, told.who) == ("letters", False, 28_800, "Ann")


def test_a_broken_configuration_is_left_as_it_is(folder: Path) -> None:
    answer(lambda lines: line_of(lines, "letters").update({WAITS: "no", "owner": "Ann"}))
    (folder / "whowaits.toml").write_text('answer = [{ workload = "digest", awaited = true }]\n')
    with pytest.raises(UserError, match="answers as an inline list"):
        run("worksheet", "import", "q.csv")
    assert (folder / "whowaits.toml").read_text() == 'answer = [{ workload = "digest", awaited = true }]\n'
