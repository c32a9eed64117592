"""The size of each document of a batch, in the unit of a mix."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from corpus_kit.kernels import Texts
from corpus_kit.kernels.measure import WordLists, measure_columns


def columns_measured(unit: str, tokenizer: str | None = None) -> tuple[str, ...]:
    """The columns that must be read to know sizes in a unit.

    >>> columns_measured("bytes"), columns_measured("documents"), columns_measured("tokens", "gpt-sw3-64k")
    (('text',), (), ('tokens:gpt-sw3-64k',))
    """
    return {"tokens": (token_column(tokenizer),), "documents": ()}.get(unit, ("text",))


def token_column(tokenizer: str | None) -> str:
    """The column that holds the token counts of a tokenizer: `tokens:NAME`, or `tokens` if it has no name."""
    return f"tokens:{tokenizer}" if tokenizer else "tokens"


def measured(batch: pa.RecordBatch, unit: str, tokenizer: str | None = None) -> pa.Array:
    """Size of each row as int64; a null has none."""
    if unit == "documents":
        return pa.array(np.ones(batch.num_rows, np.int64))
    if unit == "words":
        return pa.array(words(batch["text"]))
    if unit == "tokens":
        sizes = batch[token_column(tokenizer)]
    else:
        sizes = pc.binary_length(batch["text"]) if unit == "bytes" else pc.utf8_length(batch["text"])
    return pc.fill_null(sizes.cast(pa.int64()), 0)


def words(texts: Texts) -> np.ndarray:
    """Words of each text: what stands between whitespace.

    >>> words(pa.array(["to be", None, " or  not\\tto be"])).tolist()
    [2, 0, 4]
    """
    which = np.zeros(len(texts), np.int64)
    columns = measure_columns(texts, lists=[WordLists()], which=which, columns=["word_count"])
    return columns["word_count"].astype(np.int64)
