"""One file, one room: adding the file registers it."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType


def room_files(folder: Path, *suffixes: str) -> tuple[Path, ...]:
    """The room files of a folder in order of name; names with a leading underscore are not rooms."""
    return tuple(
        sorted(
            path
            for path in folder.iterdir()
            if path.suffix in suffixes and not path.name.startswith("_") and path.is_file()
        )
    )


def room_modules(package: str, folder: Path) -> tuple[ModuleType, ...]:
    """The Python rooms of a package, imported, in order of name."""
    return tuple(importlib.import_module(f"{package}.{path.stem}") for path in room_files(folder, ".py"))
