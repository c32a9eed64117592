"""Reading compressed files so that damage is noticed and nothing before it is lost.

The usual readers either stop silently at a truncated end (zstandard, fastwarc, warcio) or drop what they had decoded of
the piece in which they fail. Here every decodable byte comes out, then `DamagedInput`.
"""

from __future__ import annotations

import bz2
import io
import lzma
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa

SUFFIXES = {".gz": "gzip", ".zst": "zstd", ".bz2": "bz2", ".xz": "xz"}
"""File name ending -> compression."""

PIECE = 64 << 10
"""Compressed bytes given to a decoder at once."""
OUTPUT = 1 << 20
"""Decoded bytes taken from it at once, so that a bomb is met in pieces."""
XZ_MEMORY = 256 << 20
"""The strongest preset, `xz -9`, needs 65 MB. Zstd frames with a window above 128 MB are refused by libzstd itself."""


class DamagedInput(OSError):
    """A compressed file is damaged, ends early, or goes on behind its end. Reading it again will not help."""


def compression_of(path: str) -> str | None:
    """Compression by file name ending.

    >>> compression_of("a/b.jsonl.GZ"), compression_of("s3://b/a.zst?region=x"), compression_of("b.jsonl")
    ('gzip', 'zstd', None)
    """
    name = path.partition("?")[0] if "://" in path else path
    return next((kind for suffix, kind in SUFFIXES.items() if name.lower().endswith(suffix)), None)


class Decompressed(io.RawIOBase):
    """The content of a compressed file. `read(n)` may give fewer than n bytes; b"" is the true end."""

    def __init__(self, opened: Callable[[], Any], compression: str | None):
        """`opened` opens the compressed file at its beginning; it is called again where there is damage."""
        self._pieces = pieces(opened, compression)
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        """True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fills the buffer as far as one decoded piece goes."""
        if not self._rest:
            self._rest = memoryview(next(self._pieces, b""))
        n = min(len(buffer), len(self._rest))
        buffer[:n] = self._rest[:n]
        self._rest = self._rest[n:]
        return n

    def close(self) -> None:
        """Closes the file beneath."""
        self._pieces.close()
        super().close()


def pieces(opened: Callable[[], Any], compression: str | None) -> Iterator[bytes]:
    """Decoded content, in pieces that depend on nothing else. Raises DamagedInput after the last good byte."""
    given = 0
    with opened() as file:
        raw = _Raw(file)
        try:
            for piece in _decode(raw, compression):
                yield piece
                given += len(piece)
            return
        except DamagedInput:
            near = max(0, raw.position - 2 * PIECE)
    # A decoder loses what it had decoded in the call that fails: go back, and feed it byte by byte near the damage.
    with opened() as file:
        for piece in _decode(_Raw(file, bytewise_from=near), compression, given):
            skipped = min(given, len(piece))
            given -= skipped
            if skipped < len(piece):
                yield piece[skipped:]


class _Raw:
    """The compressed bytes, with the position, and the medium's own error if there was one."""

    closed = False

    def __init__(self, file: Any, bytewise_from: int | None = None):
        self.file = file
        self.bytewise_from = bytewise_from
        self.position = 0
        self.failure: OSError | None = None

    def read(self, size: int = PIECE) -> bytes:
        if self.bytewise_from is not None and self.position >= self.bytewise_from:
            size = 1
        try:
            data = self.file.read(min(size, PIECE))
        except OSError as error:
            self.failure = error
            raise
        self.position += len(data)
        return data

    def close(self) -> None:
        """Nothing: who opened the file closes it."""


def _decode(raw: _Raw, compression: str | None, proven: int = 0) -> Iterator[bytes]:
    if compression is None:
        yield from iter(raw.read, b"")
        return
    yield from _zstd(raw, proven) if compression == "zstd" else _members(raw, compression)
    if raw.position == 0:
        raise DamagedInput("the file is empty, which no compressed file is")


def _members(raw: _Raw, compression: str) -> Iterator[bytes]:
    make, errors = _DECODERS[compression]
    rest = raw.read()
    while rest:  # one member, stream or block a turn
        decoder = make()
        while not decoder.eof:
            if decoder.needs_input and not rest:
                rest = raw.read()
                if not rest:
                    raise DamagedInput("the compressed data ends early")
            try:
                out = decoder.decompress(rest, OUTPUT)
            except errors as error:
                raise DamagedInput("the compressed data is damaged") from error
            rest = b""
            if out:
                yield out
        rest = decoder.unused_data.lstrip(b"\0")
        while not rest and (more := raw.read()):  # padding with zeros is allowed, as gzip and xz have it
            rest = more.lstrip(b"\0")


def _zstd(raw: _Raw, proven: int) -> Iterator[bytes]:
    """Arrow's decoder loses a whole read when it fails, so beyond `proven` decoded bytes a second try reads singly."""
    stream = pa.CompressedInputStream(pa.PythonFile(raw, mode="r"), "zstd")
    given = 0
    while True:
        again = raw.bytewise_from is not None
        try:
            piece = stream.read(1 if again and given >= proven else OUTPUT)
        except OSError as error:
            if raw.failure is not None:
                raise raw.failure from None
            raise DamagedInput("the compressed data is damaged or ends early") from error
        if not piece:
            return
        given += len(piece)
        yield piece


class GzipMember:
    """One gzip member, decoded piece by piece; the interface `bz2` and `lzma` have."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(wbits=31)
        self.needs_input = True

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Decoded bytes, at most `max_length`; what could not be taken yet is kept for the next call."""
        tail = self._inner.unconsumed_tail
        out = self._inner.decompress(tail + data if tail else data, max_length)
        self.needs_input = len(out) < max_length and not self._inner.unconsumed_tail
        return out

    @property
    def eof(self) -> bool:
        """Whether the member is complete and its checksum right."""
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        """What was given beyond the end of the member."""
        return self._inner.unused_data

    def copy(self) -> GzipMember:
        """The decoder in its present state."""
        twin = GzipMember()
        twin._inner, twin.needs_input = self._inner.copy(), self.needs_input
        return twin


_DECODERS: dict[str, tuple[Callable[[], Any], Any]] = {
    "gzip": (GzipMember, zlib.error),
    "bz2": (bz2.BZ2Decompressor, (OSError, ValueError)),
    "xz": (lambda: lzma.LZMADecompressor(format=lzma.FORMAT_XZ, memlimit=XZ_MEMORY), lzma.LZMAError),
}
