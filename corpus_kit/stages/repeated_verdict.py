"""Which runs of units are repeated, who keeps them, and what that means for each document."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from corpus_kit.kernels import digests
from corpus_kit.kernels.spans import Cut
from corpus_kit.stages.survival import from_columns, rank

DECISION = pa.schema([("row", pa.uint64()), ("begin", pa.uint32()), ("end", pa.uint32()), ("kept_in_row", pa.uint64())])
"""One row for each stretch removed from a document: its bytes in the text as it came, and the document that keeps the
same, or null if none does."""


class Windows(NamedTuple):
    """Runs of units: the number of their document, digest, bytes, words and characters."""

    document: NDArray[np.int64]
    first: NDArray[np.uint64]
    second: NDArray[np.uint64]
    begin: NDArray[np.uint32]
    end: NDArray[np.uint32]
    words: NDArray[np.int64]
    characters: NDArray[np.int64]


def windows(cut: Cut, span: int) -> Windows:
    """Every `span` units in a row of one document, those left out of which the form leaves nothing."""
    document = np.repeat(np.arange(len(cut.offsets) - 1), np.diff(cut.offsets))
    some = (cut.units["first"] != 0) | (cut.units["second"] != 0)
    units, document = cut.units[some], document[some]
    count = max(0, len(units) - span + 1)
    inside = np.flatnonzero(document[:count] == document[span - 1 : span - 1 + count])
    last = inside + span - 1
    first, second = _joined(units["first"], units["second"], inside, span)
    return Windows(
        document[inside],
        first,
        second,
        units["begin"][inside],
        units["end"][last],
        *(_sums(units[name], inside, last) for name in ("words", "characters")),
    )


def _joined(
    first: NDArray[np.uint64], second: NDArray[np.uint64], begins: NDArray[np.int64], span: int
) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """The digest of a run: of one unit its own, of several that of their digests end to end."""
    if span == 1:
        return first[begins], second[begins]
    parts = np.empty((len(begins), span, 2), "<u8")
    for i in range(span):
        parts[:, i, 0], parts[:, i, 1] = first[begins + i], second[begins + i]
    offsets = np.arange(len(begins) + 1, dtype=np.int64) * (16 * span)
    texts = pa.Array.from_buffers(pa.large_string(), len(begins), [None, pa.py_buffer(offsets), pa.py_buffer(parts)])
    joined = digests(texts)
    return joined[:, 0], joined[:, 1]


def _sums(values: NDArray[np.uint32], first: NDArray[np.int64], last: NDArray[np.int64]) -> NDArray[np.int64]:
    total = np.concatenate([[0], np.cumsum(values, dtype=np.int64)])
    return total[last + 1] - total[first]


def verdict(rows: pa.Table, *, at_least: int, keep: Literal["first", "none"], inside: bool) -> pa.Table:
    """What is removed of one key partition, whose rows come sorted by key; in the form of DECISION."""
    rows = _with_company(rows)
    row, key, rest, begin = (rows[name].to_numpy() for name in ("row", "key", "rest", "begin"))
    order = np.lexsort((begin, _places(row, from_columns(rows)), rest, key))
    row, key, rest = row[order], key[order], rest[order]
    starts = _changes(key, rest)
    cluster = np.cumsum(starts) - 1
    sizes = np.bincount(cluster)
    counted = sizes if inside else np.bincount(cluster, weights=_changes(cluster, row))
    kept_in = row[starts][cluster]
    gone = (counted >= at_least)[cluster]
    if keep == "first":
        gone &= ~starts if inside else row != kept_in
    kept = pa.array(kept_in[gone], mask=np.full(int(gone.sum()), keep == "none"))
    ends = rows["end"].to_numpy()[order]
    return pa.table([row[gone], begin[order][gone], ends[gone], kept], schema=DECISION)


def _with_company(rows: pa.Table) -> pa.Table:
    """The rows less those whose key no other has: most, so that little is left to sort."""
    starts = _changes(rows["key"].to_numpy())
    alone = starts & np.append(starts[1:], True)
    return rows.filter(pa.array(~alone))


def _places(row: NDArray[np.uint64], penalty: NDArray[np.float64]) -> NDArray[np.int64]:
    """For each entry the place of its document in the order of survival, the same for all entries of a document."""
    order = rank(row, penalty)
    places = np.empty(len(row), np.int64)
    places[order] = np.cumsum(_changes(row[order]))
    return places


def _changes(*columns: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Where any column differs from the entry before; true for the first."""
    found = np.ones(len(columns[0]), bool)
    if len(found):
        found[1:] = np.any([column[1:] != column[:-1] for column in columns], axis=0)
    return found


def merged(decision: pa.Table) -> pa.Table:
    """The decision in order of row and begin; overlapping stretches of a document that one document keeps are one."""
    decision = decision.sort_by([("row", "ascending"), ("begin", "ascending"), ("kept_in_row", "ascending")])
    row, begin, end = (decision[name].to_numpy() for name in ("row", "begin", "end"))
    kept = pc.fill_null(decision["kept_in_row"], np.iinfo(np.uint64).max).to_numpy()
    starts = _changes(row, kept)
    starts[1:] |= begin[1:] >= end[:-1]  # runs have the same number of units, so they end in the order they begin
    ends = np.append(np.flatnonzero(starts)[1:] - 1, len(row) - 1)[: int(starts.sum())]
    first = decision.filter(pa.array(starts))
    return first.set_column(2, DECISION.field("end"), pa.array(end[ends])).cast(DECISION)


def ranges_of(ids: pa.Array, decision: pa.Table) -> tuple[NDArray[np.int64], NDArray[np.uint32]]:
    """The stretches removed from each document of a batch: where those of each begin, and all, as pairs of bytes.

    The decision has an `id` column, and the rows of one document side by side.
    """
    if not decision.num_rows:
        return np.zeros(len(ids) + 1, np.int64), np.empty((0, 2), np.uint32)
    runs = pc.run_end_encode(decision["id"].combine_chunks(), run_end_type=pa.int64())
    ends = np.append(runs.run_ends.to_numpy(), 0)  # what is not found, -1, takes the last
    at = pc.fill_null(pc.index_in(ids, value_set=runs.values), -1).to_numpy()
    begins = np.where(at > 0, ends[at - 1], 0)
    sizes = np.where(at >= 0, ends[at] - begins, 0)
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    chosen = np.arange(offsets[-1]) + np.repeat(begins - offsets[:-1], sizes)
    pairs = np.column_stack([decision[name].to_numpy() for name in ("begin", "end")])
    return offsets, pairs[chosen]
