"""`whowaits trial routing`: is a smaller model good enough for a workload? Priced first, graded by the user's check."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from analyzer.cli._answers import Questioned, questioned, signature
from analyzer.cli._options import audit_option, config_option, json_option, print_json
from analyzer.cli._terminal import printable
from analyzer.cli._trial import amount_option
from analyzer.cli._trial_text import found_document, found_lines, plan_document, plan_lines
from analyzer.errors import UserError, nearest_name

if TYPE_CHECKING:
    from analyzer.trial import Check, Found, Run, Trial
    from analyzer.trial.run import Left

_SIGNED = "whowaits trial routing"
_IN = click.Path(path_type=Path, dir_okay=False)


@click.command(short_help="Try a smaller model on a workload's requests, and grade its answers.")
@click.argument("workload")
@click.option("--to", "target", required=True, metavar="MODEL", help="The smaller model.")
@click.option("--component", metavar="NAME", help="Only this kind of call.  [default: the whole workload]")
@click.option("-n", "--n", "count", type=click.IntRange(1, 10_000), default=200, show_default=True, help="The most.")
@click.option("--requests", "lines", type=click.File("r", encoding="utf-8"), help="JSON lines: key, params, answer.")
@click.option("--from-bodies", "log", metavar="LOG", help="Take them out of a log with bodies that the audit has read.")
@click.option("--exact", is_flag=True, help="Pass: the same content as today's answer.")
@click.option("--json-schema", "schema", type=_IN, help="Pass: JSON that keeps this schema.")
@click.option("--regex", "pattern", metavar="RE", help="Pass: the expression is found in the text.")
@click.option("--check", "function", metavar="MODULE:FUNCTION", help="Pass: function(text, item) is true.")
@click.option("--judge", metavar="MODEL", help="Pass: this model, blind, finds it as good as today's both ways round.")
@amount_option("--most-usd", None, "The most that it may cost in all.")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where requests and answers are kept.  [default: trial-WORKLOAD-MODEL]",
)
@click.option("--yes", is_flag=True, help="Send it. Without this nothing leaves this machine.")
@click.option("--save", is_flag=True, help="Write what was found into whowaits.toml, so that routing counts.")
@click.option("--who", metavar="NAME", help=f"Who answers for it, with --save.  [default: {_SIGNED}]")
@audit_option
@config_option
@json_option
def routing(
    workload: str,
    target: str,
    component: str | None,
    count: int,
    lines: Any,
    log: str | None,
    exact: bool,
    schema: Path | None,
    pattern: str | None,
    function: str | None,
    judge: str | None,
    most_usd: Decimal | None,
    folder: Path | None,
    yes: bool,
    save: bool,
    who: str | None,
    audit_path: Path,
    config_path: Path | None,
    as_json: bool,
) -> None:
    """Send requests of WORKLOAD to a smaller model through the Batch API and grade its answers.

    Today's answers come from the log or from --requests; where there is none the request goes to today's model as
    well. An answer passes when it passes every check that is named; refusals, errors and answers cut off fail. The
    price is shown first. Stopped, the same command goes on where it was; another check of the same answers costs
    nothing.
    """
    from analyzer.trial import carry_out, checks_of, grade
    from analyzer.trial.plan import canonical
    from analyzer.trial.run import check_most

    checks = checks_of(exact, schema, pattern, function)
    if not checks and judge is None:
        raise UserError("trial routing", "no check", "--exact, --json-schema, --regex, --check or --judge", "name one")
    if (lines is None) == (log is None):
        raise UserError("trial routing", "not one source of requests", "--requests FILE or --from-bodies LOG", "")
    target, judge = canonical(target, "--to"), canonical(judge, "--judge") if judge is not None else None
    signed = signature(who) or _SIGNED
    place = folder or Path(f"trial-{_slug(workload)}-{target}")
    with questioned(audit_path, config_path) as asked:
        trial = _planned(asked, workload, component, lines, log, target, count, place, judge)
        allowed = asked.config.constraints_for(workload).allowed_models
    so_far, left = _standing(trial, checks)
    is_done = left is None
    if not as_json:
        click.echo("\n".join(plan_lines(trial, so_far, left, allowed)))
    if left is not None and most_usd is not None:
        check_most(left, most_usd)
    if not is_done and not yes:
        if as_json:
            print_json({"plan": plan_document(trial), "found": None})
        else:
            click.echo("nothing was sent; --yes sends it")
        if save:
            raise UserError(
                "--save", "a trial that is not done", "one whose answers are there", "add --yes, which sends it"
            )
        return
    if not is_done:
        from analyzer.batch.messages_api import from_environment

        so_far = carry_out(trial, checks, from_environment(), say=lambda line: click.echo(line, err=True))
    found = grade(trial, checks, so_far, datetime.now(UTC).date())
    _tell(trial, found, checks, (workload, component), (audit_path, config_path), signed if save else None, as_json)


def _planned(
    asked: Questioned,
    workload: str,
    component: str | None,
    lines: Any,
    log: str | None,
    target: str,
    count: int,
    folder: Path,
    judge: str | None,
) -> Trial:
    from analyzer.trial import logged_requests, plan, supplied_requests
    from analyzer.trial.worth import written_lengths

    numbers = _component_nos(asked, workload, component)
    if log is not None:
        requests = logged_requests(asked.audit, log, numbers, target, count)
    else:
        requests = supplied_requests(lines, target, count)
    lengths = written_lengths(asked.audit, numbers)
    on = datetime.now(UTC).date()
    return plan(requests, target, folder, on=on, judge=judge, lengths=lengths)


def _component_nos(asked: Questioned, workload: str, component: str | None) -> frozenset[int]:
    """Raises: UserError with the nearest name."""
    plans = {plan.verdict.workload: plan for plan in asked.assessment.workloads}
    if workload not in plans:
        hint = nearest_name(workload, [printable(name, 0) for name in plans])
        raise UserError("trial", f"no workload {workload!r}", "a name that `whowaits workloads` prints", hint)
    verdicts = [part.verdict for part in plans[workload].components]
    mine = frozenset(v.component_no for v in verdicts if component in (None, v.component))
    if not mine:
        hint = nearest_name(component or "", [printable(v.component, 0) for v in verdicts])
        raise UserError("--component", f"no kind of call {component!r} in it", "one of its own", hint)
    return mine


def _standing(trial: Trial, checks: Sequence[Check]) -> tuple[Run, Left | None]:
    """What the folder holds already, and what is left to send or to wait for; None = nothing."""
    from analyzer.trial import answers_so_far
    from analyzer.trial.run import pending_judging, what_is_left

    so_far = answers_so_far(trial)
    if not so_far.lacks(trial.items) and not pending_judging(trial, checks, so_far):
        return so_far, None
    return so_far, what_is_left(trial, checks, so_far)


def _tell(
    trial: Trial,
    found: Found,
    checks: Sequence[Check],
    scope: tuple[str, str | None],
    files: tuple[Path, Path | None],
    signed: str | None,
    as_json: bool,
) -> None:
    """Print what was found and what it is worth; write it down where it is signed."""
    from analyzer.trial import worth

    with questioned(*files) as asked:
        value = worth(asked.assess, (asked.config, asked.assessment), *scope, found)
        if as_json:
            print_json({"plan": plan_document(trial), "found": found_document(found, value)})
        else:
            click.echo("\n".join(found_lines(found, value, scope[0])))
        if signed is not None:
            _save(asked, found, scope, signed, [check.name for check in checks], trial.judge)


def _save(
    asked: Questioned,
    found: Found,
    scope: tuple[str, str | None],
    signed: str,
    checks: Sequence[str],
    judge: str | None,
) -> None:
    """Merge it like an answer of the worksheet: what it replaces is told and stays as a comment."""
    from analyzer.trial import evidence
    from analyzer.worksheet import changes, effect_lines, merged_config, write_answers

    if found.pass_rate is None:
        raise UserError("--save", "nothing was graded", "answers that could be graded")
    today = datetime.now(UTC).astimezone().date()
    named = [*checks, *([f"the judge {judge}, blind, both ways round"] if judge else [])]
    note = f"{found.passed} of {found.tried} passed {' and '.join(named)}."
    made, against = changes([evidence(found, *scope, signed, today, note)], asked.config, today)
    target = asked.answers_path
    for line in map(str, against):
        click.echo(printable(line, 0), err=True)
    if not made:
        click.echo(f"{printable(str(target), 0)} says so already", err=True)
        return
    after = asked.assess(merged_config(target, made))
    write_answers(target, made)
    click.echo(f"written to {printable(str(target), 0)}", err=True)
    for line in effect_lines(asked.assessment, after):
        click.echo(line, err=True)


def _slug(name: str) -> str:
    """A name as part of a folder's."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40] or "workload"
