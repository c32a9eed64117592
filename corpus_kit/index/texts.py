"""Texts of some documents of a run, found by row and id: only the row groups of their loads are looked at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from corpus_kit.errors import PlanError
from corpus_kit.tables import open_table, read_table

FOUND = pa.schema(
    [
        ("id", pa.string()),
        ("kept", pa.bool_()),
        ("stage", pa.string()),
        ("code", pa.string()),
        ("text", pa.large_string()),
    ]
)
"""A document that was found: kept to the end, or where it was rejected and why; its text, if that is there."""


class Texts:
    """Finds documents in the data and rejects of a run that has an index."""

    def __init__(self, run: Path):
        self.run = run
        path = run / "index" / "places.parquet"
        if not path.is_file():
            raise PlanError(f"{run} has no index/places.parquet; its index is not whole")
        self._places = read_table(path)
        self.text_bytes_read = 0
        """Bytes of columns of text that were read, as they lie in the files."""

    def find(self, rows: NDArray[np.uint64], ids: Sequence[str]) -> Iterator[pa.Table]:
        """Tables like FOUND, one for each row group that has some of the documents; kept ones first."""
        wanted = pa.array(ids, pa.string())
        loads = np.unique(np.asarray(rows, np.uint64) >> np.uint64(32)).astype(np.int64)
        for kind in ("data", "rejects"):
            for path, groups in self._groups(kind, loads):
                if len(wanted) == 0:
                    return
                for table in self._in_file(path, groups, kind, wanted):
                    wanted = wanted.filter(pc.invert(pc.is_in(wanted, value_set=table["id"].combine_chunks())))
                    yield table

    def _groups(self, kind: str, loads: NDArray[np.int64]) -> Iterator[tuple[Path, list[int]]]:
        """Files, and the row groups in them, that hold documents of these loads."""
        places = self._places.filter(pc.equal(self._places["kind"], kind))
        places = places.filter(pc.is_in(places["load"], value_set=pa.array(loads)))
        spans: dict[str, list[tuple[int, int]]] = {}
        for path, first, rows in zip(*(places[name].to_pylist() for name in ("path", "first", "rows")), strict=True):
            spans.setdefault(path, []).append((first, first + rows))
        for path, inside in sorted(spans.items()):
            metadata = pq.read_metadata(self.run / path)
            begin, groups = 0, []
            for number in range(metadata.num_row_groups):
                end = begin + metadata.row_group(number).num_rows
                if any(a < end and begin < b for a, b in inside):
                    groups.append(number)
                begin = end
            yield self.run / path, groups

    def _in_file(self, path: Path, groups: list[int], kind: str, wanted: pa.Array) -> Iterator[pa.Table]:
        file = open_table(path)
        for number in groups:
            hit = pc.is_in(file.read_row_group(number, columns=["id"], use_threads=False)["id"], value_set=wanted)
            if not pc.any(hit).as_py():
                continue
            columns = ["id", "text"] if kind == "data" else ["id", "text", "stage", "reasons"]
            table = file.read_row_group(number, columns=columns, use_threads=False).filter(hit)
            self.text_bytes_read += _bytes_of(file, number, "text")
            yield _found(table, kind)


def _found(table: pa.Table, kind: str) -> pa.Table:
    rows = table.num_rows
    if kind == "data":
        stage = code = pa.nulls(rows, pa.string())
    else:
        stage = table["stage"]
        code = pc.struct_field(pc.list_element(table["reasons"].combine_chunks(), 0), "code")
    return pa.table([table["id"], pa.repeat(kind == "data", rows), stage, code, table["text"]], schema=FOUND)


def _bytes_of(file: pq.ParquetFile, group: int, name: str) -> int:
    columns = (file.metadata.row_group(group).column(i) for i in range(file.metadata.num_columns))
    return sum(one.total_compressed_size for one in columns if one.path_in_schema == name)
