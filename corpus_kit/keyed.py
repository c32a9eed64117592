"""Files of rows sorted by a number: cut by key partition, or by load; and read by ranges of it, in bounded memory.

Rows of one partition never share a row group with another's, row groups are small, and their least and greatest numbers
stand in the footer. So a reader finds what it needs without an index beside the file, takes any range, and may go
through many files at once in the order of their keys.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from corpus_kit.held import shelf
from corpus_kit.kernels.sorting import sorted_pairs
from corpus_kit.schema import FORMAT
from corpus_kit.tables import FileInfo, in_one_piece, open_table, taken

GROUP_ROWS = 1 << 15
GROUP_BYTES = 4 << 20
"""A row group of keyed rows holds at most so much: who reads many files at once may have to hold one of each."""


class KeyedWriter:
    """Writes one file of tables that are sorted by a column, or that nobody looks up.

    Numbers are stored as differences (8 bytes for a key and its row, and twice as fast as zstd: measured on band keys).
    """

    def __init__(self, path: Path, schema: pa.Schema, *, cut: bool = True):
        numbers = [field.name for field in schema if field.type == pa.uint64()]
        texts = [field.name for field in schema if field.type in (pa.string(), pa.large_string())]
        self.schema = schema.with_metadata({b"corpus_kit.format": FORMAT.encode()})
        self.path = path
        self.rows = 0
        self._cut = cut
        self._writer = pq.ParquetWriter(
            path,
            self.schema,
            compression=dict.fromkeys(texts, "lz4"),  # pyright: ignore[reportArgumentType]
            use_dictionary=texts,  # pyright: ignore[reportArgumentType]
            column_encoding=dict.fromkeys(numbers, "DELTA_BINARY_PACKED"),
            write_statistics=numbers,  # pyright: ignore[reportArgumentType]
            write_page_checksum=True,
        )

    def write(self, table: pa.Table, order: np.ndarray | None = None) -> None:
        """Appends a table, or its rows of the numbers given, in that order. They share no row group with those of
        another call, and one each if nothing is cut."""
        rows = table.num_rows if order is None else len(order)
        if not rows:
            return
        table = in_one_piece(table.cast(self.schema))
        step = max(1, min(GROUP_ROWS, GROUP_BYTES * table.num_rows // max(1, table.nbytes)))
        step = step if self._cut else rows
        if order is None:
            self._writer.write_table(table, row_group_size=step)
        else:  # one group after the other: what is large must not lie in memory once more
            for begin in range(0, rows, step):
                self._writer.write_table(table.take(pa.array(order[begin : begin + step])), row_group_size=step)
        self.rows += rows

    def close(self) -> FileInfo:
        """Writes the footer and says what was written; nobody asks for the digest of what is not kept."""
        self._writer.close()
        return FileInfo(self.rows, self.path.stat().st_size, "")


def write_keyed(path: Path, table: pa.Table, partitions: int) -> FileInfo:
    """Writes rows sorted by (key, row), cut by partition."""
    table, order = _ordered(table, is_ordered=False)
    table = in_one_piece(table)
    keys = table["key"].to_numpy()
    writer = KeyedWriter(path, table.schema)
    begin = 0
    for count in _counts(keys if order is None else keys[order], partitions).values():
        if order is None:
            writer.write(table.slice(begin, count))
        else:
            writer.write(table, order[begin : begin + count])
        begin += count
    return writer.close()


def sliced(table: pa.Table, low: int, high: int) -> pa.Table:
    """The rows of a range of keys, of a table that is sorted by them and in one piece."""
    keys = table["key"].to_numpy()
    begin = int(np.searchsorted(keys, np.uint64(low)))
    end = len(keys) if high == 1 << 64 else int(np.searchsorted(keys, np.uint64(high)))
    return table.slice(begin, end - begin)


def by_partition(table: pa.Table, partitions: int) -> tuple[pa.Table, dict[int, int]]:
    """The rows sorted by (key, row), and how many each non-empty partition has, in order."""
    table = by_key(table)
    return table, _counts(table["key"].to_numpy(), partitions)


def _counts(keys: np.ndarray, partitions: int) -> dict[int, int]:
    """How many of the sorted keys each non-empty partition has, in order."""
    firsts = np.array([key_range(partition, partitions)[0] for partition in range(partitions)], np.uint64)
    counts = np.diff(np.append(np.searchsorted(keys, firsts), len(keys)))
    return {partition: int(counts[partition]) for partition in np.flatnonzero(counts).tolist()}


def by_key(table: pa.Table, *, is_ordered: bool = False) -> pa.Table:
    """The rows sorted by (key, row); those with the same of both stay in order.

    `is_ordered` says that the rows of any one key stand in order already: they come from sorted files, load after load.
    """
    table, order = _ordered(table, is_ordered=is_ordered)
    if order is None:
        return in_one_piece(table)
    columns, names = table.columns, table.schema.names
    del table
    return taken(columns, names, order)


def _ordered(table: pa.Table, *, is_ordered: bool) -> tuple[pa.Table, np.ndarray | None]:
    """The table and the order in which its rows are sorted, None if they stand in it."""
    key, row = table["key"].to_numpy(), table["row"].to_numpy()
    if not is_ordered and not (row[1:] >= row[:-1]).all():
        return table, np.lexsort((row, key))
    if bool((key[1:] >= key[:-1]).all()):
        return table, None
    if set(table.schema.names) == {"row", "key"}:
        keys, rows = sorted_pairs(key, row)
        return pa.table({"row": rows, "key": keys}).select(table.schema.names), None
    return table, sorted_pairs(key, np.arange(len(key), dtype=np.uint64))[1]


def partition_of(keys: np.ndarray, partitions: int) -> np.ndarray:
    """Partition number of each 64-bit key: its top bits. `partitions` is a power of two."""
    bits = partitions.bit_length() - 1
    if bits == 0:
        return np.zeros(len(keys), np.int64)
    return (keys >> np.uint64(64 - bits)).astype(np.int64)


def key_range(partition: int, partitions: int) -> tuple[int, int]:
    """First key of a partition, and the one after its last.

    >>> key_range(3, 4) == (3 << 62, 1 << 64)
    True
    """
    width = (1 << 64) // partitions
    return partition * width, (partition + 1) * width


def by_load(table: pa.Table) -> tuple[pa.Table, dict[int, int]]:
    """The rows sorted by `row`, and how many each load with rows has, in order."""
    table = table.sort_by("row")
    return table, per_load(table)


def per_load(table: pa.Table) -> dict[int, int]:
    """How many rows each load has, in order, of a table sorted by `row`."""
    values, counts = np.unique((table["row"].to_numpy() >> np.uint64(32)).astype(np.int64), return_counts=True)
    return {int(value): int(count) for value, count in zip(values, counts, strict=True)}


def without_rows(table: pa.Table, dead: np.ndarray) -> pa.Table:
    """The table less the rows whose `row` is in the sorted array `dead`."""
    if not len(dead) or not table.num_rows:
        return table
    rows = table["row"].to_numpy()
    at = np.minimum(np.searchsorted(dead, rows), len(dead) - 1)
    return table.filter(pc.invert(pa.array(dead[at] == rows)))


def between(
    paths: Iterable[Path], low: int, high: int, *, by: str = "row", columns: Sequence[str] | None = None
) -> list[pa.Table]:
    """The rows of many files whose number is at least `low` and less than `high`; tables sorted by it stay so."""
    tables = []
    for path in paths:
        wanted = None if columns is None else list(dict.fromkeys([by, *columns]))
        held = shelf().get(path)
        if held is not None:
            if by != "key":
                raise ValueError(f"what was collected is held in order of its keys, not of {by!r}")
            found = sliced(held if wanted is None else held.select(wanted), low, high)
            tables += [found] if found.num_rows else []
            continue
        file = open_table(path)
        for group in overlapping(file, low, high, by=by):
            table = clipped(file.read_row_group(group, columns=wanted, use_threads=False), low, high, by=by)
            if table.num_rows:
                tables.append(table)
    return tables


def overlapping(file: pq.ParquetFile, low: int, high: int, *, by: str) -> Iterator[int]:
    """Row groups that may have a number of the range."""
    column = leaf(file, by)
    for group in range(file.num_row_groups):
        found = file.metadata.row_group(group).column(column).statistics
        if found is None or not found.has_min_max or (found.min < high and found.max >= low):
            yield group


def leaf(file: pq.ParquetFile, name: str) -> int:
    """Number of a column as footers count: the parts of lists and structs each count as one."""
    return next(i for i in range(file.metadata.num_columns) if file.metadata.schema.column(i).path == name)


def clipped(table: pa.Table, low: int, high: int, *, by: str) -> pa.Table:
    """The rows of the range; a slice where they stand side by side."""
    numbers = table[by].to_numpy()
    inside = numbers >= np.uint64(low)
    if high < 1 << 64:
        inside &= numbers < np.uint64(high)
    if inside.all():
        return table
    at = np.flatnonzero(inside)
    if len(at) and at[-1] - at[0] + 1 == len(at):
        return table.slice(int(at[0]), len(at))
    return table.filter(pa.array(inside))
