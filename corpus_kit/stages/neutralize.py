"""The `neutralize` stage: special strings that texts happen to hold are counted, and defused or rejected."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
import pyarrow as pa
from pydantic import model_validator

from corpus_kit.schema import Reason, set_columns, set_reasons
from corpus_kit.stage import BatchStage, register
from corpus_kit.tokenizers import SpecialStrings, load_tokenizer, tokenizer_file

CODE = "neutralize.special_token"


@register("neutralize")
class Neutralize(BatchStage):
    """Makes special strings in texts harmless: a literal `<|endoftext|>` would end the document in most trainers.

    A character that is not seen, U+2060 WORD JOINER, is put after the first character of each, one more where there are
    some already. So no tokenizer takes it for its own, readers see no difference, and
    `corpus_kit.tokenizers.restore` undoes it exactly. Or, with `special_tokens: reject`, such documents are rejected.

    How many there were is counted by source and language. `count` and the exports of corpus_kit never take a literal
    string for a special token; this stage is for texts that others will tokenize.
    """

    needs: ClassVar[tuple[str, ...]] = ("text",)
    gives: ClassVar[Mapping[str, pa.DataType]] = {"text": pa.large_string()}
    codes: ClassVar[Mapping[str, str]] = {CODE: "the text holds a special string of a tokenizer, such as <|endoftext|>"}

    tokenizers: tuple[str, ...] = ()
    """Tokenizers whose special strings are meant: a `.model`, a `tokenizer.json`, or a folder that holds either."""
    strings: tuple[str, ...] = ()
    """Further strings."""
    allow: tuple[str, ...] = ()
    """Strings that texts may hold, such as markers of code that were put there on purpose."""
    special_tokens: Literal["neutralize", "reject"] = "neutralize"
    """What is done about them."""

    @model_validator(mode="after")
    def _has_strings(self) -> Neutralize:
        if not self.tokenizers and not self.strings:
            raise ValueError("give tokenizers, strings, or both")
        return self

    def modules(self) -> dict[str, str]:
        """The libraries the tokenizers are for."""
        return dict.fromkeys(self._libraries(), "tokenizers")

    def files(self) -> list[Path]:
        """The tokenizers."""
        return [tokenizer_file(path) for path in self.tokenizers]

    def check(self, available: Mapping[str, pa.DataType]) -> None:
        """Loads the tokenizers, so that a wrong one is found, and a string that cannot be neutralized."""
        self._special()

    def apply(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The batch with its text rewritten and the rewrites counted; or with a reason."""
        special = self._special()
        if self.special_tokens == "reject":
            found = special.count(batch["text"])
            rows = np.flatnonzero(found).tolist()
            return set_reasons(batch, [Reason(row, CODE, float(found[row]), high=0.0) for row in rows])
        texts, found = special.neutralize(batch["text"])
        edits = pa.StructArray.from_arrays([pa.array(found)], names=[CODE])
        return set_columns(batch, {"text": texts.cast(pa.large_string()), "edits": edits})

    def _libraries(self) -> Iterator[str]:
        for path in self.tokenizers:
            yield "tokenizers" if tokenizer_file(path).suffix == ".json" else "sentencepiece"

    def _special(self) -> SpecialStrings:
        digests = tuple(load_tokenizer(path).digest for path in self.tokenizers)
        return _special(self.tokenizers, digests, self.strings, self.allow)


@functools.lru_cache(maxsize=8)
def _special(
    tokenizers: tuple[str, ...], digests: tuple[str, ...], strings: tuple[str, ...], allow: tuple[str, ...]
) -> SpecialStrings:
    named = {name for path in tokenizers for name in load_tokenizer(path).special_tokens}
    return SpecialStrings((named | set(strings)) - set(allow))
