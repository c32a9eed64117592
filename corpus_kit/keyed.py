"""Tables cut by key partition or by load: one row group for each, found by number."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


def by_partition(table: pa.Table, partitions: int) -> tuple[pa.Table, dict[int, int]]:
    """The rows sorted by (key, row), and how many each non-empty partition has, in order.

    `partitions` is a power of two; the partition of a key is its top bits.
    """
    table = table.sort_by([("key", "ascending"), ("row", "ascending")])
    return table, _runs(partition_of(table["key"].to_numpy(), partitions))


def partition_of(keys: np.ndarray, partitions: int) -> np.ndarray:
    """Partition number of each 64-bit key."""
    bits = partitions.bit_length() - 1
    if bits == 0:
        return np.zeros(len(keys), np.int64)
    return (keys >> np.uint64(64 - bits)).astype(np.int64)


def by_load(table: pa.Table) -> tuple[pa.Table, dict[int, int]]:
    """The rows sorted by `row`, and how many each load with rows has, in order."""
    table = table.sort_by("row")
    return table, _runs((table["row"].to_numpy() >> np.uint64(32)).astype(np.int64))


def without_rows(table: pa.Table, dead: np.ndarray) -> pa.Table:
    """The table less the rows whose `row` is in the sorted array `dead`."""
    if not len(dead) or not table.num_rows:
        return table
    rows = table["row"].to_numpy()
    at = np.minimum(np.searchsorted(dead, rows), len(dead) - 1)
    return table.filter(pc.invert(pa.array(dead[at] == rows)))


def _runs(numbers: np.ndarray) -> dict[int, int]:
    values, counts = np.unique(numbers, return_counts=True)
    return {int(value): int(count) for value, count in zip(values, counts, strict=True)}
