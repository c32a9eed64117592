"""The `identify` stage: language and script of every text, and which languages to keep."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import pyarrow as pa
from pydantic import Field

from corpus_kit import resources
from corpus_kit.errors import PlanError, suggest
from corpus_kit.lid import load
from corpus_kit.schema import Reason, set_columns, set_reasons
from corpus_kit.stage import BatchStage, register

EMBEDDED = "lid_nordic.ftz"


@register("identify")
class Identify(BatchStage):
    """Labels each text with its language (`dan_Latn`) and a score, using a fastText model.

    The model that ships tells the Nordic languages apart and says `und` for what it does not know.
    """

    needs: ClassVar[tuple[str, ...]] = ("text",)
    gives: ClassVar[Mapping[str, pa.DataType]] = {"lang": pa.string(), "lang_score": pa.float64()}
    codes: ClassVar[Mapping[str, str]] = {
        "identify.language": "the language is not among those to keep",
        "identify.score": "the label is right but its score is below `min_score`",
    }
    libraries: ClassVar[tuple[str, ...]] = ("fasttext-community",)

    model: str | None = None
    """Path of another fastText model; null for the one that ships."""
    keep: tuple[str, ...] | None = None
    """Languages to keep; null for all."""
    min_score: float = Field(default=0.0, ge=0, le=1)
    """Lowest score a kept label may have."""

    def modules(self) -> dict[str, str]:
        """fastText."""
        return {"fasttext": "lang"}

    def files(self) -> list[Path]:
        """The model."""
        return [resources.find("models", EMBEDDED) if self.model is None else Path(self.model)]

    def check(self, available: Mapping[str, pa.DataType]) -> None:
        """Finds languages that the model has no label for."""
        labels = load(self.files()[0]).labels
        for wanted in self.keep or ():
            if wanted not in labels:
                raise PlanError(f"identify: the model has no language {wanted!r}; {suggest(wanted, labels)}")

    def apply(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The batch with lang and lang_score."""
        found = load(self.files()[0]).predict([text or "" for text in batch["text"].to_pylist()])
        reasons = []
        for row, one in enumerate(found):
            if self.keep is not None and one.label not in self.keep:
                reasons.append(Reason(row, "identify.language", one.score))
            elif one.score < self.min_score:
                reasons.append(Reason(row, "identify.score", one.score, self.min_score))
        columns = {
            "lang": pa.array([one.label for one in found], pa.string()),
            "lang_score": pa.array([round(one.score, 4) for one in found], pa.float64()),
        }
        return set_reasons(set_columns(batch, columns), reasons)
