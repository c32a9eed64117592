"""The `classifier` stage: scores every text with a trained classifier, and rejects below a bound if there is one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import numpy as np
import pyarrow as pa

from corpus_kit.rules import Condition, Rule, failures
from corpus_kit.rulesets import OptionalBounds
from corpus_kit.schema import failures_array, set_columns
from corpus_kit.scorer import load
from corpus_kit.stage import BatchStage, Number, register

CODE = "classifier.score"


@register("classifier")
class Classifier(BatchStage):
    """Scores texts with a fastText classifier, such as one made by `corpus-kit classifier train`.

    The score is the probability of one label, 0 to 1, and is stored as the metric `score`. Without `keep` nothing is
    rejected: look at the histogram first. A text without a word has no score, and fails any bound.
    """

    needs: ClassVar[tuple[str, ...]] = ("text",)
    codes: ClassVar[Mapping[str, str]] = {CODE: "the classifier's score is out of the bounds of `keep`"}
    libraries: ClassVar[tuple[str, ...]] = ("fasttext-community",)

    model: str
    """Path of a fastText model; its digest is part of the output's identity."""
    label: str | None = None
    """Label whose probability is the score, without its prefix. For models of `classifier train` it is `good`."""
    keep: OptionalBounds = None
    """Scores to keep: `[low, high]`, "low:high", "low:", ":high"; null only measures."""

    def modules(self) -> dict[str, str]:
        """fastText."""
        return {"fasttext": "lang"}

    def files(self) -> list[Path]:
        """The model."""
        return [Path(self.model)]

    def numbers(self) -> list[Number]:
        """The bounds."""
        low, high = self.keep or (None, None)
        sides = (("low", low), ("high", high))
        return [
            Number(name=f"{CODE}.{side}", value=value, origin="recipe") for side, value in sides if value is not None
        ]

    def rules_for(self, label: str | None, category: str | None = None) -> tuple[Rule, ...]:
        """The one rule, which is the same for every language and category; off without `keep`."""
        low, high = self.keep or (None, None)
        return (Rule(CODE, (Condition("score", low, high, None, "recipe"),), "all", "recipe"),)

    def check(self, available: Mapping[str, pa.DataType]) -> None:
        """Loads the model, so that a damaged one, or one without the label, is found."""
        load(Path(self.model), self.label)

    def apply(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The batch with a `metrics` column, and reasons of rows whose score is out of bounds."""
        texts = [text or "" for text in batch["text"].to_pylist()]
        scores = np.array(load(Path(self.model), self.label).scores(texts), np.float64)
        metrics = pa.StructArray.from_arrays([pa.array(scores, mask=np.isnan(scores))], names=["score"])
        reasons = failures_array(batch.num_rows, failures(self.rules_for(None), {"score": scores}))
        return set_columns(batch, {"reasons": reasons, "metrics": metrics})
