"""The first real batch out of the log itself: request bodies of calls that move, as lines for `whowaits batch enqueue`.

Bodies go from the log to `requests.jsonl` of each kit, and nowhere else.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from analyzer.migration.kits import Kit
from analyzer.migration.write import REQUESTS, remember
from analyzer.store.audit import Audit
from analyzer.workloads.bodies import (
    NO_BODY,
    NOT_IN_AUDIT,
    LoggedCall,
    batch_params,
    logged_calls,
    marked,
    nothing_found,
)

STAYS = "belongs to what does not move"


@dataclass(frozen=True)
class Bodies:
    """What was written: (path, requests) a kit, in their order; and calls that were passed over, by reason."""

    written: tuple[tuple[Path, int], ...]
    passed_over: Mapping[str, int]


def write_requests(audit: Audit, kits: Sequence[Kit], path: str, folder: Path, *, now: datetime) -> Bodies:
    """Write `requests.jsonl` (mode 600) into each kit in `folder` from a log of Messages calls with bodies.

    `audit` must have been assessed on this connection, and must have read the calls of the log. The key of an item is
    the id of its request, so that two runs make the same items.
    Raises: UserError when none of the calls is in the audit, or the log has no bodies.
    """
    by_component = {c.verdict.component_no: kit for kit in kits for c in kit.moves}
    counts: Counter[str] = Counter()
    passed_over: Counter[str] = Counter()
    with ExitStack() as files:
        out: dict[str, IO[str]] = {}
        files.callback(lambda: remember(folder, [Path(name) / REQUESTS for name in out]))  # ours, even half written
        for call in logged_calls(audit, path, passed_over):
            kit = None if call.component_no is None else by_component.get(call.component_no)
            params = None if kit is None or call.body is None else params_of(call.body, kit)
            if kit is None or params is None:
                passed_over[NOT_IN_AUDIT if call.component_no is None else STAYS if kit is None else NO_BODY] += 1
                continue
            if kit.folder not in out:
                out[kit.folder] = files.enter_context(_open_private(folder / kit.folder / REQUESTS))
            out[kit.folder].write(_line(call, params, kit, now) + "\n")
            counts[kit.folder] += 1
    if not counts and (passed_over[NO_BODY] or not passed_over[STAYS]):
        raise nothing_found(path, passed_over)
    written = tuple((folder / kit.folder / REQUESTS, counts[kit.folder]) for kit in kits if counts[kit.folder])
    return Bodies(written, +passed_over)


def params_of(body: Mapping[str, Any], kit: Kit) -> dict[str, Any] | None:
    """A logged body as the kit's batch takes it; None when it is no whole request.

    Cache marks go where the plan does not cache (a cold batch pays for the write and reads nothing); where it does,
    they live for an hour, and an unmarked system prompt is marked.
    """
    params = batch_params(body)
    if params is None:
        return None
    bare: dict[str, Any] = marked(params, None)
    if not kit.is_cached:
        return bare
    mark, system = {"type": "ephemeral", "ttl": "1h"}, params.get("system")
    if bare != params or not system:
        return dict(marked(params, mark))
    blocks = [{"type": "text", "text": system}] if isinstance(system, str) else list(system)
    return {**params, "system": [*blocks[:-1], {**blocks[-1], "cache_control": mark}]}


def _line(call: LoggedCall, params: dict[str, Any], kit: Kit, now: datetime) -> str:
    metadata = {"workload": kit.plan.verdict.workload, "enqueued_at": now.isoformat()}
    return json.dumps({"key": call.key(params), "params": params, "metadata": metadata})


def _open_private(path: Path) -> IO[str]:
    """For its owner alone; never through a link."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
    return os.fdopen(os.open(path, flags, 0o600), "w", encoding="utf-8")
