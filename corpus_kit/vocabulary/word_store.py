"""Counts of words, added up exactly in bounded memory: what outgrows it goes to disk, cut by a hash of the word.

All counts of one word end in one file, so the files are added up one at a time. A file that would outgrow memory is cut
again by other bits of the hash. Counts are whole numbers, so the order of adding does not show.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import numpy as np
import pyarrow as pa

from corpus_kit.kernels import digests

SCHEMA = pa.schema([("group", pa.int32()), ("word", pa.large_string()), ("count", pa.int64())])

MEMORY = 256 << 20
"""Bytes of counts held before they are added up, or moved to disk. Adding up takes a few times as much."""

_BITS = 6
_LEVELS = 64 // _BITS


class WordStore:
    """Adds up counts of words by group. `folder` is made when it is needed, and removed at the end."""

    def __init__(self, folder: Path, *, memory: int = MEMORY, level: int = 0):
        self._folder, self._memory, self._level = folder, memory, level
        self._held: list[pa.Table] = []
        self._bytes = 0
        self._files: dict[int, pa.RecordBatchStreamWriter] = {}

    def __enter__(self) -> WordStore:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._close()
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def spilled(self) -> bool:
        """Whether anything went to disk."""
        return self._folder.exists()

    def add(self, counts: pa.Table) -> None:
        """Adds counts, of the columns of `SCHEMA`."""
        self._held.append(counts)
        self._bytes += counts.nbytes
        if self._bytes <= self._memory:
            return
        summed = self._summed()
        # Below half, adding up was worth it: the same words come again and again.
        is_large = summed.nbytes > self._memory // 2 and summed.num_rows > 1 << _BITS
        if is_large and self._level < _LEVELS:
            self._spill(summed)
            summed = SCHEMA.empty_table()
        self._held, self._bytes = [summed], summed.nbytes

    def parts(self) -> Iterator[pa.Table]:
        """All counts, each word of each group exactly once, in parts. To be called once, at the end."""
        if not self._files:
            yield self._summed()
            return
        self._spill(self._summed())
        self._held = []
        numbers = sorted(self._files)
        self._close()
        for number in numbers:
            path = self._path(number)
            with WordStore(path.with_suffix(""), memory=self._memory, level=self._level + 1) as part:
                with pa.OSFile(str(path)) as file, pa.ipc.open_stream(file) as batches:
                    for batch in batches:
                        part.add(pa.Table.from_batches([batch]))
                path.unlink()
                yield from part.parts()

    def _summed(self) -> pa.Table:
        together = pa.concat_tables([SCHEMA.empty_table(), *self._held]).combine_chunks()
        summed = together.group_by(["group", "word"], use_threads=False).aggregate([("count", "sum")])
        return summed.rename_columns({"count_sum": "count"}).select(SCHEMA.names).cast(SCHEMA)

    def _spill(self, counts: pa.Table) -> None:
        if not counts.num_rows:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        shift = np.uint64(self._level * _BITS)
        part = (digests(counts["word"])[:, 0] >> shift) & np.uint64((1 << _BITS) - 1)
        order = np.argsort(part, kind="stable")
        ordered, part = counts.take(pa.array(order)), part[order]
        begins = np.flatnonzero(np.r_[True, part[1:] != part[:-1]])
        for begin, end in zip(begins, [*begins[1:], len(part)], strict=True):
            self._file(int(part[begin])).write_table(ordered.slice(int(begin), int(end - begin)))

    def _file(self, number: int) -> pa.RecordBatchStreamWriter:
        if number not in self._files:
            options = pa.ipc.IpcWriteOptions(compression="lz4")
            self._files[number] = pa.ipc.new_stream(str(self._path(number)), SCHEMA, options=options)
        return self._files[number]

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:02}.arrows"

    def _close(self) -> None:
        for file in self._files.values():
            file.close()
        self._files = {}
