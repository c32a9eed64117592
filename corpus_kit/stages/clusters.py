"""Buckets and clusters of near-duplicates: what MinHash deduplication makes of a key partition, as arrays."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from corpus_kit.kernels.near import judge
from corpus_kit.stages.duplicates import decision_table
from corpus_kit.stages.survival import from_columns

COPY = "same"
COPY_TOO = "same_too"
"""Columns with both halves of a digest: documents of a cluster that are alike in it have the same shingles."""


class Members(NamedTuple):
    """Documents of some clusters, in the order of the table: cluster by cluster."""

    row: NDArray[np.uint64]
    order: NDArray[np.int64]
    """Their numbers, cluster by cluster, each from its first survivor on."""
    ends: NDArray[np.int64]
    """Where each cluster ends in `order`."""

    def first(self) -> NDArray[np.int64]:
        """For each document, in the order of the table, the first survivor of its cluster."""
        starts = np.concatenate([[0], self.ends[:-1]]).astype(np.int64)
        return np.repeat(self.order[starts], np.diff(self.ends, prepend=0))


def edges(rows: pa.Table) -> pa.Table:
    """An edge from each member of a bucket to its lowest row: linear in the bucket, not quadratic."""
    row, key = rows["row"].to_numpy(), rows["key"].to_numpy()
    before = np.flatnonzero(key[1:] == key[:-1])  # few: most buckets have one member
    is_lowest = np.diff(before, prepend=-2) != 1
    lowest = row[before[is_lowest]][np.cumsum(is_lowest) - 1]
    return pa.table({"row": row[before + 1], "other": lowest})


def giant_edges(pieces: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """The same of a bucket that comes in pieces: to the lowest row, which comes first."""
    lowest: NDArray[np.uint64] | None = None
    for rows in pieces:
        row = rows["row"].to_numpy()
        lowest = row[:1] if lowest is None else lowest
        others = row[row != lowest]
        yield pa.table({"row": others, "other": np.repeat(lowest, len(others))})


def without(values: pa.Array, mask: NDArray[np.bool_]) -> pa.Array:
    """The values, null where the mask says so."""
    return pc.if_else(pa.array(mask), None, values) if mask.any() else values


def repeated(digests: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Which rows have the digest of an earlier one.

    >>> repeated(np.array([[1, 2], [1, 3], [1, 2]], np.uint64)).tolist()
    [False, False, True]
    """
    _, first, back = np.unique(digests[:, 0], return_index=True, return_inverse=True)
    before = first[back]
    return (before != np.arange(len(digests))) & (digests[before, 1] == digests[:, 1])


def members(table: pa.Table) -> Members:
    """The documents of a table that is sorted by `key`, the number of the cluster."""
    key, row = table["key"].to_numpy(), table["row"].to_numpy()
    order = np.lexsort((row, *from_columns(table).T[::-1], key))
    borders = np.flatnonzero(key[1:] != key[:-1]) + 1
    return Members(row, order, np.append(borders, len(key)).astype(np.int64))


def merged(found: Members, measured: NDArray[np.int64], similarity: NDArray[np.float64]) -> pa.Table:
    """The verdict without verification: one document of each cluster stays. Similarity is known where it was measured:
    numbers of documents, and how like the one that stays they are."""
    first, sizes = found.first(), np.diff(found.ends, prepend=0)
    removed = first != np.arange(len(first))
    duplicates = np.where(removed, 0, np.repeat(sizes, sizes) - 1)
    known = np.full(len(first), np.nan)
    known[measured] = similarity
    return decision_table(found.row, removed, found.row[first], known, duplicates)


def judged(
    found: Members,
    sets: pa.Array,
    keys: NDArray[np.uint64],
    *,
    holder: NDArray[np.int64],
    threshold: float,
    contains: bool,
    others: pa.Array | None,
) -> pa.Table:
    """The verdict with verification: a document stays unless it is like one that stays and shares a band key."""
    own, ends = found.order, found.ends
    survivor, similarity = judge(
        sets, keys, order=own, ends=ends, holder=holder, threshold=threshold, contains=contains, others=others
    )
    removed = survivor >= 0
    duplicates = np.bincount(survivor[removed], minlength=len(survivor))
    return decision_table(found.row, removed, found.row[survivor], similarity, duplicates)


def holders(table: pa.Table) -> NDArray[np.int64]:
    """For each document the first of the same cluster and shingles that carries them; copies carry none."""
    names = ("key", COPY, COPY_TOO)
    columns = [table[name].to_numpy() for name in names]
    carries = np.asarray(table["shingles"].is_valid())
    order = np.lexsort((~carries, *columns[::-1]))  # stable: of those that carry, the first comes first
    first = np.ones(len(order), bool)
    first[1:] = np.any([column[order][1:] != column[order][:-1] for column in columns], axis=0)
    found = np.empty(len(order), np.int64)
    found[order] = order[np.maximum.accumulate(np.where(first, np.arange(len(order)), 0))]
    return found
