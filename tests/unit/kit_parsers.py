"""Small strict parsers of what a kit is made of; they know less than the real ones, and refuse everything else."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*|\d+|\$\{\{ secrets\.[A-Z_]+ \}\}")
_FIELD = re.compile(r"(\*|\d+(-\d+)?)(/\d+)?(,(\*|\d+(-\d+)?)(/\d+)?)*")
_BOUNDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_SPECIFIER = re.compile(r"%(?!h)")


def yaml_documents(text: str) -> list[Any]:
    """Block mappings and sequences, double-quoted and a few plain scalars, `{}`, comments on lines of their own."""
    documents = []
    for part in re.split(r"^---$", text, flags=re.MULTILINE):
        lines = [line for line in part.split("\n") if line.strip() and not line.startswith("#")]
        assert not any("\t" in line for line in lines)
        value, left = _block(lines, 0)
        assert not left, f"not read: {left[0]!r}"
        documents.append(value)
    return documents


def _block(lines: list[str], depth: int) -> tuple[Any, list[str]]:
    if lines and lines[0].startswith(" " * depth + "- "):
        found: list[Any] = []
        while lines and lines[0].startswith(" " * depth + "- "):
            rest = lines[0][depth + 2 :]
            if _is_scalar(rest):
                found.append(_scalar(rest))
                lines = lines[1:]
            else:
                value, lines = _block([" " * (depth + 2) + rest, *lines[1:]], depth + 2)
                found.append(value)
        return found, lines
    mapping: dict[str, Any] = {}
    while lines and lines[0][:depth].strip() == "" and lines[0][depth : depth + 1] not in (" ", "-", ""):
        match = re.fullmatch(r"([A-Za-z][A-Za-z0-9_./-]*):(?: (.+))?", lines[0][depth:])
        assert match, f"no key: {lines[0]!r}"
        key, rest, lines = match[1], match[2], lines[1:]
        assert key not in mapping, f"{key} twice"
        if rest is not None:
            mapping[key] = _scalar(rest)
        else:
            inner = len(lines[0]) - len(lines[0].lstrip()) if lines else 0
            assert inner > depth, f"{key} has no value"
            mapping[key], lines = _block(lines, inner)
    return mapping, lines


def _is_scalar(text: str) -> bool:
    return text.startswith('"') or bool(_PLAIN.fullmatch(text)) or text == "{}"


def _scalar(text: str) -> Any:
    assert _is_scalar(text), f"no scalar: {text!r}"
    if text.startswith('"'):
        return json.loads(text)
    if text == "{}":
        return {}
    if text.isdigit():
        return int(text)
    return {"true": True, "false": False}.get(text, text)


def crontab_entries(text: str) -> Iterator[tuple[str, str]]:
    """Times and command of each entry; no `%`, which cron takes for a line end."""
    for line in text.removesuffix("\n").split("\n"):
        if line.startswith("#") or not line:
            continue
        *fields, command = line.split(" ", 5)
        assert len(fields) == 5 and command and "%" not in command, line
        for field, (least, most) in zip(fields, _BOUNDS, strict=True):
            assert _FIELD.fullmatch(field), field
            assert all(least <= int(number) <= most for number in re.findall(r"(?<!/)\d+", re.sub(r"/\d+", "", field)))
        yield " ".join(fields), command


def unit_sections(text: str) -> dict[str, dict[str, str]]:
    """A systemd unit: sections of NAME=value, no line that goes on, no specifier but %h."""
    sections: dict[str, dict[str, str]] = {}
    entries: dict[str, str] | None = None
    for line in text.split("\n"):
        assert not line.endswith("\\"), line
        if line.startswith("#") or not line:
            continue
        if found := re.fullmatch(r"\[([A-Z][a-z]+)\]", line):
            entries = sections.setdefault(found[1], {})
            continue
        name, equals, value = line.partition("=")
        assert entries is not None and equals and re.fullmatch(r"[A-Z][A-Za-z]+", name) and name not in entries, line
        assert not _SPECIFIER.search(value), line
        entries[name] = value
    return sections


_TYPESCRIPT = re.compile(
    r'(?P<space>\s+)|(?P<comment>//[^\n]*|/\*.*?\*/)|(?P<string>"(?:[^"\\\n]|\\.)*")|(?P<open>[({\[])|(?P<close>[)}\]])'
    r"|(?P<other>[A-Za-z0-9_$]+|=>|[=!<>]=+|[-+.,:;?|&<>=!*])",
    re.DOTALL,
)


def typescript_words(text: str) -> list[str]:
    """Words, strings and marks, comments left out; brackets must close in order. No template, no regular expression."""
    at, opened, words = 0, [], []
    while at < len(text):
        found = _TYPESCRIPT.match(text, at)
        assert found, f"not TypeScript as we write it: {text[at : at + 40]!r}"
        at = found.end()
        if found["open"]:
            opened.append({"(": ")", "{": "}", "[": "]"}[found["open"]])
        if found["close"]:
            assert opened and opened.pop() == found["close"], f"{found['close']} closes nothing at {at}"
        if not found["space"] and not found["comment"]:
            words.append(found[0])
    assert not opened, f"never closed: {opened}"
    return words
