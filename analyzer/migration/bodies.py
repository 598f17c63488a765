"""The first real batch out of the log itself: request bodies of calls that move, as lines for `whowaits batch enqueue`.

Bodies go from the log to `requests.jsonl` of each kit, and nowhere else: the audit is asked only which component a call
belongs to.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from analyzer.errors import UserError
from analyzer.migration.kits import Kit
from analyzer.migration.write import REQUESTS, remember
from analyzer.pricing import resolve_model
from analyzer.sources.messages_http import exchanges
from analyzer.sqlblocks import sql_blocks
from analyzer.store.audit import Audit
from analyzer.store.feed import Limits
from analyzer.store.openings import open_path

NOT_IN_AUDIT = "not a call of this audit that was answered"
NO_BODY = "no request body with a model, messages and max_tokens"
STAYS = "belongs to what does not move"
_MESSAGE_ID = re.compile(r'"id"\s*:\s*"(msg_[A-Za-z0-9_]+)"')
_NOT_IN_BATCH = ("stream", "anthropic_version", "anthropic_beta")


@dataclass(frozen=True)
class Bodies:
    """What was written: (path, requests) a kit, in their order; and calls that were passed over, by reason."""

    written: tuple[tuple[Path, int], ...]
    passed_over: Mapping[str, int]


@dataclass(frozen=True)
class _Call:
    """A call as logged. `request_id` as the audit has it; None = the log has none, then its line tells it."""

    line_no: int
    request_id: str | None
    body: dict[str, Any] | None


def write_requests(audit: Audit, kits: Sequence[Kit], path: str, folder: Path, *, now: datetime) -> Bodies:
    """Write `requests.jsonl` (mode 600) into each kit in `folder` from a log of Messages calls with bodies.

    `audit` must have been assessed on this connection, and must have read the calls of the log. The key of an item is
    the id of its request, so that two runs make the same items.
    Raises: UserError when none of the calls is in the audit, or the log has no bodies.
    """
    by_component = {c.verdict.component_no: kit for kit in kits for c in kit.moves}
    counts: Counter[str] = Counter()
    passed_over: Counter[str] = Counter()
    opening = open_path(path, Limits())
    with ExitStack() as files:
        out: dict[str, IO[str]] = {}
        files.callback(lambda: remember(folder, [Path(name) / REQUESTS for name in out]))  # ours, even half written
        for chunk in opening.chunks:
            passed_over["no text"] += len(chunk.rejects)
            calls = list(_calls(chunk.line_nos, chunk.texts))
            for call, component_no in zip(calls, _components(audit, opening.digest, calls), strict=True):
                kit = by_component.get(component_no) if component_no is not None else None
                params = None if kit is None or call.body is None else params_of(call.body, kit)
                if kit is None or params is None:
                    passed_over[NOT_IN_AUDIT if component_no is None else STAYS if kit is None else NO_BODY] += 1
                    continue
                if kit.folder not in out:
                    out[kit.folder] = files.enter_context(_open_private(folder / kit.folder / REQUESTS))
                out[kit.folder].write(_line(call, params, kit, now) + "\n")
                counts[kit.folder] += 1
    if not counts and (passed_over[NO_BODY] or not passed_over[STAYS]):
        raise _nothing(path, passed_over)
    written = tuple((folder / kit.folder / REQUESTS, counts[kit.folder]) for kit in kits if counts[kit.folder])
    return Bodies(written, +passed_over)


def params_of(body: Mapping[str, Any], kit: Kit) -> dict[str, Any] | None:
    """A logged body as the kit's batch takes it; None when it is no whole request.

    Cache marks go where the plan does not cache (a cold batch pays for the write and reads nothing); where it does,
    they live for an hour, and an unmarked system prompt is marked.
    """
    params = {name: value for name, value in body.items() if name not in _NOT_IN_BATCH and value is not None}
    if not (
        isinstance(params.get("model"), str) and isinstance(params.get("messages"), list) and "max_tokens" in params
    ):
        return None
    bare: dict[str, Any] = _marked(params, None)
    if not kit.is_cached:
        return bare
    mark, system = {"type": "ephemeral", "ttl": "1h"}, params.get("system")
    if bare != params or not system:
        return dict(_marked(params, mark))
    blocks = [{"type": "text", "text": system}] if isinstance(system, str) else list(system)
    return {**params, "system": [*blocks[:-1], {**blocks[-1], "cache_control": mark}]}


def _marked(value: Any, mark: dict[str, str] | None) -> Any:
    """The same with every cache mark replaced, or taken away."""
    if isinstance(value, list):
        return [_marked(part, mark) for part in value]
    if not isinstance(value, dict):
        return value
    old = value.get("cache_control")
    if not (isinstance(old, dict) and old.get("type") == "ephemeral"):  # a tool may have a field of this name
        return {name: _marked(part, mark) for name, part in value.items()}
    kept = {name: _marked(part, mark) for name, part in value.items() if name != "cache_control"}
    return {**kept, "cache_control": mark} if mark else kept


def _calls(line_nos: Sequence[int], texts: Sequence[str]) -> Iterator[_Call]:
    for line_no, text in zip(line_nos, texts, strict=True):
        try:
            document = json.loads(text)
        except (ValueError, RecursionError):
            document = None
        if not isinstance(document, dict):
            yield _Call(line_no, None, None)
            continue
        for exchange in exchanges(document):
            body = exchange["request"]
            if body is None and isinstance(document.get("request"), dict):
                body = document["request"]  # the wrapper of Whowaits: the request itself
            if isinstance(body, dict) and not body.get("model") and exchange["url_model"]:
                told, provider = exchange["url_model"], exchange["provider"] or "anthropic"
                body = {**body, "model": resolve_model(told, provider).model or told}
            yield _Call(line_no, _request_id(exchange, document), body)


def _request_id(exchange: Mapping[str, Any], document: Mapping[str, Any]) -> str | None:
    """The id as the sources of the audit take it: of the request, else of the message."""
    answer = exchange["response"] if exchange["response"] is not None else document.get("response")
    if isinstance(answer, str):
        found = _MESSAGE_ID.search(answer)
        answer = {"id": found[1]} if found else None
    told = exchange["request_id"] or (answer.get("id") if isinstance(answer, dict) else None)
    return str(told) if told else None


def _components(audit: Audit, digest: str | None, calls: Sequence[_Call]) -> list[int | None]:
    """The component of each call; None where the audit has no answered call of this id or line."""
    values = {
        "numbers": list(range(len(calls))),
        "ids": [call.request_id for call in calls],
        "lines": [call.line_no for call in calls],
        "digest": digest,
    }
    found = dict(
        audit.connection.execute(sql_blocks(Path(__file__).parent / "bodies.sql")["components"], values).fetchall()
    )
    return [found.get(number) for number in range(len(calls))]


def _line(call: _Call, params: dict[str, Any], kit: Kit, now: datetime) -> str:
    digest = hashlib.sha256(json.dumps(params, sort_keys=True).encode()).hexdigest()[:16]
    metadata = {"workload": kit.plan.verdict.workload, "enqueued_at": now.isoformat()}
    return json.dumps({"key": call.request_id or f"{digest}-{call.line_no}", "params": params, "metadata": metadata})


def _open_private(path: Path) -> IO[str]:
    """For its owner alone; never through a link."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
    return os.fdopen(os.open(path, flags, 0o600), "w", encoding="utf-8")


def _nothing(path: str, passed_over: Mapping[str, int]) -> UserError:
    if passed_over[NO_BODY]:
        return UserError(path, "no request bodies", "a log of Messages calls with bodies, model and max_tokens")
    return UserError(
        path, "none of its calls is in the audit", "a log that it was made from", "whowaits ingest it first"
    )
