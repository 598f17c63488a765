"""The requests of a trial: out of a log with bodies, or supplied as lines; the sample is the same in every run."""

from __future__ import annotations

import hashlib
import heapq
import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from analyzer.batch.enqueue import NewItem, row_of
from analyzer.batch.job import Destination, Job
from analyzer.batch.preflight import refusal
from analyzer.errors import UserError
from analyzer.pricing import models, resolve_model
from analyzer.store.audit import Audit
from analyzer.workloads.bodies import NO_BODY, NOT_IN_AUDIT, batch_params, logged_calls, marked, nothing_found

ELSEWHERE = "belongs to what is not tried"
NO_REQUEST = "no JSON object with key and params"
# The fewest tokens that so many bytes of JSON make; what is over the window by this count is over it for sure.
_BYTES_A_TOKEN = 5


@dataclass(frozen=True)
class Request:
    """One request as today's model gets it. `today`: its message so far; None = none is known.

    `unable`: why the smaller model cannot take it, None = nothing speaks against it.
    """

    key: str
    params: Mapping[str, Any]
    today: Mapping[str, Any] | None = None
    unable: str | None = None

    @property
    def model(self) -> str:
        """Today's, by its id where it is known."""
        told = str(self.params["model"])
        return resolve_model(told, "anthropic").model or told

    def to(self, model: str) -> dict[str, Any]:
        """The same for another model."""
        return {**self.params, "model": model}


@dataclass
class Requests:
    """A sample in the order of its hashes, and what was passed over on the way, by reason."""

    sampled: tuple[Request, ...] = ()
    passed_over: Counter[str] = field(default_factory=Counter)


def supplied_requests(lines: Iterable[str], target: str, count: int) -> Requests:
    """At most `count` requests of JSON lines: `key`, `params` and, where it is known, `answer` (text or message)."""
    found = Requests()
    found.sampled = _sample(_fit(_supplied(lines, found.passed_over), target, found.passed_over), count)
    return found


def logged_requests(audit: Audit, path: str, component_nos: Collection[int], target: str, count: int) -> Requests:
    """At most `count` requests of these components out of a log with bodies that the audit has read.

    Takes the temp tables of `scan`. Raises: UserError when the log has none of them.
    """
    found = Requests()
    found.sampled = _sample(
        _fit(_logged(audit, path, component_nos, found.passed_over), target, found.passed_over), count
    )
    if not found.sampled and not set(found.passed_over) - {"no text", NOT_IN_AUDIT, NO_BODY}:
        raise nothing_found(path, found.passed_over)
    return found


def _supplied(lines: Iterable[str], passed_over: Counter[str]) -> Iterator[Request]:
    for line in lines:
        if not line.strip():
            continue
        try:
            document = json.loads(line)
            key, params = document["key"], batch_params(document["params"])
            answer = document.get("answer")
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            passed_over[NO_REQUEST] += 1
            continue
        message = _message(answer)
        if answer is not None and message is None:
            passed_over["an answer that is neither text nor a message"] += 1
        elif params is None:
            passed_over[NO_BODY] += 1
        else:
            yield Request(key, marked(params, None), message)


def _message(answer: Any) -> dict[str, Any] | None:
    """Text, or a message with its content."""
    if isinstance(answer, str):
        return {"content": [{"type": "text", "text": answer}]}
    return answer if isinstance(answer, dict) and isinstance(answer.get("content"), list) else None


def _logged(audit: Audit, path: str, component_nos: Collection[int], passed_over: Counter[str]) -> Iterator[Request]:
    for call in logged_calls(audit, path, passed_over):
        params = None if call.body is None else batch_params(call.body)
        if call.component_no is None:
            passed_over[NOT_IN_AUDIT] += 1
        elif call.component_no not in component_nos:
            passed_over[ELSEWHERE] += 1
        elif params is None:
            passed_over[NO_BODY] += 1
        else:
            yield Request(call.key(params), marked(params, None), call.answer)


def _fit(requests: Iterable[Request], target: str, passed_over: Counter[str]) -> Iterator[Request]:
    """Those that a trial can learn something from, with what the smaller model cannot take."""
    job = Job("trial", Path("jobs.sqlite"), Destination("jsonl", Path("answers.jsonl")))
    for request in requests:
        try:
            row_of(job, NewItem(request.params, request.key), 0)
        except UserError as error:
            passed_over[f"{error.found}; expected {error.expected}"] += 1
            continue
        if request.model == target:
            passed_over[f"is on {target} already"] += 1
            continue
        here, there = refusal(dict(request.params)), refusal(request.to(target))
        if here is not None and there is not None:
            passed_over[there] += 1  # no batch takes it, so nothing is learned of the model
            continue
        yield replace(request, unable=there or _too_long(request.params, target))


def _too_long(params: Mapping[str, Any], target: str) -> str | None:
    model = models()[target]
    size = len(json.dumps(_without_media(params), ensure_ascii=False).encode("utf-8", "replace"))
    if size * model.tokenizer_factor.low / _BYTES_A_TOKEN <= model.context_window_tokens:
        return None
    return f"longer than the {model.context_window_tokens:,} tokens that {target} reads"


def _without_media(value: Any) -> Any:
    """Images and documents in base64 are no text: their bytes say nothing of their tokens."""
    if isinstance(value, list):
        return [_without_media(part) for part in value]
    if not isinstance(value, Mapping):
        return value
    return {
        name: "" if name == "data" and value.get("type") == "base64" else _without_media(part)
        for name, part in value.items()
    }


def _sample(requests: Iterable[Request], count: int) -> tuple[Request, ...]:
    """The `count` whose keys have the smallest hashes: each has the same chance; of equal keys the first."""
    return tuple(heapq.nsmallest(count, _first_of_each_key(requests), key=lambda request: digest_of(request.key)))


def _first_of_each_key(requests: Iterable[Request]) -> Iterator[Request]:
    seen: set[str] = set()
    for request in requests:
        digest = digest_of(request.key)
        if digest not in seen:
            seen.add(digest)
            yield request


def digest_of(key: str) -> str:
    """40 digits that stand for a key, whatever its length."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:40]
