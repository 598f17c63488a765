"""Names from logs, made inert: a workload's name is text in every file, never syntax and never a path."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

MAX_SLUG = 40
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._/:-]*")
_PUNCTUATION = re.compile(r"([!#$&()*+./:<=>@\[-`{-~])")
_RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))}


def one_line(name: str, limit: int = 120) -> str:
    """The name on one line of at most `limit` characters; what cannot be seen is written as its code point."""
    seen = "".join(_visible(character) for character in name)
    seen = " ".join(seen.split(" ")).strip()
    return seen if len(seen) <= limit else seen[: limit - 1] + "…"


def _visible(character: str) -> str:
    category = unicodedata.category(character)
    if category[0] == "C" or category in ("Zl", "Zp"):
        return f"<U+{ord(character):04X}>"
    return " " if category == "Zs" else character


def markdown(name: str) -> str:
    """The name as Markdown text, also inside a table; stands in the middle of a line."""
    return _PUNCTUATION.sub(r"\\\1", one_line(name))


def toml_string(text: str) -> str:
    """A TOML basic string that parses back to the text (a lone surrogate becomes U+FFFD)."""
    escaped = []
    for character in text:
        code = ord(character)
        if character in '"\\':
            escaped.append("\\" + character)
        elif 0xD800 <= code <= 0xDFFF:
            escaped.append("\\uFFFD")
        elif unicodedata.category(character)[0] in "CZ" and character != " ":
            escaped.append(f"\\U{code:08X}")
        else:
            escaped.append(character)
    return '"' + "".join(escaped) + '"'


def python_string(text: str) -> str:
    """A Python literal in ASCII, on one line."""
    return ascii(text)


def safe_names(names: Sequence[str]) -> tuple[str, ...]:
    """One name each: `[a-z0-9-]`, unique, at most 47 characters, no path and no reserved device name.

    A name that had to be bent, or that meets another one, carries six hexadecimal digits of its SHA-256.
    """
    slugs = [_slug(name) for name in names]
    count = Counter(slugs)
    return tuple(
        slug if count[slug] == 1 and not _bent(name, slug) else f"{slug}-{_digest(name)}"
        for name, slug in zip(names, slugs, strict=True)
    )


def _slug(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii").lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:MAX_SLUG].strip("-") or "workload"


def _bent(name: str, slug: str) -> bool:
    return not _PLAIN.fullmatch(name) or ".." in name or len(name) > MAX_SLUG or slug in _RESERVED


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:6]
