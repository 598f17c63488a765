"""Who is at work: a lease that the kernel takes back at the moment its holder dies, and never before.

A lease by the clock can run out while its holder still works, and two would send the same batch. This one is a file
lock: held as long as the process lives, however slow. All processes of a store run on one host (SQLite's WAL asks for
that as well), so they see each other's locks.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from analyzer.errors import UserError


def _folder(store: Path) -> Path:
    return store.with_name(f"{store.name}.workers")


@contextmanager
def on_duty(store: Path) -> Iterator[str]:
    """A new holder's name; it is alive until the block or the process ends, whichever comes first."""
    _folder(store).mkdir(exist_ok=True)
    while True:
        name = os.urandom(8).hex()
        path = _folder(store) / name
        with path.open("x") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not path.exists():  # swept away before it was locked: nobody could see that we live
                continue
            try:
                yield name
            finally:
                path.unlink(missing_ok=True)
            return


@contextmanager
def sole_user(folder: Path) -> Iterator[None]:
    """Nobody else works in the folder until the block or the process ends.

    Raises: UserError when somebody does, or when the folder cannot be written.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = (folder / ".in-use").open("a")
    except OSError as error:
        raise UserError(str(folder), f"cannot be written ({error.strerror})", "a folder that can be written") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            todo = "wait for it, or choose another folder"
            raise UserError(str(folder), "another run is at work in it", "one run at a time", todo) from None
        yield


def is_alive(store: Path, holder: str) -> bool:
    """Whether the holder still works. Names are never used twice, so a dead one stays dead."""
    path = _folder(store) / holder
    try:
        with path.open("r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink(missing_ok=True)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        pass
    return False


def sweep(store: Path) -> None:
    """Take away the files of the dead."""
    for path in _folder(store).glob("*"):
        is_alive(store, path.name)
