"""The compiled metrics: every number of Gopher's rules about each text of an Arrow array, in one pass.

What they mean is said by their definitions in `corpus_kit.metrics`, on the words, lines and paragraphs of
`corpus_kit.doc`; the numbers are the same to the last bit. A text that is not UTF-8 is measured as
`bytes.decode(errors="replace")` gives it. The GIL is released. Running out of memory raises MemoryError, a text of
2 GiB or more OverflowError. Scratch memory is bounded by the longest text and reused from text to text.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from corpus_kit.kernels import Texts, _buffers, _chunks, _kernels

COLUMNS = (
    "word_count",
    "mean_word_length",
    "hash_to_word_ratio",
    "ellipsis_to_word_ratio",
    "bullet_line_fraction",
    "ellipsis_line_fraction",
    "alpha_word_fraction",
    "stop_word_count",
    "dup_line_fraction",
    "dup_line_char_fraction",
    "dup_paragraph_fraction",
    "dup_paragraph_char_fraction",
    "top_2gram_char_fraction",
    "top_3gram_char_fraction",
    "top_4gram_char_fraction",
    "dup_5gram_char_fraction",
    "dup_6gram_char_fraction",
    "dup_7gram_char_fraction",
    "dup_8gram_char_fraction",
    "dup_9gram_char_fraction",
    "dup_10gram_char_fraction",
)
"""What is measured, in the order of metrics.h."""


class WordLists(NamedTuple):
    """The word lists of one language; None where nobody knows them."""

    stop: frozenset[str] | None = None
    flagged: frozenset[str] | None = None


def measure_columns(
    texts: Texts, *, lists: Sequence[WordLists], which: NDArray[np.integer]
) -> dict[str, NDArray[np.float64]]:
    """All columns, one number a text, NaN where undefined; a null is measured as an empty text.

    `which` says for each text which of `lists` are its language's. Raises IndexError for a number outside them.

    >>> texts = pa.array(["to be or not", None])
    >>> columns = measure_columns(texts, lists=[WordLists(frozenset(["or"]))], which=np.zeros(2, int))
    >>> columns["word_count"].tolist(), columns["stop_word_count"].tolist()
    ([4.0, 0.0], [1.0, 0.0])
    """
    chunks = _chunks(texts)
    rows = sum(map(len, chunks))
    if np.shape(which) != (rows,):
        raise ValueError(f"{rows} texts, but `which` has shape {np.shape(which)}")
    known = list(dict.fromkeys(each.stop for each in lists if each.stop is not None))
    numbers = {words: number for number, words in enumerate(known)}
    own_list = np.array([-1 if each.stop is None else numbers[each.stop] for each in lists], np.int64)
    chosen = own_list[np.asarray(which, np.int64)] if rows else np.empty(0, np.int64)
    packed = [_packed(words) for words in known]
    words = pa.concat_arrays(packed) if packed else pa.array([], pa.large_binary())
    ends = np.cumsum([len(each) for each in packed], dtype=np.int64)
    parts, begin = [], 0
    for chunk in chunks:
        part = np.empty((len(COLUMNS), len(chunk)), np.float64)
        own = np.ascontiguousarray(chosen[begin : begin + len(chunk)])
        _kernels.measure(*_buffers(chunk), *_buffers(words), ends, own, part)
        parts.append(part)
        begin += len(chunk)
    whole = parts[0] if len(parts) == 1 else np.concatenate([np.empty((len(COLUMNS), 0)), *parts], axis=1)
    return dict(zip(COLUMNS, whole, strict=True))


@functools.lru_cache(maxsize=256)
def _packed(words: frozenset[str]) -> pa.LargeBinaryArray:
    """The words as bytes; one that is not Unicode text (a lone surrogate) stays different from all that are."""
    return pa.array((word.encode("utf-8", "surrogatepass") for word in sorted(words)), pa.large_binary())
