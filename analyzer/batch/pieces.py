"""Streams in pieces, so that memory does not grow with what passes through."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


def in_pieces(values: Iterable[T], size_of: Callable[[T], int], *, count: int, size: int) -> Iterator[list[T]]:
    """Lists of at most `count` values, each ended by the value that brings it to `size` bytes."""
    piece: list[T] = []
    held = 0
    for value in values:
        piece.append(value)
        held += size_of(value)
        if len(piece) >= count or held >= size:
            yield piece
            piece, held = [], 0
    if piece:
        yield piece
