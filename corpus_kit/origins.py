"""Where the documents came from that survivors of deduplication stand for, through every stage that removed some."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from corpus_kit.schema import ORIGINS

FIELDS = tuple(field.name for field in ORIGINS.value_type)


def with_origins(decision: pa.Table, facts: pa.Table, before: Sequence[pa.Table]) -> pa.Table:
    """The decision with a column `origins`: of each survivor the documents removed in its favor, in order of row.

    `facts` has the FIELDS, and perhaps `origins` of an earlier pass, of each removed row, in order of row. `before` are
    decisions of earlier stages of this pass, with `row` and `origins`. What a removed document stood for itself follows
    it.
    """
    gone = decision.filter(decision["removed"]).sort_by("row")
    rows, of = gone["row"].to_numpy(), gone["duplicate_of_row"].to_numpy()
    columns = [_whole(facts[name]) for name in FIELDS]
    parts = [(of, rows, pa.StructArray.from_arrays(columns, fields=list(ORIGINS.value_type)))]
    if "origins" in facts.schema.names:
        parts.append(_flat(_whole(facts["origins"]), of, rows))
    for earlier in before:
        at = pc.index_in(pa.array(rows), value_set=_whole(earlier["row"]))
        parts.append(_flat(_whole(earlier["origins"]).take(at), of, rows))
    return decision.append_column("origins", _lists(parts, _whole(decision["row"])))


Part = tuple[NDArray[np.uint64], NDArray[np.uint64], pa.StructArray]
"""Survivor, removed document, and what is told of it."""


def _flat(lists: pa.ListArray, of: NDArray[np.uint64], rows: NDArray[np.uint64]) -> Part:
    parents = pc.list_parent_indices(lists).to_numpy()
    return of[parents], rows[parents], lists.flatten()


def _lists(parts: Sequence[Part], wanted: pa.Array) -> pa.Array:
    """For each wanted row the list of what its survivors' parts tell, or null."""
    survivor = np.concatenate([of for of, _, _ in parts])
    order = np.lexsort((np.concatenate([rows for _, rows, _ in parts]), survivor))  # stable: parts stay in order
    told = pa.concat_arrays([values for _, _, values in parts]).take(pa.array(order))
    survivors, starts = np.unique(survivor[order], return_index=True)
    offsets = pa.array(np.append(starts, len(order)), pa.int32())
    lists = pa.ListArray.from_arrays(offsets, told, type=ORIGINS)
    return lists.take(pc.index_in(wanted, value_set=pa.array(survivors)))


def _whole(column: pa.ChunkedArray) -> pa.Array:
    combined = column.combine_chunks()
    return combined if isinstance(combined, pa.Array) else pa.concat_arrays(combined.chunks)
