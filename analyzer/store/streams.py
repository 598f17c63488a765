"""Any file as UTF-8 bytes: gzip and zstd unpacked by their magic bytes, UTF-16 recoded, byte order marks dropped."""

from __future__ import annotations

import codecs
import hashlib
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

BLOCK_BYTES = 1 << 20
_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_ZSTD_STEP_BYTES = 1 << 14
PARQUET = b"PAR1"
_NO_TEXT = (
    (0, b"PK\x03\x04", "a zip archive or Excel workbook: unpack it, or save its sheet as CSV"),
    (257, b"ustar", "a tar archive: unpack it"),
    (0, b"BZh", "packed with bzip2: unpack it"),
    (0, b"\xfd7zXZ\0", "packed with xz: unpack it"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive: unpack it"),
    (0, b"SQLite format 3\0", "an SQLite database: save its table as CSV"),
)


class Torn(Exception):
    """The stream ends or breaks before its end; what came before is good. The text says how."""


def raw_blocks(path: str, digest: hashlib._Hash | None = None) -> Iterator[bytes]:
    """The bytes as stored (`-` = standard input); `digest` sees every byte that is read."""
    stream: BinaryIO = sys.stdin.buffer if path == "-" else Path(path).open("rb")  # noqa: SIM115
    try:
        while block := stream.read(BLOCK_BYTES):
            if digest is not None:
                digest.update(block)
            yield block
    finally:
        if path != "-":
            stream.close()


def utf8_blocks(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Unpacked and recoded blocks, never cut inside a gzip or zstd frame's promise.

    Raises: Torn, after everything before the tear was yielded.
    """
    head = next(blocks, b"")
    while len(head) < 4:
        more = next(blocks, b"")
        if not more:
            break
        head += more
    blocks = _chained(head, blocks)
    if head.startswith(_GZIP):
        blocks = _gunzip(blocks)
    elif head.startswith(_ZSTD):
        blocks = _unzstd(blocks)
    return _recoded(blocks)


def _chained(head: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    if head:
        yield head
    yield from rest


def _gunzip(blocks: Iterator[bytes]) -> Iterator[bytes]:
    unpacker = zlib.decompressobj(31)
    for block in blocks:
        pending = block
        while pending:
            if unpacker.eof:
                pending = pending.lstrip(b"\0")
                if not pending:
                    break
                unpacker = zlib.decompressobj(31)
            try:
                data = unpacker.decompress(pending, 4 * BLOCK_BYTES)
            except zlib.error:
                raise Torn("the gzip data is damaged from here on") from None
            if data:
                yield data
            pending = unpacker.unused_data if unpacker.eof else unpacker.unconsumed_tail
    if not unpacker.eof:
        raise Torn("the gzip file is cut off here")


def _unzstd(blocks: Iterator[bytes]) -> Iterator[bytes]:
    import zstandard

    unpacker = zstandard.ZstdDecompressor().decompressobj()
    for block in blocks:
        for start in range(0, len(block), _ZSTD_STEP_BYTES):
            pending = block[start : start + _ZSTD_STEP_BYTES]
            while pending:
                if unpacker.eof:
                    unpacker = zstandard.ZstdDecompressor().decompressobj()
                try:
                    data = unpacker.decompress(pending)
                except zstandard.ZstdError:
                    raise Torn("the zstd data is damaged from here on") from None
                if data:
                    yield data
                pending = unpacker.unused_data if unpacker.eof else b""
    if not unpacker.eof:
        raise Torn("the zstd file is cut off here")


def _recoded(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """UTF-8 without a byte order mark.

    Raises: Torn for what is no text, by its first bytes.
    """
    head = next(blocks, b"")
    for place, mark, told in _NO_TEXT:
        if head.startswith(mark, place):
            raise Torn(told)
    encoding = _utf16(head)
    if encoding is None:
        yield head.removeprefix(codecs.BOM_UTF8)
        yield from blocks
        return
    decoder = codecs.getincrementaldecoder(encoding)(errors="surrogatepass")
    for block in _chained(head, blocks):
        yield decoder.decode(block).removeprefix("\ufeff").encode("utf-8", "surrogatepass")
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        raise Torn("the UTF-16 text is cut off here") from None


def _utf16(head: bytes) -> str | None:
    if head.startswith(codecs.BOM_UTF16_LE) or (head[1:2] == b"\0" and head[:1] in (b"{", b"[")):
        return "utf-16-le"
    if head.startswith(codecs.BOM_UTF16_BE) or (head[:1] == b"\0" and head[1:2] in (b"{", b"[")):
        return "utf-16-be"
    return None
