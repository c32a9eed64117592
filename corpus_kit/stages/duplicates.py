"""What deduplication by whole documents has in common: the decision's form, and how a verdict is applied."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from corpus_kit.schema import ORIGINS, Reason, set_columns, set_reasons
from corpus_kit.tables import whole

GIVES: Mapping[str, pa.DataType] = {"duplicates": pa.int32(), "origins": ORIGINS}

DECISION = pa.schema(
    [
        ("row", pa.uint64()),
        ("removed", pa.bool_()),
        ("duplicate_of_row", pa.uint64()),
        ("similarity", pa.float64()),
        ("duplicates", pa.int32()),
    ]
)
"""One row for each member of a cluster of two or more; `duplicates` is how many were removed in favor of a survivor.
Similarity is null where it was not measured. The runner adds `origins`: where those came from."""

SAMPLED_DECISION = DECISION.append(pa.field("sampled_row", pa.uint64())).append(
    pa.field("sampled_similarity", pa.float64())
)
"""With pairs of duplicates that were sampled without regard to how they are found: each at one of its documents, which
may be in no cluster. Who counts those with neither document removed knows what was missed."""


def with_sampled(decision: pa.Table, at: np.ndarray, other: np.ndarray, similarity: np.ndarray) -> pa.Table:
    """The decision with sampled pairs: numbers in the table of one document of each, the other, how alike they are."""
    rows, values = np.zeros(decision.num_rows, np.uint64), np.zeros(decision.num_rows)
    empty = np.ones(decision.num_rows, bool)
    rows[at], values[at], empty[at] = other, similarity, False
    pair = [pa.array(rows, mask=empty), pa.array(values, mask=empty)]
    return pa.table([*decision.columns, *pair], schema=SAMPLED_DECISION)


def decision_table(
    rows: np.ndarray, removed: np.ndarray, of: np.ndarray, similarity: np.ndarray, duplicates: np.ndarray
) -> pa.Table:
    """Arrays in the form of DECISION; `of` and `similarity` count only where `removed`."""
    keep = ~removed
    return pa.table(
        [
            pa.array(rows, pa.uint64()),
            pa.array(removed),
            pa.array(of, pa.uint64(), mask=keep),
            pa.array(similarity, pa.float64(), mask=keep | np.isnan(similarity)),
            pa.array(duplicates, pa.int32()),
        ],
        schema=DECISION,
    )


def apply_decision(batch: pa.RecordBatch, decision: pa.Table, code: str, high: float) -> pa.RecordBatch:
    """The batch with a reason on duplicates; survivors get what they stand for added to `duplicates` and `origins`."""
    at = _places(batch, decision)
    found = decision.select(["removed", "similarity", "origins"]).take(at)
    removed = pc.fill_null(found["removed"], False).to_numpy()
    similarity = found["similarity"].to_numpy()
    origins = found["origins"].combine_chunks()
    if "origins" in batch.schema.names:
        origins = _joined(batch["origins"], origins)
    total = pc.fill_null(pc.list_value_length(origins), 0).cast(pa.int32())
    reasons = [Reason(int(row), code, float(similarity[row]), high=high) for row in np.flatnonzero(removed)]
    return set_reasons(set_columns(batch, {"duplicates": total, "origins": origins}), reasons)


def _places(batch: pa.RecordBatch, decision: pa.Table) -> pa.Array:
    """For each document its number in the decision, null if it is not in it.

    Documents are known by their ids. Their rows find them without hashing all ids of a load for each of its batches.
    """
    ids = whole(decision["id"])
    if batch.num_rows and decision.num_rows and "row" in batch.schema.names and "row" in decision.schema.names:
        rows, own = whole(decision["row"]).to_numpy(), batch["row"].to_numpy()
        at = np.minimum(np.searchsorted(rows, own), len(rows) - 1)
        found = rows[at] == own
        all_found = found.sum() == ((rows >= own.min()) & (rows <= own.max())).sum()
        same = pc.equal(ids.take(pa.array(at[found])), batch["id"].filter(pa.array(found)))
        if all_found and (rows[1:] > rows[:-1]).all() and pc.all(same).as_py() is not False:
            return pa.array(at, mask=~found)
    return pc.index_in(batch["id"], value_set=ids)


def _joined(before: pa.Array, added: pa.Array) -> pa.Array:
    """Lists of origins end to end; null where neither side has any."""
    if added.null_count == len(added):
        return before
    pairs = zip(before.to_pylist(), added.to_pylist(), strict=True)
    return pa.array([(a or []) + (b or []) or None for a, b in pairs], ORIGINS)
