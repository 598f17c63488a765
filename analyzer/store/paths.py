"""What the user named, as files: folders walked in order, globs opened, hidden files left out; places by their URL."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from analyzer.errors import UserError

_NEVER_LOGS = re.compile(
    r"\.(png|jpe?g|gif|webp|svg|ico|pdf|md|rst|html?|css|[jt]s|py|sh|whl|duckdb|db|sqlite|wal|toml|ya?ml|lock)$",
    re.IGNORECASE,
)
_SCHEME = re.compile(r"(postgres|postgresql|s3)://", re.IGNORECASE)
_DATABASE_URL = re.compile(
    r"(?:[^/?#@\s]*@)?(?P<host>[\w.,\[\]:-]*)(?:/(?P<database>[^/?#@\s]*))?(?:\?[^@#\s]*)?", re.IGNORECASE
)


def scheme_of(path: str) -> str:
    """`postgresql` or `s3` for a URL that is opened by its own door; '' for a path on this machine."""
    found = _SCHEME.match(path)
    if not found:
        return ""
    return "s3" if found[1].lower() == "s3" else "postgresql"


def shown_path(path: str) -> str:
    """The path as it may be stored and printed: of a database host and name only, never user, password or options."""
    if scheme_of(path) != "postgresql":
        return plain_path(path)
    found = _DATABASE_URL.fullmatch(path.split("://", 1)[1])
    if found is None:
        return "postgresql://..."
    return f"postgresql://{found['host']}/{found['database'] or ''}"


def plain_path(path: str) -> str:
    """The path as text that can be stored and printed: bytes of a name that are no UTF-8 as `\\xff`."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def expand_paths(paths: Sequence[str]) -> tuple[str, ...]:
    """Each file once, in order: as named, folders sorted.

    Raises: UserError for a path that is not there.
    """
    found: dict[str, None] = {}
    for path in paths:
        for name in _files_of(path):
            found.setdefault(name)
    return tuple(found)


def is_never_a_log(path: str) -> bool:
    """By its ending: pictures, documents, programs."""
    return _NEVER_LOGS.search(path) is not None


def _files_of(path: str) -> Iterator[str]:
    scheme = scheme_of(path)
    if scheme == "s3":
        from analyzer.store.objects import objects_under

        yield from objects_under(path)
    elif scheme or path == "-" or Path(path).is_file():
        yield path
    elif Path(path).is_dir():
        yield from _walk(path)
    elif Path(path).exists():
        raise UserError(
            path, "neither a file nor a folder", "a file, a folder, a glob or -", "pipe it in: ... | whowaits ingest -"
        )
    elif matches := sorted(glob.glob(path, recursive=True)):  # noqa: PTH207
        for match in matches:
            yield from _files_of(match)
    else:
        raise UserError(path, "no such file or folder", "a file, a folder, a glob or -", "check the path")


def _walk(folder: str) -> Iterator[str]:
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if not name.startswith("."):
                yield str(Path(root) / name)


def stored_bytes(path: str) -> int:
    """Size of a local file; 0 for what is no file or not readable."""
    try:
        return Path(path).stat().st_size if Path(path).is_file() else 0
    except OSError:
        return 0
