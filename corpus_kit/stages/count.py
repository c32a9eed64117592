"""The `count` stage: tokens of each document, so that mixes, pulls and exports can be measured in them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import pyarrow as pa

from corpus_kit.mixing.measure import token_column
from corpus_kit.schema import set_columns
from corpus_kit.stage import BatchStage, Number, register
from corpus_kit.tokenizers import load_tokenizer, tokenizer_file


@register("count")
class Count(BatchStage):
    """Counts the tokens of each text, by a SentencePiece model or a Hugging Face tokenizer.

    They are stored in the column `tokens`, or `tokens:NAME` if the stage is called NAME with `as`; so several
    tokenizers can be counted side by side. Nothing is added to a text: a trainer that ends each document with a token
    sees one more for each. Special strings that a text happens to hold are counted as the ordinary text they are.

    Later stages that change texts make the numbers wrong, so put it last.
    """

    needs: ClassVar[tuple[str, ...]] = ("text",)
    gives: ClassVar[Mapping[str, pa.DataType]] = {"tokens": pa.int64()}

    tokenizer: str
    """A `.model`, a `tokenizer.json`, or a folder that holds either. Its digest is kept with the numbers."""

    def modules(self) -> dict[str, str]:
        """The library the file is for."""
        return {self._library(): "tokenizers"}

    def libraries_used(self) -> tuple[str, ...]:
        """The same: another version may count otherwise."""
        return (self._library(),)

    def files(self) -> list[Path]:
        """The file that decides identifiers. Mixes and exports know the tokenizer by its digest."""
        return [tokenizer_file(self.tokenizer)]

    def columns_given(self) -> Mapping[str, pa.DataType]:
        """`tokens`, with the name of the stage if it has one."""
        return {token_column(self.as_): pa.int64()}

    def numbers(self) -> list[Number]:
        """How many entries the vocabulary has."""
        return [Number(name="vocab_size", value=load_tokenizer(self.tokenizer).vocab_size, origin=self.tokenizer)]

    def check(self, available: Mapping[str, pa.DataType]) -> None:
        """Loads the tokenizer, so that a wrong one is found."""
        load_tokenizer(self.tokenizer)

    def apply(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The batch with the tokens of each row; a text that is null has none."""
        return set_columns(batch, {token_column(self.as_): load_tokenizer(self.tokenizer).count(batch["text"])})

    def _library(self) -> str:
        return "tokenizers" if tokenizer_file(self.tokenizer).suffix == ".json" else "sentencepiece"
