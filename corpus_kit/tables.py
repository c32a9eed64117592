"""Parquet files whose bytes depend on their rows alone, not on how the rows arrived in batches.

Chunk borders change Parquet bytes, so the writer cuts row groups, and chunks in them, at borders that are a function
of the row sequence; only where rows of two batches share a chunk are they copied. Pages carry checksums: without them
a flipped bit in zstd data is silently wrong text three times out of four.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from corpus_kit.commit import start_sync
from corpus_kit.schema import FORMAT

ROW_GROUP_ROWS = 16_384
ROW_GROUP_BYTES = 64 << 20
"""A row group ends with the row that reaches either."""

CHUNK_ROWS = 1024
"""Arrow encodes so many values at a time, so that in such chunks rows make the same pages as in one piece."""

LEVEL = 1
"""Of zstd. Writing takes half the time of level 3, which saves a tenth of the room (measured on 65 MB of text)."""

_FEW_VALUES = ["source", "category", "license", "lang", "lang_runner_up", "media_type", "stage"]
_NO_STATISTICS = {"text", "raw", "headers", "meta", "reasons", "title"}
"""Minimum and maximum of these would copy document text into the footer."""


class FileInfo(NamedTuple):
    """A finished file: what a receipt says of it."""

    rows: int
    bytes: int
    sha256: str
    """Of files on their way to the next phase another digest, or none."""


def row_bytes(batch: pa.RecordBatch | pa.Table) -> np.ndarray:
    """Bytes of text, or of raw where there is no text yet, of each row: int64, shape (rows,)."""
    sizes = np.zeros(batch.num_rows, np.int64)
    for name in ("raw", "text"):
        column = batch[name] if name in batch.schema.names else None
        if column is None or column.null_count == len(column):
            continue
        lengths = pc.binary_length(column)
        if column.null_count:
            lengths = pc.fill_null(lengths, -1).to_numpy(zero_copy_only=False)
            sizes = np.where(lengths >= 0, lengths, sizes)
        else:
            sizes = lengths.to_numpy().astype(np.int64, copy=False)
    return sizes


def conformed(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """The batch with the columns of the schema in its order, cast where that is needed."""
    if batch.schema.equals(schema):
        return batch
    return batch.select(schema.names).cast(schema)


def whole(column: pa.ChunkedArray) -> pa.Array:
    """The column as one array. Arrow's `combine_chunks` copies a single chunk, too."""
    if column.num_chunks == 1:
        return column.chunk(0)
    combined = column.combine_chunks()
    return combined if isinstance(combined, pa.Array) else pa.concat_arrays(combined.chunks)


def in_one_piece(table: pa.Table) -> pa.Table:
    """The table with each column as one array, copying those alone that are not."""
    if all(column.num_chunks == 1 for column in table.columns):
        return table
    return pa.table([whole(column) for column in table.columns], schema=table.schema)


def taken(columns: list[pa.ChunkedArray], names: Sequence[str], order: np.ndarray) -> pa.Table:
    """The rows of columns in another order. The list is emptied on the way: of what nobody else has, one column lies in
    memory twice at a time."""
    numbers = pa.array(order)
    columns.reverse()
    made = []
    while columns:
        made.append(whole(columns.pop()).take(numbers))
    return pa.table(made, names=list(names))


