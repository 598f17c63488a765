"""`whowaits parity`: the same requests both ways, before anything moves."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from analyzer.cli._batch import NEEDS_A_PERSON, Lines
from analyzer.cli._options import json_option, print_json
from analyzer.cli._terminal import counted, printable, table
from analyzer.errors import UserError

if TYPE_CHECKING:
    from analyzer.batch.likeness import Likeness
    from analyzer.batch.parity import Compared, Parity

_SHOWN = 10


@click.command(short_help="Send the same requests both ways and compare the answers.")
@click.argument("file", type=click.File("r", encoding="utf-8"))
@click.option(
    "--job-file",
    type=click.Path(path_type=Path),
    default=Path("batch.toml"),
    show_default=True,
    help="The job file of the kit.",
)
@click.option("-n", "count", type=click.IntRange(1, 10_000), default=50, show_default=True, help="How many requests.")
@click.option(
    "--twice", is_flag=True, help="Call synchronously twice: how much do two such answers differ by themselves?"
)
@click.option(
    "-o",
    "--output",
    "folder",
    type=click.Path(path_type=Path),
    help="Folder of the run.  [default: parity beside the job file]",
)
@click.option("--judge", metavar="MODEL", help="Have this model judge, blind, the answers that differ.")
@click.option("--yes", is_flag=True, help="Send them; without it the cost is shown and nothing is sent.")
@json_option
def command(
    file: Any, job_file: Path, count: int, twice: bool, folder: Path | None, judge: str | None, yes: bool, as_json: bool
) -> int:
    """Send N requests of FILE (JSON lines as for `batch enqueue`) synchronously and in a batch, and compare.

    The cost is shown first. An interrupted run is taken up again by the same command. Exit code 3: an answer is missing
    one way, or the batch broke the form (JSON) that the synchronous answers keep.
    """
    from analyzer.batch import load_job
    from analyzer.batch.parity import carry_out, plan, sample

    job, lines = load_job(job_file), Lines(file)
    place = folder or job_file.absolute().parent / "parity"
    parity = plan(job, sample(lines, count), place, twice=twice, judge=judge)
    rejects = [f"line {reject['line']}: {reject['reason']}" for reject in lines.rejects]
    rejects += [f"key {printable(key)}: {reason}" for key, reason in parity.rejected]
    if not parity.items:
        reason = f"no request that a batch takes ({rejects[0]})" if rejects else "no request"
        raise UserError(file.name, reason, "lines with key and params")
    if not as_json:
        click.echo("\n".join(_plan_lines(parity, rejects)))
    if not yes:
        if as_json:
            print_json({"plan": _plan(parity, rejects), "compared": None})
        else:
            click.echo("nothing was sent; say --yes to send them")
        return 0
    from analyzer.batch.messages_api import from_environment

    found = carry_out(parity, from_environment(), say=lambda line: click.echo(line, err=True))
    if as_json:
        print_json({"plan": _plan(parity, rejects), "compared": compared_document(found)})
    else:
        click.echo(_text(found))
    return NEEDS_A_PERSON if found.needs_a_person else 0


def _plan_lines(parity: Parity, rejects: list[str]) -> list[str]:
    from analyzer.money import dollars

    low, base, high = map(dollars, parity.batch_usd)
    times = ("once", "twice")[len(parity.ways) - 1]
    lines = [
        f"{counted(len(parity.items), 'request')}: in a batch {base} ({low} to {high}), and {times} synchronously "
        f"up to {dollars(parity.synchronous_high_usd)}; together at most {dollars(parity.most_usd)} of list cost"
    ]
    if parity.judge is not None:
        lines.append(f"up to {dollars(parity.judge_high_usd)} of it for the judge, if every pair differs")
    if parity.unpriced:
        lines.append(f"{counted(parity.unpriced, 'request')} of them without a price, in no sum")
    if rejects:
        lines.append(f"{counted(len(rejects), 'request')} left out:")
    return lines + [f"  {reject}" for reject in rejects[:_SHOWN]]


def _plan(parity: Parity, rejects: list[str]) -> dict[str, Any]:
    low, base, high = parity.batch_usd
    return {
        "items": len(parity.items),
        "synchronous_calls": len(parity.ways) * len(parity.items),
        "rejected": len(rejects),
        "unpriced": parity.unpriced,
        "batch": {"low_usd": low, "base_usd": base, "high_usd": high},
        "synchronous_high_usd": parity.synchronous_high_usd,
        "judge_high_usd": parity.judge_high_usd,
        "most_usd": parity.most_usd,
    }


def compared_document(found: Compared) -> dict[str, Any]:
    """What `--json` prints of a run (docs/kits.md); no text of an answer."""
    return {
        "items": found.items,
        "batch": _likeness(found.batch),
        "again": None if found.again is None else _likeness(found.again),
        "judged": None if found.judged is None else asdict(found.judged),
        "unanswered": [{"way": way, "key": key, "reason": reason} for way, key, reason in found.unanswered],
        "batch_usd": found.batch_usd,
        "synchronous_usd": found.synchronous_usd,
        "needs_a_person": found.needs_a_person,
    }


def _likeness(found: Likeness) -> dict[str, Any]:
    document = {name: getattr(found, name) for name in found.__dataclass_fields__ if name != "stops"}
    stops = [{"first": one, "second": other, "count": count} for (one, other), count in found.stops.items()]
    return {**document, "stops": stops}


def _text(found: Compared) -> str:
    from analyzer.money import dollars

    columns = [found.batch] if found.again is None else [found.batch, found.again]
    heads = ("answers compared", "synchronous and batch", "synchronous twice")[: 1 + len(columns)]
    rows = [(name, *cells) for name, *cells in zip(_NAMES, *map(_cells, columns), strict=True)]
    lines = [table(heads, rows, right=range(1, len(heads)))]
    for (one, other), count in found.batch.stops.items():
        lines.append(f"stop reason {printable(one)} became {printable(other)}: {count}")
    if found.judged is not None:
        told = found.judged
        lines.append(
            f"judged by {printable(told.model)}: batch better {told.batch_better}, synchronous better "
            f"{told.synchronous_better}, same {told.same}, undecided {told.undecided}"
        )
    if found.batch_usd is not None and found.synchronous_usd is not None:
        paid, direct = dollars(found.batch_usd), dollars(found.synchronous_usd)
        lines.append(f"list cost by usage: {paid} in the batch, {direct} synchronously")
    lines += [f"no answer, {way}: {printable(key)}: {reason}" for way, key, reason in found.unanswered[:_SHOWN]]
    if len(found.unanswered) > _SHOWN:
        lines.append(f"and {len(found.unanswered) - _SHOWN} more without an answer")
    return "\n".join(lines)


_NAMES = (
    "answered both times",
    "same content",
    "both JSON",
    "  equal values",
    "  same fields",
    "JSON no more",
    "other stop reason",
    "tokens out (median)",
    "length, second / first",
)


def _cells(found: Likeness) -> tuple[str, ...]:
    def number(value: float | None, form: str) -> str:
        return "not known" if value is None else format(value, form)

    length = number(found.length_ratio, ".2f")
    if found.length_ratio_p10 is not None and found.length_ratio_p90 is not None:
        length += f" ({found.length_ratio_p10:.2f} to {found.length_ratio_p90:.2f})"
    tokens = f"{number(found.first_output_tokens, ',.0f')} → {number(found.second_output_tokens, ',.0f')}"
    counts = (
        found.pairs,
        found.exact,
        found.json_both,
        found.json_equal,
        found.json_same_fields,
        found.json_first_only,
        found.stop_differs,
    )
    return (*map(str, counts), tokens, length)
