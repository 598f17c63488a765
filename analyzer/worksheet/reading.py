"""From the cells of a worksheet that came back to answers; every problem in it is listed at once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import zip_longest
from pathlib import Path
from typing import Any

from analyzer.errors import UserError, UserErrors, nearest_name
from analyzer.savings.assessment import Assessment
from analyzer.worksheet.columns import ANSWERS, COLUMNS, column_of, read_cell
from analyzer.worksheet.commas import read_csv
from analyzer.worksheet.names import WHOLE, bare, row_key, scope_name, visible
from analyzer.worksheet.rows import scope
from analyzer.worksheet.xlsx import FORMULA, read_xlsx

Scope = tuple[str, str | None]
_HEADER_WITHIN = 20
_FEW = 20
_TITLES = {" ".join(column.title.lower().split()): (column.field or column.title) for column in COLUMNS}
_WORKLOAD, _COMPONENT, _KEY = COLUMNS[0].title, COLUMNS[1].title, COLUMNS[-1].title


@dataclass(frozen=True)
class Given:
    """What one row says of a workload, or of one component of it. `where`: file and row, for messages.

    `values`: the fields of an Answer that are filled in.
    """

    where: str
    workload: str
    component: str | None
    values: Mapping[str, Any]

    @property
    def answers(self) -> dict[str, Any]:
        """What decides something, and of how many answers a share is."""
        return {name: self.values[name] for name in (*ANSWERS, "tried") if name in self.values}


@dataclass
class Scopes:
    """The workloads and components of an audit, found by row key or by the names as a sheet shows them."""

    by_key: dict[str, Scope] = field(default_factory=dict)
    by_name: dict[tuple[str, str], list[Scope]] = field(default_factory=dict)

    @classmethod
    def of(cls, assessment: Assessment) -> Scopes:
        """Every component, and every workload as a whole."""
        made = cls()
        for workload in assessment.workloads:
            name = workload.verdict.workload
            parts = [scope(workload, component.verdict.component) for component in workload.components]
            for component in dict.fromkeys([None, *parts]):
                made.by_key[row_key(name, component)] = (name, component)
                made.by_name.setdefault(_shown(name, component), []).append((name, component))
        return made

    def find(self, key: str, workload: str, component: str | None) -> Scope:
        """The scope that a row means: by its mark, where the names agree with it; else by name.

        An emptied `component` is the whole workload; None = the sheet has no such column.
        Raises: ValueError (found, expected, what to do).
        """
        known = self.by_key.get(key)
        if known is not None:
            name, part = _shown(*known)
            if workload in ("", name):
                if component == "":
                    return known[0], None
                if component in (None, part):
                    return known
            todo = "undo the sorting, or empty the hidden cell “row” to answer by name"
            raise ValueError(f"the mark of {scope_name(*known)}", f"that of {workload}, {component or WHOLE}", todo)
        component = component or WHOLE
        if not workload:
            raise ValueError("an answer without a workload", "the name of a workload", "")
        found = self.by_name.get((workload, component), [])
        if len(found) == 1:
            return found[0]
        if found:
            raise ValueError(f"{workload!r}, the name of several", "the row mark of one of them", "export it again")
        if any(name == workload for name, _ in self.by_name):
            parts = sorted(part for name, part in self.by_name if name == workload)
            raise ValueError(f"no kind of call {component!r} in it", "one of its own", _nearest(component, parts))
        names = {name for name, _ in self.by_name}
        raise ValueError(f"no workload {workload!r} in this audit", "one of its own", _nearest(workload, names))


def _nearest(name: str, names: Collection[str]) -> str:
    hint = nearest_name(name, names)
    return hint if len(names) <= _FEW or hint.startswith("did you") else "`whowaits workloads` prints them"


def _shown(workload: str, component: str | None) -> tuple[str, str]:
    return visible(workload), visible(component or WHOLE)


def read_worksheet(path: Path, scopes: Scopes, today: date) -> tuple[tuple[Given, ...], tuple[str, ...]]:
    """The rows that answer something, and remarks on what a person should look at again.

    Rows without an answer are skipped, empty cells are not answered, columns that are not ours are not read.
    Raises: UserErrors with every problem, by row; UserError when it is no worksheet.
    """
    if not path.is_file():
        raise UserError(str(path), "no such file", "a worksheet as .xlsx or .csv", "")
    if path.suffix.lower() not in (".xlsx", ".csv"):
        raise UserError(str(path), f"a {path.suffix or 'file without ending'}", "a worksheet as .xlsx or .csv", "")
    lines = read_xlsx(path) if path.suffix.lower() == ".xlsx" else read_csv(path)
    problems: list[UserError] = []
    remarks: list[str] = []
    found: dict[Scope, Given] = {}
    for number, cells in _named_cells(path, lines):
        where = f"{path.name} row {number}"
        values = _values(where, cells, today, problems)
        if not any(name in values for name in ANSWERS):
            if "note" in values:
                remarks.append(f"{where}: a note without an answer is not kept")
            continue
        part = _name(cells, _COMPONENT) if _COMPONENT in cells else None
        try:
            workload, component = scopes.find(_name(cells, _KEY), _name(cells, _WORKLOAD), part)
        except ValueError as error:
            problems.append(UserError(where, *error.args))
            continue
        given = Given(where, workload, component, values)
        other = found.setdefault((workload, component), given)
        if other.values != given.values:
            name = scope_name(workload, component)
            problems.append(UserError(where, f"another answer for {name} than {other.where}", "one answer", ""))
        if values.get("awaited") and values.get("needed_within_s", 0) >= 3600:
            remarks.append(f"{where}: somebody waits, yet not before an hour has passed: is that so?")
    if problems:
        raise UserErrors(problems)
    return tuple(found.values()), tuple(remarks)


def _named_cells(path: Path, lines: Iterable[tuple[int, Sequence[Any]]]) -> Iterator[tuple[int, dict[str, Any]]]:
    """The cells of each row below the header, by field, or by title where the column is ours."""
    names: list[str | None] | None = None
    for number, cells in lines:
        if names is not None:
            yield number, {name: cell for name, cell in zip_longest(names, cells) if name}
            continue
        titles = [_TITLES.get(" ".join(bare(_text(cell)).lower().split())) for cell in cells]
        if _WORKLOAD in titles and any(title in ANSWERS for title in titles):
            twice = sorted({title for title in titles if title and titles.count(title) > 1})
            if twice:
                raise UserError(f"{path.name} row {number}", f"the column {twice[0]!r} twice", "once", "")
            names = titles
        elif number >= _HEADER_WITHIN:
            break
    if names is None:
        raise UserError(path.name, "no header of a worksheet", f"columns {_WORKLOAD!r} and answers", "export it again")


def _text(cell: Any) -> str:
    return "" if cell is None or cell is FORMULA else str(cell).strip()


def _name(cells: Mapping[str, Any], title: str) -> str:
    return bare(_text(cells.get(title)))


def _values(where: str, cells: Mapping[str, Any], today: date, problems: list[UserError]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    fields = [column.field for column in COLUMNS if column.field and column.field in cells]

    def refuse(name: str, found: str, expected: str) -> None:
        problems.append(UserError(f"{where}, {column_of(name).title!r}", found, expected, ""))

    for name in fields:
        if cells[name] is FORMULA:
            refuse(name, "a formula", "a value that is typed in")
            continue
        try:
            value = read_cell(name, cells[name])
        except ValueError as error:
            refuse(name, repr(visible(_text(cells[name]), 60)), str(error))
            continue
        if value is not None:
            values[name] = value
    if values.get("on", today) > today:
        refuse("on", values["on"].isoformat(), "a day that has come")
    if ("route_to" in values) != ("pass_rate" in values) and _both_readable(cells, values):
        lacking = "pass_rate" if "route_to" in values else "route_to"
        refuse(lacking, "an empty cell", "both the model and the share of its answers that were good enough")
    return values


def _both_readable(cells: Mapping[str, Any], values: Mapping[str, Any]) -> bool:
    """Whether the one that is lacking was left empty, and not told as a problem of its own."""
    return all(name in values or _text(cells.get(name)) == "" for name in ("route_to", "pass_rate"))
