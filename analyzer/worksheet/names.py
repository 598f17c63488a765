"""Names and sentences from logs as text of a sheet: one line, nothing unseen, never a formula."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata

WHOLE = "all calls"
_LONGEST = 1000
_FORMULA = "=+-@\t\r\uff1d\uff0b\uff0d\uff20"
_ESCAPE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
_ESCAPED = re.compile(r"_x005F_(?=x[0-9A-Fa-f]{4}_)")


def visible(text: str, limit: int = _LONGEST) -> str:
    """The text on one line of at most `limit` characters; what cannot be seen is written as its code point."""
    line = "".join(_visible(character) for character in text).strip()
    return line if len(line) <= limit else line[: limit - 1] + "…"


def _visible(character: str) -> str:
    category = unicodedata.category(character)
    if category[0] == "C" or category in ("Zl", "Zp"):
        return f"<U+{ord(character):04X}>"
    return " " if category == "Zs" else character


def no_formula(text: str) -> str:
    """The text for a CSV cell: an apostrophe in front of what a spreadsheet would take for a formula."""
    return f"'{text}" if text[:1] in _FORMULA and text else text


def no_escape(text: str) -> str:
    """The text for an xlsx cell, where `_x003D_` would be read as a character of that code."""
    return _ESCAPE.sub("_x005F_", text)


def unescaped(text: str) -> str:
    """The text that `no_escape` made safe."""
    return _ESCAPED.sub("_", text)


def bare(text: str) -> str:
    """A cell's text without the apostrophe of `no_formula`."""
    text = text.strip()
    return text[1:] if text[:1] == "'" and text[1:2] and text[1:2] in _FORMULA else text


def row_key(workload: str, component: str | None) -> str:
    """A name for the row that no spreadsheet takes for a number: `r-` and ten hexadecimal digits."""
    content = json.dumps([workload, component]).encode()
    return f"r-{hashlib.sha256(content).hexdigest()[:10]}"


def scope_name(workload: str, component: str | None) -> str:
    """What an answer is about, for people."""
    if component is None or component == WHOLE:
        return visible(workload, 120)
    return f"{visible(workload, 80)}, {visible(component, 80)}"
