"""The distinct words of texts and how often each occurs, counted where the bytes lie: no Python string is made."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from corpus_kit.kernels import Texts

try:
    from corpus_kit.kernels import _word_counts
except ImportError as error:
    raise ImportError(
        "the compiled word counts of corpus_kit are missing or were built for another platform\n"
        "  install the package with a C compiler at hand: pip install .\n"
        "  or build them in a checkout: python setup.py build_ext --inplace"
    ) from error


def count_words(texts: Texts, *, words: Literal["whitespace", "unicode"] = "whitespace") -> pa.Table:
    """Columns `word` (large_string) and `count` (int64): each distinct word once, in the order of first occurrence.

    Words are those of `str.split`, or those of `corpus_kit.segmentation.unicode_words`; a null has none.
    Raises ValueError for what is not UTF-8, OverflowError for 2 GiB or more.

    >>> counts = count_words(pa.array(["to be, or", None, "not to be"]))
    >>> dict(zip(counts["word"].to_pylist(), counts["count"].to_pylist()))
    {'to': 2, 'be,': 1, 'or': 1, 'not': 1, 'be': 1}
    """
    offsets, data, counts = _word_counts.count_words(_joined(texts), words == "unicode")
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(data)]
    distinct = len(counts) // 8
    return pa.table(
        {
            "word": pa.Array.from_buffers(pa.large_string(), distinct, buffers),
            "count": pa.Array.from_buffers(pa.int64(), distinct, [None, pa.py_buffer(counts)]),
        }
    )


def _joined(texts: Texts) -> pa.Buffer:
    """All texts as one: no word reaches over a newline, whichever way words are found."""
    whole = texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
    nothing, newline = pa.scalar("", pa.large_string()), pa.scalar("\n", pa.large_string())
    lines = pc.binary_join_element_wise(whole.cast(pa.large_string()).drop_null(), nothing, newline)
    _, offsets, data = lines.buffers()
    if not len(lines) or data is None:
        return pa.py_buffer(b"")
    begin, end = np.frombuffer(offsets, np.int64)[[lines.offset, lines.offset + len(lines)]]
    return data.slice(int(begin), int(end - begin))
