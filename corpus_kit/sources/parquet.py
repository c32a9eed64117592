"""Parquet files, split at row groups. The locator of a record is its row number in the file."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import ClassVar, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from corpus_kit.errors import PlanError, suggest
from corpus_kit.kernels.identifiers import document_ids, origins
from corpus_kit.schema import READ_SCHEMA, Reason, reasons_array
from corpus_kit.sources import MAX_RECORD_BYTES, Binding, Unit, field_names
from corpus_kit.sources.arrow_values import is_text, json_objects, scalar_strings, valid_text
from corpus_kit.sources.rows import Row, to_batches
from corpus_kit.storage import open_random, open_stream

PIECE_BYTES = 32 << 20
PIECE_ROWS = 8192
"""Size in which a row group is decoded, whatever the batches are, so that a damaged page always costs the same rows."""

_KINDS = {field.name: field.type for field in READ_SCHEMA}

_BROKEN = (pa.ArrowException, OSError, UnicodeDecodeError)
"""What Arrow raises for damaged files; the last for names of columns."""


class Parquet:
    """Reads .parquet files."""

    extensions: ClassVar[tuple[str, ...]] = (".parquet",)
    modules: ClassVar[Mapping[str, str]] = {}
    version: ClassVar[int] = 1
    libraries: ClassVar[tuple[str, ...]] = ()
    max_record_bytes: ClassVar[int] = MAX_RECORD_BYTES

    def split(self, path: str, size: int, shard_bytes: int) -> list[tuple[int, int | None]]:
        """Row ranges, each some whole row groups of about `shard_bytes` compressed bytes."""
        file = _open(path)
        if file is None:
            return [(0, None)]
        # never touch the metadata of a column: for a broken footer Arrow ends the whole process there (seen in 26.0)
        groups = [file.metadata.row_group(i) for i in range(file.metadata.num_row_groups)]
        packing = size / max(1, sum(group.total_byte_size for group in groups))
        borders, row, held = [0], 0, 0.0
        for group in groups:
            if held >= shard_bytes:
                borders.append(row)
                held = 0.0
            row += group.num_rows
            held += group.total_byte_size * packing
        return list(zip(borders, [*borders[1:], None], strict=True))

    def check(self, path: str, binding: Binding) -> None:
        """Raises PlanError if there is no column for the text."""
        name = field_names(binding)["text"]
        file = _open(path)
        if file is None:
            return  # reading it gives a row that says so
        schema = file.schema_arrow
        at = schema.get_field_index(name)
        if at >= 0 and is_text(schema.field(at).type):
            return
        found = f"is {schema.field(at).type}, not text" if at >= 0 else f"does not exist; {suggest(name, schema.names)}"
        raise PlanError(
            f"{path!r}: column {name!r} {found}\n  name the right one in the source card: fields: {{text: NAME}}"
        )

    def read(
        self, unit: Unit, binding: Binding, skipped: Counter[str], *, batch_rows: int, batch_bytes: int
    ) -> Iterator[pa.RecordBatch]:
        """Batches of the rows in the unit."""
        names = field_names(binding)
        left = math.inf if unit.limit is None else unit.limit
        for piece in _pieces(unit):
            if left <= 0:
                return
            if isinstance(piece, Row):
                batches = to_batches([piece], unit, binding, batch_rows=1, batch_bytes=1)
            else:
                rows = self._convert(piece.batch, piece.row, unit, binding, names)
                batches = _cut(rows.slice(0, min(left, rows.num_rows)), batch_rows, batch_bytes)
            for batch in batches:
                left -= batch.num_rows
                yield batch

    def _convert(
        self, batch: pa.RecordBatch, first: int, unit: Unit, binding: Binding, names: Mapping[str, str]
    ) -> pa.RecordBatch:
        n = batch.num_rows
        columns: dict[str, pa.Array] = {}
        broken = np.zeros(n, bool)
        for column, name in names.items():
            at = batch.schema.get_field_index(name)
            found = None if at < 0 else (valid_text if column == "text" else scalar_strings)(batch.column(at))
            if found is not None:
                columns[column] = found[0].cast(READ_SCHEMA.field(column).type)
                broken |= found[1]
        used = {names[column] for column in columns}
        rest = [i for i, name in enumerate(batch.schema.names) if name not in used]
        text, reasons = self._text(columns.pop("text", None), n)
        locators = pa.array(np.arange(first, first + n)).cast(pa.large_string())
        columns |= {
            "text": text,
            "id": document_ids(unit.source, unit.relative, locators),
            "origin": origins(unit.relative, locators),
            "source": pa.repeat(unit.source, n),
            "category": _or_own(columns.get("category"), binding.category, n),
            "license": _or_own(columns.get("license"), binding.license, n),
            "meta": json_objects(batch.select(rest), broken),
        }
        if reasons:
            columns["reasons"] = reasons_array(n, reasons)
        arrays = [columns[name] if name in columns else pa.nulls(n, kind) for name, kind in _KINDS.items()]
        return pa.RecordBatch.from_arrays(arrays, schema=READ_SCHEMA)

    def _text(self, text: pa.Array | None, n: int) -> tuple[pa.Array, list[Reason]]:
        """The texts that are there and below the cap, and reasons for the other rows."""
        if text is None:
            return pa.nulls(n, pa.large_string()), [Reason(row, "read.no_text") for row in range(n)]
        if text.null_count == 0 and text.nbytes <= self.max_record_bytes:
            return text, []  # they are not too large all together
        size = pc.fill_null(pc.binary_length(text), 0).to_numpy()
        absent = np.asarray(text.is_null().to_numpy(zero_copy_only=False), bool)
        large = size > self.max_record_bytes
        if not (absent.any() or large.any()):
            return text, []
        reasons = [Reason(row, "read.no_text") for row in np.flatnonzero(absent).tolist()]
        reasons += [
            Reason(row, "read.too_large", value=float(size[row]), high=self.max_record_bytes)
            for row in np.flatnonzero(large).tolist()
        ]
        return pc.if_else(pa.array(large), pa.scalar(None, pa.large_string()), text), reasons


class _Piece(NamedTuple):
    row: int
    batch: pa.RecordBatch


def _open(path: str) -> pq.ParquetFile | None:
    """The file; None if its footer is damaged."""
    source = open_random(path)
    try:
        return pq.ParquetFile(source, page_checksum_verification=True)
    except _BROKEN:
        _require_readable(path)
        return None


def _require_readable(path: str) -> None:
    """Raises the medium's own error if that is what Arrow stumbled over: then it is no damage, and may pass."""
    with open_stream(path) as stream:
        while stream.read(8 << 20):
            pass


