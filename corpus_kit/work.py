"""Rows on their way to the next phase: in memory, if there is room, else in Arrow's own format, uncompressed.

Nobody keeps such files, and they are read up to three times. Of 163 MB of text, writing takes half the time of unpacked
Parquet, and reading none: the file is mapped, and what is not touched is not read. Their bytes may depend on how the
rows came; the rows do not. Whoever makes of them what is kept compares their digest first: nothing else would notice a
flipped bit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from corpus_kit.errors import StageError
from corpus_kit.held import shelf
from corpus_kit.kernels import digests
from corpus_kit.schema import FORMAT
from corpus_kit.tables import FileInfo, conformed, row_bytes


def work_file(segment: int, load: int) -> str:
    """Where a segment leaves the surviving rows of a load, relative to the run."""
    return f"work/map-{segment}/{load:06d}.arrow"


class WorkWriter:
    """Takes rows as long as they may be held, and writes such a file as soon as they may not. Not a context manager:
    that would write a valid footer when the body raises."""

    def __init__(self, path: Path):
        self.path = path
        self.rows = self.bytes = self.text_bytes = 0
        self._schema: pa.Schema | None = None
        self._writer: pa.ipc.RecordBatchFileWriter | None = None
        self._file: pa.OSFile | None = None
        self._held: list[pa.RecordBatch] = []

    def write(self, batch: pa.RecordBatch) -> None:
        """Appends rows, which must have the columns of the first ones."""
        if self._schema is None:
            self._schema = batch.schema.with_metadata({b"corpus_kit.format": FORMAT.encode()})
        batch = conformed(batch, self._schema)
        self.rows += batch.num_rows
        self.bytes += batch.get_total_buffer_size()
        self.text_bytes += int(row_bytes(batch).sum())
        if self.fits and self.bytes <= shelf().room:
            self._held.append(batch)
        else:
            self._begun().write_batch(batch)

    @property
    def fits(self) -> bool:
        """Whether all rows are still in memory."""
        return self._writer is None

    def table(self) -> pa.Table:
        """The rows, if all are in memory."""
        return pa.Table.from_batches(self._held, self._schema)

    def close(self) -> FileInfo:
        """Finishes the file and says what was written. Raises ValueError if there was no row."""
        self._begun().close()
        if self._file is not None:
            self._file.close()
        return FileInfo(self.rows, self.path.stat().st_size, digest(self.path))

    def _begun(self) -> pa.ipc.RecordBatchFileWriter:
        """The file, with what was held so far in it."""
        if self._schema is None:
            raise ValueError("there are no rows of which the columns could be known")
        if self._writer is None:
            self._file = pa.OSFile(str(self.path), "wb")
            self._writer = pa.ipc.new_file(self._file, self._schema)
            for batch in self._held:
                self._writer.write_batch(batch)
            self._held = []
        return self._writer


def digest(path: Path) -> str:
    """A digest of a file that is fast, and not cryptographic: MurmurHash3 of all its bytes."""
    content = pa.memory_map(str(path)).read_buffer()
    ends = pa.py_buffer(np.array([0, content.size], np.int64))
    [[first, second]] = digests(pa.Array.from_buffers(pa.large_string(), 1, [None, ends, content])).tolist()
    return f"murmur3:{first:016x}{second:016x}"


class WorkRows:
    """The rows that a segment left of a load: of a mapped file, or held.

    Columns that are not wanted are dropped, not left out of the reading: that would copy what lies between.
    """

    def __init__(self, schema: pa.Schema, rows: int, batches: int, read: Callable[[int], pa.RecordBatch]):
        self.names: list[str] = schema.names
        self.rows = rows
        self._schema, self._count, self._read = schema, batches, read

    @classmethod
    def of_file(cls, path: Path) -> WorkRows:
        """Those of a file. Raises ArrowInvalid or OSError for one that was not finished."""
        reader = pa.ipc.open_file(pa.memory_map(str(path)), options=pa.ipc.IpcReadOptions(use_threads=False))
        return cls(reader.schema, reader.count_rows(), reader.num_record_batches, reader.get_batch)

    @classmethod
    def of_table(cls, table: pa.Table) -> WorkRows:
        """Those of a table."""
        batches = table.to_batches()
        return cls(table.schema, table.num_rows, len(batches), batches.__getitem__)

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """Batches as they were written, with all columns or those named."""
        for i in range(self._count):
            batch = self._read(i)
            yield batch if columns is None else batch.select(columns)

    def table(self, columns: Sequence[str] | None = None) -> pa.Table:
        """All rows, with all columns or those named."""
        table = pa.Table.from_batches(self.batches(), self._schema)
        return table if columns is None else table.select(columns)

    def last_row(self) -> int | None:
        """The greatest number of a row, which rise; None if there are no rows."""
        return self._read(self._count - 1)["row"][-1].as_py() if self.rows else None


def found_rows(run: Path, segment: int, load: int) -> WorkRows | None:
    """The rows that a segment left of a load; None if it left none."""
    path = run / work_file(segment, load)
    held = shelf().get(path)
    if held is not None:
        return WorkRows.of_table(held)
    return WorkRows.of_file(path) if path.exists() else None


def left_rows(run: Path, segment: int, load: int) -> WorkRows:
    """The rows that a segment left of a load. Raises StageError if there are none though somebody wants them."""
    found = found_rows(run, segment, load)
    if found is None:
        raise StageError(f"{work_file(segment, load)} is missing, though its receipt says it was made; run again")
    return found
