"""All rows of one key, too many for memory: piece by piece, or as one table whose columns are mapped files.

A mapped table looks like any other. The kernel reads its pages when they are touched, and may drop them again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa


class Giant:
    """The rows of one key. `pieces` gives them in order of row, as often as it is called."""

    def __init__(self, pieces: Callable[[], Iterator[pa.Table]], folder: Path):
        self.pieces = pieces
        self._folder = folder

    def whole(self) -> pa.Table:
        """All rows as one table, in files of the folder."""
        return mapped(self.pieces(), self._folder)


def mapped(tables: Iterable[pa.Table], folder: Path) -> pa.Table:
    """Tables of one schema end to end, each column in one piece. Its files lie in `folder`, and may be removed after.

    Columns of a fixed width, of large binary and of large text are put into files; others are joined in memory.
    """
    folder.mkdir(exist_ok=True)
    columns: dict[str, _Column] = {}
    for table in tables:
        for i, field in enumerate(table.schema):
            if field.name not in columns:
                columns[field.name] = _column(field.type, folder / str(i))
            for chunk in table.column(i).chunks:
                columns[field.name].add(chunk)
    return pa.table({name: column.finish() for name, column in columns.items()})


class _Column:
    """A column that is joined in memory."""

    def __init__(self, kind: pa.DataType):
        self.kind = kind
        self._chunks: list[pa.Array] = []

    def add(self, chunk: pa.Array) -> None:
        """Appends values."""
        self._chunks.append(chunk)

    def finish(self) -> pa.Array:
        """All values."""
        return pa.concat_arrays(self._chunks)


class _Fixed(_Column):
    """A column of values of the same width, in a file."""

    def __init__(self, kind: pa.DataType, path: Path):
        super().__init__(kind)
        self._values = path.with_suffix(".values")
        self._values.write_bytes(b"")
        self._is_valid: list[np.ndarray] = []

    def add(self, chunk: pa.Array) -> None:
        self._is_valid.append(chunk.is_valid().to_numpy(zero_copy_only=False))
        self._add_values(chunk)

    def finish(self) -> pa.Array:
        is_valid = np.concatenate(self._is_valid)
        bits = None if is_valid.all() else pa.py_buffer(np.packbits(is_valid, bitorder="little"))
        return pa.Array.from_buffers(self.kind, len(is_valid), [bits, *self._buffers()])

    def _add_values(self, chunk: pa.Array) -> None:
        width = self.kind.byte_width
        _append(self._values, _bytes(chunk.buffers()[1])[chunk.offset * width : (chunk.offset + len(chunk)) * width])

    def _buffers(self) -> list[pa.Buffer]:
        return [_map(self._values)]


class _Large(_Fixed):
    """A column of values of any width, which 64-bit offsets tell apart, in two files."""

    def __init__(self, kind: pa.DataType, path: Path):
        super().__init__(kind, path)
        self._offsets = path.with_suffix(".offsets")
        self._offsets.write_bytes(bytes(8))
        self._end = 0

    def _add_values(self, chunk: pa.Array) -> None:
        _, offsets, values = chunk.buffers()
        ends = np.frombuffer(offsets, np.int64)[chunk.offset : chunk.offset + len(chunk) + 1]
        _append(self._offsets, ends[1:] - ends[0] + self._end)
        _append(self._values, _bytes(values)[ends[0] : ends[-1]])
        self._end += int(ends[-1] - ends[0])

    def _buffers(self) -> list[pa.Buffer]:
        return [_map(self._offsets), _map(self._values)]


def _column(kind: pa.DataType, path: Path) -> _Column:
    if pa.types.is_large_binary(kind) or pa.types.is_large_string(kind):
        return _Large(kind, path)
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_fixed_size_binary(kind):
        return _Fixed(kind, path)
    return _Column(kind)


def _bytes(buffer: pa.Buffer | None) -> np.ndarray:
    return np.zeros(0, np.uint8) if buffer is None else np.frombuffer(buffer, np.uint8)


def _append(path: Path, values: np.ndarray) -> None:
    with path.open("ab") as file:
        values.tofile(file)


def _map(path: Path) -> pa.Buffer:
    """The content of a file as a buffer; an empty file cannot be mapped."""
    if not path.stat().st_size:
        return pa.py_buffer(b"")
    return pa.memory_map(str(path)).read_buffer()
