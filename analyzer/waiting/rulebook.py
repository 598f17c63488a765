"""The waiting rules: TOML files read, checked all at once, and matched against feature rows on a locked connection."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from analyzer.errors import UserError, UserErrors, nearest_name
from analyzer.resources import shipped
from analyzer.rooms import room_files
from analyzer.times import duration_text
from analyzer.waiting.verdicts import Says, Urgency
from analyzer.workloads.features import FEATURES

if TYPE_CHECKING:
    import duckdb

FAMILIES = ("declared", "shape", "rhythm", "name", "structure", "deadline")
LARGEST_STRENGTH = 2.2
_OPTIONAL = {"urgency"}
_KEYS = {
    "id",
    "title",
    "question",
    "when",
    "says",
    "basis",
    "family",
    "strength",
    "sentence",
    "source",
    "checked",
    "example",
}
_COLUMNS = {feature.name: feature for feature in FEATURES}
_PLACE = re.compile(r"\{(\w+)(?::(\w+))?\}")
_SIGN = {"someone-waits": 1, "process-waits": 1, "nobody-waits": -1, "window-does-not-fit": 0}
Features = Mapping[str, Any]


@dataclass(frozen=True)
class Example:
    """`expects`: match, no-match or unknown (`when` is NULL)."""

    given: Mapping[str, Any]
    expects: str


@dataclass(frozen=True)
class Rule:
    """One file of rules/waiting. `strength` is log-odds that the result is awaited; None = decisive.

    `judgement`: the strength as the file states it; `fitted_on`: when rules/calibration.toml replaced it by a measured
    one, None = it stands as stated. `pack`: the folder of a client's own rule, None = ours.
    `urgency`: how soon such work is needed, where the rule knows better than *now*, *minutes* or *whenever*.
    `family`: evidence of one family does not add up, the strongest counts. `sentence` holds {column:format}
    places; formats: pct (share), s (seconds), n (number), text.
    """

    id: str
    title: str
    question: str
    when: str
    says: Says
    basis: str
    family: str
    strength: float | None
    sentence: str
    source: str
    checked: date
    examples: tuple[Example, ...]
    judgement: float | None = None
    fitted_on: date | None = None
    pack: Path | None = None
    urgency: Urgency | None = None

    def told(self, features: Features) -> str:
        """The sentence with the numbers of one component in it."""
        return _PLACE.sub(lambda place: _shown(features.get(place[1]), place[2] or "text"), self.sentence)


def load_rules(folder: Path | None = None) -> tuple[Rule, ...]:
    """The rules of a folder (None = the shipped ones), in order of id.

    Raises: UserErrors with every problem of every file.
    """
    errors: list[UserError] = []
    rules = []
    for path in room_files(folder or shipped("rules") / "waiting", ".toml"):
        try:
            document = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            errors.append(UserError(path.name, f"not valid TOML ({error})", "TOML in UTF-8"))
            continue
        problems = list(_problems(document, path))
        errors += problems
        if not problems:
            rules.append(_rule(document))
    if errors:
        raise UserErrors(errors)
    return tuple(rules)


def rules_in_force(pack: Path | None = None) -> tuple[Rule, ...]:
    """Our rules with their fitted strengths, and those of a client's folder, which win by id; in order of id.

    Raises: UserErrors with every problem of every file.
    """
    if pack is not None and not pack.is_dir():
        raise UserErrors([UserError(str(pack), "no such folder", "a folder of rules in TOML", "check --rules")])
    mine = load_rules(pack) if pack is not None else ()
    rules = {rule.id: rule for rule in (*calibrated(load_rules()), *(replace(rule, pack=pack) for rule in mine))}
    return tuple(rules[name] for name in sorted(rules))


def calibrated(rules: Sequence[Rule], path: Path | None = None) -> tuple[Rule, ...]:
    """The rules with the strengths of rules/calibration.toml, for those that it has (docs/accuracy.md).

    Raises: UserErrors for a strength that its rule may not have.
    """
    document = tomllib.loads((path or shipped("rules") / "calibration.toml").read_text(encoding="utf-8"))
    fitted: dict[str, float] = {entry["rule"]: float(entry["strength"]) for entry in document.get("weight", [])}
    errors = [
        UserError(f"calibration.toml, {name}", "no such rule", nearest_name(name, [rule.id for rule in rules]))
        for name in sorted(set(fitted) - {rule.id for rule in rules})
    ]
    for rule in rules:
        value = fitted.get(rule.id)
        if value is not None and not 0 < value * _SIGN[rule.says] <= LARGEST_STRENGTH:
            errors.append(UserError(f"calibration.toml, {rule.id}", f"{value}", f"the sign of {rule.says}"))
    if errors:
        raise UserErrors(errors)
    return tuple(
        replace(rule, strength=fitted[rule.id], fitted_on=document["fitted"]) if rule.id in fitted else rule
        for rule in rules
    )


def _rule(document: Mapping[str, Any]) -> Rule:
    strength = document["strength"]
    return Rule(
        **{key: document[key] for key in _KEYS - {"strength", "example", "when", "sentence"}},
        when=" ".join(document["when"].split()),
        sentence=" ".join(document["sentence"].split()),
        strength=None if strength == "decisive" else float(strength),
        urgency=document.get("urgency"),
        judgement=None if strength == "decisive" else float(strength),
        examples=tuple(Example(e.get("given", {}), e["expects"]) for e in document["example"]),
    )


def _problems(document: Mapping[str, Any], path: Path) -> list[UserError]:
    found: list[UserError] = []

    def problem(key: str, what: str, expected: str) -> None:
        found.append(UserError(f"{path.name}, {key}", what, expected))

    for key in sorted(set(document) - _KEYS - _OPTIONAL):
        problem(key, "an unknown key", nearest_name(key, _KEYS | _OPTIONAL))
    for key in sorted(_KEYS - set(document)):
        problem(key, "missing", "a value")
    if found:
        return found
    for key, valid in (("says", get_args(Says)), ("basis", ("declared", "inferred")), ("family", FAMILIES)):
        if document[key] not in valid:
            problem(key, repr(document[key]), nearest_name(str(document[key]), valid))
    if document.get("urgency", "now") not in get_args(Urgency):
        problem("urgency", repr(document["urgency"]), nearest_name(str(document["urgency"]), get_args(Urgency)))
    if found:
        return found
    if document["id"] != path.stem:
        problem("id", repr(document["id"]), f"the file's stem, {path.stem!r}")
    strength, sign = document["strength"], _SIGN[document["says"]]
    if strength != "decisive":
        if not isinstance(strength, int | float) or isinstance(strength, bool) or abs(strength) > LARGEST_STRENGTH:
            problem("strength", repr(strength), f"'decisive' or log-odds within ±{LARGEST_STRENGTH}")
        elif strength * sign < 0 or (strength == 0) != (sign == 0):
            problem("strength", repr(strength), f"the sign of {document['says']}")
    elif document["basis"] != "declared":
        problem("strength", "decisive on an inferred basis", "log-odds: only what is declared is decisive")
    if document["family"] == "rhythm" and document["says"] != "nobody-waits":
        problem("says", document["says"], "nobody-waits: timing can prove a schedule, never that someone waits")
    for column, style in _PLACE.findall(document["sentence"]):
        if column not in _COLUMNS or style not in ("", "pct", "s", "n", "text"):
            problem("sentence", f"{{{column}:{style}}}", "a feature column and pct, s, n or text")
    outcomes = {example.get("expects") for example in document["example"]}
    if not {"match", "no-match", "unknown"} <= outcomes:
        problem("example", f"{sorted(map(str, outcomes))}", "at least one match, no-match and unknown")
    for example in document["example"]:
        for column in sorted(set(example.get("given", {})) - set(_COLUMNS)):
            problem("example.given", column, nearest_name(column, _COLUMNS))
    return found


def _shown(value: Any, style: str) -> str:
    if value is None:
        return "an unknown number"
    if style == "pct":
        return "under 1 %" if 0 < value < 0.005 else f"{100 * value:.0f} %"
    if style == "s":
        return duration_text(float(value))
    if style == "n":
        return f"{value:,.0f}" if float(value) == int(value) else f"{value:,.2f}"
    return " ".join(str(value).split())


class RuleBench:
    """Feature rows on an in-memory connection of their own: no file, no network, no setting within a rule's reach."""

    def __init__(self, rows: Sequence[Features]) -> None:
        import duckdb

        self._connection = duckdb.connect(":memory:")
        columns = ", ".join(f"{feature.name} {feature.kind}" for feature in FEATURES)
        self._connection.execute(f"create table features ({columns})")
        structure = json.dumps([{feature.name: feature.kind for feature in FEATURES}])
        names = ", ".join(f"r.{feature.name}" for feature in FEATURES)
        for start in range(0, len(rows), 5000):
            some = rows[start : start + 5000]
            batch = [{feature.name: row.get(feature.name) for feature in FEATURES} for row in some]
            self._connection.execute(
                f"insert into features select {names} from (select unnest(from_json($rows, $structure)) as r)",
                {"rows": json.dumps(batch), "structure": structure},
            )
        self._connection.execute("set enable_external_access = false")
        self._connection.execute("set lock_configuration = true")

    def matches(self, rule: Rule) -> dict[int, bool]:
        """component_no to whether the rule matches, for the components of which the log can say it.

        Raises: UserError when `when` is no valid boolean over the feature columns.
        """
        try:
            rows: list[tuple[int, bool]] = self._run(
                f"select component_no, cast(({rule.when}) as boolean) as matched from features"
                " where matched is not null order by component_no"
            )
        except Exception as error:
            first_line = str(error).splitlines()[0]
            raise UserError(f"rule {rule.id}, when", first_line, "an SQL boolean over docs/features.md") from None
        return dict(rows)

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()

    def _run(self, query: str) -> Any:
        connection: duckdb.DuckDBPyConnection = self._connection
        return connection.execute(query).fetchall()


