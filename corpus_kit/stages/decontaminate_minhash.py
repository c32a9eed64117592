"""The `decontaminate` stage, method `minhash`: documents and paragraphs that are nearly a benchmark text.

Banding proposes (Broder 1997; Leskovec, Rajaraman and Ullman, Mining of Massive Datasets, chapter 3), the true
similarity decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
import pyarrow as pa
from pydantic import Field

from corpus_kit.contamination.benchmarks import Benchmarks, files_of
from corpus_kit.contamination.found import DECISION, by_document, named, sizes_of
from corpus_kit.contamination.sketches import Measure, Sketches, Sketching, alike, sketches_of
from corpus_kit.errors import RecipeError
from corpus_kit.schema import Reason, set_columns, set_reasons
from corpus_kit.stage import CorpusStage, Number, register
from corpus_kit.stages.banding import proposed
from corpus_kit.stages.decontaminate import MARKS, marks, numbers_of

_ONE_KEY = np.uint64(0)
"""All that is collected is little, and decided together."""


@register("decontaminate", "minhash")
class MinHashDecontaminate(CorpusStage):
    """Finds documents that are nearly a benchmark text, or have a paragraph that is; rejects or marks them.

    This finds texts that were edited throughout, which have few words in a row in common. A benchmark text that lies
    over several paragraphs of a longer document is found by `method: ngram`.
    """

    version: ClassVar[int] = 2
    decides_whole: ClassVar[bool] = True
    needs: ClassVar[tuple[str, ...]] = ("text",)
    collects: ClassVar[tuple[str, ...]] = ("text",)
    codes: ClassVar[Mapping[str, str]] = {"decontaminate.minhash": "it, or a paragraph of it, is like a benchmark text"}

    method: Literal["minhash"] = "minhash"
    benchmarks: Benchmarks
    """Name -> its files and fields; or only a file, of which every string is looked for."""
    threshold: float = Field(default=0.5, gt=0, le=1)
    """Lowest similarity."""
    measure: Measure = "jaccard"
    """Shared shingles as a part of all, or of those of the benchmark text (`containment`)."""
    ngram: int = Field(default=5, ge=1, le=64)
    """Words in a shingle."""
    min_words: int = Field(default=13, ge=1)
    """Texts of fewer words are not looked for."""
    bands: int = Field(default=48, ge=1, le=1000)
    rows: int = Field(default=3, ge=1, le=100)
    """Banding for recall: false candidates cost little, for there are few benchmark texts."""
    seed: int = Field(default=1, ge=0, lt=2**64)
    action: Literal["reject", "mark"] = "reject"
    """`reject` the document, or `mark` it, with the names of the benchmarks, in a column `contaminated`."""

    def all_codes(self) -> Mapping[str, str]:
        """What can reject, as configured."""
        return self.codes if self.action == "reject" else {}

    def columns_given(self) -> Mapping[str, pa.DataType]:
        """The marks."""
        return MARKS if self.action == "mark" else {}

    def files(self) -> list[Path]:
        """The benchmarks."""
        return files_of(self.benchmarks)

    def check(self, available: Mapping[str, pa.DataType]) -> None:
        """Reads the benchmarks, so that what is wrong with them is found before the first document."""
        self.files()
        for one in sizes_of(self._sketches().texts, self._sketches().sizes):
            if not one.texts:
                raise RecipeError(
                    f"benchmark {one.benchmark!r}: no text of {one.split or 'it'} has {self.min_words} words; "
                    "lower `min_words`"
                )

    def numbers(self) -> list[Number]:
        """The fields, the recall of the banding, and what is looked for."""
        recall = round(float(proposed(self.threshold, self.bands, self.rows)), 6)
        sketches = self._sketches()
        return [
            *super().numbers(),
            Number(name="recall at threshold", value=recall, origin="computed: 1 - (1 - s^rows)^bands"),
            *numbers_of(sizes_of(sketches.texts, sketches.sizes), self.min_words),
        ]

    def _how(self) -> Sketching:
        return Sketching(self.ngram, self.bands, self.rows, self.seed)

    def _sketches(self) -> Sketches:
        return sketches_of(self.benchmarks, self._how(), min_words=self.min_words)

    def collect(self, batch: pa.RecordBatch, round: int, wanted: pa.Table | None) -> pa.Table:
        """Every benchmark text that a document is like."""
        found = alike(batch["text"], self._sketches(), self._how(), measure=self.measure, threshold=self.threshold)
        return pa.table(
            {
                "row": batch["row"].to_numpy()[found.document],
                "key": np.full(len(found.text), _ONE_KEY),
                "text": found.text,
                "similarity": found.similarity,
            }
        )

    def group(self, rows: pa.Table, round: int) -> pa.Table:
        """The same."""
        return rows.select(["row", "text", "similarity"])

    def decide(self, grouped: pa.Table) -> pa.Table:
        """The decision, by document."""
        texts = self._sketches().texts
        found = [
            {
                "row": one["row"],
                "removed": self.action == "reject",
                "kind": "minhash",
                "share": one["similarity"],
                "contaminated": True,
                "spans": [],
                **named(texts[one["text"]]),
            }
            for one in grouped.sort_by([("row", "ascending"), ("text", "ascending")]).to_pylist()
        ]
        return pa.Table.from_pylist(found, DECISION)

    def empty_decision(self) -> pa.Table:
        """Nothing was found."""
        return DECISION.empty_table()

    def apply(self, batch: pa.RecordBatch, decision: pa.Table) -> pa.RecordBatch:
        """The batch with reasons, or marks."""
        found = by_document(batch["id"], decision)
        if self.action == "mark":
            return set_columns(batch, {"contaminated": marks(batch, found)})
        best = {row: max(one["share"] for one in texts) for row, texts in found.items()}
        return set_reasons(
            batch, [Reason(row, "decontaminate.minhash", share, high=self.threshold) for row, share in best.items()]
        )
