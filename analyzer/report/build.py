"""One self-contained HTML file: every section, its styles, its charts and the chart library, no request to anywhere."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from analyzer.money import dollars
from analyzer.report import display
from analyzer.resources import shipped
from analyzer.rooms import room_modules
from analyzer.savings.assessment import Assessment

_SECTIONS = Path(__file__).parent / "sections"


@dataclass(frozen=True)
class Section:
    """A rendered section: `id` is the stem of its files, `order` its place."""

    id: str
    title: str
    html: Markup
    order: int


def build_report(assessment: Assessment, *, generated_on: date, more: Iterable[Section] = ()) -> str:
    """The report as one HTML document that opens offline; `more`: sections that other rooms have made.

    The same assessment and date give the same bytes. Nothing else in it was not in the assessment.
    """
    environment = report_environment()
    coverage = assessment.coverage
    own = (_rendered(environment, module, assessment) for module in section_modules())
    sections = sorted((*own, *more), key=lambda section: (section.order, section.id))
    folder = shipped("reports")
    return environment.get_template("report.html.j2").render(
        company=assessment.company,
        period=display.period_text(coverage.first_day, coverage.last_day) if coverage.first_day else None,
        generated_on=display.day_text(generated_on),
        sections=sections,
        css=_inline(folder / "report.css"),
        script=_inline(folder / "report.js"),
        plotly=_inline(folder / "vendor" / "plotly-basic.min.js"),
    )


def section_modules() -> tuple[ModuleType, ...]:
    """Every section room, in the order in which it is read."""
    modules = room_modules("analyzer.report.sections", _SECTIONS)
    return tuple(sorted(modules, key=lambda module: (module.order, module.__name__)))


def report_environment() -> Environment:
    """Escapes everything by default; an undefined name is an error, not an empty place."""
    environment = Environment(
        loader=FileSystemLoader(shipped("reports")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        dollars=dollars,
        count=display.count,
        counted=display.counted,
        share=display.share_text,
        unbroken=display.unbroken,
        day=display.day_text,
        inline_json=inline_json,
        plain=display.plain,
    )
    return environment


def inline_json(value: Any) -> Markup:
    """JSON for a script element: nothing in it can end the element or open a comment."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)


def _rendered(environment: Environment, module: ModuleType, assessment: Assessment) -> Section:
    name = module.__name__.rpartition(".")[2]
    template = environment.get_template(f"sections/{name}.html.j2")
    return Section(name, module.title, Markup(template.render(**module.build(assessment))), module.order)


def _inline(path: Path) -> Markup:
    """A file of ours (or a vendored one) that may stand inside a style or script element.

    Raises: ValueError where its text would end the element early.
    """
    text = path.read_text(encoding="utf-8")
    for forbidden in ("</script", "</style", "<!--"):
        if forbidden in text.lower():
            raise ValueError(f"{path.name} holds {forbidden} and cannot be inlined")
    return Markup(text)
