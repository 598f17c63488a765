"""Records that can be written as UTF-8: a document with half of a surrogate pair in it is refused by name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from analyzer.sources.formats import Unfold


def encodable(unfold: Unfold) -> Unfold:
    """`unfold`, for documents whose text is whole.

    Raises: ValueError for any other, when it is read.
    """

    def rows(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
        try:
            json.dumps(document, ensure_ascii=False).encode("utf-8")
        except UnicodeEncodeError:
            raise ValueError("half of a surrogate pair, expected text that is valid Unicode") from None
        except RecursionError:
            raise ValueError("nested too deep") from None
        yield from unfold(document)

    return rows
