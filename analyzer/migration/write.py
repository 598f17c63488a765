"""Kits onto the disk: all files are made first, then written; what a person may have edited is not overwritten."""

from __future__ import annotations

import hashlib
import json
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
MANIFEST = ".kits.json"
"""What was written and its digest: tells a file of ours from one that a person edited or a job made."""


def write_kits(assessment: Assessment, folder: Path, *, force: bool = False) -> tuple[Path, ...]:
    """Write INDEX.md and a folder for each kit; the paths written, the index first.

    Kits of an earlier run that nobody touched are replaced. With `force` edited files of the same name are too.
    Raises: UserError when a file there was edited or is not ours, the store of a running job for instance (without
    `force`), or when a link stands where a kit would go.
    """
    kits = kits_of(assessment)
    texts = {Path(INDEX): _render("INDEX.md", kits=kits, assessment=assessment)} if kits else {}
    for kit in kits:
        for name in KIT_FILES:
            texts[Path(kit.folder) / name] = _render(name, kit=kit, assessment=assessment, files=KIT_FILES)
    _check(folder, tuple(texts), force)
    _remove_untouched(folder)
    for path, text in texts.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8", newline="\n")
    if texts:
        written = {str(path): _digest(folder / path) for path in texts}
        (folder / MANIFEST).write_text(json.dumps(written, indent=1) + "\n", encoding="utf-8")
    return tuple(folder / path for path in texts)


def _check(folder: Path, paths: tuple[Path, ...], force: bool) -> None:
    if folder.exists() and not folder.is_dir():
        raise UserError(str(folder), "a file", "a folder for the kits", "choose another one with -o")
    ours = _untouched(folder)
    others = [path for path in sorted(folder.rglob("*")) if path.is_file() and path not in ours] if not force else []
    if others:
        raise UserError(
            str(others[0]),
            "edited, or made by a job that uses this kit",
            "a folder with nothing but untouched kits",
            "choose another folder, or say --force to `whowaits migrate`",
        )
    for path in paths:
        for part in (folder / path, (folder / path).parent):
            if part != folder and part.is_symlink():
                raise UserError(str(part), "a symbolic link", "a plain file or folder", "remove the link")


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _untouched(folder: Path) -> set[Path]:
    """The files of an earlier run that are still as they were written, and the manifest itself."""
    manifest = folder / MANIFEST
    if not manifest.is_file():
        return set()
    try:
        written = dict(json.loads(manifest.read_text(encoding="utf-8")))
    except ValueError:
        return set()
    ours = {folder / name: digest for name, digest in written.items() if ".." not in Path(name).parts}
    return {manifest} | {path for path, digest in ours.items() if path.is_file() and _digest(path) == digest}


def _remove_untouched(folder: Path) -> None:
    for path in sorted(_untouched(folder), reverse=True):
        path.unlink()
        if path.parent != folder and not any(path.parent.iterdir()):
            path.parent.rmdir()


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
