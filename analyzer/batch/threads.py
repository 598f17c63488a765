"""The same work in a few threads, and all of them stop when one fails or a person interrupts."""

from __future__ import annotations

import threading
from collections.abc import Callable


def in_threads(count: int, work: Callable[[], None], stop: threading.Event) -> None:
    """Run `work` in `count` threads to its end; the first error is raised when all have ended.

    `stop` is set at the first error and at Ctrl-C: `work` looks at it before each step that costs something.
    """
    from concurrent.futures import ThreadPoolExecutor  # not needed to put requests down

    def stopping() -> None:
        try:
            work()
        except BaseException:
            stop.set()
            raise

    with ThreadPoolExecutor(count) as pool:
        try:
            for worker in [pool.submit(stopping) for _ in range(count)]:
                worker.result()
        except BaseException:
            stop.set()
            raise
