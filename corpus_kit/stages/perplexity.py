"""The `perplexity` stage: how surprising a text is to a language model, and what is too surprising to keep."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
import pyarrow as pa

from corpus_kit.perplexity import LanguageModel, distribution, load
from corpus_kit.rules import Condition, Rule, failures
from corpus_kit.rulesets import OptionalBounds
from corpus_kit.schema import failures_array, set_columns
from corpus_kit.stage import BatchStage, Number, register

CODE = "perplexity.per_token"


@register("perplexity")
class Perplexity(BatchStage):
    """Measures the perplexity of texts with a KenLM model of their language, as CCNet and ROOTS do.

    It is stored as the metric `per_token`. Without `keep` nothing is rejected: ROOTS keeps up to 10,000; CCNet cuts at
    percentiles of each language, which the histogram shows. A text without a token has none, and fails any bound. A
    model knows one language: give `only: {lang: [dan_Latn]}`, and a stage for each language.
    """

    needs: ClassVar[tuple[str, ...]] = ("text",)
    codes: ClassVar[Mapping[str, str]] = {CODE: "the perplexity is out of the bounds of `keep`"}

    model: str
    """Path of an ARPA file or KenLM binary. It is read by C++ code that trusts it: take it from people you trust."""
    tokenizer: str | None = None
    """Path of the SentencePiece model its training text was cut with; null if that was cut at spaces."""
    normalize: Literal["ccnet"] | None = "ccnet"
    """How its training text was normalized: as CCNet's, the whole text one sentence; or not, each line a sentence."""
    keep: OptionalBounds = None
    """Perplexities to keep: `[low, high]`, "low:high", "low:", ":high"; null only measures."""

    def modules(self) -> dict[str, str]:
        """KenLM, and SentencePiece if there is a tokenizer."""
        return {"kenlm": "perplexity"} | ({} if self.tokenizer is None else {"sentencepiece": "perplexity"})

    def libraries_used(self) -> tuple[str, ...]:
        """The installed build of KenLM, and SentencePiece if there is a tokenizer."""
        return (distribution(), *(() if self.tokenizer is None else ("sentencepiece",)))

    def files(self) -> list[Path]:
        """The model and the tokenizer."""
        return [Path(path) for path in (self.model, self.tokenizer) if path is not None]

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
        return (Rule(CODE, (Condition("per_token", low, high, None, "recipe"),), "all", "recipe"),)

    def check(self, available: Mapping[str, pa.DataType]) -> None:
        """Loads the model and the tokenizer, so that damaged ones are found."""
        self._load().perplexity("an ordinary line")

    def apply(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The batch with a `metrics` column, and reasons of rows whose perplexity is out of bounds."""
        model = self._load()
        values = np.array([model.perplexity(text or "") for text in batch["text"].to_pylist()], np.float64)
        metrics = pa.StructArray.from_arrays([pa.array(values, mask=np.isnan(values))], names=["per_token"])
        reasons = failures_array(batch.num_rows, failures(self.rules_for(None), {"per_token": values}))
        return set_columns(batch, {"reasons": reasons, "metrics": metrics})

    def _load(self) -> LanguageModel:
        tokenizer = None if self.tokenizer is None else Path(self.tokenizer)
        return load(Path(self.model), tokenizer, normalized=self.normalize == "ccnet")
