"""`whowaits cache`: what the prompt cache would read and write."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from analyzer.cli._audits import open_audit_with_requests
from analyzer.cli._configuration import read_config
from analyzer.cli._options import audit_option, config_option, json_option, print_json
from analyzer.cli._terminal import counted, printable, table
from analyzer.money import dollars

if TYPE_CHECKING:
    from analyzer.savings.cache_paths import CacheSums

_TTLS = {"5m": 300, "1h": 3600}


def _ttl_s(context: click.Context, parameter: click.Parameter, text: str) -> int:
    if text in _TTLS:
        return _TTLS[text]
    if text.isascii() and text.isdigit() and int(text) > 0:
        return int(text)
    raise click.BadParameter(f"found {text!r}, expected 5m, 1h or a number of seconds")


def _min_prefix(context: click.Context, parameter: click.Parameter, text: str) -> int | None:
    if text in ("model", "none"):
        return None if text == "model" else 0
    if text.isascii() and text.isdigit():
        return int(text)
    raise click.BadParameter(f"found {text!r}, expected a number of tokens, model or none")


@click.command()
@click.option(
    "--ttl",
    "ttl_s",
    default="5m",
    show_default=True,
    callback=_ttl_s,
    metavar="5m|1h|SECONDS",
    help="How long an entry lives.",
)
@click.option(
    "--visibility",
    type=click.Choice(["answered", "immediate"]),
    default="answered",
    show_default=True,
    help="An entry can be read once the answer that wrote it has begun, or at once.",
)
@click.option(
    "--min-prefix",
    default="model",
    show_default=True,
    callback=_min_prefix,
    metavar="TOKENS|model|none",
    help="The shortest prefix that is cached.",
)
@audit_option
@config_option
@json_option
def command(
    ttl_s: int,
    visibility: Any,
    min_prefix: int | None,
    audit_path: Path,
    config_path: Path | None,
    as_json: bool,
) -> None:
    """Replay the prompt cache over the log: input tokens read and written, and what the input would cost.

    Only calls whose log has the shape of the prompt take part.
    """
    from analyzer.savings.cache_paths import CacheRules, replay, total
    from analyzer.workloads import scan

    config = read_config(config_path, audit_path)
    rules = CacheRules(ttl_s, visibility, min_prefix)
    with open_audit_with_requests(audit_path) as audit:
        scan(audit, config)
        sums = replay(audit, rules)
        names = {
            no: (workload, component)
            for no, workload, component in audit.connection.execute(
                "select component_no, workload, component from components"
            ).fetchall()
        }
        without = audit.connection.execute("select count(*) from calls").fetchall()[0][0] - total(sums.values()).calls
    parts = sorted(sums.items(), key=lambda item: (-item[1].input_tokens, names[item[0]]))
    write = Decimal("1.25") if ttl_s <= _TTLS["5m"] else Decimal(2)
    if as_json:
        print_json(
            {
                "ttl_s": ttl_s,
                "visibility": visibility,
                "total": _document(total(sums.values()), write),
                "calls_without_prompt_shape": without,
                "components": [
                    {"workload": names[no][0], "component": names[no][1], **_document(part, write)}
                    for no, part in parts
                ],
            }
        )
        return
    rows = [_cells(printable(f"{names[no][0]} · {names[no][1]}", 50), part, write) for no, part in parts]
    rows.append(_cells("total", total(sums.values()), write))
    heads = ("component", "calls", "input", "read", "written", "read", "of uncached", "input cost")
    click.echo(table(heads, rows, right=range(1, 8)))
    for reason, count in sorted(total(sums.values()).misses.items(), key=lambda item: -item[1]):
        click.echo(f"read nothing, {reason}: {counted(count, 'call')}")
    if without:
        click.echo(f"no prompt shape in the log, left out: {counted(without, 'call')}")


def _cells(name: str, part: CacheSums, write: Decimal) -> tuple[str, ...]:
    cost = part.input_cost_usd
    return (
        name,
        f"{part.calls:,}",
        f"{part.input_tokens:,}",
        f"{part.read_tokens:,}",
        f"{part.written_tokens:,}",
        f"{part.read_share * 100:.1f} %",
        f"{part.relative_cost(write):.3f}",
        "not known" if cost is None else dollars(cost),
    )


def _document(part: CacheSums, write: Decimal) -> dict[str, Any]:
    return {
        "calls": part.calls,
        "input_tokens": part.input_tokens,
        "read_tokens": part.read_tokens,
        "written_tokens": part.written_tokens,
        "read_again_tokens": part.read_again_tokens,
        "read_share": float(part.read_share),
        "input_cost_usd": part.input_cost_usd,
        "relative_cost": float(part.relative_cost(write)),
        "relative_cost_read_again": float(part.relative_cost(write, read_again_only=True)),
        "misses": part.misses,
    }
