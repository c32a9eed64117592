"""The `dedup` stage, method `exact`: documents whose text is the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from corpus_kit.kernels import digests
from corpus_kit.stage import CorpusStage, register
from corpus_kit.stages.duplicates import (
    DECISION,
    GIVES,
    Form,
    Prefer,
    apply_decision,
    decision_table,
    folded,
    rank,
)


@register("dedup", "exact")
class ExactDedup(CorpusStage):
    """Keeps one of all documents with the same text, found by a 128-bit digest."""

    needs: ClassVar[tuple[str, ...]] = ("text",)
    collects: ClassVar[tuple[str, ...]] = ("text",)
    gives: ClassVar[Mapping[str, pa.DataType]] = GIVES
    codes: ClassVar[Mapping[str, str]] = {"dedup.exact": "another document with the same text is kept"}

    method: Literal["exact"] = "exact"
    form: Form = "folded"
    """Form of the text that is compared."""
    prefer: Prefer = "source_order"
    """Who survives."""

    def collect(self, batch: pa.RecordBatch, round: int, wanted: pa.Table | None) -> pa.Table:
        """Digest and length of each text."""
        text = batch["text"]
        if self.form == "folded":
            form = folded(text)
            # Of a text without letters and digits nothing is left; such texts are compared as they are.
            text = pc.if_else(pc.equal(pc.binary_length(form), 0), text, form)
        digest = digests(text)
        return pa.table(
            {
                "row": batch["row"],
                "key": digest[:, 0],
                "rest": digest[:, 1],
                "length": pc.binary_length(batch["text"]).cast(pa.int64()),
            }
        )

    def group(self, rows: pa.Table, round: int) -> pa.Table:
        """Clusters of equal digests, with their survivor."""
        row, key, rest = (rows[name].to_numpy() for name in ("row", "key", "rest"))
        position = np.empty(len(row), np.int64)
        position[rank(row, rows["length"].to_numpy(), self.prefer)] = np.arange(len(row))
        order = np.lexsort((position, rest, key))
        row, key, rest = row[order], key[order], rest[order]
        first = np.ones(len(row), bool)
        first[1:] = (key[1:] != key[:-1]) | (rest[1:] != rest[:-1])
        starts = np.flatnonzero(first)
        sizes = np.diff(np.append(starts, len(row)))
        survivor, size = np.repeat(row[starts], sizes), np.repeat(sizes, sizes)
        many = size > 1
        duplicates = np.where(first, size - 1, 0)
        return decision_table(row[many], ~first[many], survivor[many], np.ones(int(many.sum())), duplicates[many])

    def empty_decision(self) -> pa.Table:
        """No clusters."""
        return DECISION.empty_table()

    def apply(self, batch: pa.RecordBatch, decision: pa.Table) -> pa.RecordBatch:
        """The batch with a reason on each removed duplicate."""
        return apply_decision(batch, decision, "dedup.exact", 1.0)
