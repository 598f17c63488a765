"""The texts of a kit, from the templates under reports/kit."""

from __future__ import annotations

import json
from decimal import Decimal
from functools import cache
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
_COMMON = {
    "RUNBOOK.md": "RUNBOOK.md.j2",
    "run.sh": "run.sh.j2",
    "before_after.py": "before_after.py.j2",
    "before_after.ts": "before_after.ts.j2",
    "results-mapping.toml": "results-mapping.toml.j2",
    "schedule/crontab": "crontab.j2",
    "schedule/whowaits-{job}.service": "systemd.service.j2",
    "schedule/whowaits-{job}.timer": "systemd.timer.j2",
    "schedule/cronjob.yaml": "cronjob.yaml.j2",
    "schedule/workflow.yaml": "workflow.yaml.j2",
}
_CLOUD = {
    "settings.json": "settings.json.j2",
    **{name: name for name in ("batch_jobs.py", "batch_waiting.py", "batch_service.py")},
}
_OWN = {
    "anthropic": {"batch.toml": "batch.toml.j2"},
    "bedrock": {
        "definition.json": "bedrock_definition.json.j2",
        **_CLOUD,
        "bedrock_batch.py": "bedrock_batch.py",
        "iam/service-role-trust.json": "bedrock_service_role_trust.json.j2",
        "iam/service-role.json": "bedrock_service_role.json.j2",
        "iam/caller.json": "bedrock_caller.json.j2",
    },
    "vertex": {"definition.json": "vertex_definition.json.j2", **_CLOUD, "vertex_batch.py": "vertex_batch.py"},
}
"""Files of a kit by service, each with its template; what is no template is copied."""


def texts_of(kits: tuple[Kit, ...], assessment: Assessment) -> dict[str, str]:
    """Path below the kits' folder to text, the index first; empty without kits."""
    if not kits:
        return {}
    templates = _templates()
    texts = {INDEX: templates.get_template(f"{INDEX}.j2").render(kits=kits, assessment=assessment)}
    for kit in kits:
        own = _OWN[kit.service.name]
        paths = {path.format(job=kit.job): template for path, template in {**_COMMON, **own}.items()}
        round_files = (*(path for path in own if "/" not in path), "run.sh")
        given = {"kit": kit, "schedule": kit.schedule, "files": tuple(paths), "round_files": round_files}
        for path, template in paths.items():
            if template.endswith(".j2"):
                texts[f"{kit.folder}/{path}"] = templates.get_template(template).render(given)
            else:
                texts[f"{kit.folder}/{path}"] = (shipped("reports") / "kit" / template).read_text(encoding="utf-8")
    return texts


@cache
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
        json=json.dumps,
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
