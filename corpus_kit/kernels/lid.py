"""Compiled fastText classifiers: the best labels of each text of an Arrow array, as fastText itself would give them.

A model file is read where it lies, mapped or in memory, and nothing in it is trusted. Labels are those of fastText, and
scores differ from its by at most the last bit of a float: sums are made of the same numbers in the same order. The same
text gets the same answer whatever else is in the array, on any processor. The GIL is released, and one model serves any
number of threads; each remembers words it has met (4.5 MB), which changes no answer.

Joulin et al. 2017, "Bag of tricks for efficient text classification" (the classifier); Joulin et al. 2016,
"FastText.zip" (quantized and pruned files); Bojanowski et al. 2017 (character n-grams).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from corpus_kit.kernels import Texts, _buffers, _chunks

try:
    from corpus_kit.kernels import _lid
except ImportError as error:
    raise ImportError(
        "the compiled language identification of corpus_kit is missing or was built for another platform\n"
        "  install the package with a C compiler at hand: pip install .\n"
        "  or build it in a checkout: python setup.py build_ext --inplace"
    ) from error


TABLE_BYTES = 64 << 20
"""A matrix of words and n-grams that fills no more than this is copied or decoded when a model is loaded."""


class Answers(NamedTuple):
    """What a model says of each text: one row a text, best label first.

    `label` numbers the model's labels and is -1, with score 0, where there is none: for null, for a text without
    anything the model knows, and where fastText gives fewer labels than were asked for. `letters` and `latin` count the
    letters of what was read, if it was folded; else `letters` is 1 if there are any.
    """

    label: NDArray[np.int32]
    score: NDArray[np.float32]
    letters: NDArray[np.int64]
    latin: NDArray[np.int64]


class Model:
    """A fastText classifier in the bytes of its file, which must not change as long as the model is used.

    Takes files of versions 11 and 12, dense or quantized, pruned or not, of any loss. Anything else is a ValueError
    that says what is wrong with the file. Rows of a matrix larger than `table_bytes` are read where they lie, each
    time.
    """

    def __init__(self, file: Any, *, table_bytes: int = TABLE_BYTES):
        self._model = _lid.Model(file, table_bytes)
        try:
            self.labels = tuple(label.decode("utf-8") for label in self._model.labels)
        except UnicodeDecodeError as error:
            raise ValueError("its labels are not text") from error

    def predict(
        self, texts: Texts, *, best: int = 1, folds: bool = False, sample_chars: int = 0, least_latin: float = 0.0
    ) -> Answers:
        """The `best` labels of each text of a string, large_string or string_view array.

        A text is one line for the model: a line break separates words as a space does. Of one longer than
        `sample_chars` only whole words from its start, middle and end are read (0: all of it). With `folds` the model
        is given lower-case words of letters only, and texts without letters, or with a smaller share of Latin ones
        than `least_latin`, get no label. What is read is defined in `corpus_kit.lid.text`. Raises ArithmeticError for a
        model whose weights are not numbers.
        """
        chunks = _large(texts)
        rows = sum(map(len, chunks))
        label, score = np.empty((rows, best), np.int32), np.empty((rows, best), np.float32)
        letters, latin = np.empty(rows, np.int64), np.empty(rows, np.int64)
        for chunk, part in _parts(chunks):
            out = label[part], score[part], letters[part], latin[part]
            self._model.predict(*_buffers(chunk), best, sample_chars, folds, least_latin, *out)
        return Answers(label, score, letters, latin)


def lines(texts: Texts, *, folds: bool, sample_chars: int = 0) -> pa.LargeStringArray:
    """What a model reads of each text, for looking at it: words and spaces, of which there may be several together.

    >>> lines(pa.array(["Året 2024: DET GÅR BRA", None]), folds=True).to_pylist()
    ['året       det går bra', '']
    """
    made = []
    for chunk in _large(texts):
        ends = np.zeros(len(chunk) + 1, np.int64)
        values = _lid.lines(*_buffers(chunk), sample_chars, folds, ends[1:])
        made.append(
            pa.Array.from_buffers(pa.large_string(), len(chunk), [None, pa.py_buffer(ends), pa.py_buffer(values)])
        )
    return pa.concat_arrays(made) if made else pa.array([], pa.large_string())


def _large(texts: Texts) -> list[pa.Array]:
    """The text as large_string arrays; only views are copied."""
    if not pa.types.is_string_view(texts.type):
        return _chunks(texts)
    chunks = texts.chunks if isinstance(texts, pa.ChunkedArray) else [texts]
    return [pc.cast(chunk, pa.large_string()) for chunk in chunks]


def _parts(chunks: list[pa.Array]) -> Iterator[tuple[pa.Array, slice]]:
    """Each chunk with its rows of the result."""
    begin = 0
    for chunk in chunks:
        yield chunk, slice(begin, begin + len(chunk))
        begin += len(chunk)
