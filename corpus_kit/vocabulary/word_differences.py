"""How many words of a sample two tokenizers cut differently: one of SentencePiece, and the WordPiece made of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from corpus_kit.errors import PlanError
from corpus_kit.kernels.characters import lower as lower_of
from corpus_kit.kernels.word_counts import count_words
from corpus_kit.opened import Run
from corpus_kit.tokenizers import Tokenizer
from corpus_kit.vocabulary.texts import Lowest, is_run, read_files, run_batches

BYTES = 2 << 20

Parts = list[str | None]


def sample_words(data: Sequence[str], *, bytes: int = BYTES, seed: int = 1, text_field: str | None = None) -> pa.Table:
    """The distinct words of a sample of runs and files, and how often each occurs. Raises PlanError if there are none.

    Words are what stands between whitespace, punctuation and all.
    """
    lowest = Lowest(bytes, seed=seed)
    for batch in _batches(data, text_field):
        for id, text in zip(batch["id"].to_pylist(), batch["text"].to_pylist(), strict=True):
            if text:
                lowest.add(id, text)
    words = count_words(pa.array(lowest.texts(), pa.large_string()))
    if not words.num_rows:
        raise PlanError(f"there is no word to compare on in {', '.join(data)}")
    return words


def _batches(data: Sequence[str], text_field: str | None) -> Iterator[pa.RecordBatch]:
    files = [one for one in data if not is_run(one)]
    for one in data:
        if one not in files:
            yield from run_batches(Run(one))
    if files:
        yield from read_files(files, text_field=text_field).batches


def differences(words: pa.Table, before: Tokenizer, after: Tokenizer, *, lower: bool) -> dict[str, Any]:
    """Share of words that are cut in other places, or unknown to one of the two; and tokens per word of both."""
    texts = words["word"].combine_chunks()
    counts = words["count"].to_numpy()
    old, new = _parts_before(texts, before, lower=lower), _parts_after(texts, after)
    differ = np.array([one != other for one, other in zip(old, new, strict=True)])
    unknown = np.array([None in one for one in new])
    total = int(counts.sum())
    return {
        "words": total,
        "distinct": len(texts),
        "differ": round(float(counts[differ].sum()) / total, 6),
        "distinct_differ": round(float(differ.mean()), 6),
        "unknown_before": round(float(counts[np.array([None in one for one in old])].sum()) / total, 6),
        "unknown": round(float(counts[unknown].sum()) / total, 6),
        "tokens_per_word_before": round(float((counts * [len(one) for one in old]).sum()) / total, 4),
        "tokens_per_word": round(float((counts * [len(one) for one in new]).sum()) / total, 4),
    }


def _parts_before(words: pa.Array, tokenizer: Tokenizer, *, lower: bool) -> list[Parts]:
    """Words inside of a text: one that gets no space from the tokenizer gets it here. The fewer tokens are right."""
    spaced = pc.binary_join_element_wise(pa.scalar(" ", pa.large_string()), words, pa.scalar("", pa.large_string()))
    alone, after_space = tokenizer.encode(words), tokenizer.encode(spaced)
    encoded = alone if len(alone.values) <= len(after_space.values) else after_space
    names: list[str | None] = [name.replace("▁", "") for name in tokenizer.engine.pieces()]
    if lower:
        names = [None if name is None else lower_of(name) for name in names]
    return _named(encoded, names, tokenizer.unk_id)


def _parts_after(words: pa.Array, tokenizer: Tokenizer) -> list[Parts]:
    names: list[str | None] = [name.removeprefix("##") for name in tokenizer.engine.pieces()]
    return _named(tokenizer.encode(words), names, tokenizer.unk_id)


def _named(encoded: pa.LargeListArray, names: list[str | None], unknown: int | None) -> list[Parts]:
    """The text of each token; None is what is unknown."""
    if unknown is not None:
        names = [None if at == unknown else name for at, name in enumerate(names)]
    return [[name for at in ids if (name := names[at]) != ""] for ids in encoded.to_pylist()]
