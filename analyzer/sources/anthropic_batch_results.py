"""Results of Message Batches: each with the times of its batch, which stand in the batch object alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from analyzer.sources._beside import Found, objects_beside, objects_in
from analyzer.sources.formats import Unfold

_MARK = "processing_status"
_ID = re.compile(r"msgbatch_[A-Za-z0-9]+")


def open_unfold(path: str) -> Unfold:
    """Gives each result of one file its batch: one in the same file, the one its name tells, or the only one beside."""
    batch = _batch_of(path, objects_beside(path, _MARK))

    def unfold(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
        nonlocal batch
        own = list(objects_in(document, _MARK))
        if own:
            batch = own[-1]
            yield {"batches": len(own)}
        else:
            yield document | {"batch": batch}

    return unfold


def _batch_of(path: str, found: tuple[Found, ...]) -> dict[str, Any] | None:
    own = [item.thing for item in found if item.path == path]
    if own:
        return own[0]
    named = _ID.search(Path(path).name)
    if named:
        return next((item.thing for item in found if item.thing.get("id") == named[0]), None)
    ids = {str(item.thing.get("id")) for item in found}
    return found[0].thing if len(ids) == 1 else None
