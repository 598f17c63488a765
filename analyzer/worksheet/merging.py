"""Answers into whowaits.toml: comments stay, each answer keeps its name and day, what it replaces is told."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analyzer.config import Answer, Config, parse_config
from analyzer.errors import UserError, UserErrors
from analyzer.worksheet.columns import ANSWERS, as_read, exact_duration, shown
from analyzer.worksheet.names import WHOLE, scope_name, visible
from analyzer.worksheet.reading import Given

if TYPE_CHECKING:
    from tomlkit import TOMLDocument
    from tomlkit.items import AoT, Table

_KEYS = {"needed_within_s": "needed_within"}
_TRIAL = {"route_to", "pass_rate", "tried"}  # none says anything without the others
_LABELS = {
    "awaited": "waits",
    "needed_within_s": "needed",
    "route_to": "smaller model",
    "pass_rate": "good enough",
    "tried": "answers tried",
    "output_share": "output that is enough",
}


@dataclass(frozen=True)
class Contradiction:
    """A new answer that says something else than an older one; `kept` where the older one still decides its part."""

    workload: str
    component: str | None
    field: str
    old: Answer
    new: Any
    who: str
    kept: bool = False

    def __str__(self) -> str:
        """`digest: waits was yes (web team, 2026-11-03), now no (Ann)`."""
        by = ", ".join(part for part in (self.old.who, self.old.on and self.old.on.isoformat()) if part)
        was = f"{shown(self.field, getattr(self.old, self.field))}{f' ({by})' if by else ''}"
        about = scope_name(self.workload, self.component)
        if self.kept:
            return f"{about}: {_LABELS[self.field]} stays {was}, which is told of this part alone"
        return f"{about}: {_LABELS[self.field]} was {was}, now {shown(self.field, self.new)} ({self.who})"


@dataclass(frozen=True)
class Change:
    """What a row adds to what is known. `fields`: the answers that are new or different."""

    workload: str
    component: str | None
    fields: Mapping[str, Any]
    who: str
    on: date
    note: str | None


def changes(
    given: Iterable[Given], config: Config, today: date, who: str | None = None
) -> tuple[tuple[Change, ...], tuple[Contradiction, ...]]:
    """What is new in the answers, and what of it contradicts an older one; the same answers again change nothing.

    `who` signs the rows that have no owner.
    Raises: UserErrors for new answers that nobody signs.
    """
    found: list[Change] = []
    against: list[Contradiction] = []
    unsigned: list[UserError] = []
    for row in given:
        mine = _answers_of(config, row.workload, row.component)
        new = {name for name, value in row.answers.items() if as_read(name, _first(mine, name)) != value}
        new |= _TRIAL if new & _TRIAL else set()
        fields = {name: value for name, value in row.answers.items() if name in new}
        note = row.values.get("note")
        note = note if note not in [as_read("note", answer.note) for answer in mine] else None
        signed = row.values.get("who") or who
        if not fields and note is None:
            continue
        if signed is None:
            todo = "fill in the column, or give --who NAME"
            unsigned.append(UserError(row.where, "an answer without an owner", "the name of who answered", todo))
            continue
        on = row.values.get("on")
        on = today if on is None or on in [answer.on for answer in mine] else on  # the day of the older one stood there
        found.append(Change(row.workload, row.component, fields, signed, on, note))
        against.extend(_contradictions(config, found[-1]))
    if unsigned:
        raise UserErrors(unsigned)
    return tuple(found), tuple(against)


def _answers_of(config: Config, workload: str, component: str | None) -> list[Answer]:
    return [a for a in config.answers if a.workload == workload and _part(a.component) == _part(component)]


def _part(component: str | None) -> str | None:
    return None if component == WHOLE else component


def _first(answers: Iterable[Answer], name: str) -> Any:
    return next((getattr(a, name) for a in answers if getattr(a, name) is not None), None)


def _contradictions(config: Config, change: Change) -> list[Contradiction]:
    """Against the answer in force for the same scope; and, of a whole workload, those of parts that stay in force."""
    found = []
    covering = config.answers_for(change.workload, change.component)
    parts = [a for a in config.answers if a.workload == change.workload and _part(a.component) is not None]
    for name, value in change.fields.items():
        old = next((a for a in covering if getattr(a, name) is not None), None)
        if old is not None and as_read(name, getattr(old, name)) != value:
            found.append(Contradiction(change.workload, change.component, name, old, value, change.who))
        if change.component is None:
            found.extend(
                Contradiction(change.workload, a.component, name, a, value, change.who, kept=True)
                for a in parts
                if as_read(name, getattr(a, name)) not in (None, value)
            )
    return found


def merged_text(text: str, made: Sequence[Change], path: Path) -> str:
    """The TOML with the changes in it; everything else stays as it was written.

    Raises: UserError, UserErrors when the text cannot hold them.
    """
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        document = tomlkit.parse(text.replace("\r\n", "\n"))
    except TOMLKitError as error:
        raise UserError(str(path), f"not valid TOML ({error})", "TOML in UTF-8") from None
    for change in made:
        _merge(_entries(document, path), change)
    result = tomlkit.dumps(document)
    result = result.replace("\n", "\r\n") if "\r\n" in text else result
    parse_config(tomllib.loads(result), path)
    return result


def _entries(document: TOMLDocument, path: Path) -> AoT:
    import tomlkit
    from tomlkit.items import AoT

    held = document.get("answer")
    if isinstance(held, AoT):
        return held
    if held:
        raise UserError(str(path), "answers as an inline list", "tables headed [[answer]]", "write them as tables")
    if held is not None:
        del document["answer"]
    document["answer"] = tomlkit.aot()
    made = document["answer"]
    assert isinstance(made, AoT)
    return made


def _merge(entries: AoT, change: Change) -> None:
    """An entry of the same name is filled up, one that says nothing else is taken over, else a new one is made."""
    mine = [e for e in entries if e["workload"] == change.workload and _part(e.get("component")) == change.component]
    keys = {_KEYS.get(name, name) for name in change.fields}
    keys |= {"tried"} if "pass_rate" in keys else set()  # a share of other answers is not a share of these
    held = {_KEYS.get(name, name) for name in ANSWERS}
    target = next((e for e in mine if e.get("who") == change.who), None)
    target = target or next((e for e in mine if held & set(e) and held & set(e) <= keys), None)
    for entry in mine:
        _replace(entry, change, keys, kept=entry is target)
    last = target if target is not None else entries[-1] if len(entries) else None
    below = _cut_below(last) if last is not None else []
    target = target if target is not None else _new_entry(entries, change)
    _set(target, change, keys)
    target.value.body.extend(below)


def _cut_below(entry: Table) -> list[tuple[None, Any]]:
    """Take off what stands below an entry after a blank line: it heads what follows."""
    from tomlkit.items import Comment, Whitespace

    body: list[tuple[Any, Any]] = entry.value.body
    start = len(body)
    while start and isinstance(body[start - 1][1], Comment | Whitespace):
        start -= 1
    while start < len(body) and isinstance(body[start][1], Comment):
        start += 1
    below = [(None, item) for _, item in body[start:]]
    del body[start:]
    return below


def _new_entry(entries: AoT, change: Change) -> Table:
    import tomlkit

    made = tomlkit.table()
    made["workload"] = _plain(change.workload)
    if change.component is not None:
        made["component"] = _plain(change.component)
    made.trivia.indent = "\n"
    entries.append(made)
    return entries[-1]


def _replace(entry: Table, change: Change, keys: set[str], *, kept: bool) -> None:
    """Put what the change contradicts into a comment: beside the new value, or on the entry that loses it."""
    signed = ", ".join(str(part) for part in (entry.get("who"), entry.get("on")) if part)
    for key in sorted(keys & set(entry)):
        item: Any = entry.value.item(key)
        value = _value_of(change, key)
        if kept and item.unwrap() == _toml_value(key, value):
            continue
        said = f"{key} was {visible(item.as_string(), 120)}" + (f" ({visible(signed, 160)})" if signed else "")
        if kept and value is not None:
            before = _comment_of(entry, key)
            entry[key] = _toml_value(key, value)
            _remark(entry, key, before, said)
        else:
            del entry[key]
            _remark(
                entry,
                "workload",
                _comment_of(entry, "workload"),
                f"{said} until {visible(change.who, 120)} answered on {change.on}",
            )


def _comment_of(entry: Any, key: str) -> str:
    text: str = entry.value.item(key).trivia.comment
    return text


def _remark(entry: Any, key: str, before: str, text: str) -> None:
    """A comment at the end of a key's line, after what stands there."""
    before = before.lstrip("# ")
    entry.value.item(key).comment(f"{before}; {text}" if before else text)


