"""What banding misses, measured: a sample of pairs that does not depend on it.

Four further minima of each document make one more key. Documents whose key falls into an eighth of all keys are
sampled, and those of one key compared exactly. So two documents of Jaccard similarity s come into the sample together
with probability s^4 / 8, whatever the bands say of them: far more often than if each was drawn by itself, and the same
documents for any number of workers. Of pairs whose similarity reaches the threshold t, each is taken with probability
(t / s)^4 more: then all are equally likely to be taken. And of one key one pair is taken, so that a page that comes
100,000 times is one observation. A pair of which neither document was removed has been missed.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from corpus_kit.kernels import band_keys
from corpus_kit.kernels.near import similarities

MINIMA = 4
"""In a sampled key. Fewer bring together what is hardly alike: of two documents of similarity .1 one pair in 80,000 is
compared for it, a sixteenth of what 20 bands of 5 rows propose."""

ONE_IN = 8
"""Keys that are sampled; a power of two."""

MEMBERS = 8
"""Documents of one key that are compared."""

_ODD = np.uint64(0x9E3779B97F4A7C15)


class Pairs(NamedTuple):
    """Numbers of both documents of each pair, the one of the lower row first; and how alike they are."""

    one: NDArray[np.int64]
    other: NDArray[np.int64]
    similarity: NDArray[np.float64]


def sample_keys(minima: NDArray[np.uint32]) -> tuple[NDArray[np.uint64], NDArray[np.bool_]]:
    """A key for each row of minima, and whether it is sampled."""
    keys = band_keys(np.ascontiguousarray(minima), bands=1, rows=MINIMA)[:, 0]
    return keys, (keys & np.uint64(ONE_IN - 1)) == 0


def sampled_rows(rows: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Which documents are sampled by themselves."""
    return (_mixed(rows) & np.uint64(ONE_IN - 1)) == 0


def sampled_pairs(
    sets: pa.LargeBinaryArray,
    rows: NDArray[np.uint64],
    keys: NDArray[np.uint64],
    is_sampled: NDArray[np.bool_],
    holder: NDArray[np.int64],
    threshold: float,
) -> Pairs:
    """The sampled pairs that reach the threshold. `holder` says of every document whose set is its own."""
    at = np.flatnonzero(is_sampled)
    rows, keys = rows[at], keys[at]
    left, right = _within(rows, keys)
    alike = similarities(sets, holder[at[left]], holder[at[right]])
    drawn = _mixed(rows[left] * _ODD ^ rows[right]) / float(1 << 64)
    taken = (alike >= threshold) & (drawn * np.maximum(alike, threshold) ** MINIMA < threshold**MINIMA)
    left, right, alike = left[taken], right[taken], alike[taken]
    order = np.lexsort((_mixed(rows[left] ^ rows[right] * _ODD), keys[left]))
    one = order[_first_of_each(keys[left[order]])]
    return Pairs(at[left[one]], at[right[one]], alike[one])


def _first_of_each(values: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Where each run of equal values begins."""
    is_first = np.ones(len(values), bool)
    is_first[1:] = values[1:] != values[:-1]
    return np.flatnonzero(is_first)


def _within(rows: NDArray[np.uint64], keys: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs of documents of one key, of a key with more than MEMBERS those of that many, by hash; lower row first."""
    order = np.lexsort((_mixed(rows), keys))
    starts = _first_of_each(keys[order])
    place = np.arange(len(order)) - np.repeat(starts, np.diff(np.append(starts, len(order))))
    lefts, rights = [], []
    for step in range(1, MEMBERS):  # the document so many places further on, if it is of the same key
        later = np.flatnonzero((place >= step) & (place < MEMBERS))
        lefts.append(order[later - step])
        rights.append(order[later])
    left, right = np.concatenate(lefts), np.concatenate(rights)
    turned = rows[left] > rows[right]
    return np.where(turned, right, left), np.where(turned, left, right)


def _mixed(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """A hash of each number: mix64 of `corpus_kit.kernels.hashes`."""
    mixed = (numbers ^ numbers >> np.uint64(33)) * np.uint64(0xFF51AFD7ED558CCD)
    mixed = (mixed ^ mixed >> np.uint64(33)) * np.uint64(0xC4CEB9FE1A85EC53)
    return mixed ^ mixed >> np.uint64(33)
