"""What exact and near deduplication share: the form compared, the order of survival, and how a verdict is applied."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from corpus_kit.schema import Reason, set_columns, set_reasons

Form = Literal["as_is", "folded"]
"""`folded`: lower case, letters and digits only, single spaces between. Letters such as å, ø and ð stay distinct."""

Prefer = Literal["source_order", "longest"]
"""Who survives: the earlier source (then path and position), or the longest text (then the same)."""

GIVES: Mapping[str, pa.DataType] = {"duplicates": pa.int32()}

DECISION = pa.schema(
    [
        ("row", pa.uint64()),
        ("removed", pa.bool_()),
        ("duplicate_of_row", pa.uint64()),
        ("similarity", pa.float64()),
        ("duplicates", pa.int32()),
    ]
)
"""One row for each member of a cluster of two or more; `duplicates` is what a survivor stands for besides itself.
Similarity is null where it was not measured."""


def folded(texts: pa.Array) -> pa.Array:
    """Texts in the form that is compared.

    >>> folded(pa.array(["  Hej, ÆBLE-\\nkage! 2"], pa.large_string())).to_pylist()
    ['hej æble kage 2']
    """
    lower = pc.utf8_lower(pc.cast(texts, pa.large_string()))
    return pc.utf8_trim_whitespace(pc.replace_substring_regex(lower, r"[^\p{L}\p{M}\p{N}]+", " "))


def rank(rows: np.ndarray, lengths: np.ndarray, prefer: Prefer) -> np.ndarray:
    """Positions of rows in the order of survival, first the survivor of all."""
    return np.lexsort((rows, -lengths)) if prefer == "longest" else np.argsort(rows, kind="stable")


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
    """The batch with a reason on duplicates, and what survivors stand for added to `duplicates`."""
    before = batch["duplicates"] if "duplicates" in batch.schema.names else pa.array(np.zeros(batch.num_rows, np.int32))
    at = pc.index_in(batch["id"], value_set=decision["id"].combine_chunks())
    found = decision.take(at)
    removed = pc.fill_null(found["removed"], False).to_numpy()
    similarity = found["similarity"].to_numpy()
    total = pc.add(before, pc.fill_null(found["duplicates"], 0)).cast(pa.int32())
    total = total.combine_chunks() if isinstance(total, pa.ChunkedArray) else total
    reasons = [Reason(int(row), code, float(similarity[row]), high=high) for row in np.flatnonzero(removed)]
    return set_reasons(set_columns(batch, {"duplicates": total}), reasons)
