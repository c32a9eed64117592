"""The compiled search for runs of words: where any of millions of them stands in the texts of an Arrow array.

What words and runs are is specified in `corpus_kit.kernels.word_runs`. Runs are found by a rolling hash and compared
byte for byte, so nothing is found that is not there. The results are the same for any bytes. The GIL is released. No
Python string is made. Scratch memory is 4 bytes for each byte of the longest text and 24 for each of its words. A text
of 4 GiB or more has no words. Running out of memory raises MemoryError.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from corpus_kit.kernels import Texts, _buffers, _chunks
from corpus_kit.kernels.word_runs import table

try:
    from corpus_kit.kernels import _contamination
except ImportError as error:
    raise ImportError(
        "the compiled search of corpus_kit is missing or was built for another platform\n"
        "  install the package with a C compiler at hand: pip install .\n"
        "  or build them in a checkout: python setup.py build_ext --inplace"
    ) from error

MATCH = np.dtype([("run", np.uint32), ("begin", np.uint32), ("end", np.uint32)])
"""One place of a run: its number, and its bytes in the text."""

FILTER_BITS = 32
"""Bits of the filter for each run: one word in some 30 is looked up in vain."""


class Runs(NamedTuple):
    """Runs of words that are looked for, all in `pool`, and the tables they are found by."""

    pool: bytes
    begins: NDArray[np.int64]
    ends: NDArray[np.int64]
    hashes: NDArray[np.uint64]
    slots: NDArray[np.uint32]
    filter: NDArray[np.uint64]
    lengths: NDArray[np.int64]
    """Words of a run, those that occur, ascending."""


class Matched(NamedTuple):
    """The places of all texts, one after the other; those of text i are `matches[offsets[i] : offsets[i + 1]]`."""

    offsets: NDArray[np.int64]
    matches: NDArray[np.void]


def formed(texts: Texts) -> pa.LargeStringArray:
    """The words of each text, single spaces between; empty for null.

    >>> formed(pa.array(["Ja -- NEJ!", None])).to_pylist()
    ['ja nej', '']
    """
    arrays = []
    for chunk in _chunks(texts):
        offsets = np.empty(len(chunk) + 1, np.int64)
        made = _contamination.form(*_buffers(chunk), table(), offsets)
        buffers = [None, pa.py_buffer(offsets), pa.py_buffer(made)]
        arrays.append(pa.Array.from_buffers(pa.large_string(), len(chunk), buffers))
    return pa.concat_arrays(arrays) if arrays else pa.array([], pa.large_string())


def make_runs(pool: bytes, begins: NDArray[np.int64], ends: NDArray[np.int64], lengths: Sequence[int]) -> Runs:
    """Runs given by their bytes in a pool of forms, as `formed` makes them; `lengths` are all that occur, in words.

    They should differ: of equal ones the first is found.
    """
    begins, ends = np.ascontiguousarray(begins, np.int64), np.ascontiguousarray(ends, np.int64)
    count, ascending = len(begins), np.array(sorted(set(lengths)), np.int64)
    hashes, heads = np.empty(count, np.uint64), np.empty(count, np.uint64)
    slots = np.zeros(_power(2 * count + 1), np.uint32)
    bits = np.zeros(_power(FILTER_BITS * count // 64 + 1), np.uint64)
    if count:
        _contamination.hash(pool, begins, ends, int(ascending[0]), hashes, heads)
        _contamination.fill(hashes, heads, slots, bits)
    return Runs(pool, begins, ends, hashes, slots, bits, ascending)


def _power(least: int) -> int:
    return 1 << max(0, least - 1).bit_length()


def match(texts: Texts, runs: Runs) -> Matched:
    """Every place of every run in each text, by place, shorter runs first.

    >>> pool = b"ja nej ja"
    >>> runs = make_runs(pool, np.array([0, 3]), np.array([6, 9]), [2])
    >>> match(pa.array(["Ja, nej; JA!", None]), runs).matches.tolist()
    [(0, 0, 7), (1, 4, 11)]
    """
    found = []
    for chunk in _chunks(texts):
        offsets = np.empty(len(chunk) + 1, np.int64)
        made = _contamination.match(*_buffers(chunk), table(), *runs, offsets)
        found.append(Matched(offsets, np.frombuffer(made, MATCH)))
    if len(found) == 1:
        return found[0]
    sizes = [np.diff(each.offsets) for each in found]
    offsets = np.concatenate([[0], *sizes]).cumsum().astype(np.int64)
    return Matched(offsets, np.concatenate([np.empty(0, MATCH), *(each.matches for each in found)]))
