"""From the records of a reader to Arrow batches: ids, origins, reasons, and the size of a batch."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import pyarrow as pa

from corpus_kit.kernels.identifiers import document_ids, origins
from corpus_kit.schema import READ_SCHEMA, Reason, reasons_array
from corpus_kit.sources import MAX_RECORD_BYTES, Binding, Unit


class Row(NamedTuple):
    """One record on its way into a batch."""

    locator: str | int
    """Where the record stands in its file; the same however the file is split."""
    size: int
    """Bytes it takes, about."""
    columns: dict[str, Any]
    """Values of READ_SCHEMA columns; those not named are null."""
    reason: str | None = None


def to_batches(
    rows: Iterable[Row], unit: Unit, binding: Binding, *, batch_rows: int, batch_bytes: int
) -> Iterator[pa.RecordBatch]:
    """Batches of at most `batch_rows` rows and about `batch_bytes` bytes; at most `unit.limit` rows altogether."""
    pending: list[Row] = []
    size = 0
    for row in itertools.islice(rows, unit.limit):
        pending.append(row)
        size += row.size
        if len(pending) >= batch_rows or size >= batch_bytes:
            yield _batch(pending, unit, binding)
            pending, size = [], 0
    if pending:
        yield _batch(pending, unit, binding)


def _batch(rows: list[Row], unit: Unit, binding: Binding) -> pa.RecordBatch:
    locators = pa.array([str(row.locator) for row in rows], pa.large_string())
    given = frozenset().union(*(row.columns for row in rows))
    always = {
        "id": document_ids(unit.source, unit.relative, locators),
        "source": pa.repeat(unit.source, len(rows)),
        "origin": origins(unit.relative, locators),
        "category": [row.columns.get("category") or binding.category for row in rows],
        "license": [row.columns.get("license") or binding.license for row in rows],
        "reasons": reasons_array(len(rows), _reasons(rows)),
    }
    arrays = []
    for field in READ_SCHEMA:
        if field.name in always:
            values = always[field.name]
        elif field.name in given:
            values = [row.columns.get(field.name) for row in rows]
        else:
            values = pa.nulls(len(rows), field.type)
        arrays.append(values if isinstance(values, pa.Array) else pa.array(values, field.type))
    return pa.RecordBatch.from_arrays(arrays, schema=READ_SCHEMA)


def _reasons(rows: list[Row]) -> Iterator[Reason]:
    for i, row in enumerate(rows):
        if row.reason == "read.too_large":
            yield Reason(i, row.reason, value=row.size, high=MAX_RECORD_BYTES)
        elif row.reason is not None:
            yield Reason(i, row.reason)
