"""What happened, as records of the logger `whowaits.batch`: an event and its fields, no content, no key."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import Any

_LOG = logging.getLogger("whowaits.batch")
_LOG.addHandler(logging.NullHandler())


def note(event: str, **fields: Any) -> None:
    """Log an event with fields that are numbers, names and ids."""
    if _LOG.isEnabledFor(logging.INFO):
        _LOG.info(event, extra={"whowaits": fields})


class JsonLines(logging.Formatter):
    """A record as one line of JSON: `at` (UTC), `event`, and the fields."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        return json.dumps({"at": at, "event": record.getMessage(), **getattr(record, "whowaits", {})})
