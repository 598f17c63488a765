"""Lines of JSON with a time before each, as CloudWatch exports a log group to S3."""

from __future__ import annotations

import re
from collections.abc import Iterator

from analyzer.store.feed import Chunk, Limits, TextSource, line_chunks

_STAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z "
_STAMPED_JSON = re.compile(_STAMP.encode() + rb"\{")
_STAMPED = re.compile(_STAMP)


def is_stamped(head: bytes) -> bool:
    """Does a file begin with a time and an object?"""
    return _STAMPED_JSON.match(head) is not None


def stamped_chunks(source: TextSource, limits: Limits) -> Iterator[Chunk]:
    """One record a line, without its time."""
    for chunk in line_chunks(source, limits):
        for place, text in enumerate(chunk.texts):
            if stamp := _STAMPED.match(text):
                chunk.texts[place] = text[stamp.end() :]
        yield chunk
