"""Checks that a file is a complete fastText model, before fastText reads it.

fastText trusts the counts in a file: a truncated one makes it crash, hang or ask for all memory. So the
layout (version 11 and 12 of fastText's own format) is walked here first, without building anything.
"""

from __future__ import annotations

import mmap
import struct
from pathlib import Path

MAGIC = 793712314
VERSIONS = (11, 12)
_ARGUMENTS_BYTES = 12 * 4 + 8
_CENTROIDS = 256
_ENTRY_TAIL = 8 + 1  # count and kind, after each entry's zero-terminated string


class _Cursor:
    """A position in the file; every read or skip past the end raises."""

    def __init__(self, data: mmap.mmap):
        self.data = data
        self.at = 0

    def skip(self, size: int) -> None:
        if size < 0 or self.at + size > len(self.data):
            raise ValueError("it ends too early")
        self.at += size

    def read(self, layout: str) -> tuple[int, ...]:
        start = self.at
        self.skip(struct.calcsize("<" + layout))
        return struct.unpack_from("<" + layout, self.data, start)


def damage(path: Path) -> str | None:
    """What is wrong with a model file, or nothing if it can be handed to fastText."""
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            _walk(_Cursor(data))
    except OSError as error:
        return error.strerror or "it cannot be read"
    except ValueError as error:  # also what mmap says of an empty file
        return str(error)
    return None


def _walk(cursor: _Cursor) -> None:
    magic, version = cursor.read("ii")
    if magic != MAGIC or version not in VERSIONS:
        raise ValueError("it is not a fastText model")
    cursor.skip(_ARGUMENTS_BYTES)
    _walk_dictionary(cursor)
    (quantized,) = cursor.read("?")
    _walk_quantized(cursor) if quantized else _walk_dense(cursor)
    (output_quantized,) = cursor.read("?")
    _walk_quantized(cursor) if quantized and output_quantized else _walk_dense(cursor)
    if cursor.at != len(cursor.data):
        raise ValueError("it goes on after its end")


def _walk_dictionary(cursor: _Cursor) -> None:
    size, words, labels, _tokens, pruned = cursor.read("iiiqq")
    if min(size, words, labels) < 0 or size != words + labels or not labels:
        raise ValueError("its dictionary is damaged")
    for _ in range(size):
        end = cursor.data.find(b"\0", cursor.at)
        if end < 0:
            raise ValueError("its dictionary is damaged")
        cursor.skip(end + 1 - cursor.at + _ENTRY_TAIL)
    cursor.skip(max(pruned, 0) * 8)


def _walk_dense(cursor: _Cursor) -> None:
    rows, columns = cursor.read("qq")
    if min(rows, columns) <= 0:
        raise ValueError("its matrix is damaged")
    cursor.skip(rows * columns * 4)


def _walk_quantized(cursor: _Cursor) -> None:
    norms, rows, columns, codes = cursor.read("?qqi")
    if min(rows, columns) <= 0:
        raise ValueError("its matrix is damaged")
    cursor.skip(codes)
    _walk_centroids(cursor)
    if norms:
        cursor.skip(rows)
        _walk_centroids(cursor)


def _walk_centroids(cursor: _Cursor) -> None:
    dim, _parts, _part_size, _last_size = cursor.read("iiii")
    cursor.skip(dim * _CENTROIDS * 4)