def example_outcomes(rule: Rule) -> tuple[str, ...]:
    """What each example of a rule comes to: match, no-match or unknown, in order."""
    bench = RuleBench([{**example.given, "component_no": no} for no, example in enumerate(rule.examples)])
    try:
        matched = bench.matches(rule)
    finally:
        bench.close()
    words = {True: "match", False: "no-match", None: "unknown"}
    return tuple(words[matched.get(no)] for no in range(len(rule.examples)))


def rests_on(rule: Rule) -> str:
    """What the strength of a rule stands on, in one word."""
    if rule.strength is None or rule.says == "window-does-not-fit":
        return "declared"
    return "judgement" if rule.fitted_on is None else "measured"


def rules_table(rules: Sequence[Rule]) -> str:
    """The table of rules in docs/waiting.md."""
    lines = ["| rule | it matches when | says | log-odds | rests on | family |", "|---|---|---|---|---|---|"]
    for rule in rules:
        strength = "decisive" if rule.strength is None else f"{rule.strength:+g}".replace("-", "−")
        strength = "deadline" if rule.says == "window-does-not-fit" else strength
        lines.append(f"| `{rule.id}` | {rule.title} | {rule.says} | {strength} | {rests_on(rule)} | {rule.family} |")
    return "\n".join(lines) + "\n"
