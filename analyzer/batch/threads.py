"""The same work in a few threads, and all of them stop when one fails or a person interrupts."""

from __future__ import annotations

import threading
from collections.abc import Callable


def in_threads(count: int, work: Callable[[], None], stop: threading.Event) -> None:
    """Run `work` in `count` threads to its end; the first error is raised when all have ended.

    `stop` is set at the first error and at Ctrl-C: `work` looks at it before each step that costs something.
    """
    from concurrent.futures import ThreadPoolExecutor  # not needed to put requests down

    # Nothing begins before the pool knows all its threads: an interrupt between would leave one that nobody waits for.
    begun = threading.Event()

    def stopping() -> None:
        begun.wait()
        try:
            work()
        except BaseException:
            stop.set()
            raise

    with ThreadPoolExecutor(count) as pool:
        try:
            workers = [pool.submit(stopping) for _ in range(count)]
            begun.set()
            for worker in workers:
                worker.result()
        except BaseException:
            stop.set()
            begun.set()
            raise
