"""The compiled search for near-duplicates over Arrow text: folding, signatures, sets of shingles, verdicts on clusters.

What each function computes is specified in `corpus_kit.kernels.near_definition`, in plain Python; the GIL is released,
and no Python string is made. Folding is part of the reading: a folded text is never stored. The same input gives the
same result on any processor. Scratch memory is at most 6 bytes for each byte of the longest document (10 for
characters; 16 and 22 where sets are made). Running out of it raises MemoryError.

Sources: Broder 1997, "On the resemblance and containment of documents"; Leskovec, Rajaraman and Ullman, Mining of
Massive Datasets, chapter 3.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from corpus_kit.kernels import Texts, Unit, _buffers, _check_positive, _check_shingling, _chunks, _rows

try:
    from corpus_kit.kernels import _near
except ImportError as error:
    raise ImportError(
        "the compiled search of corpus_kit is missing or was built for another platform\n"
        "  install the package with a C compiler at hand: pip install .\n"
        "  or build it in a checkout: python setup.py build_ext --inplace"
    ) from error

NUMBER = np.dtype(np.uint32)
"""One shingle in a set: half of its 64-bit hash. Two sets of n shingles then seem to share n * n / 2**32 that they do
not: of a million, 233."""


class ShingleSets(NamedTuple):
    """The set of each document as bytes of `NUMBER`s, ascending; and its digest: equal sets have equal ones."""

    sets: pa.LargeBinaryArray
    digests: NDArray[np.uint64]


def folded(texts: Texts) -> pa.Array:
    """Texts in lower case, with one space in place of what is no letter, mark or number; null stays null.

    >>> folded(pa.array(["  Hej, ÆBLE-\\nkage! 2", None])).to_pylist()
    ['hej æble kage 2', None]
    """
    arrays = []
    for chunk in _chunks(texts):
        offsets = np.empty(len(chunk) + 1, np.int64)
        made = _near.fold(*_buffers(chunk), offsets)
        validity = chunk.is_valid() if chunk.null_count else None
        bits = None if validity is None else pa.array(validity).buffers()[1]
        buffers = [bits, pa.py_buffer(offsets), pa.py_buffer(made)]
        arrays.append(pa.Array.from_buffers(pa.large_string(), len(chunk), buffers))
    if len(arrays) == 1:
        return arrays[0]
    return pa.concat_arrays(arrays) if arrays else pa.array([], pa.large_string())


def signatures(
    texts: Texts, *, ngram: int, unit: Unit, folds: bool, permutations: int, seed: int
) -> NDArray[np.uint32]:
    """What `corpus_kit.kernels.signatures` gives, of the folded texts if asked.

    >>> one, other = signatures(pa.array(["A, b!", "a b"]), ngram=1, unit="word", folds=True, permutations=9, seed=1)
    >>> bool((one == other).all())
    True
    """
    code = _check_shingling(ngram, unit)
    _check_positive(permutations=permutations)
    if not 0 <= seed < 2**64:
        raise ValueError(f"seed must be 0 to 2**64 - 1, not {seed}")
    chunks = _chunks(texts)
    out = np.empty((sum(map(len, chunks)), permutations), np.uint32)
    for chunk, rows in _rows(chunks, out):
        _near.sign(*_buffers(chunk), ngram, code, folds, permutations, seed, rows)
    return out


def shingle_sets(texts: pa.Array, *, ngram: int, unit: Unit, folds: bool) -> ShingleSets:
    """The set of each document, folded if asked; empty for one without units, and for null.

    >>> made = shingle_sets(pa.array(["A b. B", "b a", None]), ngram=1, unit="word", folds=True)
    >>> [len(one) // 4 for one in made.sets.to_pylist()], bool((made.digests[0] == made.digests[1]).all())
    ([2, 2, 0], True)
    """
    code = _check_shingling(ngram, unit)
    [chunk] = _chunks(texts)
    offsets, digests = np.empty(len(chunk) + 1, np.int64), np.empty((len(chunk), 2), np.uint64)
    made = _near.sets(*_buffers(chunk), ngram, code, folds, offsets, digests)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(made)]
    return ShingleSets(pa.Array.from_buffers(pa.large_binary(), len(chunk), buffers), digests)


def set_signatures(sets: pa.LargeBinaryArray, *, permutations: int, seed: int) -> NDArray[np.uint32]:
    """The signatures that `signatures` gives of the documents, from their sets.

    >>> text = pa.array(["a b c a"])
    >>> made = shingle_sets(text, ngram=1, unit="word", folds=False)
    >>> of_text = signatures(text, ngram=1, unit="word", folds=False, permutations=9, seed=1)
    >>> bool((set_signatures(made.sets, permutations=9, seed=1) == of_text).all())
    True
    """
    out = np.empty((len(sets), permutations), np.uint32)
    _near.sign_sets(*_buffers(sets), permutations, seed, out)
    return out


def similarities(
    sets: pa.LargeBinaryArray, left: NDArray[np.int64], right: NDArray[np.int64], *, contains: bool = False
) -> NDArray[np.float64]:
    """Similarity of pairs of sets, given by their numbers. Raises IndexError for a number outside the array.

    >>> made = shingle_sets(pa.array(["a b c d", "a b"]), ngram=1, unit="word", folds=False)
    >>> similarities(made.sets, np.array([0]), np.array([1])).tolist()
    [0.5]
    """
    out = np.empty(len(left), np.float64)
    one, other = np.ascontiguousarray(left, np.int64), np.ascontiguousarray(right, np.int64)
    _near.compare(*_buffers(sets), one, other, contains, out)
    return out


class Verdict(NamedTuple):
    """For each document the number of the one it is removed for, or -1, and how alike they are, or 0."""

    survivor: NDArray[np.int64]
    similarity: NDArray[np.float64]


def judge(
    sets: pa.LargeBinaryArray,
    keys: NDArray[np.uint64],
    *,
    order: NDArray[np.int64],
    ends: NDArray[np.int64],
    holder: NDArray[np.int64],
    threshold: float,
    contains: bool = False,
    others: pa.LargeBinaryArray | None = None,
) -> Verdict:
    """Goes through each cluster from its first survivor on: who is like one that stays goes, every other stays.

    Clusters are runs of `order`, each up to its number of `ends`. A document has the set and the band keys of its
    `holder`: itself, or one of the same text. Only those that share a key are compared; by `others`, too, if there are
    second sets, and what is more alike counts.

    >>> sets = shingle_sets(pa.array(["a b c d", "a b c d e"]), ngram=1, unit="word", folds=False).sets
    >>> order, keys = np.array([1, 0]), np.ones((2, 1), np.uint64)
    >>> judge(sets, keys, order=order, ends=np.array([2]), holder=np.arange(2), threshold=0.8).survivor.tolist()
    [1, -1]
    """
    survivor, similarity = np.full(len(sets), -1, np.int64), np.zeros(len(sets), np.float64)
    own, bands = np.ascontiguousarray(keys, np.uint64), keys.shape[1]
    places, stops, holders = (np.ascontiguousarray(each, np.int64) for each in (order, ends, holder))
    second = _buffers(sets[:0] if others is None else others)
    _near.judge(*_buffers(sets), *second, own, bands, places, stops, holders, contains, threshold, survivor, similarity)
    return Verdict(survivor, similarity)