def _set(entry: Table, change: Change, keys: set[str]) -> None:
    for key in ("awaited", "needed_within", "route_to", "pass_rate", "tried", "output_share"):
        if key in keys and key not in entry and _value_of(change, key) is not None:
            entry[key] = _toml_value(key, _value_of(change, key))
    entry["who"] = _plain(change.who)
    entry["on"] = change.on
    if change.note is not None:
        entry["note"] = _plain(change.note)


def _value_of(change: Change, key: str) -> Any:
    """None: the change takes it away."""
    return change.fields.get("needed_within_s" if key == "needed_within" else key)


def _toml_value(key: str, value: Any) -> Any:
    if key == "needed_within":
        return exact_duration(value)
    return f"{value:f}" if isinstance(value, Decimal) else value


def _plain(text: str) -> str:
    """Text that TOML can hold: a lone surrogate becomes U+FFFD."""
    return text.encode("utf-8", "replace").decode("utf-8")


def merged_config(path: Path, made: Sequence[Change]) -> Config:
    """What the file would say with the changes in it; nothing is written.

    Raises: UserError, UserErrors.
    """
    return parse_config(tomllib.loads(merged_text(_text_of(path), made, path)), path)


def write_answers(path: Path, made: Sequence[Change]) -> Config:
    """Merge the changes into the file, which is made where there is none, and replaced in one step; the new Config.

    Raises: UserError, UserErrors, OSError; the file is then as it was.
    """
    result = merged_text(_text_of(path), made, path)
    real = path.resolve()
    fresh = real.with_name(f".{real.name}.new")
    fresh.write_bytes(result.encode("utf-8"))
    if real.exists():
        fresh.chmod(real.stat().st_mode & 0o777)
    fresh.replace(real)
    return parse_config(tomllib.loads(result), path)


def _text_of(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8") if path.exists() else ""
    except UnicodeDecodeError:
        raise UserError(str(path), "not in UTF-8", "TOML in UTF-8") from None
