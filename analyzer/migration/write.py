"""Kits onto the disk: all files are made first, then written; what a person may have edited is not overwritten."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from analyzer.errors import UserError
from analyzer.migration.inert import markdown, one_line, python_string, toml_string
from analyzer.migration.kits import MAX_BYTES, WINDOW_S, Kit, kits_of
from analyzer.money import as_text, dollars
from analyzer.resources import shipped
from analyzer.savings.assessment import Assessment
from analyzer.times import duration_text

KIT_FILES = ("batch.toml", "RUNBOOK.md", "crontab", "before_after.py")
INDEX = "INDEX.md"


def write_kits(assessment: Assessment, folder: Path, *, force: bool = False) -> tuple[Path, ...]:
    """Write INDEX.md and a folder for each kit; the paths written, the index first.

    Nothing is written when no workload has a kit. With `force` files of the same name are replaced, others left.
    Raises: UserError when the folder is not empty (without `force`), or holds a link where a kit would go.
    """
    kits = kits_of(assessment)
    texts = {Path(INDEX): _render("INDEX.md", kits=kits, assessment=assessment)} if kits else {}
    for kit in kits:
        for name in KIT_FILES:
            texts[Path(kit.folder) / name] = _render(name, kit=kit, assessment=assessment, files=KIT_FILES)
    _check(folder, tuple(texts), force)
    for path, text in texts.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8", newline="\n")
    return tuple(folder / path for path in texts)


def _check(folder: Path, paths: tuple[Path, ...], force: bool) -> None:
    if folder.exists() and not folder.is_dir():
        raise UserError(str(folder), "a file", "a folder for the kits", "choose another one with -o")
    if not force and folder.is_dir() and any(folder.iterdir()):
        raise UserError(
            str(folder), "the folder is not empty", "a new or empty folder", "choose another, or say --force to replace"
        )
    for path in paths:
        for part in (folder / path, (folder / path).parent):
            if part != folder and part.is_symlink():
                raise UserError(str(part), "a symbolic link", "a plain file or folder", "remove the link")


def _render(name: str, **values: Any) -> str:
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
        dollars=dollars,
        exact=as_text,
        duration=duration_text,
        share=lambda part, whole: f"{100 * part / whole:.0f} %" if whole else "0 %",
    )
    environment.globals.update(schedule=_schedule, MAX_BYTES=MAX_BYTES, WINDOW_S=WINDOW_S)
    return environment.get_template(f"{name}.j2").render(**values)


def _schedule(kit: Kit) -> dict[str, str]:
    """When cron submits and collects: minutes are spread by the kit's number so that jobs do not start together."""
    minute = 7 * kit.order % 60
    if kit.is_tight:
        return {"submit": "*/5 * * * *", "collect": "*/2 * * * *", "poll": "2m", "submit_words": "every 5 minutes"}
    return {
        "submit": f"{minute} * * * *",
        "collect": "*/10 * * * *",
        "poll": "10m",
        "submit_words": f"once an hour at minute {minute}",
    }