class TableWriter:
    """Writes one Parquet file. Not a context manager: that would write a valid footer when the body raises.

    A file that is not kept, because a later phase writes its rows again, is not packed: of text, writing takes a fifth
    of the time of zstd and reading half (lz4 saves a third of the room, and no time: measured on 46 MB).
    """

    def __init__(self, path: Path, schema: pa.Schema, *, is_kept: bool = True):
        names = schema.names
        metadata = {b"corpus_kit.format": FORMAT.encode()}
        self.schema = schema.with_metadata(metadata)
        self.path = path
        self.rows = 0
        self._chunks: list[pa.RecordBatch] = []
        self._pending: list[pa.RecordBatch] = []
        """Parts of the next chunk."""
        self._pending_rows = 0
        """Of the row group."""
        self._pending_bytes = 0
        self._writer = pq.ParquetWriter(
            path,
            self.schema,
            compression="zstd" if is_kept else "none",
            compression_level=LEVEL if is_kept else None,
            use_dictionary=[n for n in _FEW_VALUES if n in names],  # pyright: ignore[reportArgumentType]
            write_statistics=[n for n in names if n not in _NO_STATISTICS],  # pyright: ignore[reportArgumentType]
            write_page_checksum=True,
        )

    def write(self, batch: pa.RecordBatch) -> None:
        """Appends rows, which must have the writer's columns."""
        batch = conformed(batch, self.schema)
        cumulative = np.cumsum(row_bytes(batch))
        start = 0
        while start < batch.num_rows:
            before = int(cumulative[start - 1]) if start else 0
            by_bytes = int(np.searchsorted(cumulative, before + ROW_GROUP_BYTES - self._pending_bytes)) + 1
            stop = min(batch.num_rows, by_bytes, start + ROW_GROUP_ROWS - self._pending_rows)
            self._append(batch.slice(start, stop - start))
            self._pending_bytes += int(cumulative[stop - 1]) - before
            if self._pending_rows >= ROW_GROUP_ROWS or self._pending_bytes >= ROW_GROUP_BYTES:
                self.end_row_group()
            start = stop

    def _append(self, batch: pa.RecordBatch) -> None:
        """Appends rows to the row group, cut where chunks end."""
        start = 0
        while start < batch.num_rows:
            rows = min(batch.num_rows - start, CHUNK_ROWS - self._pending_rows % CHUNK_ROWS)
            self._pending.append(batch.slice(start, rows))
            self._pending_rows += rows
            start += rows
            if self._pending_rows % CHUNK_ROWS == 0:
                self._end_chunk()

    def _end_chunk(self) -> None:
        if self._pending:
            self._chunks.append(self._pending[0] if len(self._pending) == 1 else pa.concat_batches(self._pending))
        self._pending = []

    def end_row_group(self) -> None:
        """Ends the current row group, if it has rows."""
        self._end_chunk()
        if not self._chunks:
            return
        table = pa.Table.from_batches(self._chunks, self.schema)
        self._writer.write_table(table, row_group_size=max(1, table.num_rows))
        self.rows += table.num_rows
        self._chunks, self._pending_rows, self._pending_bytes = [], 0, 0

    def write_group(self, table: pa.Table) -> None:
        """Writes a table as one row group, whatever its size: readers will ask for it by number."""
        self.end_row_group()
        if table.num_rows:
            self._writer.write_table(table.cast(self.schema).combine_chunks(), row_group_size=table.num_rows)
            self.rows += table.num_rows

    def close(self) -> FileInfo:
        """Writes the footer, makes the file durable, and says what was written."""
        self.end_row_group()
        self._writer.close()
        written = start_sync(self.path)
        digest = file_digest(self.path)
        written.result()
        return FileInfo(self.rows, self.path.stat().st_size, digest)


def write_table(path: Path, table: pa.Table, *, groups: Sequence[int] | None = None, is_kept: bool = True) -> FileInfo:
    """Writes a table as one file; `groups` are the row counts of its row groups, if they matter."""
    writer = TableWriter(path, table.schema, is_kept=is_kept)
    if groups is None:
        for batch in table.combine_chunks().to_batches():
            writer.write(batch)
        return writer.close()
    start = 0
    for count in groups:
        writer.write_group(table.slice(start, count))
        start += count
    return writer.close()


def read_batches(
    path: Path | str, *, columns: Sequence[str] | None = None, rows: int = 1024
) -> Iterator[pa.RecordBatch]:
    """Batches of a file we wrote, page checksums verified."""
    reader = open_table(path)
    yield from reader.iter_batches(batch_size=rows, columns=columns, use_threads=False)


def open_table(path: Path | str) -> pq.ParquetFile:
    """A Parquet file we wrote, page checksums verified on reading."""
    return pq.ParquetFile(path, page_checksum_verification=True, memory_map=True)


def read_table(path: Path | str, *, columns: Sequence[str] | None = None) -> pa.Table:
    """A whole file we wrote, page checksums verified."""
    return open_table(path).read(columns=columns, use_threads=False)


def file_digest(path: Path) -> str:
    """sha256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
