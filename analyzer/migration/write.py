"""Kits onto the disk: all files are made first, then written; what a person may have edited is not overwritten."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from analyzer.errors import UserError
from analyzer.migration.kits import kits_of
from analyzer.migration.render import texts_of
from analyzer.savings.assessment import Assessment
from analyzer.waiting.window import Turnaround

MANIFEST = ".kits.json"
"""What was written and its digest: tells a file of ours from one that a person edited or a job made."""
REQUESTS = "requests.jsonl"
"""The first batch out of a log; a run that does not read that log leaves it as it is."""


def write_kits(
    assessment: Assessment, folder: Path, *, force: bool = False, turnaround: Turnaround | None = None
) -> tuple[Path, ...]:
    """Write INDEX.md and a folder for each kit; the paths written, the index first.

    Kits of an earlier run that nobody touched are replaced. With `force` edited files of the same name are too.
    Raises: UserError when a file there was edited or is not ours, the store of a running job for instance (without
    `force`), or when a link stands where a kit would go.
    """
    texts = {Path(path): text for path, text in texts_of(kits_of(assessment, turnaround), assessment).items()}
    _check(folder, tuple(texts), force)
    kept = _remove_untouched(folder)
    for path, text in texts.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8", newline="\n")
    if texts or kept:
        remember(folder, [*texts, *kept])
    return tuple(folder / path for path in texts)


def remember(folder: Path, paths: Iterable[Path]) -> None:
    """Note the digests of files just written, so that a later run tells them from files that were edited."""
    manifest = folder / MANIFEST
    written = _manifest(manifest) | {str(path): _digest(folder / path) for path in paths}
    manifest.write_text(json.dumps(written, indent=1) + "\n", encoding="utf-8")


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
        for part in (folder / path, *(folder / above for above in path.parents)):
            if part != folder and part.is_symlink():
                raise UserError(str(part), "a symbolic link", "a plain file or folder", "remove the link")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _manifest(path: Path) -> dict[str, str]:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def _untouched(folder: Path) -> set[Path]:
    """The files of an earlier run that are still as they were written, and the manifest itself."""
    manifest = folder / MANIFEST
    if not manifest.is_file():
        return set()
    ours = {folder / name: digest for name, digest in _manifest(manifest).items() if ".." not in Path(name).parts}
    return {manifest} | {path for path, digest in ours.items() if path.is_file() and _digest(path) == digest}


def _remove_untouched(folder: Path) -> list[Path]:
    """Clear away what an earlier run wrote; the requests out of a log stay, and their paths below it are returned."""
    kept = []
    for path in sorted(_untouched(folder), reverse=True):
        if path.name == REQUESTS:
            kept.append(path.relative_to(folder))
            continue
        path.unlink()
        if path.parent != folder and not any(path.parent.iterdir()):
            path.parent.rmdir()
    return kept
