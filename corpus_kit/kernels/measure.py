"""The compiled metrics: every number of the shipped rules about each text of an Arrow array, in one pass.

What they mean is said by their definitions in `corpus_kit.metrics`, on the words, lines and paragraphs of
`corpus_kit.doc`; the numbers are the same to the last bit. Only what the asked columns need is computed. A text that is
not UTF-8 is measured as `bytes.decode(errors="replace")` gives it. The GIL is released. Running out of memory raises
MemoryError, a text of 2 GiB or more OverflowError. Scratch memory is bounded by the longest text and reused from text
to text: measured, 4 bytes for each byte of it for the columns of Gopher and 30 for all.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from corpus_kit.kernels import Texts, _buffers, _chunks, _kernels

COLUMNS = _kernels.COLUMNS
"""What can be measured, in the order of columns.h."""

BEST_LEVEL = 3
"""Instruction sets: 0 any processor, 1 SSE2, 2 AVX2, 3 AVX-512. Tests ask for lower ones; results never differ."""

_STOP, _FLAGGED = 1, 2
"""Kinds of listed words, as lists.h has them."""


class WordLists(NamedTuple):
    """The word lists of one language; None where nobody knows them."""

    stop: frozenset[str] | None = None
    flagged: frozenset[str] | None = None


def measure_columns(
    texts: Texts,
    *,
    lists: Sequence[WordLists],
    which: NDArray[np.integer],
    columns: Collection[str] | None = None,
    words: Literal["whitespace", "unicode"] = "whitespace",
    level: int = BEST_LEVEL,
) -> dict[str, NDArray[np.float64]]:
    """The asked columns, or all: one number a text, NaN where undefined. A null is measured as an empty text.

    `which` says for each text which of `lists` are its language's; raises IndexError for a number outside them.
    `words` says what the words of a document are (`Doc.words`). Raises KeyError for a column there is not.

    >>> texts = pa.array(["to be or not", None])
    >>> columns = measure_columns(texts, lists=[WordLists(frozenset(["or"]))], which=np.zeros(2, int))
    >>> columns["word_count"].tolist(), columns["stop_word_count"].tolist()
    ([4.0, 0.0], [1.0, 0.0])
    >>> list(measure_columns(texts, lists=[WordLists()], which=np.zeros(2, int), columns=["char_count"]))
    ['char_count']
    """
    chunks = _chunks(texts)
    rows = sum(map(len, chunks))
    if np.shape(which) != (rows,):
        raise ValueError(f"{rows} texts, but `which` has shape {np.shape(which)}")
    if rows and not 0 <= np.min(which) <= np.max(which) < len(lists):
        raise IndexError(f"a number of `which` is outside the {len(lists)} lists")
    chosen = COLUMNS if columns is None else tuple(dict.fromkeys(columns))
    numbers = np.array([_numbers()[name] for name in chosen], np.int64)
    known = {each: number for number, each in enumerate(dict.fromkeys(lists))}
    own = np.array([known[each] for each in lists], np.int64)[np.asarray(which, np.int64)]
    listed = _joined(tuple(known))
    parts, begin = [np.empty((len(chosen), 0))], 0
    for chunk in chunks:
        part = np.empty((len(chosen), len(chunk)), np.float64)
        own_part = np.ascontiguousarray(own[begin : begin + len(chunk)])
        _kernels.measure(*_buffers(chunk), *listed, own_part, numbers, words == "unicode", level, part)
        parts.append(part)
        begin += len(chunk)
    whole = parts[1] if len(parts) == 2 else np.concatenate(parts, axis=1)
    return dict(zip(chosen, whole, strict=True))


@functools.cache
def _numbers() -> dict[str, int]:
    return {name: number for number, name in enumerate(COLUMNS)}


@functools.lru_cache(maxsize=16)
def _joined(known: tuple[WordLists, ...]) -> tuple[Any, Any, Any, int, int, Any, Any, Any]:
    """The words of all lists, one list after the other; their kinds; where each list ends; and what each knows."""
    packed = [_packed(each) for each in known]
    words = pa.concat_arrays([each for each, _ in packed]) if packed else pa.array([], pa.large_binary())
    kinds = np.concatenate([np.empty(0, np.uint8), *(each for _, each in packed)])
    ends = np.cumsum([len(each) for each, _ in packed], dtype=np.int64)
    knows = [(each.stop is not None) * _STOP | (each.flagged is not None) * _FLAGGED for each in known]
    return *_buffers(words), kinds, ends, np.array(knows, np.uint8)


@functools.lru_cache(maxsize=256)
def _packed(lists: WordLists) -> tuple[pa.LargeBinaryArray, NDArray[np.uint8]]:
    """The words as bytes; one that is not Unicode text (a lone surrogate) stays different from all that are."""
    stop, flagged = lists.stop or frozenset(), lists.flagged or frozenset()
    words = sorted(stop | flagged)
    kinds = [(word in stop) * _STOP | (word in flagged) * _FLAGGED for word in words]
    encoded = pa.array((word.encode("utf-8", "surrogatepass") for word in words), pa.large_binary())
    return encoded, np.array(kinds, np.uint8)