def _pieces(unit: Unit) -> Iterator[_Piece | Row]:
    """Decoded rows of the unit, and a row for each row group that is damaged."""
    file = _open(unit.path)
    if file is None:
        yield Row("damage", 0, {}, "read.damaged")
        return
    end = math.inf if unit.end is None else unit.end
    first = 0
    for number in range(file.metadata.num_row_groups):
        rows = file.metadata.row_group(number).num_rows
        if first < end and first + rows > unit.start:
            yield from _group(file, number, first, unit)
        first += rows


def _group(file: pq.ParquetFile, number: int, first: int, unit: Unit) -> Iterator[_Piece | Row]:
    group = file.metadata.row_group(number)
    per_row = max(1, group.total_byte_size // max(1, group.num_rows))
    size = max(1, min(PIECE_ROWS, PIECE_BYTES // per_row))
    row = first
    try:
        for batch in file.iter_batches(size, row_groups=[number], use_threads=False):
            _require_sound(batch)
            low = max(unit.start - row, 0)
            high = batch.num_rows if unit.end is None else min(unit.end - row, batch.num_rows)
            if low < high:
                yield _Piece(row + low, batch.slice(low, high - low))
            row += batch.num_rows
    except _BROKEN:
        _require_readable(unit.path)
    if row != first + group.num_rows and first >= unit.start:
        yield Row(f"damage-{first}", 0, {}, "read.damaged")


def _require_sound(batch: pa.RecordBatch) -> None:
    """Raises ArrowInvalid for what Arrow itself does not check: dictionary indices that point nowhere."""
    for column in batch.columns:
        if isinstance(column, pa.DictionaryArray):
            bounds = pc.min_max(column.indices).as_py()
            if bounds["max"] is not None and not 0 <= bounds["min"] <= bounds["max"] < len(column.dictionary):
                raise pa.ArrowInvalid("a dictionary index is out of bounds")


def _or_own(given: pa.Array | None, own: str | None, n: int) -> pa.Array:
    """What the file has of a column, and what the card says where that is null or empty."""
    value = pa.scalar(own, pa.string())
    if given is None:
        return pa.repeat(value, n)
    return pc.if_else(pc.fill_null(pc.not_equal(given, ""), False), given, value)


def _cut(batch: pa.RecordBatch, batch_rows: int, batch_bytes: int) -> Iterator[pa.RecordBatch]:
    if batch.num_rows <= batch_rows and batch["text"].nbytes < batch_bytes:
        yield batch
        return
    ends = np.cumsum(pc.fill_null(pc.binary_length(batch["text"]), 0).to_numpy())
    start = 0
    while start < batch.num_rows:
        before = ends[start - 1] if start else 0
        full = int(np.searchsorted(ends, before + batch_bytes)) + 1  # with the row that fills it
        stop = min(full, start + batch_rows, batch.num_rows)
        yield batch.slice(start, stop - start)
        start = stop
