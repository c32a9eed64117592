"""Sentences of documents, for encoders that learn which sentence follows which."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from corpus_kit.kernels.spans import cut
from corpus_kit.stages.repeated_units import signs


def sentences_of(texts: pa.Array) -> tuple[pa.LargeStringArray, NDArray[np.int64]]:
    """The sentences of all texts, one after the other, without white space around; and how many each text has.

    They are those the metric `sentence_count` counts: none goes over a line.

    >>> found, many = sentences_of(pa.array(["Han gik. Hun blev hjemme!\\n\\nOverskrift", " ", None]))
    >>> found.to_pylist(), many.tolist()
    (['Han gik.', 'Hun blev hjemme!', 'Overskrift'], [3, 0, 0])
    """
    texts = pc.fill_null(texts.cast(pa.large_string()), "")
    if not len(texts):
        return texts, np.empty(0, np.int64)
    found = cut(texts, kind="sentence", form=None, signs=signs())
    many = np.diff(found.offsets)
    _, offsets, data = texts.buffers()
    begins = np.frombuffer(offsets, np.int64)[texts.offset : texts.offset + len(texts)]
    shift = np.repeat(begins, many)
    # Every second piece of the text is a sentence, and what lies between is left out.
    borders = np.empty(2 * len(shift) + 1, np.int64)
    borders[0:-1:2] = shift + found.units["begin"]
    borders[1::2] = shift + found.units["end"]
    borders[-1] = borders[-2] if len(shift) else 0
    pieces = pa.LargeStringArray.from_buffers(2 * len(shift), pa.py_buffer(borders), data)
    return pc.utf8_trim_whitespace(pieces.take(pa.array(np.arange(0, 2 * len(shift), 2)))), many
