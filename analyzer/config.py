"""`whowaits.toml`: what the user tells us; every problem in it is listed at once."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from analyzer.errors import UserError, UserErrors
from analyzer.times import duration_s
from analyzer.toml_reader import TomlReader

DEFAULT_WORKLOAD_KEYS = (
    "tag:workload",
    "tag:feature",
    "tag:job",
    "tag:app",
    "tag:route",
    "application",
    "api_key",
    "prefix_hash",
    "workspace",
)
_COLUMN_KEYS = ("application", "api_key", "prefix_hash", "workspace", "source", "user_agent")


@dataclass(frozen=True)
class Answer:
    """What the owner of a workload (or of one component of it) said; decisive.

    `awaited` None = not answered. `needed_within_s` seconds, None = not answered.
    `output_share`: the output that is enough, as a share (0 to 1) of today's. `route_to` needs `pass_rate` (0 to 1);
    `tried`: of how many answers that is the share, None = not said.
    """

    workload: str
    component: str | None = None
    awaited: bool | None = None
    needed_within_s: int | None = None
    output_share: Decimal | None = None
    route_to: str | None = None
    pass_rate: Decimal | None = None
    tried: int | None = None
    who: str | None = None
    on: date | None = None
    note: str | None = None


@dataclass(frozen=True)
class CommittedRate:
    """A rate that a contract fixes: USD per million tokens of one model in one mode, by column of the prices.

    It stands in place of the list price less the discount; what the contract does not name stays with the discount.
    """

    model: str
    mode: str
    usd_per_mtok: tuple[tuple[str, Decimal], ...]


@dataclass(frozen=True)
class Limits:
    """The account's limits. `tier`: as published; the figures stand in place of the tier's, for every pool."""

    tier: str | None = None
    requests_per_minute: int | None = None
    input_tokens_per_minute: int | None = None
    output_tokens_per_minute: int | None = None
    queued_batch_requests: int | None = None


@dataclass(frozen=True)
class Constraints:
    """What a plan may not do to one workload, or to all; None = not said.

    `regions`: where its inference may run: `us`, `global`, or a cloud's region (for all regional endpoints).
    """

    allowed_models: tuple[str, ...] | None = None
    allow_1h_cache: bool | None = None
    allow_batch: bool | None = None
    regions: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Config:
    """The whole configuration; the default is an empty file. `rules_folder`: the client's own waiting rules.

    `discount_share`: of all models that `model_discounts` (model, share) does not name. `credits_usd`: granted or
    prepaid, used before anything is paid. `limits` None = not said.

    `models`: names of models in logs that only the client can read, each with the model it means.
    """

    workload_keys: tuple[str, ...] = DEFAULT_WORKLOAD_KEYS
    answers: tuple[Answer, ...] = ()
    discount_share: Decimal = Decimal(0)
    constraints: Constraints = Constraints()
    workload_constraints: tuple[tuple[str, Constraints], ...] = ()
    company: str | None = None
    rules_folder: Path | None = None
    models: tuple[tuple[str, str], ...] = ()
    model_discounts: tuple[tuple[str, Decimal], ...] = ()
    committed_rates: tuple[CommittedRate, ...] = ()
    credits_usd: Decimal = Decimal(0)
    limits: Limits | None = None
    path: Path | None = field(default=None, compare=False)

    def answers_for(self, workload: str, component: str | None) -> tuple[Answer, ...]:
        """The answers that cover a component: first those of the component, then those of the workload."""
        mine = [a for a in self.answers if a.workload == workload and a.component in (None, component)]
        return tuple(sorted(mine, key=lambda a: a.component is None))

    def constraints_for(self, workload: str) -> Constraints:
        """What holds for a workload: of each constraint its own, else that of all."""
        own = dict(self.workload_constraints).get(workload, Constraints())
        values = {f.name: getattr(own, f.name) for f in fields(Constraints)}
        return replace(self.constraints, **{name: value for name, value in values.items() if value is not None})


def load_config(path: Path | None) -> Config:
    """Read `whowaits.toml`; None means no file.

    Raises: UserErrors with every problem found.
    """
    if path is None:
        return Config()
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserErrors([UserError(str(path), "no such file", "a whowaits.toml", "check --config")]) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserErrors([UserError(str(path), f"not valid TOML ({error})", "TOML in UTF-8")]) from None
    return parse_config(document, path)


def parse_config(document: Mapping[str, Any], path: Path) -> Config:
    """The document as a Config.

    Raises: UserErrors with every problem found.
    """
    reader = _Reader(str(path))
    reader.known(document, "", ("company", "workloads", "answer", "prices", "constraints", "rules", "models", "limits"))
    workloads = reader.table(document, "workloads", ("keys",))
    prices = reader.table(document, "prices", ("discount_share", "models", "committed", "credits_usd"))
    constraints = reader.table(document, "constraints", (*_CONSTRAINT_KEYS, "workload"))
    rules = reader.table(document, "rules", ("folder",))
    folder = reader.value(rules, "folder", str, None, "rules")
    answers = document.get("answer", [])
    if not isinstance(answers, list):
        reader.problem("answer", "a single value", "a list of tables, each headed [[answer]]")
        answers = []
    config = Config(
        company=reader.value(document, "company", str, None),
        workload_keys=tuple(reader.keys(workloads)),
        answers=tuple(_read_answer(reader, i, a) for i, a in enumerate(answers, 1) if isinstance(a, dict)),
        discount_share=reader.share(prices, "discount_share", "prices.") or Decimal(0),
        constraints=_read_constraints(reader, constraints, "constraints"),
        workload_constraints=_read_workload_constraints(reader, constraints),
        rules_folder=None if folder is None else path.parent / folder,
        models=reader.models(document),
        model_discounts=_read_discounts(reader, prices),
        committed_rates=_read_rates(reader, prices),
        credits_usd=reader.amount(prices, "prices.credits_usd", "credits_usd") or Decimal(0),
        limits=_read_limits(reader, document),
        path=path,
    )
    if reader.errors:
        raise UserErrors(reader.errors)
    return config


_REGION = re.compile(r"us|global|[a-z]+(-[a-z]+)+-?[0-9]+")
_CONSTRAINT_KEYS = ("allowed_models", "allow_1h_cache", "allow_batch", "regions")


def _read_constraints(reader: _Reader, table: Mapping[str, Any], where: str) -> Constraints:
    lists = {key: reader.value(table, key, list, None, where) for key in ("allowed_models", "regions")}
    for key, values in lists.items():
        if values is not None and not (values and all(isinstance(value, str) and value for value in values)):
            reader.problem(f"{where}.{key}", repr(values), "a list of names, one at least")
            lists[key] = None
    for name in lists["regions"] or ():
        if not _REGION.fullmatch(name):
            reader.problem(f"{where}.regions", repr(name), "us, global, or a cloud's region such as eu-central-1")
    models, regions = (None if values is None else tuple(values) for values in lists.values())
    hour, batch = (reader.value(table, key, bool, None, where) for key in ("allow_1h_cache", "allow_batch"))
    return Constraints(models, hour, batch, regions)


def _read_workload_constraints(reader: _Reader, table: Mapping[str, Any]) -> tuple[tuple[str, Constraints], ...]:
    found: dict[str, Constraints] = {}
    for number, row in enumerate(reader.value(table, "workload", list, [], "constraints"), 1):
        where = f"constraints.workload {number}"
        if not isinstance(row, dict):
            reader.problem(where, repr(row), "a table headed [[constraints.workload]]")
            continue
        reader.known(row, where + ".", ("name", *_CONSTRAINT_KEYS))
        name = reader.value(row, "name", str, "", where)
        if not name:
            reader.problem(where, "no name", "the name of a workload as `whowaits workloads` prints it")
        elif name in found:
            reader.problem(f"{where}.name", repr(name), "a workload that has no constraints above")
        found[name] = _read_constraints(reader, row, where)
    return tuple(found.items())


_ANSWER_KEYS = (
    "workload",
    "component",
    "awaited",
    "needed_within",
    "output_share",
    "route_to",
    "pass_rate",
    "tried",
    "who",
    "on",
    "note",
)


def _read_answer(reader: _Reader, number: int, table: dict[str, Any]) -> Answer:
    where = f"answer {number}"
    reader.known(table, where + ".", _ANSWER_KEYS)
    workload = reader.value(table, "workload", str, "", where)
    if not workload:
        reader.problem(where, "no workload", "the name of a workload as `whowaits workloads` prints it")
    within = table.get("needed_within")
    seconds: int | None = None
    if within is not None:
        try:
            seconds = duration_s(str(within))
        except ValueError:
            reader.problem(f"{where}.needed_within", repr(within), "a duration such as 90s, 10m, 8h or 1d")
    answer = Answer(
        workload=workload,
        component=reader.value(table, "component", str, None, where),
        awaited=reader.value(table, "awaited", bool, None, where),
        needed_within_s=seconds,
        output_share=reader.share(table, "output_share", f"{where}."),
        route_to=reader.value(table, "route_to", str, None, where),
        pass_rate=reader.share(table, "pass_rate", f"{where}."),
        tried=reader.count(table, "tried", where),
        who=reader.value(table, "who", str, None, where),
        on=reader.value(table, "on", date, None, where),
        note=reader.value(table, "note", str, None, where),
    )
    if answer.route_to and answer.pass_rate is None:
        reader.problem(f"{where}.route_to", "no pass_rate beside it", "the share of answers that passed the trial")
    if answer.tried is not None and answer.pass_rate is None:
        reader.problem(f"{where}.tried", "no pass_rate beside it", "the share of the tried answers that passed")
    return answer


RATE_COLUMNS = ("uncached_input", "cache_write_5m", "cache_write_1h", "cache_read", "output")


def _read_discounts(reader: _Reader, prices: Mapping[str, Any]) -> tuple[tuple[str, Decimal], ...]:
    table = reader.value(prices, "models", dict, {}, "prices")
    found = ((model, reader.share(table, model, "prices.models.")) for model in table)
    return tuple((model, share) for model, share in found if share is not None)


def _read_rates(reader: _Reader, prices: Mapping[str, Any]) -> tuple[CommittedRate, ...]:
    found: list[CommittedRate] = []
    for number, table in enumerate(reader.value(prices, "committed", list, [], "prices"), 1):
        where = f"prices.committed {number}"
        if not isinstance(table, dict):
            reader.problem(where, repr(table), "a table headed [[prices.committed]]")
            continue
        reader.known(table, where + ".", ("model", "mode", *RATE_COLUMNS))
        model, mode = reader.value(table, "model", str, "", where), reader.value(table, "mode", str, "standard", where)
        rates = tuple((column, reader.amount(table, f"{where}.{column}", column)) for column in RATE_COLUMNS)
        named = tuple((column, usd) for column, usd in rates if usd is not None)
        if not model:
            reader.problem(where, "no model", "the model whose rate the contract fixes")
        if not named:
            reader.problem(where, "no rate", "USD per million tokens for one of " + ", ".join(RATE_COLUMNS))
        found.append(CommittedRate(model, mode, named))
    return tuple(found)


def _read_limits(reader: _Reader, document: Mapping[str, Any]) -> Limits | None:
    figures = ("requests_per_minute", "input_tokens_per_minute", "output_tokens_per_minute", "queued_batch_requests")
    table = reader.table(document, "limits", ("tier", *figures))
    tier = reader.value(table, "tier", str, None, "limits")
    counts = {name: reader.count(table, name, "limits") for name in figures}
    return Limits(tier, **counts) if table else None


class _Reader(TomlReader):
    """What this file holds."""

    def value(self, table: Mapping[str, Any], key: str, kind: type, default: Any, where: str = "") -> Any:
        value = table.get(key, default)
        if value is not None and not isinstance(value, kind):
            self.problem(f"{where}.{key}" if where else key, repr(value), f"a {kind.__name__}")
            return default
        return value

    def count(self, table: Mapping[str, Any], key: str, where: str) -> int | None:
        count: int | None = self.value(table, key, int, None, where)
        if isinstance(count, bool) or (count is not None and count < 1):
            self.problem(f"{where}.{key}", repr(count), "a whole number from 1")
            return None
        return count

    def share(self, table: Mapping[str, Any], key: str, prefix: str) -> Decimal | None:
        return self.number(table, key, prefix, 0, 1)

    def amount(self, table: Mapping[str, Any], where: str, key: str) -> Decimal | None:
        """USD, from 0; at most 6 decimals, so that a rate per million tokens has 12 a token."""
        value = table.get(key)
        if value is None:
            return None
        try:
            usd = Decimal(str(value))
            good = not isinstance(value, bool) and usd >= 0 and usd == usd.quantize(Decimal("0.000001"))
        except InvalidOperation:
            good = False
        if not good:
            self.problem(where, repr(value), "an amount in USD from 0, at most 6 decimals")
            return None
        return usd

    def models(self, document: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
        table = document.get("models", {})
        if not isinstance(table, dict):
            self.problem("models", f"a {type(table).__name__}", "a table headed [models]")
            return ()
        for name, model in table.items():
            if not isinstance(model, str):
                self.problem(f"models.{name}", repr(model), "the id of a model")
        return tuple((name, model) for name, model in table.items() if isinstance(model, str))

    def keys(self, workloads: Mapping[str, Any]) -> list[str]:
        keys: list[Any] = self.value(workloads, "keys", list, list(DEFAULT_WORKLOAD_KEYS), "workloads")
        for key in keys:
            if not isinstance(key, str) or not (key.startswith("tag:") or key in _COLUMN_KEYS):
                self.problem("workloads.keys", repr(key), "'tag:NAME' or one of " + ", ".join(_COLUMN_KEYS))
        return [key for key in keys if isinstance(key, str)]
