"""The texts of a kit, from the templates under reports/kit."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING

from analyzer.migration.inert import markdown, one_line, python_string, toml_string
from analyzer.migration.kits import MAX_BYTES, Kit
from analyzer.migration.schedule import CONCURRENCY
from analyzer.money import as_text, dollars
from analyzer.resources import shipped
from analyzer.savings.assessment import Assessment
from analyzer.times import duration_text

if TYPE_CHECKING:
    import jinja2

PARITY_ITEMS = 50
INDEX = "INDEX.md"
FILES = {
    "RUNBOOK.md": "RUNBOOK.md",
    "batch.toml": "batch.toml",
    "run.sh": "run.sh",
    "before_after.py": "before_after.py",
    "before_after.ts": "before_after.ts",
    "results-mapping.toml": "results-mapping.toml",
    "schedule/crontab": "crontab",
    "schedule/whowaits-{job}.service": "systemd.service",
    "schedule/whowaits-{job}.timer": "systemd.timer",
    "schedule/cronjob.yaml": "cronjob.yaml",
    "schedule/workflow.yaml": "workflow.yaml",
}
"""Files of a kit, each with its template."""


def texts_of(kits: tuple[Kit, ...], assessment: Assessment) -> dict[str, str]:
    """Path below the kits' folder to text, the index first; empty without kits."""
    if not kits:
        return {}
    templates = _templates()
    texts = {INDEX: templates.get_template(f"{INDEX}.j2").render(kits=kits, assessment=assessment)}
    for kit in kits:
        paths = {path.format(job=kit.job): template for path, template in FILES.items()}
        for path, template in paths.items():
            texts[f"{kit.folder}/{path}"] = templates.get_template(f"{template}.j2").render(
                kit=kit, schedule=kit.schedule, company=assessment.company, files=tuple(paths)
            )
    return texts


def _templates() -> jinja2.Environment:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(shipped("reports") / "kit"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    environment.filters.update(
        markdown=markdown,
        one_line=one_line,
        toml=toml_string,
        python=python_string,
        typescript=json.dumps,
        dollars=dollars,
        exact=as_text,
        duration=duration_text,
        share=_share,
        minutes=_minutes,
    )
    environment.globals.update(MAX_BYTES=MAX_BYTES, CONCURRENCY=CONCURRENCY, PARITY_ITEMS=PARITY_ITEMS)
    return environment


def _share(part: Decimal, whole: Decimal) -> str:
    return f"{100 * part / whole:.0f} %" if whole else "0 %"


def _minutes(kit: Kit, at_least: int = 1) -> str:
    """The minute field of a crontab: kits start in different minutes of their round."""
    first, step = kit.schedule.minutes(kit.order)
    step = max(step, at_least)
    return f"{first % step}-59/{step}"
