"""All rows of a range of keys, from many sorted files, in pieces that fit in memory and never cut a key in two.

Row groups are taken in the order of their least key. Once enough is held, whatever lies below the least key still to
come is complete. So each row group is read once, and no more is held than a piece and one row group of each file. A
key that has more rows than a piece may hold is left out, and given by itself.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from corpus_kit.held import shelf
from corpus_kit.keyed import GROUP_ROWS, by_key, clipped, leaf, sliced
from corpus_kit.tables import open_table

PIECE_BYTES = 256 << 20
"""Of keyed rows that a group task holds at once. What a stage makes of them takes seven times as much (measured)."""

_OPEN_GROUPS = 1 << 17
"""Files stay open as long as their footers have no more row groups than this together: some 150 MB."""


class _Part(NamedTuple):
    """A row group: least and greatest key, number of its file, its number there, bytes."""

    low: int
    high: int
    file: int
    group: int
    bytes: int


class Stream:
    """The rows of `paths` with keys from `low` to below `high`; within a key they come in order of file."""

    def __init__(self, paths: Sequence[Path], low: int, high: int):
        self._paths, self._low, self._high = paths, low, high
        self._open: OrderedDict[int, pq.ParquetFile] = OrderedDict()
        self._open_groups = 0
        self._parts = sorted(part for number in range(len(paths)) for part in self._parts_of(number))
        pure: Counter[int] = Counter()
        for part in self._parts:
            if part.low == part.high:
                pure[part.low] += part.bytes
        self.giants = sorted(key for key, size in pure.items() if size > PIECE_BYTES)
        """Keys with more rows than a piece may hold."""

    def pieces(self) -> Iterator[pa.Table]:
        """Tables sorted by (key, row), keys rising from table to table, without the giants."""
        giants = set(self.giants)
        parts = [part for part in self._parts if not (part.low == part.high and part.low in giants)]
        held: list[tuple[_Part, pa.Table]] = []
        begin, enough = 0, PIECE_BYTES
        while begin < len(parts):
            size = sum(table.nbytes for _, table in held)
            while begin < len(parts) and size < enough:
                end = self._together(parts, begin, enough - size)
                read = list(self._read_together(parts[begin:end]))
                held += read
                size += sum(table.nbytes for _, table in read)
                begin = end
            if begin < len(parts):
                ready, held = _split(held, parts[begin].low)
                if ready:
                    yield _joined(ready)
                enough = max(PIECE_BYTES, 2 * sum(table.nbytes for _, table in held))
        if held:
            yield _joined(held)

    def pieces_of(self, key: int) -> Iterator[pa.Table]:
        """All rows of one key in order, a row group at a time."""
        for part in sorted(self._parts, key=lambda part: (part.file, part.group)):
            if part.low <= key <= part.high:
                table = clipped(self._read(part), key, key + 1, by="key")
                if table.num_rows:
                    yield table

    def _parts_of(self, number: int) -> Iterator[_Part]:
        """Row groups of a file with keys of the range; they stand in order of key, so the first is searched for."""
        held = self._held(number)
        if held is not None:
            yield from _parts_held(sliced(held, self._low, self._high), number)
            return
        file = self._file(number)
        metadata = file.metadata
        columns, column = range(metadata.num_columns), leaf(file, "key")

        def greatest(group: int) -> int:
            return metadata.row_group(group).column(column).statistics.max

        begin, end = 0, metadata.num_row_groups
        while begin < end:
            middle = (begin + end) // 2
            begin, end = (middle + 1, end) if greatest(middle) < self._low else (begin, middle)
        for group in range(begin, metadata.num_row_groups):
            least = metadata.row_group(group).column(column).statistics.min
            if least >= self._high:
                return
            size = sum(metadata.row_group(group).column(i).total_uncompressed_size for i in columns)
            size = max(size, 8 * metadata.row_group(group).num_rows * metadata.num_columns)  # numbers are packed
            yield _Part(least, greatest(group), number, group, size)

    def _file(self, number: int) -> pq.ParquetFile:
        if number not in self._open:
            self._open[number] = open_table(self._paths[number])
            self._open_groups += self._open[number].num_row_groups
            while self._open_groups > _OPEN_GROUPS and len(self._open) > 1:
                self._open_groups -= self._open.popitem(last=False)[1].num_row_groups
        self._open.move_to_end(number)
        return self._open[number]

    def _together(self, parts: Sequence[_Part], begin: int, most: int) -> int:
        """Behind the last row group to be read with the first: as many as are known to fit."""
        end, size = begin + 1, parts[begin].bytes
        held = self._held(parts[begin].file)
        schema = self._file(parts[begin].file).schema_arrow if held is None else held.schema
        if any(pa.types.is_string(kind) for kind in schema.types):
            return end  # a dictionary hides how much its rows are
        while end < len(parts) and size + parts[end].bytes <= most:
            size += parts[end].bytes
            end += 1
        return end

    def _read_together(self, parts: Sequence[_Part]) -> Iterator[tuple[_Part, pa.Table]]:
        """The rows of each file in one piece: reading row groups one by one would copy them once more."""
        of_file: dict[int, list[_Part]] = {}
        for part in parts:
            of_file.setdefault(part.file, []).append(part)
        for number, its in of_file.items():
            held = self._held(number)
            if held is not None:
                rows = pa.concat_tables([self._slice(held, part) for part in its])
                yield its[0], self._without_giants(rows)
                continue
            table = self._file(number).read_row_groups([part.group for part in its], use_threads=False)
            yield its[0], self._without_giants(clipped(table, self._low, self._high, by="key"))

    def _held(self, number: int) -> pa.Table | None:
        return shelf().get(self._paths[number])

    def _slice(self, held: pa.Table, part: _Part) -> pa.Table:
        return sliced(held, self._low, self._high).slice(part.group * GROUP_ROWS, GROUP_ROWS)

    def _read(self, part: _Part) -> pa.Table:
        held = self._held(part.file)
        if held is not None:
            return self._slice(held, part)
        table = self._file(part.file).read_row_group(part.group, use_threads=False)
        return clipped(table, self._low, self._high, by="key")

    def _without_giants(self, table: pa.Table) -> pa.Table:
        if not self.giants:
            return table
        known = pa.array(self.giants, pa.uint64())
        return table.filter(pc.invert(pc.is_in(table["key"], value_set=known)))


def _parts_held(rows: pa.Table, number: int) -> Iterator[_Part]:
    """Rows that are held, as if they were in row groups."""
    for group in range(-(-rows.num_rows // GROUP_ROWS)):
        part = rows.slice(group * GROUP_ROWS, GROUP_ROWS)
        yield _Part(part["key"][0].as_py(), part["key"][-1].as_py(), number, group, part.nbytes)


def _split(
    held: list[tuple[_Part, pa.Table]], border: int
) -> tuple[list[tuple[_Part, pa.Table]], list[tuple[_Part, pa.Table]]]:
    """What lies below a key, and what does not."""
    ready, left = [], []
    for part, table in held:
        below, above = clipped(table, 0, border, by="key"), clipped(table, border, 1 << 64, by="key")
        if below.num_rows:
            ready.append((part, below))
        if above.num_rows:
            left.append((part, above))
    return ready, left


def _joined(held: list[tuple[_Part, pa.Table]]) -> pa.Table:
    in_order = sorted(held, key=lambda one: (one[0].file, one[0].group))
    return by_key(pa.concat_tables([table for _, table in in_order]), is_ordered=True)
