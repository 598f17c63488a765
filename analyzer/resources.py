"""Where the shipped folders lie: beside the package in a checkout, inside it in a wheel."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent


def shipped(folder: str) -> Path:
    """The folder `rules`, `reports` or `sample_data`.

    Raises: FileNotFoundError when the installation is broken.
    """
    for candidate in (_PACKAGE / "_shipped" / folder, _PACKAGE.parent / folder):
        if candidate.is_dir():
            return candidate
    raise FileNotFoundError(f"{folder}: not shipped with this installation of whowaits; install it again")
