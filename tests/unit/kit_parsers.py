"""Parsers of what a kit is made of: real ones for YAML and TypeScript, small strict ones for crontabs and units."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import tree_sitter
import tree_sitter_typescript
from ruamel.yaml import YAML

_FIELD = re.compile(r"(\*|\d+(-\d+)?)(/\d+)?(,(\*|\d+(-\d+)?)(/\d+)?)*")
_BOUNDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_SPECIFIER = re.compile(r"%(?!h)")
_TYPESCRIPT = tree_sitter.Language(tree_sitter_typescript.language_typescript())


def yaml_documents(text: str) -> list[Any]:
    """By YAML 1.2, in which `on` is a word; a key twice is refused."""
    return list(YAML(typ="safe").load_all(text))


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


def typescript_words(text: str) -> list[str]:
    """The leaves of the tree, strings whole, comments left out. Raises: AssertionError where there is an error."""
    words: list[str] = []

    def walk(node: tree_sitter.Node) -> None:
        if node.type in ("string", "template_string") or not node.children:
            words.extend([] if node.type == "comment" else [node.text.decode("utf-8")])
            return
        for child in node.children:
            walk(child)

    tree = tree_sitter.Parser(_TYPESCRIPT).parse(text.encode("utf-8"))
    assert not tree.root_node.has_error, "not TypeScript"
    walk(tree.root_node)
    return words
